"""The options for what detectors and data packages say of images."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..annotations import (
    EMPTY,
    Objects,
    Package,
    coco_labels,
    detected,
    detected_objects,
    read_package,
    yolo_labels,
)
from ..checks import shown_path
from ..errors import ParameterError
from ..new_files import make_folder, new_file
from ..selection import Choice, labels_by_key

#: The keys of what was detected and of labels, for ``--stratify-by``, ``--max-per`` and the like.
KEY, LABELS_KEY = "detection", "object"

#: The key of the image that an object is on.
IMAGE = "image"

DEFAULT_CONFIDENCE = 0.2


def add_files(
    group: argparse._ActionsContainer, users: str, of_empties: str = f"have '{EMPTY}'"
) -> None:
    """Adds the options for files of other programs.

    Args:
        group: what gets them
        users: the options that use their keys
        of_empties: what happens to images on which nothing was detected
    """
    group.add_argument(
        "--detections",
        metavar="JSON",
        help=f"results of MegaDetector: what it found is the key '{KEY}' of {users}; images on "
        f"which it found nothing {of_empties}",
    )
    group.add_argument(
        "--min-confidence",
        type=float,
        default=DEFAULT_CONFIDENCE,
        metavar="N",
        help=f"confidence from which detections count, 0 to 1 (default: {DEFAULT_CONFIDENCE})",
    )
    labels = group.add_mutually_exclusive_group()
    what = f"are the key '{LABELS_KEY}' of {users}; images without any have '{EMPTY}'"
    labels.add_argument("--coco", metavar="JSON", help=f"COCO instances: their categories {what}")
    labels.add_argument(
        "--yolo",
        metavar="PATH",
        help="YOLO labels, next to images or in folders 'labels', and the data.yaml or classes.txt "
        f"that names the classes, or its folder: the classes {what}",
    )
    group.add_argument(
        "--camtrap-dp",
        metavar="DIR",
        help="a Camtrap DP package: its deployments are the cameras, its timestamps the times, and "
        f"species, sequence and location are keys of {users}",
    )


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


def with_labels(
    options: argparse.Namespace, keys: Mapping[str, Any] | None, paths: Sequence[str]
) -> dict[str, Any]:
    """Returns the keys with what was detected and labelled.

    Warns on standard error about images without a result, which stay without a label.

    Args:
        options: the parsed options
        keys: other keys
        paths: of n images
    """
    found = dict(keys or {})
    if options.detections:
        labels = detected(options.detections, paths, options.min_confidence)
        _warn(f"--detections {options.detections} has no result for", labels, paths)
        found[KEY] = labels
    if options.coco:
        labels = coco_labels(options.coco, paths)
        _warn(f"--coco {options.coco} does not have", labels, paths)
        found[LABELS_KEY] = labels
    if options.yolo:
        found[LABELS_KEY] = yolo_labels(options.yolo, paths)
    return found


def without_empties(options: argparse.Namespace, objects: Objects | None) -> Any:
    """Returns the excluded labels, with images on which nothing was detected."""
    if not options.detections or objects is not None:
        return options.exclude
    excluded = labels_by_key("exclude", options.exclude) if options.exclude else {}
    return {**excluded, KEY: sorted({*excluded.get(KEY, ()), EMPTY})}


def _warn(what: str, found: Sequence[object], paths: Sequence[str]) -> None:
    """Warns on standard error about images of which nothing was found."""
    unknown = [path for path, one in zip(paths, found, strict=True) if one is None]
    if unknown:
        print(
            f"Warning: {what} {len(unknown):,} of {len(paths):,} images, such as "
            f"{shown_path(unknown[0])}",
            file=sys.stderr,
        )


def package_of(options: argparse.Namespace, paths: Sequence[str]) -> Package | None:
    """Returns what the package of ``--camtrap-dp`` says of n images; None without one.

    Warns on standard error about images that are not in it.
    """
    if not options.camtrap_dp:
        return None
    found = read_package(options.camtrap_dp, paths)
    _warn(f"--camtrap-dp {options.camtrap_dp} does not have", found.camera, paths)
    return found


def new_package(options: argparse.Namespace) -> Path | None:
    """Returns the new folder of ``--camtrap-dp-out``, None without one; creates its parent."""
    if not options.camtrap_dp_out:
        return None
    if not options.camtrap_dp:
        raise ValueError(
            "--camtrap-dp-out needs a package of the images; name it with --camtrap-dp"
        )
    folder = new_file("--camtrap-dp-out", options.camtrap_dp_out)
    make_folder("--camtrap-dp-out", folder.parent)
    return folder


def keys_of_package(package: Package | None, keys: Mapping[str, Any] | None) -> Any:
    """Returns the keys of ``--keys`` with those of a package that have labels."""
    if package is None:
        return keys
    own = {name: getattr(package, name) for name in ("species", "sequence", "location")}
    return {**{name: labels for name, labels in own.items() if any(labels)}, **(keys or {})}


def with_package(choice: Choice, package: Package | None) -> Choice:
    """Returns a choice with the cameras and times of a package, where it uses them."""
    if package is None:
        return choice
    changes: dict[str, Any] = {}
    if choice.uses_camera and choice.camera is None:
        changes["camera"] = package.camera
    if choice.uses_time and choice.time is None:
        changes["time"] = package.time
    return replace(choice, **changes)
