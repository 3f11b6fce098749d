"""Undo: what a run wrote goes, what anyone else wrote or uses stays."""

from __future__ import annotations

import dataclasses
import json

import pytest

from plugin.config import DownsampleConfig
from plugin.operators import _outputs as outputs
from plugin.runs import records as runs


def test_undo_leaves_the_dataset_as_it_was(dataset, operators, state_of) -> None:
    """After an undo the tag, views, record, field and index of the run are gone."""
    before = state_of(dataset)
    operators.downsample(dataset, 20, tag="chosen")
    result = operators.delete_run(dataset, "smartdownsample")
    after = state_of(dataset)
    assert result == {
        "run_key": "smartdownsample",
        "tag": "chosen",
        "items": "samples",
        "untagged": 20,
        "saved_views": [
            "smartdownsample kept",
            "smartdownsample buckets",
            "smartdownsample stands for",
        ],
        "fields": [
            f"smartdownsample_{name}"
            for name in ("choice", "bucket", "rank", "kept_by", "distance", "reason")
        ],
        "brain_runs": [],
        "signature_field": "signature",
        "kept_field": None,
        "why_kept": None,
        "gone": [],
    }
    for state in (before, after):
        for sample in state["samples"]:
            del sample["last_modified_at"]
    assert after == before


def test_signatures_that_another_run_uses_stay(dataset, operators) -> None:
    """The field goes with the last run that uses it."""
    operators.downsample(dataset, 20, run_key="first")
    operators.downsample(dataset, 10, run_key="second")
    result = operators.delete_run(dataset, "first")
    assert result["signature_field"] is None
    text = json.dumps(outputs.deletion_output(result).to_json())
    assert "The field `signature` stays: used by `second`." in text
    assert len(dataset.exists("signature.bucket")) == 80
    assert dataset.list_saved_views() == ["second kept", "second buckets", "second stands for"]
    assert operators.delete_run(dataset, "second")["signature_field"] == "signature"
    assert not dataset.has_field("signature")


def test_a_run_may_have_the_key_of_an_entry_of_the_journal(dataset, operators) -> None:
    """What is about to be done to another run is then written down under another key."""
    operators.downsample(dataset, 20, run_key="mine_unfinished")
    operators.downsample(dataset, 10, run_key="mine")
    assert dataset.count_sample_tags() == {"mine_unfinished": 20, "mine": 10}
    operators.delete_run(dataset, "mine")
    assert dataset.list_runs() == ["mine_unfinished"]
    assert dataset.count_sample_tags() == {"mine_unfinished": 20}


@pytest.mark.parametrize("first", ["compute_signatures", "downsample"])
def test_signatures_that_were_asked_for_stay(dataset, operators, first) -> None:
    """Signatures computed as such, before or after the run, are no run's to remove."""
    jobs = {
        "compute_signatures": lambda: operators.compute_signatures(dataset),
        "downsample": lambda: operators.downsample(dataset, 20),
    }
    jobs.pop(first)()
    next(iter(jobs.values()))()
    assert operators.delete_run(dataset, "smartdownsample")["signature_field"] is None
    assert len(dataset.exists("signature.bucket")) == 80


def test_signatures_can_be_kept(dataset, operators) -> None:
    """With ``keep_signatures`` the field stays, and the next run computes nothing."""
    operators.downsample(dataset, 20)
    result = operators.delete_run(dataset, "smartdownsample", keep_signatures=True)
    assert result["signature_field"] is None
    assert operators.downsample(dataset, 20)["reused"] == 80


def test_a_replaced_run_leaves_no_field_behind(dataset, operators) -> None:
    """A run that is replaced by one with another signature field takes its own field with it."""
    operators.downsample(dataset, 20, signature_field="first_field")
    operators.downsample(dataset, 20, signature_field="second_field")
    operators.delete_run(dataset, "smartdownsample")
    assert not {"first_field", "second_field"} & set(dataset.get_field_schema())


def test_an_unknown_run_cannot_be_undone(dataset, operators, state_of) -> None:
    """The error names the run that is not there and those that are; nothing changes."""
    operators.downsample(dataset, 20, run_key="mine")
    before = state_of(dataset)
    with pytest.raises(ValueError, match="no smartdownsample run 'other'; there is mine"):
        operators.delete_run(dataset, "other")
    assert state_of(dataset) == before


