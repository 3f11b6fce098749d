"""Labels of images from files of other programs: one shape, whichever wrote them."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..checks import reason, shown_path
from ..errors import ParameterError
from ..text_files import text_of
from ._by_name import ByName

_T = TypeVar("_T")

#: The label of images on which there is nothing.
EMPTY = "empty"

#: Files by which the folder is found that their paths start from.
_SAMPLE = 2000


def labels_of_files(
    name: str,
    path: str | os.PathLike[str],
    labels: Mapping[str, Collection[str] | None],
    image_paths: Sequence[str],
) -> list[list[str] | None]:
    """Returns the labels of each image, in alphabetical order.

    Args:
        name: of the parameter that has the file, for errors
        path: the file
        labels: of the images in it, by their paths, which are absolute, or relative to the current
            folder, to that of the file, or to one that contains the images; None if unknown
        image_paths: n image files

    Returns:
        for each image its labels; ``[EMPTY]`` if there are none; None if the file does not know

    Raises:
        ParameterError: if it has none of the images
    """
    found = of_files(name, path, labels, image_paths)
    return [None if own is None else sorted(set(own)) or [EMPTY] for own in found]


def of_files(
    name: str,
    path: str | os.PathLike[str],
    known: Mapping[str, _T | None],
    image_paths: Sequence[str],
) -> list[_T | None]:
    """Returns what a file knows of each image, as :func:`labels_of_files` does for labels."""
    paths = list(image_paths)
    images, start = ByName(paths), _start(list(known), paths, os.path.dirname(path))
    found: list[_T | None] = [None] * len(paths)
    for file, own in known.items():
        row = images.find(os.path.join(start, file))
        if row is not None and own is not None:
            found[row] = own
    if paths and all(own is None for own in found):
        example = next(iter(known), None)
        raise ParameterError(
            name,
            "{path} has no result for any of the images",
            "it has {example}, and an image is {image}",
            path=os.fspath(path),
            example="no images" if example is None else shown_path(example),
            image=shown_path(paths[0]),
        )
    return found


def json_of(name: str, path: str | os.PathLike[str], remedy: str) -> Any:
    """Returns what a ``.json`` holds, None if it is none; raises a ParameterError as all here."""
    text = text_in(name, path, remedy)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def text_in(name: str, path: str | os.PathLike[str], remedy: str) -> str:
    """Returns the text of a file.

    Raises:
        ParameterError: if it cannot be read
    """
    try:
        return text_of(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise ParameterError(
            name, ": cannot read {path} ({why})", remedy, path=path, why=reason(error)
        ) from None


def _start(files: list[str], paths: list[str], folder: str) -> str:
    """Returns the folder that the paths of files start from: where most of them are images."""
    images = ByName(paths)
    common = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths] or ["/"])
    starts = ["", folder, common, *map(str, Path(common).parents)]
    for some in (files[:: len(files) // _SAMPLE + 1], files):
        counts = [
            sum(images.find(os.path.join(s, file)) is not None for file in some) for s in starts
        ]
        if any(counts):
            return starts[counts.index(max(counts))]
    return ""
