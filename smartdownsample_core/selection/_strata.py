"""Labels to strata: groups of images that each get a share of the target."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Name of the stratum of images without a label.
UNLABELLED = "(no label)"

Label = str | None | Iterable[str | None]


class Groups(NamedTuple):
    """The groups of a key, such as cameras."""

    numbers: NDArray[np.int64]
    """``(n,)``; the group of each image, from 0; -1 for an image in none"""
    names: list[str]


def assign_strata(labels: Sequence[Label]) -> tuple[NDArray[np.int64], list[str]]:
    """Assigns every image to the stratum of its label.

    Args:
        labels: for each of n images one label, several, or None or NaN; converted to text. Of
            several labels the rarest counts, then the alphabetically first

    Returns:
        ``(n,)`` numbers of strata, and their names in alphabetical order

    >>> ids, names = assign_strata(["fox", "fox", ["fox", "owl"], None])
    >>> [names[number] for number in ids]
    ['fox', 'fox', 'owl', '(no label)']
    """
    several = [texts_of(label) for label in labels]
    counts = Counter(text for texts in several for text in set(texts))
    chosen = [
        min(texts, key=lambda text: (counts[text], text)) if texts else UNLABELLED
        for texts in several
    ]
    names = sorted(set(chosen))
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[name] for name in chosen], np.int64), names


def with_unlabelled(groups: Groups) -> tuple[NDArray[np.int64], list[str]]:
    """Returns groups as :func:`assign_strata` does, with one of the images that are in none."""
    is_in_none = groups.numbers < 0
    if not is_in_none.any():
        return groups.numbers, groups.names
    return np.where(is_in_none, len(groups.names), groups.numbers), [*groups.names, UNLABELLED]


def texts_of(label: Label) -> list[str]:
    """Returns the texts of one image's label: none, one or several."""
    if label is None or _is_nan(label):
        return []
    if isinstance(label, Iterable) and not isinstance(label, (str, bytes)):
        return [str(one) for one in label if not (one is None or _is_nan(one))]
    return [str(label)]


def _is_nan(label: object) -> bool:
    """Whether it is a missing value of pandas or NumPy."""
    is_missing = type(label).__name__ in ("NAType", "NaTType")
    return is_missing or (isinstance(label, Real) and math.isnan(label))
