"""Pairs of images just within and just beyond the distance of near-duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..signatures import LARGEST_DISTANCE, Signatures
from ._choice import Choice
from ._distances import as_centers, as_rows, lengths_of
from ._features import mean_squared_length
from ._near_duplicates import compared_by

#: Images that are compared with each other, and how many of them follow each other in the order:
#: images that are alike often do.
_MOST, _BLOCK = 2000, 100

#: Pairs, the nearest to the threshold, of which those of different images are taken.
_CANDIDATES = 500


class Pair(NamedTuple):
    """Two images."""

    first: int
    """row"""
    second: int
    """row"""
    distance: float
    """in the unit of the setting that says what near-duplicates are"""


def pairs_around(
    signatures: Signatures, order: NDArray[np.int64], choice: Choice, count: int
) -> tuple[list[Pair], list[Pair]]:
    """Returns pairs just within and just beyond the distance of near-duplicates.

    Of 2,000 images at most, in blocks of neighbours. No image is in two pairs of one list.

    Args:
        signatures: of n images
        order: ``(n,)``; rows in natural order
        choice: excludes near-duplicates
        count: how many pairs of either kind, at most

    Returns:
        those within, the farthest apart first, and those beyond, the nearest first

    Raises:
        ValueError: if the choice does not exclude near-duplicates
    """
    how = compared_by(signatures, choice)
    if how is None:
        raise ValueError("the choice has no radius of near-duplicates; set duplicate_distance")
    all_points, radius = how
    rows = _some(order[signatures.readable[order]])
    points = all_points[rows]
    squared = as_rows(points, lengths_of(points)) @ as_centers(points).T
    squared[np.tril_indices(len(rows))] = np.nan
    seen = _distance(squared, choice, len(all_points))
    found = []
    for is_there, sign in ((squared <= radius, -1), (squared > radius, 1)):
        first, second = np.nonzero(is_there)
        best = _least(sign * squared[first, second], _CANDIDATES)
        first, second = first[best], second[best]
        found.append(
            [
                Pair(int(rows[one]), int(rows[other]), float(seen[one, other]))
                for one, other in _of_different(first.tolist(), second.tolist(), count)
            ]
        )
    return found[0], found[1]


def _some(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns up to ``_MOST`` rows, in blocks that are spread over the order, ``(n,)``."""
    if len(order) <= _MOST:
        return order
    starts = np.linspace(0, len(order) - _BLOCK, _MOST // _BLOCK).astype(np.int64)
    return order[np.unique(starts[:, None] + np.arange(_BLOCK))]


def _least(values: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Returns the places of the smallest values, ``(m,)``, in ascending order."""
    few = len(values) <= count
    some = np.arange(len(values)) if few else np.argpartition(values, count)[:count]
    return np.asarray(some[np.argsort(values[some], kind="stable")])


def _of_different(first: list[int], second: list[int], count: int) -> Iterator[tuple[int, int]]:
    """Yields the first pairs that share no image with those before."""
    used: set[int] = set()
    for pair in zip(first, second, strict=True):
        if len(used) < 2 * count and not used & set(pair):
            used |= set(pair)
            yield pair


def _distance(squared: NDArray[np.float32], choice: Choice, n: int) -> NDArray[np.float32]:
    """Returns squared distances as the setting counts them; ``n`` images have features."""
    if choice.duplicate_distance is not None:
        return np.asarray(np.sqrt(squared) * (100 / LARGEST_DISTANCE))
    if choice.features is None:
        return squared
    return np.asarray(squared / (2 * mean_squared_length(choice.points(n))))
