"""Labels in the YOLO format: which classes of objects are on each image, and where.

A text file for each image has a line for each object, which begins with the number of its class;
an image without objects needs none (https://docs.ultralytics.com/datasets/detect).
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..checks import shown, shown_path
from ..errors import ParameterError
from ..optional import optional
from ._labels import EMPTY, text_in
from ._objects import Box, Marked, Objects, objects_of_images, within_image

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
    return [
        sorted({_class(names, line[0], place) for line in lines}) or [EMPTY]
        for place, lines in _lines(image_paths)
    ]


def yolo_objects(path: str | os.PathLike[str], image_paths: Sequence[str]) -> Objects:
    """Returns the objects on images, to choose among them.

    A line has the class, and then center, width and height of a box, or the corners of a polygon,
    whose bounding box is taken, all as shares of the image; boxes are cut at its border. What may
    follow a box is the confidence, or keypoints, an odd number of values.

    Args:
        path: as for :func:`yolo_labels`
        image_paths: n image files, as for :func:`yolo_labels`

    Raises:
        ParameterError: as :func:`yolo_labels`, or for a line without a box
    """
    names = _names(path)
    return objects_of_images(
        [
            Marked(_class(names, line[0], place), box, confidence)
            for line in lines
            for box, confidence in [_box(line, place)]
            if box is not None
        ]
        for place, lines in _lines(image_paths)
    )


def _lines(image_paths: Sequence[str]) -> list[tuple[str | None, list[list[str]]]]:
    """Returns where the labels of each image are, and the values in each line."""
    found: list[tuple[str | None, list[list[str]]]] = []
    for image in image_paths:
        place = next(filter(os.path.isfile, _places(image)), None)
        lines = text_in("yolo", place, _REMEDY).splitlines() if place else []
        found.append((place, [line.split() for line in lines if line.strip()]))
    if found and all(place is None for place, _ in found):
        raise ParameterError(
            "yolo",
            ": none of the images has labels, such as {example}",
            _REMEDY,
            example=shown_path(next(_places(image_paths[0]))),
        )
    return found


def _box(line: list[str], place: str | None) -> tuple[Box | None, float | None]:
    """Returns the box of a line, None if it is outside of the image, and the confidence."""
    try:
        sides = [float(value) for value in line[1:]]
    except ValueError:
        sides = []
    if len(sides) < 4 or not all(map(math.isfinite, sides)):
        raise ParameterError(
            "yolo",
            ": {place} has the line {line}",
            "to choose among objects, each line needs center, width and height as shares of the "
            "image, or the corners of a polygon",
            place=place,
            line=shown(" ".join(line)),
        )
    if len(sides) > 5 and not len(sides) % 2:
        across, down = sides[::2], sides[1::2]
        return within_image(min(across), min(down), max(across), max(down)), None
    x, y, width, height = sides[:4]
    box = within_image(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return box, sides[4] if len(sides) == 5 else None


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
