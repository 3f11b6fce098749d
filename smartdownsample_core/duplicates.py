"""Near-duplicates: groups of points that are within a radius of the first of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .nearest import Points

#: Points that are looked at together, and leaders that they are compared with in one product.
_ROWS, _LEADERS = 1024, 8192


def near_duplicates(
    points: Points, order: NDArray[np.int64], squared_radius: float
) -> NDArray[np.int64]:
    """Groups points by the leader algorithm: each joins the nearest leader before it, or leads.

    J. A. Hartigan, "Clustering Algorithms" (1975), chapter 3. Takes 2 n l d floating-point
    operations for l leaders.

    Args:
        points: ``(n, d)``; the squares of a point sum to less than 2**22
        order: ``(m,)``; the rows that take part; earlier ones lead
        squared_radius: the largest squared distance to a leader

    Returns:
        ``(m,)``; the row of the leader of each; a leader has itself

    >>> line = np.array([[0], [9], [1], [8], [2]], np.uint8)
    >>> near_duplicates(line, np.arange(5), 1).tolist()
    [0, 1, 0, 1, 4]
    """
    leaders = _Leaders(points)
    found = [np.empty(0, np.int64)]
    for first in range(0, len(order), _ROWS):
        rows = order[first : first + _ROWS]
        leader, squared = leaders.nearest(rows)
        is_new = squared > squared_radius
        leader[is_new] = _lead_among(points, rows[is_new], squared_radius)
        leaders.add(rows[leader == rows])
        found.append(leader)
    return np.concatenate(found)


def _lead_among(
    points: Points, rows: NDArray[np.int64], squared_radius: float
) -> NDArray[np.int64]:
    """The leader algorithm for a few points, ``(m,)``: the row of the leader of each."""
    table = points[rows].astype(np.float32)
    norms = (table**2).sum(axis=1)
    squared = norms[:, None] + norms - 2 * (table @ table.T)
    leader = np.full(len(rows), -1, np.int64)
    nearest = np.full(len(rows), np.inf, np.float32)
    for place in range(len(rows)):
        if nearest[place] <= squared_radius:
            continue
        closer = place + np.flatnonzero(squared[place, place:] < nearest[place:])
        nearest[closer] = squared[place, closer]
        leader[closer] = rows[place]
    return leader


class _Leaders:
    """The leaders so far, as a table that grows."""

    def __init__(self, points: Points) -> None:
        self.points = points
        self.count = 0
        self.rows = np.empty(_LEADERS, np.int64)
        # -2 l.x + l.l as one product: x gets a column of ones.
        self.table = np.empty((_LEADERS, points.shape[1] + 1), np.float32)

    def add(self, rows: NDArray[np.int64]) -> None:
        """Makes these points leaders."""
        end = self.count + len(rows)
        if end > len(self.rows):
            self.rows = np.concatenate([self.rows, np.empty_like(self.rows)])
            self.table = np.concatenate([self.table, np.empty_like(self.table)])
        leading = self.points[rows].astype(np.float32)
        self.rows[self.count : end] = rows
        self.table[self.count : end, :-1] = -2 * leading
        self.table[self.count : end, -1] = (leading**2).sum(axis=1)
        self.count = end

    def nearest(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Returns the nearest leader of each point, -1 if there is none, and how far it is."""
        points = np.ones((len(rows), self.table.shape[1]), np.float32)
        points[:, :-1] = self.points[rows]
        best = np.full(len(rows), np.inf, np.float32)
        leader = np.full(len(rows), -1, np.int64)
        for first in range(0, self.count, _LEADERS):
            last = min(first + _LEADERS, self.count)
            squared = points @ self.table[first:last].T
            places = squared.argmin(axis=1)
            values = squared[np.arange(len(rows)), places]
            closer = values < best
            best[closer], leader[closer] = values[closer], self.rows[first + places[closer]]
        return leader, best + (points[:, :-1] ** 2).sum(axis=1)
