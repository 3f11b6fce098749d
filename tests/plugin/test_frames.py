"""Frames of videos: signed from their images, marked by a field that outlives the view."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import fiftyone as fo
import pytest

from plugin.config import DownsampleConfig
from plugin.jobs import engine
from smartdownsample_core import Choice, assign_buckets, downsample, extract, natural_order

from .conftest import assert_compared, shown_ids


@pytest.fixture
def videos(make_dataset, images, tmp_path: Path) -> fo.Dataset:
    """Three videos of twelve frames whose images are where FiftyOne would have sampled them."""
    made = []
    for number in range(3):
        video = fo.Sample(str(tmp_path / f"video{number}.mp4"))
        folder = tmp_path / f"video{number}"
        folder.mkdir()
        for place, image in enumerate(images[number::3][:12], 1):
            path = folder / f"{place:06d}.jpg"
            shutil.copy(image, path)
            video.frames[place] = fo.Frame(filepath=str(path), score=place / 12)
        made.append(video)
    return make_dataset(made)


@pytest.fixture(params=["their own", "sampled"])
def frames(videos, request) -> fo.DatasetView:
    """All 36 frames, as the dataset has them or as FiftyOne's sampling finds them on disk."""
    if request.param == "sampled":
        videos.delete_frame_field("filepath")
        return videos.to_frames(sample_frames=True, sparse=True)
    return videos.to_frames()


def _chosen(view: fo.DatasetView, target_count: int) -> set[str]:
    paths = view.values("filepath")
    choice = Choice(strategy="diverse").for_paths(paths)
    selection = downsample(extract(paths), natural_order(paths), target_count, 42, choice)
    return {paths[index] for index in selection.indices}


def _kept(dataset: fo.Dataset, field: str = "smartdownsample") -> set[str]:
    columns = dataset.values(["frames.filepath", f"frames.{field}"], unwind=True)
    return {path for path, kept in zip(*columns, strict=True) if kept}


def test_exactly_n_frames_are_kept(videos, frames, operators) -> None:
    """A field is true for those that the core chooses; no sample is tagged."""
    result = operators.downsample(frames, 8)
    assert (result["kept"], result["images"], result["items"]) == (8, 36, "frames")
    assert _kept(videos) == _chosen(frames, 8)
    assert videos.count_values("frames.smartdownsample") == {True: 8, None: 28}
    assert videos.count_sample_tags() == {}


def test_signatures_are_on_the_frames(videos, frames, operators) -> None:
    """In a field of the frames, equal to the core's."""
    operators.downsample(frames, 8)
    columns = videos.values(["frames.filepath", "frames.signature.bucket"], unwind=True)
    stored = dict(zip(*columns, strict=True))
    paths = frames.values("filepath")
    assert [stored[path] for path in paths] == assign_buckets(extract(paths)).tolist()
    assert not videos.has_field("signature")


def test_the_saved_views_outlive_the_generated_dataset(videos, frames, operators) -> None:
    """They are views of frames, also when FiftyOne makes them anew."""
    result = operators.downsample(frames, 8)
    for _ in range(2):
        kept = videos.load_saved_view(result["kept_view"])
        assert isinstance(kept, fo.core.video.FramesView)
        assert set(kept.values("filepath")) == _kept(videos)
        buckets = videos.load_saved_view(result["buckets_view"])
        sizes = {tile.first().signature.bucket: len(tile) for tile in buckets.iter_dynamic_groups()}
        assert sizes == {bucket["bucket"]: bucket["size"] for bucket in result["buckets"]}
        for view in (kept, buckets):
            view.reload()


def test_signatures_are_reused(videos, frames, operators) -> None:
    """By another run, also on a view that was made before the first."""
    operators.downsample(frames, 8)
    assert operators.downsample(videos.to_frames(), 5, run_key="other")["reused"] == 36
    assert operators.downsample(frames.match(fo.ViewField("score") > 0.5), 5)["reused"] == 18


def test_an_undo_leaves_the_videos_as_they_were(videos, frames, operators, state_of) -> None:
    """Fields, views and record are gone, and the frames' own fields are not."""

    def state() -> dict:
        found = state_of(videos)
        for sample in found.pop("samples"):
            assert sample["tags"] == []
        frame_fields = videos.get_frame_field_schema(flat=True)
        return {**found, "frames": sorted(frame_fields), "scores": videos.values("frames.score")}

    before = state()
    operators.downsample(frames, 8, strategy="diverse", near_duplicates=4)
    result = operators.delete_run(videos, "smartdownsample")
    assert (result["items"], result["untagged"]) == ("frames", 8)
    assert result["signature_field"] == "frames.signature"
    assert state() == before


def test_ranks_are_on_the_frames(videos, frames, operators) -> None:
    """The order of choice is a field of the frames."""
    result = operators.downsample(frames, 8, strategy="diverse")
    assert result["rank_field"] == "frames.smartdownsample_rank"
    ranks = videos.values(result["rank_field"], unwind=True)
    assert sorted(rank for rank in ranks if rank is not None) == list(range(1, 9))


