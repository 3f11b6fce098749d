"""Others work on the dataset at the same time: nothing is lost, and what cannot be is said."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import Any

import fiftyone as fo
import pytest

from plugin.config import DownsampleConfig, SignatureConfig
from plugin.jobs import engine
from plugin.jobs.progress import with_bar
from plugin.runs import _lock as lock
from plugin.runs import writes
from plugin.targets import stored_signatures

from .conftest import Zygote


def test_two_runs_at_once(dataset, zygotes) -> None:
    """Two processes that downsample one dataset do not lose each other's fields, views and runs."""
    for number, zygote in enumerate(zygotes):
        zygote.begin(dataset, "run", target_count=10 + number, run_key=f"run_{number}")
    assert [zygote.end() for zygote in zygotes] == [(False, 0), (False, 0)]
    dataset.reload()
    assert dataset.count_sample_tags() == {"run_0": 10, "run_1": 11}
    assert sorted(dataset.list_runs()) == ["run_0", "run_1"]
    assert len(dataset.list_saved_views()) == 6
    assert dataset.count("signature.bucket") == 80
    for key in ("run_0", "run_1"):
        writes.delete(dataset, key)
    assert not dataset.has_field("signature")


def test_two_runs_of_one_key_at_once(dataset, zygotes) -> None:
    """The later one replaces the earlier one."""
    for number, zygote in enumerate(zygotes):
        zygote.begin(dataset, "run", target_count=10 + number, strategy="diverse")
    assert [zygote.end() for zygote in zygotes] == [(False, 0), (False, 0)]
    dataset.reload()
    kept = dataset.load_run_results("smartdownsample").record["kept"]
    assert dataset.count_sample_tags() == {"smartdownsample": kept}
    assert sorted(dataset.distinct("smartdownsample_rank")) == list(range(1, kept + 1))
    assert dataset.list_runs() == ["smartdownsample"]


def test_samples_that_are_deleted_meanwhile(dataset) -> None:
    """A run whose samples are deleted under it says how many it is short of."""
    job = engine.run(dataset, dataset.view(), DownsampleConfig(target_count=80))
    next(job)
    dataset.delete_samples(dataset.limit(5))
    result = with_bar(job)
    assert "5 of the 80 samples that were chosen have been deleted meanwhile" in result["warning"]
    assert dataset.count_sample_tags() == {"smartdownsample": 75}


def test_samples_that_are_added_meanwhile(dataset, images) -> None:
    """A run is of the samples that there were when it began."""
    job = engine.run(dataset, dataset.view(), DownsampleConfig(target_count=20))
    next(job)
    added = dataset.add_samples([fo.Sample(images[0])])
    result = with_bar(job)
    assert (result["images"], result["warning"]) == (80, None)
    assert dataset[added[0]].signature is None


def test_a_sample_that_is_added_between_two_queries(dataset, images, monkeypatch) -> None:
    """Ids and stored signatures are read one after the other; what is new has no row."""
    with_bar(engine.compute_signatures(dataset, dataset.view(), SignatureConfig()))
    file_stamp = stored_signatures.file_stamp

    def add_and_stamp(path: str) -> tuple[int | None, float | None]:
        if len(dataset) == 80:
            dataset.add_samples([fo.Sample(images[0])])
        return file_stamp(path)

    monkeypatch.setattr(stored_signatures, "file_stamp", add_and_stamp)
    target = stored_signatures.load(dataset.view(), "signature", 8, "exact", recompute=False)
    assert (len(dataset), len(target.ids), len(target.stale)) == (81, 80, 0)


def test_a_dataset_that_is_renamed_meanwhile(dataset, zygotes) -> None:
    """The run is written all the same."""
    job = engine.run(dataset, dataset.view(), DownsampleConfig(target_count=20))
    next(job)
    renamed = f"{dataset.name} renamed"
    _have_done(zygotes[0], dataset, "rename", name=renamed)
    with_bar(job)
    assert dataset.name == renamed
    assert dataset.count_sample_tags() == {"smartdownsample": 20}
    assert dataset.list_runs() == ["smartdownsample"]


def test_a_dataset_that_is_deleted_meanwhile(make_dataset, images, zygotes) -> None:
    """The run ends with an error, and the dataset stays deleted."""
    dataset = make_dataset(images[:20])
    job = engine.run(dataset, dataset.view(), DownsampleConfig(target_count=5))
    next(job)
    _have_done(zygotes[0], dataset, "delete dataset")
    with pytest.raises(ValueError, match=r"the dataset .* has been deleted"):
        with_bar(job)
    assert not fo.dataset_exists(dataset.name)


