"""Crops: signed as images of their own, a file decoded once for all of them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

from smartdownsample_core import Crop, extract, extract_batches, load_rgb, sign
from smartdownsample_core.extraction._batches import BATCH_SIZE
from smartdownsample_core.images import Part, moved, spans
from smartdownsample_core.images._crops import pixel_box

_BOXES = [(0.0, 0.0, 1.0, 1.0), (0.1, 0.2, 0.5, 0.25), (0.7, 0.6, 0.6, 0.6), (-0.2, -0.1, 0.5, 0.4)]


def _crops(paths: list[str]) -> list[Crop]:
    return [Crop(path, box) for path in paths for box in _BOXES]


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_a_crop_is_signed_as_an_image_of_its_own(burst_paths, workers) -> None:
    """Each row is the definition applied to the cropped image, clipped to what there is."""
    crops = _crops(burst_paths[:12])
    table = extract(crops, n_workers=2, workers=workers)
    for row, crop in enumerate(crops):
        image = load_rgb(crop.path)
        expected = sign(image.crop(pixel_box(crop.box, *image.size)))
        bits = "".join("01"[bit] for bit in expected.dhash.ravel().astype(int))
        assert int(table.dhash_hex[row], 16) == int(bits, 2)
        assert table.mean_rgb[row].tolist() == expected.mean_rgb.tolist()
    assert table.descriptor.any(axis=1).all()


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0.1, 0.5, 0.25, 0.7), (10, 30, 35, 60)),
        ((-0.5, -0.5, 2, 2), (0, 0, 100, 60)),
        ((0.999, 0.99, 0.1, 0.1), (99, 59, 100, 60)),
    ],
)
def test_boxes_are_rounded_down_and_clipped(box, expected) -> None:
    """Shares of width and height become whole pixels of the image."""
    assert pixel_box(box, 100, 60) == expected


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((), "of the image from 0 to 1, got ()"),
        ((0.1, 0.1, float("nan"), 0.1), "from 0 to 1, got (0.1, 0.1, nan, 0.1)"),
        (None, "from 0 to 1, got None"),
        (("0.1", "0.1", "0.5", "0.5"), "from 0 to 1, got ('0.1', '0.1', '0.5', '0.5')"),
        ((10**400, 0, 1, 1), "from 0 to 1, got a tuple"),
        ((10, 10, 100, 100), "480 x 360 pixels; left, top, width and height are shares"),
        ((0.1, 0.1, 0.0, 0.5), "its box (0.1, 0.1, 0.0, 0.5) has none of the"),
        ((0.1, 0.1, -0.2, 0.5), "has none of the"),
        ((1.5, 0.1, 0.2, 0.5), "has none of the"),
        ((0.1, 0.1, 1e-6, 0.5), "has none of the"),
    ],
    ids=[
        "none",
        "not a number",
        "None",
        "texts",
        "huge",
        "pixels",
        "empty",
        "negative",
        "outside",
        "below a pixel",
    ],
)
def test_a_box_without_pixels_is_an_unreadable_image(burst_paths, box, words) -> None:
    """It is recorded in its row, with the path and the box; the others are signed."""
    path = burst_paths[0]
    crops = [Crop(path, _BOXES[0]), Crop(path, box), Crop(path, _BOXES[1])]
    table = extract(crops, image_loading_errors="skip")
    assert list(table.unreadable) == [1]
    assert str(table.unreadable[1]).startswith(f"Cannot read image file: {path} (")
    assert words in str(table.unreadable[1])
    with pytest.raises(OSError, match=re.escape(words)):
        extract(crops)


def test_every_crop_of_a_lost_file_is_recorded(burst_paths, tmp_path) -> None:
    """Each with the error that the file itself would have."""
    lost = str(tmp_path / "lost.jpg")
    table = extract(_crops([burst_paths[0], lost]), image_loading_errors="skip")
    assert {str(error) for error in table.unreadable.values()} == {f"File not found: {lost}"}
    assert list(table.unreadable) == [4, 5, 6, 7]


def test_a_file_is_decoded_once_for_all_of_its_crops(burst_paths, monkeypatch) -> None:
    """However many crops it has, if they are next to each other."""
    read = []

    def counting(path: str):
        read.append(path)
        return load_rgb(path)

    monkeypatch.setattr("smartdownsample_core.images._items.decode_rgb", counting)
    crops = [Crop(path, _BOXES[k % 4]) for path in burst_paths[:5] for k in range(3 * BATCH_SIZE)]
    extract(crops, n_workers=2)
    assert sorted(read) == sorted(burst_paths[:5])


def test_paths_and_crops_can_be_mixed(burst_paths) -> None:
    """Rows stay in the order of the items, and batches are consecutive."""
    items = [
        burst_paths[0],
        *_crops(burst_paths[1:3]),
        *burst_paths[3:40],
        *_crops(burst_paths[:9]),
    ]
    rows = np.concatenate([rows for rows, _ in extract_batches(items)])
    assert rows.tolist() == list(range(len(items)))
    table = extract(items)
    assert table.mean_rgb[0].tolist() == extract(burst_paths[:1]).mean_rgb[0].tolist()
    assert table.mean_rgb[1:9].tolist() == extract(_crops(burst_paths[1:3])).mean_rgb.tolist()


class _Flat(Part):
    """A kind of item that only this test knows: an image in memory."""

    def __init__(self, path: str, level: int) -> None:
        self.path, self.level = path, level

    def source(self) -> int:
        return self.level

    def pixels(self, source: int) -> Image.Image:
        if not source:
            raise ZeroDivisionError("no light")
        return Image.new("RGB", (8, 8), (source, source, 256 // source))

    def at(self, path: str) -> _Flat:
        return _Flat(path, self.level)


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_a_new_kind_of_item_is_one_class(burst_paths, workers) -> None:
    """It is read by all workers among others, and its errors are its own."""
    items = [burst_paths[0], _Flat("one", 1), _Flat("two", 2), _Flat("zero", 0), burst_paths[1]]
    table = extract(items, workers=workers, image_loading_errors="skip")
    assert table.mean_rgb[1:3].tolist() == [[1, 1, 255], [2, 2, 128]]
    assert {row: str(error) for row, error in table.unreadable.items()} == {
        3: "Cannot read image file: zero (ZeroDivisionError: no light)"
    }
    assert moved(items[1], "there").path == "there"


def test_plain_paths_are_cut_evenly() -> None:
    """Without crops, spans are of the length asked for."""
    assert list(spans([str(n) for n in range(7)], 3)) == [(0, 3), (3, 6), (6, 7)]


def test_parts_of_one_source_stay_together() -> None:
    """Spans have the least length, or more to keep the crops of one image in one."""
    box = (0.0, 0.0, 1.0, 1.0)
    items = [Crop("a", box), Crop("b", box), Crop("b", box), "b", "b"]
    assert list(spans(items, 2)) == [(0, 3), (3, 5)]
