"""Representatives: points that most other points are close to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._distances import Nearest
from ._preference import ALMOST

#: Rounds of drawing; each takes into account what earlier rounds cover.
_ROUNDS = 16


def representatives(
    nearest: Nearest, count: int, seed: int, levels: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Chooses points so that every point is close to one: few in sparse regions, many in crowds.

    Draws points in rounds, with probabilities proportional to their squared distance from those
    drawn before (Bahmani et al., "Scalable k-means++", 2012), then replaces each by the medoid of
    the points nearest to it; of points that are almost as close to the mean as the medoid, by the
    one that is preferred.

    Args:
        nearest: n points and the centers already chosen, if any
        count: points to choose, at most those that are not centers yet
        seed: at least 0
        levels: ``(n,)``; how much each point is preferred; all alike by default

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
    return np.sort(_medoids(nearest, np.concatenate(drawn), levels))


def _draw(nearest: Nearest, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draws ``(count,)`` points that are not centers, without replacement.

    By exponential keys: Efraimidis and Spirakis, "Weighted random sampling with a reservoir"
    (2006). Points at a distance of 0 come last.
    """
    squared = np.where(np.isinf(nearest.squared), 1, nearest.squared).astype(np.float64)
    keys = rng.exponential(size=len(squared)) / np.maximum(squared, 1e-9)
    keys[nearest.is_center] = np.inf
    return np.asarray(np.argsort(keys, kind="stable")[:count])


def _medoids(
    nearest: Nearest, centers: NDArray[np.int64], levels: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Returns for each center the point closest to the mean of those it owns."""
    points, owner = nearest.points, nearest.owner.copy()
    owner[nearest.is_center] = np.flatnonzero(nearest.is_center)
    rows = np.argsort(owner, kind="stable")
    starts = np.flatnonzero(np.diff(owner[rows], prepend=-1))
    sizes = np.diff(starts, append=len(rows))
    medoid_of = np.empty(len(points), np.int64)
    # In chunks of owners, to avoid a second copy of all points.
    n_chunks = min(max(len(points) // 50_000, 1), len(starts))
    for some in np.array_split(np.arange(len(starts)), n_chunks):
        members = rows[starts[some[0]] : starts[some[-1]] + sizes[some[-1]]]
        offsets = starts[some] - starts[some[0]]
        values = points[members].astype(np.float64)
        means = np.add.reduceat(values, offsets, axis=0) / sizes[some][:, None]
        values -= np.repeat(means, sizes[some], axis=0)
        cluster = np.repeat(np.arange(len(some)), sizes[some])
        squared = np.einsum("ij,ij->i", values, values)
        keys = [squared, cluster]
        if levels is not None:
            is_far = squared > ALMOST * np.minimum.reduceat(squared, offsets)[cluster]
            keys = [squared, -levels[members], is_far, cluster]
        by_distance = np.lexsort(keys)
        medoid_of[owner[members[offsets]]] = members[by_distance[offsets]]
    return medoid_of[centers]
