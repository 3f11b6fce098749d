"""Labels in the COCO format: which categories of objects are on each image.

The format is that of https://cocodataset.org/#format-data; COCO Camera Traps is one of its kind.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ParameterError
from ._labels import json_of, labels_of_files

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
    document = json_of("coco", path, _REMEDY)
    try:
        names = {one["id"]: str(one["name"]) for one in document["categories"]}
        files = {one["id"]: _file(one) for one in document["images"]}
        found: dict[str, set[str]] = {file: set() for file in files.values()}
        for one in document["annotations"]:
            found[files[one["image_id"]]].add(names[one["category_id"]])
    except (KeyError, TypeError) as error:  # of another shape, or an id that nothing has
        raise ParameterError(
            "coco",
            "{path} is no COCO file of instances ({why})",
            _REMEDY,
            path=os.fspath(path),
            why=f"without {error}" if isinstance(error, KeyError) else "of another structure",
        ) from None
    return labels_of_files("coco", path, found, image_paths)


def _file(image: Mapping[str, Any]) -> str:
    file = image["file_name"]
    if not isinstance(file, str):
        raise TypeError
    return file
