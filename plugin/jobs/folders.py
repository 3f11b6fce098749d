"""The folders of files, which can be stratified by like the values of a field."""

from __future__ import annotations

import os
from collections.abc import Sequence

import fiftyone as fo

from smartdownsample_core.selection import is_of_path, labels_of_paths

#: What stands for the folders in ``stratify_by``.
FOLDER = "folder"


def is_folder(view: fo.DatasetView, path: str) -> bool:
    """Whether a path to stratify by means the folders of the files: no field has this name."""
    return is_of_path(path) and not view.has_field(path)


def labels(text: str, paths: Sequence[str], setting: str) -> list[str | None]:
    """Returns what ``folder``, ``folder:1`` and so on mean for some files."""
    return list(of_files(paths)) if text == FOLDER else labels_of_paths(text, paths, setting)


def of_files(paths: Sequence[str]) -> list[str]:
    """Returns the folder of each file, below the folder that all have in common.

    >>> of_files(["/data/a/1.jpg", "/data/b/c/1.jpg", "/data/2.jpg"])
    ['a', 'b/c', '.']
    """
    names = [os.path.dirname(path) or "." for path in paths]
    known = sorted(set(names))
    are_alike = len({os.path.isabs(name) for name in known}) == 1 and "://" not in "".join(known)
    root = os.path.commonpath(known) if are_alike else ""
    short = {name: os.path.relpath(name, root) if root else name for name in known}
    return [short[name] for name in names]


def strata_noun(path: str) -> str:
    """Returns what is stratified by, as a noun for a sentence."""
    return "folders" if path == FOLDER else "labels"


def group_noun(path: str) -> str:
    """Returns the groups that a path makes, as a noun for a sentence."""
    return "folders" if path == FOLDER else f"values of {path}"


def stratum_noun(path: str) -> str:
    """Returns what is stratified by, as the head of a table."""
    return "Folder" if path == FOLDER else path
