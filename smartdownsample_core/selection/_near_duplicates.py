"""Near-duplicates: groups of points within a radius of their first point, the leader."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signatures import LARGEST_DISTANCE, Signatures, unpack
from ._choice import Choice
from ._distances import Points, as_centers, as_rows, lengths_of
from ._features import mean_squared_length

#: Points handled together, and leaders they are compared with in one matrix product.
_ROWS, _LEADERS = 1024, 8192


def near_duplicates(
    points: Points, order: NDArray[np.int64], squared_radius: float
) -> NDArray[np.int64]:
    """Groups points by the leader algorithm: each joins the nearest earlier leader, or leads.

    J. A. Hartigan, "Clustering Algorithms" (1975), chapter 3. Takes 2 n l d floating-point
    operations for l leaders.

    Args:
        points: ``(n, d)``; the squares of a point sum to less than 2**22
        order: ``(m,)``; the rows to group; earlier rows lead
        squared_radius: the largest squared distance to a leader

    Returns:
        ``(m,)``; the row of each point's leader; a leader is its own

    >>> line = np.array([[0], [9], [1], [8], [2]], np.uint8)
    >>> near_duplicates(line, np.arange(5), 1).tolist()
    [0, 1, 0, 1, 4]
    """
    leaders = _Leaders(points)
    found = [np.empty(0, np.int64)]
    for first in range(0, len(order), _ROWS):
        rows = order[first : first + _ROWS]
        leader, squared = leaders.nearest(rows)
        _lead_among(points, rows, squared_radius, leader, squared)
        leaders.add(rows[leader == rows])
        found.append(leader)
    return np.concatenate(found)


def _lead_among(
    points: Points,
    rows: NDArray[np.int64],
    squared_radius: float,
    leader: NDArray[np.int64],
    squared: NDArray[np.float32],
) -> None:
    """Makes points, ``(m,)``, leaders if they are too far from all leaders before them.

    Updates the nearest leader of each point, and the squared distance to it, in place.
    """
    table = points[rows].astype(np.float32)
    norms = (table**2).sum(axis=1)
    for place in range(len(rows)):
        if squared[place] <= squared_radius:
            continue
        later = slice(place, None)
        distance = norms[later] + norms[place] - 2 * (table[later] @ table[place])
        closer = place + np.flatnonzero(distance < squared[later])
        squared[closer] = distance[closer - place]
        leader[closer] = rows[place]


class _Leaders:
    """A growing table of the leaders so far."""

    def __init__(self, points: Points) -> None:
        self.points = points
        self.count = 0
        self.rows = np.empty(_LEADERS, np.int64)
        self.table = np.empty((_LEADERS, points.shape[1] + 2), np.float32)

    def add(self, rows: NDArray[np.int64]) -> None:
        """Makes these points leaders."""
        end = self.count + len(rows)
        if end > len(self.rows):
            self.rows = np.concatenate([self.rows, np.empty_like(self.rows)])
            self.table = np.concatenate([self.table, np.empty_like(self.table)])
        self.rows[self.count : end] = rows
        self.table[self.count : end] = as_centers(self.points[rows])
        self.count = end

    def nearest(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Returns each point's nearest leader, -1 without leaders, and its squared distance."""
        points = as_rows(self.points[rows], lengths_of(self.points[rows]))
        best = np.full(len(rows), np.inf, np.float32)
        leader = np.full(len(rows), -1, np.int64)
        for first in range(0, self.count, _LEADERS):
            last = min(first + _LEADERS, self.count)
            squared = points @ self.table[first:last].T
            places = squared.argmin(axis=1)
            values = squared[np.arange(len(rows)), places]
            closer = values < best
            best[closer], leader[closer] = values[closer], self.rows[first + places[closer]]
        return leader, best


def compared_by(signatures: Signatures, choice: Choice) -> tuple[Points, float] | None:
    """Returns what near-duplicates are found by, ``(n, d)``, and the largest squared distance.

    None if a choice does not exclude them.
    """
    if choice.duplicate_distance is not None:
        return signatures.descriptor, (choice.duplicate_distance * LARGEST_DISTANCE / 100) ** 2
    if choice.near_duplicates is None:
        return None
    if choice.features is None:
        bits = unpack(signatures.dhash, signatures.hash_size**2).view(np.uint8)
        return bits, float(choice.near_duplicates)  # the number that differ
    points = choice.points(len(signatures))
    return points, 2 * choice.near_duplicates * mean_squared_length(points)


def leaders(
    signatures: Signatures, order: NDArray[np.int64], choice: Choice
) -> NDArray[np.int64] | None:
    """Returns the first row of each image's group, ``(n,)``, -1 for unreadable images.

    None if a choice does not exclude near-duplicates. ``order`` is ``(n,)``; earlier rows lead.
    """
    how = compared_by(signatures, choice)
    if how is None:
        return None
    rows = order[signatures.readable[order]]
    found = np.full(len(signatures), -1, np.int64)
    found[rows] = near_duplicates(how[0], rows, how[1])
    return found
