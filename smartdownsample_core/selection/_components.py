"""Groups that hang together: connected components, and points that chains of neighbours link."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ._distances import Points, as_centers, as_rows, lengths_of
from ._near_duplicates import near_duplicates

_Rows = NDArray[np.int64]

#: Points compared in one matrix product.
_ROWS, _OTHERS = 512, 4096


def components(n: int, one: _Rows, other: _Rows) -> _Rows:
    """Returns the least node of the component that each of n nodes of a graph is in, ``(n,)``.

    Of an edge, the root of one end is hooked to that of the other, and then all paths to roots are
    cut short, until no edge joins two roots: Y. Shiloach and U. Vishkin, "An O(log n) parallel
    connectivity algorithm" (1982), in the simpler form that hooks to the least root only.

    Args:
        n: number of nodes
        one: ``(m,)`` nodes, 0 to n - 1
        other: ``(m,)``; the other end of each edge

    >>> components(5, np.array([3, 4]), np.array([1, 3])).tolist()
    [0, 1, 2, 1, 1]
    """
    root = np.arange(n)
    while True:
        ends = root[one], root[other]
        if (ends[0] == ends[1]).all():
            return root
        np.minimum.at(root, np.maximum(*ends), np.minimum(*ends))
        while (nearer := root[root]).tobytes() != root.tobytes():
            root = nearer


def joined(groupings: Sequence[_Rows], n: int) -> _Rows:
    """Numbers the smallest groups of n images that no grouping divides, ``(n,)`` from 0.

    Args:
        groupings: of each, ``(n,)`` numbers from 0; -1 for an image in no group
        n: number of images

    >>> joined([np.array([0, 0, 1, 1, -1]), np.array([-1, 5, 5, -1, -1])], 5).tolist()
    [0, 0, 0, 0, 1]
    """
    one, other = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    n_nodes = n
    for numbers in groupings:  # the groups are nodes after the images
        rows = np.flatnonzero(numbers >= 0)
        one.append(rows)
        other.append(n_nodes + numbers[rows])
        n_nodes += int(numbers.max(initial=-1)) + 1
    roots = components(n_nodes, np.concatenate(one), np.concatenate(other))[:n]
    return np.unique(roots, return_inverse=True)[1].reshape(-1)


def linked(points: Points, rows: _Rows, squared_radius: float) -> _Rows:
    """Numbers groups of points so that any two within a radius are in the same group.

    Single linkage: two points of a group may be far apart, if others lie between them. Compares
    all pairs, which takes m^2 d floating-point operations, and first groups by leaders, which
    costs no more.

    Args:
        points: ``(n, d)``; the squares of a point sum to less than 2**22
        rows: ``(m,)``; those to group
        squared_radius: the largest squared distance of neighbours

    Returns:
        ``(n,)`` numbers from 0; -1 for points that are not among the rows

    >>> line = np.array([[0], [9], [1], [8], [2]], np.uint8)
    >>> linked(line, np.arange(5), 1).tolist()
    [0, 1, 0, 1, 0]
    """
    leaders = near_duplicates(points, rows, squared_radius)
    # Side by side, so that most of what is near is in the same group already.
    by_leader = np.argsort(leaders, kind="stable")
    rows = rows[by_leader]
    group = np.unique(leaders[by_leader], return_inverse=True)[1].reshape(-1)
    lengths = lengths_of(points[rows])
    for first in range(0, len(rows), _ROWS):
        some = slice(first, first + _ROWS)
        table = as_rows(points[rows[some]], lengths[some])
        pairs = [np.empty((2, 0), np.int64)]
        for start in range(first, len(rows), _OTHERS):
            others = slice(start, start + _OTHERS)
            if len(np.unique(group[first : start + _OTHERS])) == 1:
                continue
            near = table @ as_centers(points[rows[others]]).T <= squared_radius
            one, other = np.nonzero(near)
            ends = np.stack([group[one + first], group[other + start]])
            pairs.append(ends[:, ends[0] != ends[1]])
        edges = np.concatenate(pairs, axis=1)
        if edges.size:
            group = components(int(group.max()) + 1, *edges)[group]
    result = np.full(len(points), -1, np.int64)
    result[rows] = np.unique(group, return_inverse=True)[1].reshape(-1)
    return result