def test_a_foreign_run_cannot_be_undone(dataset, operators) -> None:
    """A custom run that someone else registered is not ours to delete."""
    dataset.register_run("foreign", dataset.init_run(method="something_else"))
    with pytest.raises(ValueError, match="no smartdownsample run 'foreign'; there are none yet"):
        operators.delete_run(dataset, "foreign")
    assert dataset.list_runs() == ["foreign"]


def test_undo_leaves_alone_what_the_user_made(dataset, operators) -> None:
    """The user's own tags, fields, views and runs survive an undo."""
    dataset.limit(30).tag_samples("mine")
    dataset.set_values("score", list(range(80)))
    dataset.save_view("my view", dataset.match_tags("mine"))
    dataset.register_run("my_run", dataset.init_run(method="something_else"))
    operators.downsample(dataset, 20)
    operators.delete_run(dataset, "smartdownsample")
    assert dataset.count_sample_tags() == {"mine": 30}
    assert dataset.values("score") == list(range(80))
    assert len(dataset.load_saved_view("my view")) == 30
    assert dataset.list_runs() == ["my_run"]


def test_undo_goes_on_where_the_user_removed_things_first(dataset, operators, state_of) -> None:
    """An undo does not stumble over a view, tag or field that the user deleted."""
    operators.downsample(dataset, 20)
    dataset.delete_saved_view("smartdownsample kept")
    dataset.untag_samples("smartdownsample")
    dataset.delete_sample_field("signature")
    result = operators.delete_run(dataset, "smartdownsample")
    assert result["saved_views"] == ["smartdownsample buckets", "smartdownsample stands for"]
    assert result["untagged"] == 0
    assert state_of(dataset)["runs"] == []


def test_a_half_written_run_can_be_undone(dataset, operators) -> None:
    """A run whose results were not saved, as a crash leaves it, can be removed all the same."""
    settings = dataclasses.asdict(DownsampleConfig(target_count=20, run_key="crashed"))
    dataset.limit(20).tag_samples("crashed")
    dataset.register_run("crashed", dataset.init_run(method="smartdownsample", **settings))
    operators.delete_run(dataset, "crashed")
    assert (dataset.list_runs(), dataset.count_sample_tags()) == ([], {})


def test_the_form_copes_with_a_half_written_run(dataset, post) -> None:
    """It says what an undo removes, though no results were saved."""
    settings = dataclasses.asdict(DownsampleConfig(target_count=20, run_key="crashed"))
    dataset.register_run("crashed", dataset.init_run(method="smartdownsample", **settings))
    form = post("resolve-type", "delete_run", dataset, {"run_key": "crashed"})
    forecast = form["type"]["properties"]["forecast"]["default"]
    assert "`crashed kept`, `crashed buckets` and `crashed stands for`" in forecast


def test_forms_propose_the_run_on_screen_or_the_latest(dataset, operators) -> None:
    """Not the first in the alphabet."""
    for count, run_key in enumerate(("b", "a", "c", "ab"), 20):
        operators.downsample(dataset, count, run_key=run_key)
    assert runs.current(dataset, dataset.view()) == "ab"
    assert runs.current(dataset, dataset.load_saved_view("b kept")) == "b"
    operators.delete_run(dataset, "ab")
    assert runs.current(dataset, dataset.view()) == "c"


def test_a_renamed_run_keeps_its_parts(dataset, operators, state_of) -> None:
    """FiftyOne's own ``rename_run`` leaves tag, views and fields: they are found all the same."""
    before = state_of(dataset)
    operators.downsample(dataset, 20, strategy="diverse", near_duplicates=4)
    dataset.rename_run("smartdownsample", "mine")
    assert len(operators.view_buckets(dataset, "kept", run_key="mine")) == 20
    assert len(operators.view_buckets(dataset, "near_duplicates", run_key="mine")) > 0
    assert runs.of_view(dataset, dataset.load_saved_view("smartdownsample kept")) == "mine"
    operators.downsample(dataset, 10, run_key="mine")
    assert dataset.list_saved_views() == ["mine kept", "mine buckets", "mine stands for"]
    assert dataset.count_sample_tags() == {"mine": 10}
    operators.delete_run(dataset, "mine")
    assert state_of(dataset)["fields"] == before["fields"]
