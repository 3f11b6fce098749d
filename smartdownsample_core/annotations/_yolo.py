"""Labels in the YOLO format: which classes of objects are on each image.

A text file for each image has a line for each object, which begins with the number of its class;
an image without objects needs none (https://docs.ultralytics.com/datasets/detect).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..checks import shown, shown_path
from ..errors import ParameterError
from ..optional import optional
from ._labels import EMPTY, text_in

#: Files with the names of the classes, where they are in a folder.
_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names")

_REMEDY = (
    "name the data.yaml or classes.txt of the dataset, or its folder; labels are next to images, "
    "in a folder labels beside them, or below labels as the images are below images"
)


def yolo_labels(path: str | os.PathLike[str], image_paths: Sequence[str]) -> list[list[str] | None]:
    """Returns which classes are on each image, such as ``["bicycle", "person"]``.

    Args:
        path: the ``data.yaml`` of the dataset, a text with the name of a class in each line, or
            the folder that has one of them; without one, classes are called by their numbers
        image_paths: n image files, whose labels are below a folder ``labels`` as they are below
            ``images``; else in a folder ``labels`` beside them or their folder, or next to them

    Returns:
        for each image the names of its classes in alphabetical order; ``[EMPTY]`` if its file has
        none, or there is no file

    Raises:
        ParameterError: if a file cannot be read, or no image has labels
    """
    names = _names(path)
    found: list[list[str] | None] = []
    missing = 0
    for image in image_paths:
        place = next(filter(os.path.isfile, _places(image)), None)
        missing += place is None
        lines = text_in("yolo", place, _REMEDY).splitlines() if place else []
        numbers = {line.split()[0] for line in lines if line.strip()}
        found.append(sorted({_class(names, one, place) for one in numbers}) or [EMPTY])
    if found and missing == len(found):
        raise ParameterError(
            "yolo",
            ": none of the images has labels, such as {example}",
            _REMEDY,
            example=shown_path(next(_places(image_paths[0]))),
        )
    return found


def _places(image: str) -> Iterator[str]:
    """Yields where the labels of an image may be."""
    folder, file = os.path.split(os.path.abspath(image))
    file = os.path.splitext(file)[0] + ".txt"
    above, has_images, below = f"{folder}{os.sep}".rpartition(f"{os.sep}images{os.sep}")
    if has_images:
        yield os.path.join(above, "labels", below, file)
    yield os.path.join(folder, "labels", file)
    yield os.path.join(os.path.dirname(folder), "labels", file)
    yield os.path.join(folder, file)


def _class(names: Mapping[int, str], number: str, place: str | None) -> str:
    known = re.fullmatch("[0-9]{1,9}", number) and (not names or int(number) in names)
    if known:
        return names.get(int(number), number)
    raise ParameterError(
        "yolo",
        ": {place} has the class {number}"
        + (f", of {len(names):,} that have a name" if names else ""),
        "each line must begin with the number of a class, from 0",
        place=place,
        number=shown(number),
    )


def _names(path: str | os.PathLike[str]) -> dict[int, str]:
    """Returns the names of the classes by their numbers; none if the folder has none."""
    file = Path(path)
    if file.is_dir():
        there = (file / name for name in _NAMES)
        inside = next(filter(Path.is_file, there), None)
        if inside is None:
            return {}
        file = inside
    text = text_in("yolo", file, _REMEDY)
    if file.suffix.lower() not in (".yaml", ".yml"):
        return dict(enumerate(line.strip() for line in text.strip().splitlines()))
    yaml = optional("yaml", "yolo", f"Reading {file}")
    try:
        content: Any = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        content = None
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(isinstance(number, int) for number in names):
        raise ParameterError(
            "yolo", ": {path} has no names of classes", "give it names: [first, second]", path=file
        )
    return {number: str(name) for number, name in names.items()}
