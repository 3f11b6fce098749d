"""Farthest-first traversal: each point as far as possible from all before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ._distances import Nearest, as_centers
from ._preference import keys_of

#: Points searched for the next picks before all distances are updated.
_CANDIDATES = 4096
_CANDIDATES_PER_POINT = 8


class Gate(Protocol):
    """Closes points, such as those of a group that has all it may have."""

    def is_open(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each point may be ranked."""

    def take(self, row: int) -> bool:
        """Notes that a point is ranked; returns whether that may have closed others."""


def farthest_first(
    nearest: Nearest,
    count: int,
    start: int,
    weights: NDArray[np.float32] | None = None,
    progress: Callable[[int], None] | None = None,
    gate: Gate | None = None,
    levels: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Ranks points so that each is the farthest from the centers and all points before it.

    T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance" (1985). The ranking
    is nested: its first k are the answer for k. If ``nearest`` has images, all points of an image
    become centers with the first of them that is ranked, which stands for the image.

    The ranking is exact, but computed in batches: distances only shrink, so the next point is among
    the farthest candidates as long as one of them is farther than all other points were. Ties go to
    the lowest row.

    Distances are those that the relations of ``nearest`` adjust.

    Args:
        nearest: n points and the centers to stay away from, if any; ranked points become centers
        count: points to rank, at most those that are not centers yet
        start: the first row, if there are no centers
        weights: ``(n,)``; factors of the points' squared distances, 1 by default
        progress: called with the number of points ranked so far
        gate: closes points as others are ranked
        levels: ``(n,)``; decide between points that are almost as far; all alike by default

    Returns:
        ``(count,)`` rows, in the order in which they were chosen; fewer if the gate closes the
        rest, or there are fewer images

    >>> line = np.array([[0], [1], [5], [9]], np.uint8)
    >>> farthest_first(Nearest(line), 4, start=0).tolist()
    [0, 3, 2, 1]
    """
    if weights is None:
        weights = np.ones(len(nearest.points), np.float32)
    ranking = [np.empty(0, np.int64)]
    ranked = 0
    while ranked < count:
        if nearest.is_center.any():
            batch = _next_batch(nearest, weights, levels, count - ranked, gate)
            if not len(batch):
                break
        else:
            batch = np.array([start])
            if gate:
                gate.take(start)
        nearest.add(batch)
        ranking.append(batch)
        ranked += len(batch)
        if progress:
            progress(ranked)
    return np.concatenate(ranking)


def _next_batch(
    nearest: Nearest,
    weights: NDArray[np.float32],
    levels: NDArray[np.int64] | None,
    most: int,
    gate: Gate | None,
) -> NDArray[np.int64]:
    """Returns the next points of the ranking: at least one that is open, at most ``most``."""
    farness = np.where(nearest.is_center, np.float32(-1), nearest.adjusted * weights)
    if gate:
        farness[~gate.is_open(np.arange(len(farness)))] = -1
    if farness.max(initial=-1) < 0:
        return np.empty(0, np.int64)
    n_candidates = min(_CANDIDATES, _CANDIDATES_PER_POINT * most)
    rows, bound, last = _candidates(keys_of(farness, levels), n_candidates)
    between = None if nearest.image_of is not None else nearest.between(rows) * weights[rows]
    left, level = farness[rows], None if levels is None else levels[rows]
    chosen: list[int] = []
    while len(chosen) < most:
        keys = keys_of(left, level)
        place = int(keys.argmax())
        if keys[place] < bound or (keys[place] == bound and rows[place] > last):
            break
        chosen.append(place)
        if between is not None:
            np.minimum(left, between[place], out=left)
            left[place] = -1
        else:
            seen = nearest.with_images(rows[[place]])
            apart = nearest.distances(rows, seen, as_centers(nearest.points[seen])).min(axis=1)
            np.minimum(left, apart * weights[rows], out=left)
            left[np.isin(rows, seen)] = -1
        if gate and gate.take(int(rows[place])):
            left[~gate.is_open(rows)] = -1
    return np.asarray(rows[chosen])


def _candidates(
    farness: NDArray[np.float32] | NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], float, int]:
    """Returns the farthest rows, ascending, a bound on the farness of all others, and a last row.

    Only rows after the last one may equal the bound. Centers have a farness of -1.
    """
    place = max(len(farness) - count, 0)
    bound = np.partition(farness, place)[place]
    if bound < 0:  # all remaining points are candidates
        return np.flatnonzero(farness >= 0), 0.0, len(farness)
    farther = np.flatnonzero(farness > bound)
    as_far = np.flatnonzero(farness == bound)[: count - len(farther)]
    return np.sort(np.concatenate([farther, as_far])), bound.item(), int(as_far[-1])
