"""Running again: what is replaced, what is reused, and what cannot be read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import fiftyone as fo
import pytest

from plugin.config import DownsampleConfig
from plugin.jobs import engine


def test_the_same_key_replaces(dataset, operators) -> None:
    """A second run of the same key leaves none of the first one's tags, whatever the new tag."""
    operators.downsample(dataset, 40, tag="first")
    result = operators.downsample(dataset, 10, random_seed=1)
    assert result["replaced"] is True
    assert dataset.count_sample_tags() == {"smartdownsample": 10}
    assert operators.downsample(dataset, 15)["replaced"] is True
    assert dataset.count_sample_tags() == {"smartdownsample": 15}
    assert dataset.list_saved_views() == [
        "smartdownsample kept",
        "smartdownsample buckets",
        "smartdownsample stands for",
    ]
    assert dataset.list_runs() == ["smartdownsample"]
    assert dataset.load_run_results("smartdownsample").record["kept"] == 15


def test_another_key_lives_beside(dataset, operators) -> None:
    """Two runs have each their own tag, views and record."""
    operators.downsample(dataset, 20, run_key="first")
    operators.downsample(dataset.limit(40), 10, run_key="second")
    assert dataset.count_sample_tags() == {"first": 20, "second": 10}
    assert dataset.list_runs() == ["first", "second"]
    assert len(dataset.load_saved_view("first kept")) == 20
    assert len(dataset.load_saved_view("second kept")) == 10


def _counts(result: dict[str, object]) -> tuple[object, object]:
    return result["computed"], result["reused"]


@pytest.mark.parametrize(
    ("settings", "counts"),
    [({}, (0, 80)), ({"hash_size": 6}, (80, 0)), ({"recompute": True}, (80, 0))],
    ids=["same", "hash-size", "recompute"],
)
def test_signatures_are_reused(dataset, operators, settings, counts) -> None:
    """Signatures are computed again only for another hash size, or if all are asked for."""
    assert _counts(operators.compute_signatures(dataset)) == (80, 0)
    assert _counts(operators.downsample(dataset, 20, **settings)) == counts
    assert dataset.distinct("signature.hash_size") == [settings.get("hash_size", 8)]


def test_a_changed_file_is_read_again(make_dataset, operators, own_images, images) -> None:
    """A file with other content gets a new signature, and it is the only one that does."""
    dataset = make_dataset(own_images)
    operators.compute_signatures(dataset)
    before = dataset.values("signature.dhash")
    shutil.copy(images[-1], own_images[3])
    assert _counts(operators.compute_signatures(dataset)) == (1, 23)
    after = dataset.values("signature.dhash")
    assert [row for row in range(24) if before[row] != after[row]] == [3]


def test_a_touched_file_is_read_again(make_dataset, operators, own_images) -> None:
    """A file of the same size that was written later is read again."""
    dataset = make_dataset(own_images)
    operators.compute_signatures(dataset)
    os.utime(own_images[5], (0, 0))
    assert _counts(operators.compute_signatures(dataset)) == (1, 23)


def test_new_samples_are_read(make_dataset, operators, own_images) -> None:
    """Samples that are added later are the only ones to be read."""
    dataset = make_dataset(own_images[:20])
    operators.compute_signatures(dataset)
    dataset.add_samples([fo.Sample(path) for path in own_images[20:]])
    assert _counts(operators.downsample(dataset, 10)) == (4, 20)


@pytest.fixture
def some_broken(own_images) -> list[str]:
    """The 24 images, of which one is missing, one is empty and one is no image."""
    os.remove(own_images[0])
    Path(own_images[1]).write_bytes(b"")
    Path(own_images[2]).write_text("no image")
    return own_images


def test_unreadable_images_are_recorded(make_dataset, operators, some_broken) -> None:
    """Files that cannot be read get their reason, are counted and never kept; the run goes on."""
    dataset = make_dataset(some_broken)
    result = operators.downsample(dataset, 21)
    errors = dataset.values("signature.error")
    assert errors[0] == f"File not found: {some_broken[0]}"
    assert errors[1].startswith(f"Cannot read image file: {some_broken[1]} (")
    assert errors[2].startswith(f"Cannot read image file: {some_broken[2]} (")
    assert errors[3:] == [None] * 21
    assert dataset.values("signature.bucket")[:3] == [None] * 3
    assert (result["kept"], result["unreadable"], result["computed"]) == (21, 3, 21)
    assert result["errors"] == errors[:3]
    assert result["warning"] is None
    assert dataset.match_tags("smartdownsample").values("filepath") == some_broken[3:]


