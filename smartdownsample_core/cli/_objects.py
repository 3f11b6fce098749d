"""Choosing among the objects on images instead of the images: the option, and what lists say."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ..annotations import Objects, detected_objects
from ..errors import ParameterError
from ..images import Crop, Item
from ._other_programs import KEY

#: The key of the image that an object is on.
IMAGE = "image"

#: What ``--choose`` takes.
IMAGES, OBJECTS = "images", "objects"

#: Options that need images, each with the reason.
_OF_IMAGES = {
    "keep": "lists images",
    "manifest": "records images",
    "activity": "shows images",
    "leave_out_quiet": "is about whole frames",
}


def add_choose(parser: argparse._ActionsContainer) -> None:
    """Adds the option for what to choose among; see :func:`objects_of`."""
    parser.add_argument(
        "--choose",
        choices=(IMAGES, OBJECTS),
        default=IMAGES,
        help="images (the default), or the objects of --detections, each cropped in memory; the "
        "list of objects is a table with the box of each",
    )


def objects_of(options: argparse.Namespace, paths: Sequence[str]) -> Objects | None:
    """Returns the objects to choose among; None to choose among n images.

    Raises:
        ParameterError: if an option does not go with objects, or there are none
    """
    if options.choose != OBJECTS:
        return None
    if not options.detections:
        raise ParameterError(
            "choose", "objects needs to know where they are", "name a file with {detections}"
        )
    for name, why in _OF_IMAGES.items():
        if getattr(options, name):
            raise ParameterError(name, f"does not go with {{choose}} objects: it {why}", "omit it")
    if options.fixed_cameras == "all":
        raise ParameterError(
            "fixed_cameras", "all does not go with {choose} objects", "omit it, or choose images"
        )
    if options.output and options.output.lower().endswith(".txt"):
        raise ParameterError(
            "output",
            "cannot list objects in a .txt, got {value}",
            "name a .csv or .json, which have the boxes",
            value=options.output,
        )
    options.fixed_cameras = "none"  # crops of one place are no frames of one camera
    found = detected_objects(options.detections, paths, options.min_confidence)
    if not found.image:
        raise ParameterError(
            "min_confidence",
            "{value:g} leaves no object on any image",
            "lower it",
            value=options.min_confidence,
        )
    return found


def items_of(objects: Objects | None, paths: Sequence[str]) -> list[Item]:
    """Returns what is read and shown: images, or crops of those of n objects, ``paths``."""
    return list(paths) if objects is None else list(map(Crop, paths, objects.box))


def columns_of(objects: Objects | None) -> dict[str, Sequence[Any]]:
    """Returns what lists say of each object besides its image; nothing for None."""
    if objects is None:
        return {}
    sides = zip(("left", "top", "width", "height"), zip(*objects.box, strict=True), strict=True)
    return {**dict(sides), KEY: objects.label, "confidence": objects.confidence}


def name_of(path: str, box: Sequence[float]) -> str:
    """Names an object by a media fragment (https://www.w3.org/TR/media-frags/#naming-space).

    >>> name_of("a.jpg", (0.1, 0.25, 0.3, 0.5))
    'a.jpg#xywh=percent:10,25,30,50'
    """
    return f"{path}#xywh=percent:" + ",".join(f"{100 * side:.6g}" for side in box)
