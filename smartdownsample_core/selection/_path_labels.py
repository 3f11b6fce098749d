"""Labels from paths: their folder, one level of it, or what a pattern finds."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import PurePath

from ._path_patterns import labels_by_pattern

#: What means the folder of each image instead of a label.
FOLDER = "folder"

_LEVEL = re.compile(r"folder:(-?[1-9][0-9]?)", re.ASCII)


def is_of_path(text: object) -> bool:
    """Whether a text such as ``folder`` or ``folder:1`` means a part of each path.

    >>> is_of_path("folder"), is_of_path("folder:-2"), is_of_path("labels.csv")
    (True, True, False)
    """
    if not isinstance(text, str):
        return False
    return text == FOLDER or "(?P<" in text or bool(_LEVEL.fullmatch(text))


def labels_of_paths(text: str, paths: Sequence[str], setting: str = "camera") -> list[str | None]:
    """Returns a label for each image file.

    Args:
        text: ``folder`` for its folder; ``folder:1`` for the name of the first folder below the one
            that all images have in common, ``folder:2`` for the second; ``folder:-1`` for the
            last, which the image is in; or a pattern, see :func:`labels_by_pattern`
        paths: n paths
        setting: name of the setting

    Returns:
        None for images that are not so deep

    >>> paths = ["in/site1/cam1/1.jpg", "in/site2/cam1/1.jpg", "in/1.jpg"]
    >>> labels_of_paths("folder:1", paths), labels_of_paths("folder:-1", paths)
    (['site1', 'site2', None], ['cam1', 'cam1', None])
    """
    if "(?P<" in text:
        return labels_by_pattern(setting, text, paths)
    folders = [os.path.dirname(path) or os.curdir for path in paths]
    found = _LEVEL.fullmatch(text)
    if not found:
        return list(folders)
    level = int(found[1])
    distinct = sorted(set(folders))
    parts = {folder: PurePath(folder).parts for folder in distinct}
    levels = zip(*parts.values(), strict=False)
    n_common = sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, levels))
    place = level - 1 if level > 0 else level
    label_of = {}
    for folder, names in parts.items():
        below = names[n_common:]
        label_of[folder] = below[place] if -len(below) <= place < len(below) else None
    return [label_of[folder] for folder in folders]
