"""Crops of images, such as labelled objects: each signed as if it were an image of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from ..checks import shown
from ..limits import RefusedError
from ._items import Part


@dataclass(frozen=True)
class Crop(Part):
    """A part of an image file, to be signed instead of the whole image."""

    path: str
    """of the image file"""
    box: tuple[float, float, float, float]
    """left, top, width and height as shares of those of the image, 0-1"""

    def pixels(self, source: Image.Image) -> Image.Image:
        """Cuts the crop out of the decoded image."""
        return source.crop(pixel_box(self.box, *source.size))

    def at(self, path: str) -> Crop:
        """Returns the same crop of another file."""
        return replace(self, path=path)


def pixel_box(box: Sequence[float], width: int, height: int) -> tuple[int, int, int, int]:
    """Returns left, top, right and bottom of a relative box in pixels, clipped to the image.

    Corners are rounded down, as FiftyOne does when it cuts out patches.

    Args:
        box: left, top, width and height, relative
        width: of the image
        height: of the image

    Raises:
        RefusedError: if it is not a box, or contains no pixel of the image

    >>> pixel_box((0.1, 0.5, 0.25, 0.7), 100, 60)
    (10, 30, 35, 60)
    """
    try:
        is_box = len(box) == 4 and all(map(math.isfinite, box))
    except (TypeError, OverflowError):
        is_box = False
    if not is_box:
        raise RefusedError(
            "its box must be left, top, width and height, as shares of the image from 0 to 1, got "
            f"{shown(box)}"
        )
    x, y, across, down = box
    left, right = _clipped(x, across, width)
    top, bottom = _clipped(y, down, height)
    if left >= right or top >= bottom:
        raise RefusedError(
            f"its box {shown(box)} has none of the {width:,} x {height:,} pixels; left, top, width "
            "and height are shares of the image from 0 to 1: divide pixels by its size"
        )
    return left, top, right, bottom


def _clipped(start: float, length: float, size: int) -> tuple[int, int]:
    first, last = (min(max(place, 0.0), 1.0) for place in (start, start + length))
    return int(first * size), int(last * size)
