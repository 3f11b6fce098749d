"""Objects on images, whichever program has marked them: where each is, and what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

Box = tuple[float, float, float, float]


class Marked(NamedTuple):
    """An object of an image."""

    label: str
    box: Box
    confidence: float | None = None


@dataclass(frozen=True)
class Objects:
    """The n objects on images, image by image."""

    image: list[int]
    """index of the image of each"""
    box: list[Box]
    """left, top, width and height as shares of those of the image, 0-1"""
    label: list[str]
    """such as ``animal``"""
    confidence: list[float | None]
    """0-1; None where it is not known, as of labels by people"""


def objects_of_images(of_image: Iterable[Iterable[Marked] | None]) -> Objects:
    """Returns the objects of images, each of which may have none."""
    found = [(row, one) for row, own in enumerate(of_image) for one in own or ()]
    return Objects(
        image=[row for row, _ in found],
        box=[one.box for _, one in found],
        label=[one.label for _, one in found],
        confidence=[one.confidence for _, one in found],
    )


def within_image(left: float, top: float, right: float, bottom: float) -> Box | None:
    """Returns the part of a box that is on its image; None if there is none.

    Args:
        left: of the box, as the others a share of the image, which may be below 0 or above 1
        top: likewise
        right: likewise
        bottom: likewise

    >>> within_image(-0.5, 0.25, 0.5, 1.5), within_image(1, 0, 2, 1)
    ((0.0, 0.25, 0.5, 0.75), None)
    """
    left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in (left, top, right, bottom))
    return (left, top, right - left, bottom - top) if left < right and top < bottom else None
