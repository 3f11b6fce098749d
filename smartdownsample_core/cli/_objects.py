"""Choosing among the objects on images, or among images by them: the option, and what lists say."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ..annotations import Objects, coco_objects, detected_objects, yolo_objects
from ..errors import ParameterError
from ..images import Crop, Item
from ..selection import STRATEGIES
from ._other_programs import KEY, LABELS_KEY

#: The key of the image that an object is on.
IMAGE = "image"

#: What ``--choose`` takes.
IMAGES, OBJECTS, BY_OBJECTS = "images", "objects", "images-by-objects"

#: Options that need images, each with the reason.
_OF_IMAGES = {
    "manifest": "records images",
    "activity": "shows images",
    "leave_out_quiet": "is about whole frames",
}


def add_choose(parser: argparse._ActionsContainer) -> None:
    """Adds the option for what to choose among; see :func:`objects_of`."""
    parser.add_argument(
        "--choose",
        choices=(IMAGES, OBJECTS, BY_OBJECTS),
        default=IMAGES,
        help="images (the default); the objects of --detections, --coco or --yolo, each cropped in "
        "memory and listed with its box; or images by the objects on them, each as new as its "
        "newest object",
    )


def objects_of(options: argparse.Namespace, paths: Sequence[str]) -> Objects | None:
    """Returns the objects to choose among, or by; None to choose among n images as they are.

    Raises:
        ParameterError: if an option does not go with objects, or there are none
    """
    what = options.choose
    if what == IMAGES:
        return None
    if not (options.detections or options.coco or options.yolo):
        raise ParameterError(
            "choose",
            f"{what} needs to know where they are",
            "name a file with {detections}, {coco} or {yolo}",
        )
    refused = {**_OF_IMAGES, **({"keep": "lists images"} if what == OBJECTS else {})}
    for name, why in refused.items():
        if getattr(options, name):
            raise ParameterError(name, f"does not go with {{choose}} {what}: it {why}", "omit it")
    if options.fixed_cameras == "all":
        raise ParameterError(
            "fixed_cameras", f"all does not go with {{choose}} {what}", "omit it, or choose images"
        )
    if what == BY_OBJECTS and not STRATEGIES[options.strategy].ranks:
        raise ParameterError(
            "choose", f"{what} does not go with {{strategy}} {options.strategy}", "omit one of them"
        )
    if what == OBJECTS and options.output and options.output.lower().endswith(".txt"):
        raise ParameterError(
            "output",
            "cannot list objects in a .txt, got {value}",
            "name a .csv or .json, which have the boxes",
            value=options.output,
        )
    options.fixed_cameras = "none"  # crops of one place are no frames of one camera
    if options.detections:
        found = detected_objects(options.detections, paths, options.min_confidence)
        if not found.image:
            raise ParameterError(
                "min_confidence",
                "{value:g} leaves no object on any image",
                "lower it",
                value=options.min_confidence,
            )
        return found
    name, read = ("coco", coco_objects) if options.coco else ("yolo", yolo_objects)
    found = read(getattr(options, name), paths)
    if not found.image:
        raise ParameterError(
            name,
            "{value} has no box on any image",
            "choose images, or draw some",
            value=getattr(options, name),
        )
    return found


#: Of sides in lists: a thousandth of a pixel of most images.
_DIGITS = 6


def key_of(options: argparse.Namespace) -> str:
    """Returns the key of what objects are, that of the file which says where they are."""
    return KEY if options.detections else LABELS_KEY


def items_of(objects: Objects | None, paths: Sequence[str]) -> list[Item]:
    """Returns what is read and shown: images, or crops of those of n objects, ``paths``."""
    return list(paths) if objects is None else list(map(Crop, paths, objects.box))


def columns_of(objects: Objects | None, key: str) -> dict[str, Sequence[Any]]:
    """Returns what lists say of each object besides its image; nothing for None."""
    if objects is None:
        return {}
    sides = zip(("left", "top", "width", "height"), zip(*objects.box, strict=True), strict=True)
    found: dict[str, Sequence[Any]] = {
        name: [round(side, _DIGITS) for side in values] for name, values in sides
    }
    found[key] = objects.label
    is_known = any(confidence is not None for confidence in objects.confidence)
    return {**found, "confidence": objects.confidence} if is_known else found


def name_of(path: str, box: Sequence[float]) -> str:
    """Names an object by a media fragment (https://www.w3.org/TR/media-frags/#naming-space).

    >>> name_of("a.jpg", (0.1, 0.25, 0.3, 0.5))
    'a.jpg#xywh=percent:10,25,30,50'
    """
    return f"{path}#xywh=percent:" + ",".join(f"{100 * side:.6g}" for side in box)