def test_more_than_can_be_read_is_a_warning(make_dataset, operators, some_broken) -> None:
    """A target above the readable images keeps all of these, and says so."""
    result = operators.downsample(make_dataset(some_broken), 23)
    assert result["kept"] == 21
    assert result["warning"].startswith(
        "target_count 23 exceeds the 21 readable images (3 could not be read)"
    )


def test_a_mended_file_is_read_again(make_dataset, operators, some_broken, images) -> None:
    """A file that can be read after all loses its error; one that is lost loses its signature."""
    dataset = make_dataset(some_broken)
    operators.compute_signatures(dataset)
    shutil.copy(images[0], some_broken[0])
    os.remove(some_broken[10])
    result = operators.compute_signatures(dataset)
    assert (result["computed"], result["reused"], result["unreadable"]) == (1, 20, 3)
    buckets, hashes, errors = dataset.values(
        ["signature.bucket", "signature.dhash", "signature.error"]
    )
    assert (errors[0], buckets[0] is None) == (None, False)
    assert (buckets[10], hashes[10]) == (None, None)
    assert errors[10] == f"File not found: {some_broken[10]}"


@pytest.mark.parametrize("operator", ["downsample", "compute_signatures"])
def test_if_nothing_can_be_read_nothing_is_written(
    make_dataset, operators, state_of, tmp_path, operator
) -> None:
    """If no image can be read, the error names the first, and the dataset stays as it was."""
    paths = [str(tmp_path / f"lost {number}.jpg") for number in range(40)]
    dataset = make_dataset(paths)
    before = state_of(dataset)
    arguments = {"target_count": 5} if operator == "downsample" else {}
    with pytest.raises(ValueError, match=r"none of the 40 images could be read.*lost 0\.jpg"):
        getattr(operators, operator)(dataset, **arguments)
    assert state_of(dataset) == before


@pytest.mark.parametrize("stop", [GeneratorExit, KeyboardInterrupt], ids=["closed", "interrupted"])
def test_a_run_that_is_stopped_keeps_what_it_has_read(
    dataset, operators, monkeypatch, report_always, stop
) -> None:
    """What was written before a run was stopped is reused by the next; no run is recorded."""
    monkeypatch.setattr(engine, "WRITE_EVERY", 20)
    config = DownsampleConfig(target_count=20, n_workers=1, decode="exact")
    job = engine.run(dataset, dataset.view(), config)
    next(progress for progress in job if progress.done == 40)  # the second batch of four
    with pytest.raises(stop):
        job.throw(stop)
    assert dataset.count("signature.bucket") == 40
    assert (dataset.list_runs(), dataset.list_saved_views()) == ([], [])
    assert dataset.count_sample_tags() == {}
    result = operators.downsample(dataset, 20)
    assert _counts(result) == (40, 40)


def test_a_run_that_is_stopped_leaves_the_one_it_would_replace(dataset, operators) -> None:
    """Up to the last report of progress, a replacing run has not touched the old one."""
    operators.downsample(dataset, 20)
    job = engine.run(dataset, dataset.view(), DownsampleConfig(target_count=10))
    next(progress for progress in job if progress.label == "Saving the run")
    job.close()
    assert dataset.count_sample_tags() == {"smartdownsample": 20}
    assert dataset.load_run_results("smartdownsample").record["kept"] == 20


def test_a_signature_is_one_of_its_path(make_dataset, operators, own_images) -> None:
    """Samples that come to have other files are read again, also if size and time are the same."""
    for path in own_images:
        with open(path, "ab") as file:
            file.truncate(1 << 20)
        os.utime(path, (0, 0))
    dataset = make_dataset(own_images)
    operators.compute_signatures(dataset, workers="threads")
    before = dataset.values("signature.dhash")
    assert before[0] != before[1]
    dataset.set_values("filepath", [own_images[1], own_images[0], *own_images[2:]])
    assert _counts(operators.compute_signatures(dataset, workers="threads")) == (2, 22)
    assert dataset.values("signature.dhash") == [before[1], before[0], *before[2:]]


def test_buckets_are_in_order_of_the_names_that_files_have_now(
    make_dataset, operators, own_images
) -> None:
    """Files that are renamed are put where their new names belong."""
    dataset = make_dataset(own_images)
    operators.downsample(dataset, 10, workers="threads")
    renamed = [path.replace("image ", f"{99 - row} ") for row, path in enumerate(own_images)]
    for old, new in zip(own_images, renamed, strict=True):
        os.rename(old, new)
    dataset.set_values("filepath", renamed)
    operators.downsample(dataset, 10, workers="threads")
    for bucket in dataset.load_saved_view("smartdownsample buckets").iter_dynamic_groups():
        paths = bucket.values("filepath")
        assert paths == sorted(paths)
