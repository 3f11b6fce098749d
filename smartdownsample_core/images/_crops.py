"""Crops of images, such as labelled objects: each signed as if it were an image of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PIL import Image

from ..checks import shown, unreadable
from ._decode import load_rgb


class Crop(NamedTuple):
    """A part of an image file, to be signed instead of all of it."""

    path: str
    """of the image file"""
    box: tuple[float, float, float, float]
    """left, top, width and height as shares of those of the image, 0-1"""


Item = str | Crop
"""What can be signed: the path of an image file, or a crop of one."""


def path_of(item: Item) -> str:
    """Returns the path of the file that an item is in."""
    return item.path if isinstance(item, Crop) else item


def spans(items: Sequence[Item], least: int) -> Iterator[tuple[int, int]]:
    """Cuts a list into consecutive spans, and never between two crops of one file.

    So that a file is decoded once for all of its crops, if these are next to each other.

    Args:
        items: n items
        least: length that a span has at least, but for the last

    Yields:
        ``(start, stop)``

    >>> box = (0, 0, 1, 1)
    >>> list(spans([Crop("a", box), Crop("b", box), Crop("b", box), "b", "b"], 2))
    [(0, 3), (3, 5)]
    """
    start = 0
    while start < len(items):
        stop = min(start + least, len(items))
        while stop < len(items) and _of_one_file(items[stop - 1], items[stop]):
            stop += 1
        yield start, stop
        start = stop


def _of_one_file(item: Item, other: Item) -> bool:
    return isinstance(item, Crop) and isinstance(other, Crop) and item.path == other.path


def load_item(item: Item) -> Image.Image:
    """Returns the pixels of an item; errors are those of :func:`smartdownsample_core.load_rgb`."""
    image = load_rgb(path_of(item))
    return cut(image, item) if isinstance(item, Crop) else image


def cut(image: Image.Image, crop: Crop) -> Image.Image:
    """Returns the pixels of a crop; raises an OSError for a box without any."""
    try:
        return image.crop(pixel_box(crop.box, *image.size))
    except ValueError as error:
        raise unreadable(crop.path, error) from None


def pixel_box(box: Sequence[float], width: int, height: int) -> tuple[int, int, int, int]:
    """Returns left, top, right and bottom of a relative box in pixels, clipped to the image.

    Corners are rounded down, as FiftyOne does when it cuts out patches.

    Args:
        box: left, top, width and height, relative
        width: of the image
        height: of the image

    Raises:
        ValueError: if it is no box, or no pixel of the image is in it

    >>> pixel_box((0.1, 0.5, 0.25, 0.7), 100, 60)
    (10, 30, 35, 60)
    """
    try:
        is_box = len(box) == 4 and all(map(math.isfinite, box))
    except (TypeError, OverflowError):
        is_box = False
    if not is_box:
        raise ValueError(
            "its box must be left, top, width and height, as shares of the image from 0 to 1, got "
            f"{shown(box)}"
        )
    x, y, across, down = box
    left, right = _clipped(x, across, width)
    top, bottom = _clipped(y, down, height)
    if left >= right or top >= bottom:
        raise ValueError(
            f"its box {shown(box)} has none of the {width:,} x {height:,} pixels; left, top, width "
            "and height are shares of the image from 0 to 1: divide pixels by its size"
        )
    return left, top, right, bottom


def _clipped(start: float, length: float, size: int) -> tuple[int, int]:
    first, last = (min(max(place, 0.0), 1.0) for place in (start, start + length))
    return int(first * size), int(last * size)
