"""The options for what detectors and data packages say of images."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..annotations import EMPTY, Package, detected, read_package
from ..checks import shown_path
from ..selection import Choice, labels_by_key

#: The key of what was detected, for ``--stratify-by``, ``--max-per`` and the like.
KEY = "detection"

DEFAULT_CONFIDENCE = 0.2


def add_detections(group: argparse._ActionsContainer) -> None:
    """Adds the options."""
    group.add_argument(
        "--detections",
        metavar="JSON",
        help="results of MegaDetector: exclude images on which it found nothing, and use what it "
        f"found as the key '{KEY}' of --stratify-by, --max-per, --min-per and --exclude-label, "
        f"such as --exclude-label {KEY}=person",
    )
    group.add_argument(
        "--min-confidence",
        type=float,
        default=DEFAULT_CONFIDENCE,
        metavar="N",
        help=f"confidence from which detections count, 0 to 1 (default: {DEFAULT_CONFIDENCE})",
    )
    add_package(group, "--stratify-by, --max-per, --min-per and --exclude-label")


def add_package(group: argparse._ActionsContainer, users: str) -> None:
    """Adds the option for a data package, whose keys some options use."""
    group.add_argument(
        "--camtrap-dp",
        metavar="DIR",
        help="a Camtrap DP package: its deployments are the cameras, its timestamps the times, and "
        f"species, sequence and location are keys of {users}",
    )


def with_detections(
    options: argparse.Namespace, keys: Mapping[str, Any] | None, paths: Sequence[str]
) -> dict[str, Any]:
    """Returns the keys and the excluded labels, with what was detected.

    Warns on standard error about images without a result, which stay without a label.

    Args:
        options: the parsed options
        keys: those of ``--keys``
        paths: of n images
    """
    if not options.detections:
        return {"keys": keys, "exclude": options.exclude}
    labels = detected(options.detections, paths, options.min_confidence)
    unknown = [path for path, label in zip(paths, labels, strict=True) if label is None]
    if unknown:
        print(
            f"Warning: --detections {options.detections} has no result for {len(unknown):,} of "
            f"{len(paths):,} images, such as {shown_path(unknown[0])}",
            file=sys.stderr,
        )
    excluded = labels_by_key("exclude", options.exclude) if options.exclude else {}
    empties = {*excluded.get(KEY, ()), EMPTY}
    return {"keys": {**(keys or {}), KEY: labels}, "exclude": {**excluded, KEY: sorted(empties)}}


def package_of(options: argparse.Namespace, paths: Sequence[str]) -> Package | None:
    """Returns what the package of ``--camtrap-dp`` says of n images; None without one.

    Warns on standard error about images that are not in it.
    """
    if not options.camtrap_dp:
        return None
    found = read_package(options.camtrap_dp, paths)
    unknown = [path for path, camera in zip(paths, found.camera, strict=True) if camera is None]
    if unknown:
        print(
            f"Warning: --camtrap-dp {options.camtrap_dp} does not have {len(unknown):,} of "
            f"{len(paths):,} images, such as {shown_path(unknown[0])}",
            file=sys.stderr,
        )
    return found


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
