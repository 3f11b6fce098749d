"""Groups that hang together: connected components, and points that chains of neighbours link."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

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

    Single linkage: two points of a group may be far apart, if others lie between them. Points are
    first grouped by leaders. Of these groups, members are compared only if their leaders are near
    enough, by the triangle inequality, for members to be within the radius of each other.

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
    leader_of = near_duplicates(points, rows, squared_radius)
    by_group = np.argsort(leader_of, kind="stable")
    members = rows[by_group]
    leaders, first, group = np.unique(leader_of[by_group], return_index=True, return_inverse=True)
    group = group.reshape(-1)
    heads, last = points[leaders], np.append(first[1:], len(members))
    reach = np.zeros(len(leaders))
    np.maximum.at(reach, group, np.sqrt(_squared(points, members, leaders[group])))
    root = np.arange(len(leaders))
    for one, other in _near_pairs(
        heads, np.arange(len(leaders)), np.zeros_like(reach), squared_radius
    ):
        root = components(len(root), root[one], root[other])[root]
    for one, other in _near_pairs(heads, np.flatnonzero(last - first > 1), reach, squared_radius):
        apart = root[one] != root[other]
        edges = [np.empty((2, 0), np.int64)]
        for a, bs in _by_first(one[apart], other[apart]):
            mine = members[first[a] : last[a]]
            theirs = np.concatenate([np.arange(first[b], last[b]) for b in bs.tolist()])
            table = as_rows(points[mine], lengths_of(points[mine]))
            near = (table @ as_centers(points[members[theirs]]).T).min(axis=0) <= squared_radius
            found = np.unique(group[theirs[near]])
            edges.append(np.stack([np.full_like(found, a), found]))
        found = root[np.concatenate(edges, axis=1)]
        root = components(len(root), found[0], found[1])[root]
    result = np.full(len(points), -1, np.int64)
    result[members] = np.unique(root[group], return_inverse=True)[1].reshape(-1)
    return result


def _squared(points: Points, rows: _Rows, others: _Rows) -> NDArray[np.int64]:
    """Returns the squared distance of each row to another, ``(m,)``."""
    found = [np.empty(0, np.int64)]
    for start in range(0, len(rows), _OTHERS):
        some = slice(start, start + _OTHERS)
        difference = points[rows[some]].astype(np.int64) - points[others[some]]
        found.append((difference**2).sum(axis=1))
    return np.concatenate(found)


def _near_pairs(
    heads: Points, some: _Rows, reach: NDArray[np.float64], squared_radius: float
) -> Iterator[tuple[_Rows, _Rows]]:
    """Yields leaders whose groups may have members within the radius of each other.

    Args:
        heads: ``(l, d)`` leaders
        some: those that are the first of a pair
        reach: ``(l,)``; how far the members of each are from it at most
        squared_radius: the radius, squared
    """
    radius = np.sqrt(squared_radius)
    lengths = lengths_of(heads)
    for start in range(0, len(some), _ROWS):
        one = some[start : start + _ROWS]
        table = as_rows(heads[one], lengths[one])
        for begin in range(0, len(heads), _OTHERS):
            other = slice(begin, begin + _OTHERS)
            squared = table @ as_centers(heads[other]).T
            most = radius + reach[one][:, None] + reach[other]
            a, b = np.nonzero(squared <= (most * most * (1 + 1e-6)).astype(np.float32))
            yield one[a], b + begin


def _by_first(one: _Rows, other: _Rows) -> Iterator[tuple[int, _Rows]]:
    """Yields each first of some pairs with its others; the pairs are sorted by their first."""
    bounds = [*np.flatnonzero(np.diff(one, prepend=-1)).tolist(), len(one)]
    for start, end in pairwise(bounds):
        yield int(one[start]), other[start:end]
