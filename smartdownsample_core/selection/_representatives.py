"""Representatives: points to which all others are near, on the average."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._distances import Nearest

#: In how many rounds the points are drawn; each sees what those before it have covered.
_ROUNDS = 16


def representatives(nearest: Nearest, count: int, seed: int) -> NDArray[np.int64]:
    """Chooses points so that all points are near to a chosen one: few in corners, many in crowds.

    Draws points with chances in proportion to their squared distance from those drawn before, in
    rounds (Bahmani et al., "Scalable k-means++", 2012), then moves each to the middle of the points
    nearest to it: one medoid step.

    Args:
        nearest: n points with the centers that are chosen already, if any
        count: points to choose, at most those that are no centers yet
        seed: at least 0

    Returns:
        ``(count,)`` rows, ascending
    """
    if not count:
        return np.empty(0, np.int64)
    rng = np.random.default_rng(seed)
    drawn = [np.empty(0, np.int64)]
    for part in range(_ROUNDS):
        n_drawn = sum(map(len, drawn))
        batch = _draw(nearest, (part + 1) * count // _ROUNDS - n_drawn, rng)
        nearest.add(batch)
        drawn.append(batch)
    return np.sort(_medoids(nearest, np.concatenate(drawn)))


def _draw(nearest: Nearest, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draws points that are no centers, ``(count,)``, without replacement.

    By exponential keys: Efraimidis and Spirakis, "Weighted random sampling with a reservoir"
    (2006). Points at a distance of 0 come last.
    """
    squared = np.where(np.isinf(nearest.squared), 1, nearest.squared).astype(np.float64)
    keys = rng.exponential(size=len(squared)) / np.maximum(squared, 1e-9)
    keys[nearest.is_center] = np.inf
    return np.asarray(np.argsort(keys, kind="stable")[:count])


def _medoids(nearest: Nearest, centers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns for each center the point closest to the mean of those it owns."""
    points, owner = nearest.points, nearest.owner.copy()
    owner[nearest.is_center] = np.flatnonzero(nearest.is_center)
    rows = np.argsort(owner, kind="stable")
    starts = np.flatnonzero(np.diff(owner[rows], prepend=-1))
    sizes = np.diff(starts, append=len(rows))
    medoid_of = np.empty(len(points), np.int64)
    # A chunk of owners at a time, so that no second copy of the points is made.
    n_chunks = min(max(len(points) // 50_000, 1), len(starts))
    for some in np.array_split(np.arange(len(starts)), n_chunks):
        members = rows[starts[some[0]] : starts[some[-1]] + sizes[some[-1]]]
        offsets = starts[some] - starts[some[0]]
        values = points[members].astype(np.float64)
        means = np.add.reduceat(values, offsets, axis=0) / sizes[some][:, None]
        values -= np.repeat(means, sizes[some], axis=0)
        cluster = np.repeat(np.arange(len(some)), sizes[some])
        by_distance = np.lexsort((np.einsum("ij,ij->i", values, values), cluster))
        medoid_of[owner[members[offsets]]] = members[by_distance[offsets]]
    return medoid_of[centers]
