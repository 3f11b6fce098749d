"""What a ``.json`` records about how images were chosen: enough to choose them again."""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..images import is_remote
from ..report import inputs_of
from ..selection import STRATEGIES, Choice
from ..settings import declared
from ..signatures import Signatures
from ._objects import OBJECTS

_CHUNK = 2**20


def record_of(options: argparse.Namespace, **source: Any) -> dict[str, Any]:
    """Returns the settings that had an effect, the files that were read, and this version.

    Args:
        options: the parsed options
        source: further facts about the images that were chosen from
    """
    from .. import __version__

    settings = _used(options)
    names = (
        "features",
        "stratify_by",
        "keep",
        "camera",
        "time",
        "keys",
        "detections",
        "coco",
        "yolo",
    )
    given = {name: settings[name] for name in names if settings.get(name)}
    files = {name: path for name, path in given.items() if os.path.isfile(path)}
    return {
        "version": __version__,
        "settings": settings,
        "files": {name: {"path": path, "sha256": _digest(path)} for name, path in files.items()},
        **source,
    }


def manifest_of(
    record: Mapping[str, Any],
    paths: Sequence[str],
    signatures: Signatures,
    target_count: int | None,
) -> dict[str, Any]:
    """Returns a record with what a manifest adds to it, but for what was kept.

    Args:
        record: of :func:`record_of`
        paths: n image files
        signatures: theirs
        target_count: as it was given
    """
    is_relative = any(not os.path.isabs(path) and not is_remote(path) for path in paths)
    return {
        **record,
        "settings": {**record["settings"], "target_count": target_count},
        "folder": os.getcwd() if is_relative else "",
        "inputs": inputs_of(paths, signatures),
    }


def radius_of(options: argparse.Namespace) -> float | None:
    """Returns ``--near-duplicates``: a whole number of bits or, with ``--features``, a distance."""
    radius: float | None = options.near_duplicates
    if radius is not None and not options.features and radius.is_integer():
        return int(radius)
    return radius


def _used(options: argparse.Namespace) -> dict[str, Any]:
    has_effect = {
        "strategy": True,
        "balance": bool(options.stratify_by),
        # Its default differs between commands and shards with and without thumbnails.
        "fixed_cameras": STRATEGIES[options.strategy].relates or options.leave_out_quiet > 0,
    }
    used = {}
    for name, what in declared(Choice).items():
        value = getattr(options, name)
        if has_effect.get(name, value not in (what.default, None, "", ())):
            used[name] = value
    if "near_duplicates" in used:
        used["near_duplicates"] = radius_of(options)
    of_detections = ("detections", "min_confidence") if options.detections else ()
    of_objects = ("choose",) if vars(options).get("choose") == OBJECTS else ()
    given = ("paths", "include_names", "exclude_names", "on_error", "camtrap_dp", "coco", "yolo")
    return used | {
        name: vars(options)[name]
        for name in (*given, *of_detections, *of_objects)
        if vars(options).get(name)
    }


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
