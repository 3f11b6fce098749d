"""Checks of what is given for each image: labels, keys, and indices of images to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set, Sized
from typing import Any

from ..checks import listed, shown, whole_number
from ..errors import ParameterError
from ._derived import BUILT_IN
from ._strata import Label, texts_of


def check_keys(keys: Any, used: Set[str]) -> None:
    if keys is not None and not isinstance(keys, Mapping):
        raise ParameterError(
            "keys",
            "must be a dict of names, each with a label per image, got {keys}",
            "such as {{'species': labels}}",
            keys=shown(keys),
        )
    for name, labels in (keys or {}).items():
        if not isinstance(name, str) or not name or name in BUILT_IN or "+" in name:
            raise ParameterError(
                "keys",
                "has the name {key}, but names must be text without '+', and other than {known}",
                key=shown(name),
                known=", ".join(BUILT_IN),
            )
        check_labels("keys", labels)
    for name in sorted(used - {*BUILT_IN, *(keys or {})}):
        raise ParameterError(
            "max_per",
            "or another limit names the key {key}, which is not in {keys}",
            "keys are {known}, and those in {keys}",
            key=repr(name),
            known=", ".join(BUILT_IN),
        )


def check_labels(name: str, labels: Any) -> None:
    is_list = isinstance(labels, Sized) and not isinstance(labels, (str, Mapping, Set))
    if is_list and not hasattr(labels, "columns") and getattr(labels, "shape", None) != ():
        return
    raise ParameterError(
        name,
        "must be a list of one label per image, in the order of the images, got {labels}",
        "[os.path.dirname(path) for path in image_paths] uses the folders as labels",
        labels=shown(labels),
    )


def check_fit(name: str, labels: Sequence[Label], n: int) -> None:
    if len(labels) != n:
        raise ParameterError(
            name,
            "must have a label for each of the {n:,} images, got {labels:,}",
            "use None for images without one",
            n=n,
            labels=len(labels),
        )
    if n and not any(map(texts_of, labels)):
        raise ParameterError(
            name, "has no label for any of the {n:,} images", "label some or omit it", n=n
        )


def positions(keep: Any) -> tuple[int, ...]:
    expected = "a list of indices in the list of images"
    remedy = (
        "image_paths.index(path) is the index of a path, numpy.flatnonzero(mask) those of a mask"
    )
    rows = listed("keep", keep, expected, remedy)
    wrong = [row for row in rows if isinstance(row, bool) or not hasattr(row, "__index__")]
    if wrong:
        raise ParameterError(
            "keep",
            "must be {expected}, got {value}",
            remedy,
            expected=expected,
            value=shown(wrong[0]),
        )
    return tuple(sorted({whole_number("keep", row) for row in rows}))
