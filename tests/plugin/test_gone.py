"""What a run needs is gone - deleted, renamed or beyond a limit - and stands in nobody's way."""

from __future__ import annotations

import csv

import fiftyone as fo
import fiftyone.core.odm as foo
import pytest
from fiftyone import ViewField as F

from plugin.operators import _outputs as outputs
from plugin.runs import _journal as journal
from plugin.runs import writes

_THREADS = {"workers": "threads", "n_workers": 2}


@pytest.fixture
def labelled(dataset: fo.Dataset) -> fo.Dataset:
    """Of 80 images, the even ones labelled "a"; each has an object."""
    box = [0.1, 0.1, 0.5, 0.5]
    dataset.set_values("gt", [fo.Classification(label="ab"[number % 2]) for number in range(80)])
    cars = [fo.Detections(detections=[fo.Detection(bounding_box=box)]) for _ in range(80)]
    dataset.set_values("cars", cars)
    return dataset


@pytest.fixture
def ran(labelled, operators) -> fo.Dataset:
    """With a run on the patches of "cars", and a run on the samples labelled "a"."""
    operators.downsample(labelled.limit(8).to_patches("cars"), 3, run_key="objects", **_THREADS)
    view = labelled.filter_labels("gt", F("label") == "a")
    operators.downsample(view, 5, run_key="labels", strategy="diverse", **_THREADS)
    return labelled


@pytest.mark.parametrize("change", ["delete", "rename"])
def test_undo_removes_what_is_still_there(ran, operators, change) -> None:
    """Of a run on patches whose field is gone; what could not be removed is said."""
    if change == "delete":
        ran.delete_sample_field("cars")
    else:
        ran.rename_sample_field("cars", "vehicles")
    result = operators.delete_run(ran, "objects")
    assert result["saved_views"] == ["objects kept", "objects buckets", "objects stands for"]
    assert (result["signature_field"], result["kept_field"]) == (None, None)
    (text,) = result["gone"]
    assert "the label tag `objects`" in text
    assert text in str(outputs.deletion_output(result).to_json())
    assert operators.delete_run(ran, "labels")["untagged"] == 5
    assert ran.list_runs() == []


def test_an_undo_that_cannot_be_finished_blocks_no_other_run(ran, operators, caplog) -> None:
    """It is brought to an end as far as that goes."""
    journal.enter(ran, None, "objects", {"keep_signatures": False})
    ran.delete_sample_field("cars")
    operators.downsample(ran, 4, run_key="other", **_THREADS)
    assert sorted(ran.list_runs()) == ["labels", "other"]
    assert "The run objects: skipped the label tag `objects`" in caplog.text


def test_a_run_that_cannot_be_written_any_more_is_abandoned(ran, operators) -> None:
    """Half of it was written when its process ended, and the field of its view is deleted."""
    settings = ran.get_run_info("labels").config.serialize()
    record = ran.load_run_results("labels", cache=False).record
    view = ran.load_run_view("labels")
    ids = view.values("id")
    written = writes.Written(ids[:5], [0] * 5, None, ids, {"rank": list(range(1, len(ids) + 1))})
    contents = {"settings": settings, "record": record, "written": written._asdict()}
    journal.enter(ran, view, "labels", contents)
    ran.delete_sample_field("gt")
    assert operators.recover_runs(ran) == {"labels": "abandoned"}
    assert ran.list_runs() == ["objects"]
    assert ran.count_sample_tags() == {}
    assert operators.recover_runs(ran) == {}
    assert operators.downsample(ran, 4, **_THREADS)["reused"] == 40


def test_a_dataset_may_have_all_the_indexes_that_mongodb_allows(dataset, operators) -> None:
    """A run then does without."""
    collection = foo.get_db_conn()[dataset._sample_collection_name]
    for number in range(64 - len(collection.index_information())):
        collection.create_index(f"field_{number}")
    operators.downsample(dataset, 10, strategy="diverse", near_duplicates=8, **_THREADS)
    assert len(dataset.load_saved_view("smartdownsample kept")) == 10
    operators.delete_run(dataset, "smartdownsample")


def test_a_view_too_large_to_save_is_said(dataset, operators, monkeypatch) -> None:
    """The run is written without what MongoDB refuses."""

    def refuse(*_: object, **__: object) -> None:
        raise ValueError("BSON document too large")

    monkeypatch.setattr(fo.Dataset, "save_view", refuse)
    result = operators.downsample(dataset, 10, **_THREADS)
    assert result["warning"] == "Not written: the saved views (BSON document too large)"
    assert dataset.count_sample_tags() == {"smartdownsample": 10}
    assert operators.delete_run(dataset, "smartdownsample")["untagged"] == 10


def test_a_run_takes_over_what_a_deleted_one_left(dataset, operators, state_of) -> None:
    """FiftyOne's own ``delete_run`` leaves tag, fields and views, and then no run knows of them."""
    before = state_of(dataset)
    options = {"strategy": "diverse", "near_duplicates": 8, **_THREADS}
    operators.downsample(dataset, 30, **options)
    dataset.delete_run("smartdownsample")
    with pytest.raises(ValueError, match="run downsample with run_key='smartdownsample'"):
        operators.delete_run(dataset, "smartdownsample")
    operators.downsample(dataset, 10, **_THREADS)
    assert dataset.count_sample_tags() == {"smartdownsample": 10}
    assert dataset.list_saved_views() == [
        "smartdownsample kept",
        "smartdownsample buckets",
        "smartdownsample stands for",
    ]
    operators.delete_run(dataset, "smartdownsample")
    assert state_of(dataset)["fields"] == before["fields"]


@pytest.mark.parametrize("what", ["view", "tag"])
def test_what_only_looks_like_ours_is_not_taken_over(dataset, operators, what) -> None:
    """A view or tag of the user's stays, and the run is refused."""
    if what == "view":
        dataset.save_view("smartdownsample kept", dataset.limit(3), description="mine")
    else:
        dataset.limit(3).tag_samples("smartdownsample")
    with pytest.raises(ValueError, match="already"):
        operators.downsample(dataset, 10, **_THREADS)


def test_what_a_run_kept_is_known_by_its_mark(ran, operators, tmp_path) -> None:
    """The view or the signatures that it was chosen by may be gone."""
    ran.delete_sample_field("gt")
    assert len(operators.view_buckets(ran, "kept", run_key="labels")) == 5
    with pytest.raises(ValueError, match=r"'labels' chose from cannot be loaded any more .*'gt'"):
        operators.view_buckets(ran, "excluded", run_key="labels")
    ran.rename_sample_field("signature", "look")
    assert len(operators.view_buckets(ran, "kept", run_key="labels")) == 5
    with pytest.raises(ValueError, match="'signature' has no signatures; they were deleted or"):
        operators.view_buckets(ran, "excluded", run_key="labels")
    operators.export_run(ran, "labels", tmp_path / "kept.csv")
    with open(tmp_path / "kept.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 5
    assert operators.delete_run(ran, "labels")["signature_field"] is None


def test_a_view_that_is_empty_by_now_hides_nothing(labelled, operators) -> None:
    """Of a field that is gone, an expression is true of no sample, which FiftyOne does not say."""
    operators.downsample(labelled.match(F("gt.label") == "a"), 5, **_THREADS)
    labelled.delete_sample_field("gt")
    assert len(operators.view_buckets(labelled, "kept", run_key="smartdownsample")) == 5
