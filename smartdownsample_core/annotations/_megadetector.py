"""Results of MegaDetector: what is on each image, and where.

The format is that of https://lila.science/megadetector-output-format (1.0 to 1.6), or the list of
images that https://microsoft.github.io/MegaDetector/output_format describes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..checks import is_number, number, shown
from ..errors import ParameterError
from ._labels import json_of, labels_of_files, of_files
from ._objects import Box, Marked, Objects, objects_of_images


def detected(
    path: str | os.PathLike[str], image_paths: Sequence[str], min_confidence: float = 0.2
) -> list[list[str] | None]:
    """Returns which categories were detected on each image, such as ``["animal", "person"]``.

    Args:
        path: a ``.json`` with the results; the paths in it are absolute, or relative to the
            current folder, to that of the file, or to one that contains the images
        image_paths: n image files
        min_confidence: detections of less confidence do not count, from 0 to 1

    Returns:
        for each image the categories in alphabetical order; ``[EMPTY]`` if there are none; None if
        the file has no result for the image, or says that it could not be read

    Raises:
        ParameterError: if it is no such file, or has no result for any image
    """
    number("min_confidence", min_confidence, 0, 1)
    results = {
        file: None if found is None else {o.label for o in found if o.confidence >= min_confidence}
        for file, found in _results(path).items()
    }
    return labels_of_files("detections", path, results, image_paths)


def detected_objects(
    path: str | os.PathLike[str], image_paths: Sequence[str], min_confidence: float = 0.2
) -> Objects:
    """Returns the objects that were detected on images, to choose among them.

    Args:
        path: as for :func:`detected`; boxes must be shares of the image
        image_paths: n image files
        min_confidence: detections of less confidence do not count, from 0 to 1

    Raises:
        ParameterError: as :func:`detected`, or for a box that is missing or not a share
    """
    number("min_confidence", min_confidence, 0, 1)
    of_image = of_files("detections", path, _results(path), image_paths)
    return objects_of_images(
        [
            Marked(one.label, _box(path, one.box), one.confidence)
            for one in own or ()
            if one.confidence >= min_confidence
        ]
        for own in of_image
    )


class _Detection(NamedTuple):
    label: str
    confidence: float
    box: Any


def _box(path: Any, box: Any) -> Box:
    if isinstance(box, list) and len(box) == 4 and all(is_number(side, 0, 1) for side in box):
        return (box[0], box[1], box[2], box[3])
    raise ParameterError(
        "detections",
        "{path} has a detection with the bbox {box}",
        "to choose among objects, each needs left, top, width and height as shares of the image, "
        "0 to 1",
        path=path,
        box=shown(box),
    )


def _results(path: str | os.PathLike[str]) -> dict[str, list[_Detection] | None]:
    """Returns the detections of each file, None where it could not be read."""
    remedy = "name a .json as MegaDetector writes it"
    document = json_of("detections", path, remedy)
    is_list = isinstance(document, list)
    images = document if is_list else document.get("images") if _is_dict(document) else None
    names = None if is_list or not _is_dict(document) else document.get("detection_categories")
    if not isinstance(images, list) or not (names is None or _is_dict(names)):
        raise ParameterError(
            "detections", "must be a .json with images, got {path}", remedy, path=path
        )
    found: dict[str, list[_Detection] | None] = {}
    for image in images:
        file = image.get("file") if _is_dict(image) else None
        detections = image.get("detections") if _is_dict(image) else None
        if not isinstance(file, str) or not isinstance(detections, (list, type(None))):
            raise _wrong(path, image)
        if detections is None or image.get("failure"):
            found.setdefault(file, None)
        else:
            found[file] = (found.get(file) or []) + list(_read(path, detections, names))
    return found


def _read(
    path: Any, detections: list[Any], names: Mapping[str, Any] | None
) -> Iterator[_Detection]:
    for one in detections:
        if not _is_dict(one) or "category" not in one:
            raise _wrong(path, one)
        confidence = one.get("conf", one.get("confidence"))
        if not is_number(confidence, 0, 1):
            raise _wrong(path, one)
        category = str(one["category"])
        if names is None:
            yield _Detection(category, confidence, one.get("bbox"))
        elif category in names:  # others mean that nothing was detected, says the format
            yield _Detection(str(names[category]), confidence, one.get("bbox"))


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)


def _wrong(path: Any, what: Any) -> ParameterError:
    return ParameterError(
        "detections",
        "{path} has {what} where an image or a detection must be",
        "each image has a file and detections, each detection a category and a conf from 0 to 1",
        path=path,
        what=shown(what),
    )
