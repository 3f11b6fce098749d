"""Labels in the COCO format: which categories of objects are on each image, and where.

The format is that of https://cocodataset.org/#format-data; COCO Camera Traps is one of its kind.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..checks import is_number, shown
from ..errors import ParameterError
from ._labels import json_of, labels_of_files, of_files
from ._objects import Box, Marked, Objects, objects_of_images, within_image

_Annotation = tuple[str, Mapping[str, Any], Any]

_REMEDY = "name a .json with images, annotations and categories"


def coco_labels(path: str | os.PathLike[str], image_paths: Sequence[str]) -> list[list[str] | None]:
    """Returns which categories are on each image, such as ``["bicycle", "person"]``.

    Args:
        path: a ``.json`` of instances; each ``file_name`` is absolute, or relative to the current
            folder, to that of the file, or to one that contains the images
        image_paths: n image files

    Returns:
        for each image the names of its categories in alphabetical order; ``[EMPTY]`` if it has no
        annotation; None if it is not in the file

    Raises:
        ParameterError: if it is no such file, or has none of the images
    """
    found = {file: [label for label, _, _ in own] for file, own in _annotations(path).items()}
    return labels_of_files("coco", path, found, image_paths)


def coco_objects(path: str | os.PathLike[str], image_paths: Sequence[str]) -> Objects:
    """Returns the objects on images, to choose among them.

    Boxes are cut at the border of their image; annotations without a ``bbox`` are no objects.

    Args:
        path: as for :func:`coco_labels`; its images need width and height
        image_paths: n image files

    Raises:
        ParameterError: as :func:`coco_labels`, or for a box that is not one
    """
    of_image = of_files("coco", path, _annotations(path), image_paths)
    return objects_of_images(
        [
            Marked(label, box)
            for label, image, sides in own or ()
            if sides is not None and (box := _box(path, image, sides)) is not None
        ]
        for own in of_image
    )


def _annotations(path: str | os.PathLike[str]) -> dict[str, list[_Annotation]]:
    """Returns the label of each annotation, its image, and its bbox or None, by file."""
    document = json_of("coco", path, _REMEDY)
    if document is None:
        raise ParameterError("coco", "{path} is not JSON", _REMEDY, path=os.fspath(path))
    try:
        names = {one["id"]: str(one["name"]) for one in document["categories"]}
        images = {one["id"]: one for one in document["images"]}
        found: dict[str, list[_Annotation]] = {_file(image): [] for image in images.values()}
        for one in document["annotations"]:
            image = images[one["image_id"]]
            found[_file(image)].append((names[one["category_id"]], image, one.get("bbox")))
    except (AttributeError, KeyError, TypeError) as error:  # another shape, or an unknown id
        raise ParameterError(
            "coco",
            "{path} is no COCO file of instances ({why})",
            _REMEDY,
            path=os.fspath(path),
            why=f"without {error}" if isinstance(error, KeyError) else "of another structure",
        ) from None
    return found


def _box(path: str | os.PathLike[str], image: Mapping[str, Any], sides: Any) -> Box | None:
    """Returns a bbox, in pixels, as a share of its image."""
    size = (image.get("width"), image.get("height"))
    largest = float("inf")
    if not all(is_number(side, 1, largest) for side in size):
        raise ParameterError(
            "coco",
            "{path} has the size {size} for {file}",
            "to choose among objects, each image needs width and height in pixels",
            path=path,
            size=shown(size),
            file=shown(image["file_name"]),
        )
    if not (
        isinstance(sides, list)
        and len(sides) == 4
        and all(is_number(side, -largest, largest) for side in sides)
    ):
        raise ParameterError(
            "coco",
            "{path} has an annotation with the bbox {box}",
            "each must be left, top, width and height in pixels",
            path=path,
            box=shown(sides),
        )
    (left, top, across, down), (width, height) = sides, size
    return within_image(left / width, top / height, (left + across) / width, (top + down) / height)


def _file(image: Mapping[str, Any]) -> str:
    file = image["file_name"]
    if not isinstance(file, str):
        raise TypeError
    return file
