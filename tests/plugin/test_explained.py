"""What a run writes of why: fields, and a view of all that each kept item stands for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest

from smartdownsample_core import Choice, Crop, downsample, extract, natural_order

_VIEW = "smartdownsample stands for"
_FIELDS = tuple(f"smartdownsample_{name}" for name in ("kept_by", "distance", "reason"))


@pytest.fixture(params=["samples", "patches", "frames"])
def view(request, make_dataset, images: list[str], tmp_path: Path) -> fo.DatasetView:
    """A view of 40 samples, patches or frames."""
    if request.param == "samples":
        return make_dataset(images[:40]).view()
    if request.param == "patches":
        boxes = ([0.05, 0.1, 0.4, 0.5], [0.3, 0.2, 0.6, 0.7])
        objects = [[fo.Detection(bounding_box=list(box)) for box in boxes] for _ in range(20)]
        made = [
            fo.Sample(path, objects=fo.Detections(detections=found))
            for path, found in zip(images[:20], objects, strict=True)
        ]
        return make_dataset(made).to_patches("objects")
    videos = [fo.Sample(str(tmp_path / f"{number}.mp4")) for number in range(2)]
    for number, video in enumerate(videos):
        for place, path in enumerate(images[number:40:2], 1):
            copy = tmp_path / f"{number} {place:06d}.jpg"
            shutil.copy(path, copy)
            video.frames[place] = fo.Frame(filepath=str(copy))
    return make_dataset(videos).to_frames()


def _path(view: fo.DatasetView, name: str) -> str:
    return f"objects.{name}" if view.has_field("objects") else name


def _explained(view: fo.DatasetView, target: int, choice: Choice) -> dict[str, tuple[Any, ...]]:
    """What the core says of each id: that of its representative, distance and reason."""
    sources: list[Any] = view.values("filepath")
    if view.has_field("objects"):
        boxes = view.values("objects.bounding_box")
        sources = [Crop(path, tuple(box)) for path, box in zip(sources, boxes, strict=True)]
    order = natural_order(view.values("filepath"))
    choice = choice.for_paths(view.values("filepath"))
    why = downsample(extract(sources), order, target, choice=choice).explain()
    ids, (words, numbers) = view.values("id"), why.words
    rows = zip(why.representative.tolist(), why.distance.tolist(), numbers.tolist(), strict=True)
    return {
        item: (ids[row], pytest.approx(distance, abs=1e-5), words[number])
        for item, (row, distance, number) in zip(ids, rows, strict=True)
    }


@pytest.mark.parametrize("strategy", ["stride", "diverse"])
def test_fields_say_what_stands_for_what(view, operators, strategy: str) -> None:
    """As the core explains it; the saved view has a tile per kept one, which is the kept one."""
    dataset = fo.load_dataset(view.dataset_name)
    expected = _explained(view, 9, Choice(strategy=strategy))
    result = operators.downsample(view, 9, strategy=strategy)
    tiles = dataset.load_saved_view(result["stands_for_view"])
    assert result["stands_for_view"] == _VIEW
    kept = dataset.load_saved_view("smartdownsample kept").values("id")
    assert sorted(tiles.values("id")) == sorted(kept)
    found = {}
    for group in tiles.iter_dynamic_groups():
        ids, *columns = group.values(["id", *(_path(view, field) for field in _FIELDS)])
        assert set(columns[0]) == {ids[0]}
        assert columns[1] == sorted(columns[1])
        found |= zip(ids, zip(*columns, strict=True), strict=True)
    assert found == expected


def test_an_undo_removes_all_of_it(view, operators) -> None:
    """Fields and view go with the run."""
    dataset = fo.load_dataset(view.dataset_name)
    schemas = (dataset.get_field_schema(flat=True), dataset.get_frame_field_schema(flat=True))
    operators.downsample(view, 9)
    undone = operators.delete_run(dataset, "smartdownsample")
    assert _VIEW in undone["saved_views"]
    assert set(_FIELDS) <= {path.rpartition(".")[2] for path in undone["fields"]}
    after = (dataset.get_field_schema(flat=True), dataset.get_frame_field_schema(flat=True))
    for before, left in zip(schemas, after, strict=True):
        assert set(left or ()) - set(before or ()) == set()
    assert dataset.list_saved_views() == []


def test_copies_do_not_take_the_place_of_the_kept_sample(
    make_dataset, images: list[str], tmp_path: Path, operators
) -> None:
    """Images that look the same are at a distance above 0, so the kept one stays the tile."""
    copies = [str(shutil.copy(images[0], tmp_path / f"{number}.jpg")) for number in range(6)]
    dataset = make_dataset(copies)
    operators.downsample(dataset, 1, strategy="diverse")
    (kept,) = dataset.match_tags("smartdownsample").values("id")
    assert dataset.load_saved_view(_VIEW).values("id") == [kept]
    assert np.count_nonzero(np.array(dataset.values("smartdownsample_distance")) == 0) == 1


def test_unreadable_samples_have_a_reason_alone(make_dataset, images, tmp_path, operators) -> None:
    """Nothing stands for what could not be read."""
    dataset = make_dataset([*images[:6], str(tmp_path / "gone.jpg")])
    operators.downsample(dataset, 3)
    last = dataset.last()
    assert [last[field] for field in _FIELDS] == [None, None, "unreadable"]


def test_it_can_be_switched_off(signed_dataset, operators) -> None:
    """Then there are neither fields nor view, and none is announced."""
    result = operators.downsample(signed_dataset, 9, explain=False)
    assert not set(_FIELDS) & set(signed_dataset.get_field_schema())
    assert result["stands_for_view"] is None
    assert _VIEW not in signed_dataset.list_saved_views()
    with pytest.raises(ValueError, match="run it with explain=True"):
        operators.view_buckets(signed_dataset, "stands_for", run_key="smartdownsample")


def test_it_can_be_browsed(signed_dataset, operators) -> None:
    """The operator shows the tiles of the saved view."""
    operators.downsample(signed_dataset, 9)
    shown = operators.view_buckets(signed_dataset, "stands_for", run_key="smartdownsample")
    assert shown.values("id") == signed_dataset.load_saved_view(_VIEW).values("id")
