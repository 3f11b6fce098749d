"""The options for what other programs say of images: detectors, labels, data packages."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..annotations import EMPTY, Package, coco_labels, detected, read_package, yolo_labels
from ..checks import shown_path
from ..errors import ParameterError, counted
from ..new_files import make_folder, new_file
from ..selection import Choice, labels_by_key

#: The keys of what was detected and of labels, for ``--stratify-by``, ``--max-per`` and the like.
KEY, LABELS_KEY = "detection", "object"

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


def check_files(options: argparse.Namespace) -> None:
    """Completes the options; raises a ParameterError for one without what it is about."""
    if options.min_confidence is None:
        options.min_confidence = DEFAULT_CONFIDENCE
    elif not options.detections:
        raise ParameterError(
            "min_confidence", "has no effect without {detections}", "add it, or omit this"
        )


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


def without_empties(options: argparse.Namespace, keys: Mapping[str, Any]) -> Any:
    """Returns the excluded labels, with images on which nothing was detected, if there are any."""
    if not _n_empty(options, keys):
        return options.exclude
    excluded = labels_by_key("exclude", options.exclude) if options.exclude else {}
    return {**excluded, KEY: sorted({*excluded.get(KEY, ()), EMPTY})}


@contextmanager
def naming_empties(options: argparse.Namespace, choice: Choice) -> Iterator[None]:
    """Makes the error of a target that is too high say what :func:`without_empties` left out."""
    try:
        yield
    except ParameterError as error:
        n_empty = _n_empty(options, choice.keys or {})
        if not n_empty or "{exclude}" not in error.reason:
            raise
        shorten, lower = "shorten {exclude}", "lower {min_confidence}"
        raise ParameterError(
            error.name,
            error.reason.replace("{exclude}", "{exclude}" if options.exclude else "{detections}")
            + "; on {empty}, MegaDetector found nothing of confidence {least:g} or more",
            error.remedy.replace(shorten, f"{shorten}, {lower}" if options.exclude else lower),
            error.values,
            empty=counted(n_empty, "images"),
            least=options.min_confidence,
        ) from None


def _n_empty(options: argparse.Namespace, keys: Mapping[str, Any]) -> int:
    """Counts the images on which nothing was detected."""
    return list(keys[KEY]).count([EMPTY]) if options.detections and KEY in keys else 0


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
