"""A process that is killed at any write leaves the old run or the new one, and valid signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import fiftyone as fo
import pytest

from plugin.runs import writes

from .conftest import Zygote

_OLD = {"target_count": 8, "strategy": "diverse"}
_NEW = {"target_count": 5, "strategy": "diverse", "near_duplicates": 8, "random_seed": 1}


@pytest.fixture
def dataset(make_dataset: Callable[..., fo.Dataset], images: list[str]) -> fo.Dataset:
    """A dataset of few images, as each test has dozens of processes choose among them."""
    return make_dataset(images[::3])


@pytest.fixture
def killed(zygotes: list[Zygote]) -> Callable[..., bool]:
    """``killed(dataset, kill_at, job, **params)``: whether a process was killed doing a job.

    It is killed when it is about to send its n-th write to MongoDB, if it comes to that.
    """

    def run(dataset: fo.Dataset, kill_at: int, job: str = "run", **options: Any) -> bool:
        zygotes[0].begin(dataset, job, kill_at, **options)
        was_killed, status = zygotes[0].end()
        dataset.reload()
        assert was_killed or status == 0
        return was_killed

    return run


@pytest.fixture
def clones(dataset: fo.Dataset) -> Iterator[Callable[[], fo.Dataset]]:
    """``clones()``: a copy of the dataset, the previous copy being deleted."""
    made: list[fo.Dataset] = []

    def clone() -> fo.Dataset:
        for old in made:
            old.delete()
        made[:] = [dataset.clone(persistent=True)]
        return made[0]

    yield clone
    for old in made:
        old.delete()


def test_a_run_that_replaces_is_all_or_nothing(dataset, operators, killed, clones) -> None:
    """Killed at whichever write: what is left is the old run, or is brought to the new one."""
    operators.downsample(dataset, **_OLD)
    before = _what_runs_wrote(dataset)
    finished = clones()
    operators.downsample(finished, **_NEW)
    after = _what_runs_wrote(finished)
    assert before != after
    outcomes = []
    for kill_at in count(1):
        copy = clones()
        if not killed(copy, kill_at, **_NEW):
            assert _what_runs_wrote(copy) == after
            break
        interrupted = writes.unfinished(copy)
        if not interrupted:
            assert _what_runs_wrote(copy) in (before, after)
        recovered = writes.recover(copy)
        assert set(interrupted) <= set(recovered)
        expected = {"nothing": [before, after], "written": [after], None: [before, after]}
        outcome = recovered.get("smartdownsample")
        assert _what_runs_wrote(copy) in expected[outcome], f"killed at write {kill_at}"
        outcomes.append(outcome)
    assert {"nothing", "written"} <= set(outcomes)


@pytest.fixture
def outcomes(
    killed: Callable[..., bool], clones: Callable[[], fo.Dataset]
) -> Callable[..., list[str | None]]:
    """``outcomes(key, before, after, done, step, job, **params)``: of recovery, after each kill.

    Kills a job at every ``step``-th write. What is left is as before, or recovery, whose word for
    it is ``done``, brings it to what it is after; as it is where the job is not killed.
    """

    def run(
        key: str, before: Any, after: Any, done: str, step: int, job: str, **params: Any
    ) -> list[str | None]:
        found: list[str | None] = []
        expected = {"nothing": [before, after], done: [after], None: [before, after]}
        for kill_at in count(1, step):
            copy = clones()
            if not killed(copy, kill_at, job, **params):
                assert _what_runs_wrote(copy) == after
                return found
            found.append(writes.recover(copy).get(key))
            assert _what_runs_wrote(copy) in expected[found[-1]], f"killed at write {kill_at}"
        raise AssertionError("a job has an end")

    return run


def test_an_undo_is_all_or_nothing(dataset, operators, outcomes) -> None:
    """Killed at whichever write: the run is still there as it was, or can be brought to its end."""
    bare = _what_runs_wrote(dataset)
    operators.downsample(dataset, **_OLD)
    before = _what_runs_wrote(dataset)
    run = {"run_key": "smartdownsample"}
    assert len(outcomes("smartdownsample", before, bare, "removed", 1, "undo", **run)) >= 10


def test_a_split_is_all_or_nothing(dataset, operators, outcomes, clones) -> None:
    """Killed at every other write: what is left is the old split, or is brought to the new one."""
    operators.split(dataset, "train=1, val=1")
    before = _what_runs_wrote(dataset)
    finished = clones()
    operators.split(finished, "train=3, test=1")
    after = _what_runs_wrote(finished)
    found = outcomes("split", before, after, "written", 2, "split", shares="train=3, test=1")
    assert {"nothing", "written"} <= set(found)


def test_the_undo_of_a_split_is_all_or_nothing(dataset, operators, outcomes) -> None:
    """Killed at every third write: the split is still there as it was, or can be removed."""
    operators.compute_signatures(dataset)
    bare = _what_runs_wrote(dataset)
    operators.split(dataset)
    before = _what_runs_wrote(dataset)
    found = outcomes("split", before, bare, "removed", 3, "undo split", run_key="split")
    assert {"nothing", "removed"} <= set(found)


def test_a_split_completes_what_was_interrupted_first(
    dataset, operators, killed, clones, post
) -> None:
    """So that no sample gets the tags of two splits; the form says that one was interrupted."""
    operators.compute_signatures(dataset)
    for kill_at in count(5):
        copy = clones()
        assert killed(copy, kill_at, "split", shares="train=1, val=1")
        if writes.unfinished(copy) and 0 < sum(copy.count_sample_tags().values()) < len(copy):
            break
    for operator in ("split", "delete_split"):
        form = str(post("resolve-type", operator, copy, {}))
        assert "`split`: writing or undoing was interrupted" in form, operator
    with pytest.raises(ValueError, match="tagged 'train' already, and not by the split 'other'"):
        operators.split(copy, "train=1, val=1", run_key="other")
    assert writes.unfinished(copy) == []
    assert sum(copy.count_sample_tags().values()) == len(copy)


def test_a_hand_edit_is_all_or_nothing(dataset, operators, outcomes, clones) -> None:
    """Killed at every other write: the edit has not been made, or can be brought to its end."""
    operators.downsample(dataset, **_OLD)
    before = _what_runs_wrote(dataset)
    kept = dataset.match_tags("smartdownsample").first().id
    left_out = dataset.match_tags("smartdownsample", bool=False).first().id
    params = {"run_key": "smartdownsample", "keep": [left_out], "drop": [kept]}
    finished = clones()
    operators.edit_run(finished, **params)
    after = _what_runs_wrote(finished)
    assert before != after
    found = outcomes("smartdownsample", before, after, "written", 2, "edit", **params)
    assert {"nothing", "written"} <= set(found)


def test_what_was_interrupted_is_offered(
    dataset, operators, killed, clones, post, open_panel
) -> None:
    """Forms and panel name the interrupted run; the operator that they name completes it."""
    operators.downsample(dataset, **_OLD)
    for kill_at in count(10):
        copy = clones()
        assert killed(copy, kill_at, **_NEW)
        if writes.unfinished(copy) and not copy.list_saved_views():
            break
    for operator in ("downsample", "delete_run", "view_buckets", "export_run", "recover_runs"):
        form = str(post("resolve-type", operator, copy, {}))
        assert "`smartdownsample`: writing or undoing was interrupted" in form, operator
    user = open_panel(copy)
    assert "writing or undoing was interrupted" in user.text
    answer = post("execute", "recover_runs", copy, {})
    assert answer["result"] == {"runs": {"smartdownsample": "written"}}
    copy.reload()
    assert copy.count_sample_tags() == {"smartdownsample": 5}
    assert operators.recover_runs(copy) == {}


def test_signatures_of_a_killed_process_are_reused(dataset, operators, killed, clones) -> None:
    """Whatever was written is valid; the same call computes the rest."""
    reference = clones()
    operators.downsample(reference, **_OLD)
    expected = dict(zip(*reference.values(["filepath", "signature.descriptor"]), strict=True))
    selection = _what_runs_wrote(reference)
    reused = []
    for kill_at in count(1, 3):
        copy = clones()
        if not killed(copy, kill_at, write_every=8, **_OLD):
            break
        signed = {}
        if copy.has_field("signature.descriptor"):
            signed = dict(zip(*copy.values(["filepath", "signature.descriptor"]), strict=True))
        assert all(value in (None, expected[path]) for path, value in signed.items())
        result = operators.downsample(copy, **_OLD)
        assert result["reused"] == sum(value is not None for value in signed.values())
        assert _what_runs_wrote(copy) == selection
        reused.append(result["reused"])
    assert (reused[0], reused[-1]) == (0, len(dataset))
    assert any(0 < number < len(dataset) for number in reused)


def _what_runs_wrote(dataset: fo.Dataset) -> dict[str, Any]:
    """Returns what runs have written, without ids of documents and times."""
    dataset.reload()
    assert sum(1 for _ in dataset) == len(dataset)  # every sample can be loaded
    fields = sorted(dataset.get_field_schema(flat=True))
    numbers = [
        name for name in fields if name.endswith(("_rank", "_group", "_distance", "_reason"))
    ]
    runs = {}
    methods = ("smartdownsample", "smartdownsample_split")
    for key in (key for method in methods for key in dataset.list_runs(method=method)):
        results = dataset.load_run_results(key, cache=False)
        # How images are read is no matter of a run; the fixture ``operators`` has threads do it.
        settings = {**dataset.get_run_info(key).config.serialize(), "workers": None}
        record = {**results.record, "computed": None, "reused": None, "replaced": None}
        runs[key] = (settings, record)
    return {
        "fields": fields,
        "indexes": sorted(dataset.get_index_information()),
        "samples": list(zip(*dataset.values(["filepath", "tags", *numbers]), strict=True)),
        "views": {
            name: dataset.load_saved_view(name).count() for name in dataset.list_saved_views()
        },
        "runs": runs,
        "all runs": sorted(
            set(dataset.list_runs()) - {"smartdownsample_unfinished", "split_unfinished"}
        ),
    }