def test_a_run_is_replaced(videos, frames, operators) -> None:
    """The field is that of the newer run."""
    operators.downsample(frames, 8)
    result = operators.downsample(frames, 5)
    assert (result["replaced"], len(_kept(videos))) == (True, 5)


def test_what_was_kept_can_be_kept_again(videos, frames, operators) -> None:
    """``keep`` takes the field of a run, as it takes a tag."""
    operators.downsample(frames, 4, run_key="first")
    operators.downsample(frames, 8, run_key="second", keep="first")
    assert _kept(videos, "first") < _kept(videos, "second")


def test_a_stopped_run_is_resumed(videos, frames, operators, monkeypatch, report_always) -> None:
    """Signatures written before a run was stopped are on the frames, and reused."""
    monkeypatch.setattr(engine, "WRITE_EVERY", 8)
    config = DownsampleConfig(target_count=5, n_workers=1, decode="exact")
    job = engine.run(videos, frames, config)
    next(progress for progress in job if videos.has_frame_field("signature"))
    job.close()
    signed = videos.count("frames.signature.bucket")
    assert 0 < signed < 36
    assert operators.downsample(frames, 5)["reused"] == signed


def test_browsing_and_export(videos, frames, operators, tmp_path) -> None:
    """The operators on runs show and list frames."""
    operators.downsample(frames, 8)
    left_out = operators.view_buckets(videos, "excluded", run_key="smartdownsample")
    assert set(left_out.values("filepath")) == set(frames.values("filepath")) - _kept(videos)
    path = tmp_path / "kept.json"
    operators.export_run(videos, "smartdownsample", str(path))
    rows = json.loads(path.read_text())
    assert {row["filepath"] for row in rows} == _kept(videos)
    numbers = dict(zip(*frames.values(["filepath", "frame_number"]), strict=True))
    assert all(row["frame_number"] == numbers[row["filepath"]] for row in rows)
    assert {row["video_id"] for row in rows} <= set(videos.values("id"))


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("two words", "so the tag must be letters, digits and underscores.*got 'two words'"),
        ("save", "no word of FiftyOne; got 'save'"),
        ("score", "frames are tagged 'score' already"),
    ],
)
def test_a_tag_that_cannot_be_a_field_is_refused(
    videos, frames, operators, state_of, tag, message
) -> None:
    """Nothing is written."""
    before = state_of(videos)
    with pytest.raises(ValueError, match=message):
        operators.downsample(frames, 8, tag=tag)
    assert state_of(videos) == before


def test_the_form_words_frames(videos, frames, post) -> None:
    """It says which fields of the frames will be written."""
    form = post("resolve-type", "downsample", videos, {"target_count": 8}, view=frames._serialize())
    forecast = form["type"]["properties"]["forecast"]["default"]
    *fields, activity = ["signature", *DownsampleConfig(target_count=8).fields()]
    *first, last = [f"`frames.{name}`" for name in fields]
    assert forecast == (
        f"Keeps 8 of 36 frames. Writes the fields {', '.join(first)} and {last}, the field "
        "`frames.smartdownsample` and the saved views `smartdownsample kept`, `smartdownsample "
        "buckets` and `smartdownsample stands for`; if there are standing cameras, also the field "
        f"`frames.{activity}`."
    )


def test_saved_views_of_frames_can_be_chosen_from(videos, frames, operators) -> None:
    """One that is grouped by bucket counts as all of its frames."""
    operators.downsample(frames, 8)
    buckets = videos.load_saved_view("smartdownsample buckets")
    result = operators.downsample(buckets, 7, run_key="second")
    assert (result["kept"], result["reused"]) == (7, 36)
    kept = videos.load_saved_view("smartdownsample kept")
    assert operators.downsample(kept, 3, run_key="third")["images"] == 8


def test_the_panel_takes_frames(videos, frames, operators, open_panel) -> None:
    """What it would keep is what a run keeps, and it opens with that run."""
    operators.compute_signatures(frames)
    user = open_panel(videos)
    user.view = frames._serialize()
    user.do("take_view")
    user.change("target_count", 8)
    user.do("show_kept")
    would_keep = shown_ids(videos, user)
    record = operators.downsample(frames, 8)
    kept = videos.load_saved_view(record["kept_view"])
    assert would_keep == set(kept.values("id"))
    assert "saved as the run `smartdownsample`" in open_panel(videos).text


def test_two_runs_of_frames_are_compared(videos, frames, operators, open_panel) -> None:
    """One of two videos and one of all: numbers and grid are those of the fields."""
    operators.downsample(frames, 14, run_key="every")
    operators.downsample(videos.limit(2).to_frames(), 9, run_key="some")
    user = open_panel(videos)
    user.choose("run:some")
    kept = {}
    for key in ("some", "every"):
        ids, marks = videos.values(["frames.id", f"frames.{key}"], unwind=True)
        kept[key] = {item for item, mark in zip(ids, marks, strict=True) if mark}
    assert_compared(videos, user, kept)