@pytest.fixture
def reloads(monkeypatch: pytest.MonkeyPatch) -> Counter[bool]:
    """How often a sample in memory is read again, and whether because of its fields."""
    counted: Counter[bool] = Counter()
    reload = fo.Sample.reload

    def count(sample: fo.Sample, hard: bool = False, **options: Any) -> None:
        counted[hard] += 1
        reload(sample, hard=hard, **options)

    monkeypatch.setattr(fo.Sample, "reload", count)
    return counted


def test_samples_in_memory_are_read_again_when_they_are_written(dataset, reloads) -> None:
    """A script may hold all samples: a run costs one query for each write to one of them."""
    samples_in_memory = list(dataset)
    for run_key in ("first", "second", "second"):
        with_bar(
            engine.run(dataset, dataset.view(), DownsampleConfig(target_count=20, run_key=run_key))
        )
    # A signature each, and the tags of two runs, of which one is removed and written again.
    assert reloads == {False: 80 + 2 * 20 + 2 * 20}
    assert {sample.first_choice for sample in samples_in_memory} == {"kept", "excluded"}
    assert {sample.signature is None for sample in samples_in_memory} == {False}
    assert sum("second" in sample.tags for sample in samples_in_memory) == 20


def test_samples_that_came_with_signatures_are_read_again_no_more_often(
    signed_dataset, reloads
) -> None:
    """The fields of a dataset that was loaded with signatures are not taken for new ones."""
    samples_in_memory = list(signed_dataset)
    with_bar(engine.run(signed_dataset, signed_dataset.view(), DownsampleConfig(target_count=20)))
    assert reloads == {False: 20}
    assert sum("smartdownsample" in sample.tags for sample in samples_in_memory) == 20


def test_fields_that_another_process_adds(dataset, zygotes) -> None:
    """They are known after the next run, to the samples in memory as well."""
    samples_in_memory = list(dataset)
    _have_done(zygotes[0], dataset, "run", target_count=20, strategy="diverse", run_key="other")
    assert not dataset.has_field("other_rank")
    with_bar(engine.run(dataset, dataset.view(), DownsampleConfig(target_count=10)))
    assert sum(sample.other_rank is not None for sample in samples_in_memory) == 20
    assert sorted(dataset.list_runs()) == ["other", "smartdownsample"]


def test_a_lock_that_is_held(dataset, monkeypatch) -> None:
    """Who waits too long for the lock is told who has it."""
    monkeypatch.setattr(lock, "_PATIENCE", 0.2)
    with lock.held(dataset), pytest.raises(ValueError, match=r"the process \d+ on .* has been"):
        writes.recover(dataset)
    assert writes.recover(dataset) == {}


def test_a_lock_that_was_taken_over_is_not_given_back(dataset, monkeypatch) -> None:
    """Who holds the lock for longer than it lasts leaves it to the one who has it by then."""
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(lock.held(dataset))
        monkeypatch.setattr(lock, "_LEASE", 0)
        second.enter_context(lock.held(dataset))
        monkeypatch.undo()
        first.close()
        assert lock.is_held(dataset)
    assert not lock.is_held(dataset)


def test_a_void_lock_is_taken_over_once(dataset, monkeypatch) -> None:
    """Of two who find it at the same time, the second waits for the first."""
    is_void = lock._is_void
    with ExitStack() as late, ExitStack() as first:
        late.enter_context(lock.held(dataset))

        def be_overtaken(holder: dict[str, Any]) -> bool:
            monkeypatch.setattr(lock, "_is_void", lambda _: True)
            first.enter_context(lock.held(dataset))
            monkeypatch.setattr(lock, "_is_void", is_void)
            return True

        monkeypatch.setattr(lock, "_is_void", be_overtaken)
        monkeypatch.setattr(lock, "_PATIENCE", 0.2)
        with pytest.raises(ValueError, match="has been writing a run"), lock.held(dataset):
            pass


def _have_done(zygote: Zygote, dataset: fo.Dataset, job: str, **params: Any) -> None:
    zygote.begin(dataset, job, **params)
    assert zygote.end() == (False, 0)
