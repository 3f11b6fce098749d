"""Checks of what is given for each image: labels, keys, and indices of images to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set, Sized
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import listed, shown, whole_number
from ..errors import ParameterError
from ._derived import BUILT_IN
from ._strata import Groups, Label, assign_strata, texts_of
from ._strategies import STRATEGIES

if TYPE_CHECKING:
    from ._choice import Choice


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
            ("{camera} is the folder of each image, unless set otherwise; " * (name == "folder"))
            + "keys are {known}, and those in {keys}",
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


def check_by_objects(choice: Choice) -> None:
    """Raises a ParameterError if a choice cannot be one among images by their objects."""
    if not choice.how.ranks:
        others = " or ".join(repr(name) for name, how in STRATEGIES.items() if how.ranks)
        raise ParameterError(
            "image_of",
            "needs a strategy that ranks images, not {value}",
            f"set {{strategy}} to {others}",
            value=repr(choice.strategy),
        )


def images_of_objects(image_of: Any, n: int, keep: Sequence[int]) -> Groups:
    """Returns the images that n objects are on.

    Raises:
        ParameterError: unless each is on one, and no two objects of ``keep`` on the same one
    """
    check_labels("image_of", image_of)
    check_fit("image_of", image_of, n)
    if any(len(texts_of(one)) != 1 for one in image_of):
        raise ParameterError(
            "image_of",
            "must name one image for each of the {n:,} objects",
            "such as [crop.path for crop in crops]",
            n=n,
        )
    images = Groups(*assign_strata(image_of))
    n_kept = len(np.unique(images.numbers[list(keep)]))
    if n_kept < len(keep):
        raise ParameterError(
            "keep",
            "has {n:,} objects of {images:,} images",
            "keep one object of each image",
            n=len(keep),
            images=n_kept,
        )
    return images


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
