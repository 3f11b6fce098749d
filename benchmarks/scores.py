"""How good a selection is: scenes shown, near-duplicates among the kept, junk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


def coverage(kept: Rows, count: int, shows: NDArray[np.bool_]) -> float:
    """Returns the share of the scenes that are shown, of those that ``count`` images have room for.

    Args:
        kept: ``(k,)`` rows
        count: how many were asked for
        shows: ``(n, s)``; whether each image shows each scene

    >>> coverage(np.array([0, 1]), 2, np.array([[True, False], [True, False], [False, True]]))
    0.5
    """
    return float(shows[kept].any(axis=0).sum() / min(count, shows.shape[1]))


def near_duplicates(near: NDArray[np.bool_]) -> float:
    """Returns the share of images that could go, each for one before it that stays.

    Args:
        near: ``(m, m)``; whether images are near-duplicates

    >>> near_duplicates(np.array([[1, 1, 0, 1], [1, 1, 0, 1], [0, 0, 1, 0], [1, 1, 0, 1]], bool))
    0.5
    """
    gone = np.zeros(len(near), bool)
    for row in range(1, len(near)):
        gone[row] = (near[row, :row] & ~gone[:row]).any()
    return float(gone.mean())


def margin(halves: list[float]) -> float:
    """Returns half of the width of a 95% confidence interval, from values of halves of the scenes.

    The delete-half jackknife: values of random halves vary about as much as those of other sets of
    scenes of full size would. Shao and Wu (1989), "A general theory for jackknife variance
    estimation".
    """
    return float(1.96 * np.std(halves, ddof=1)) if len(halves) > 1 else float("nan")
