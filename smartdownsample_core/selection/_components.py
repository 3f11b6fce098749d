"""Groups that hang together: connected components, and points that chains of neighbours link."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ._distances import Points, as_centers, as_rows, lengths_of
from ._near_duplicates import near_duplicates
from ._strata import Label

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


def sharing_labels(labels: Iterable[Label]) -> _Rows:
    """Numbers groups of images so that any two that share a label are in the same group, ``(n,)``.

    Args:
        labels: of each of n images one, several, or None

    Returns:
        numbers from 0; -1 for images without a label

    >>> sharing_labels(["a", ["b", "c"], None, "c", "a"]).tolist()
    [0, 1, -1, 1, 0]
    """
    numbers: dict[str, int] = {}
    first, one, other = list[int](), list[int](), list[int]()
    for own in labels:
        several = own if isinstance(own, (list, tuple, set, frozenset)) else [own]
        names = [str(label) for label in several if label not in (None, "")]
        found = [numbers.setdefault(name, len(numbers)) for name in names]
        first.append(found[0] if found else -1)
        one += found[1:]
        other += found[:-1]
    root = components(len(numbers), np.array(one, np.int64), np.array(other, np.int64))
    return np.append(root, -1)[np.array(first, np.int64)]


def linked(points: Points, rows: _Rows, squared_radius: float) -> _Rows:
    """Numbers groups of points so that any two within a radius are in the same group.

    Single linkage: two points of a group may be far apart, if others lie between them. Points are
    first grouped by leaders, then with all leaders within the radius, and only then with members of
    other groups. Groups are compared only while no chain links them yet, and if the triangle
    inequality allows that members are within the radius of each other. However dense the points, it
    takes no more than comparing all pairs by matrix products.

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
    groups = _Groups(points, rows, leader_of, squared_radius)
    groups.link(with_members=False)
    groups.link(with_members=True)
    result = np.full(len(points), -1, np.int64)
    root = groups.root[groups.group]
    result[groups.members] = np.unique(root, return_inverse=True)[1].reshape(-1)
    return result


class _Groups:
    """Groups of points around leaders, and which of them are linked so far."""

    root: _Rows
    """``(l,)``; the least of the groups that each group is linked with"""

    def __init__(
        self, points: Points, rows: _Rows, leader_of: _Rows, squared_radius: float
    ) -> None:
        """Takes the rows of some points, ``(m,)``, and the row of each one's leader."""
        self.points, self.squared_radius = points, squared_radius
        by_group = np.argsort(leader_of, kind="stable")
        self.members = rows[by_group]
        self.leaders, first, group = np.unique(
            leader_of[by_group], return_index=True, return_inverse=True
        )
        self.group = group.reshape(-1)
        self.bounds = np.append(first, len(rows))
        self.root = np.arange(len(self.leaders))
        self.reach = np.zeros(len(self.leaders))  # how far members are from their leader at most
        far = np.sqrt(_squared(points, self.members, self.leaders[self.group]))
        np.maximum.at(self.reach, self.group, far)

    def link(self, with_members: bool) -> None:
        """Links groups of which a member is near the leader of another, or near its members."""
        n = len(self.leaders)
        starts = np.searchsorted(self.bounds, np.arange(0, len(self.members), _ROWS), "right") - 1
        for start, end in pairwise([*np.unique(starts).tolist(), n]):
            some = np.arange(start, end)
            # A pair of members is found from either, a member and a leader only from the member.
            for begin in range(start if with_members else 0, n, _OTHERS):
                others = np.arange(begin, min(begin + _OTHERS, n))
                others = others[self._near(self.leaders[some], some, others, True).any(axis=0)]
                if len(others):
                    self._link_members(slice(*self.bounds[[start, end]]), others, with_members)

    def _link_members(self, mine: slice, others: _Rows, with_members: bool) -> None:
        """Links the groups of some members with others, by leaders or by members."""
        for first in range(mine.start, mine.stop, _ROWS):
            rows = np.arange(first, min(first + _ROWS, mine.stop))
            if not with_members:
                self._join(rows, self.leaders[others], others)
                continue
            near = self._near(self.members[rows], self.group[rows], others, False)
            rows, theirs = rows[near.any(axis=1)], others[near.any(axis=0)]
            sizes = self.bounds[theirs + 1] - self.bounds[theirs]
            groups = np.repeat(theirs, sizes)
            ends = np.cumsum(sizes)
            places = np.arange(len(groups)) + np.repeat(self.bounds[theirs] - ends + sizes, sizes)
            for start in range(0, len(places), _OTHERS):
                part = slice(start, start + _OTHERS)
                self._join(rows, self.members[places[part]], groups[part])

    def _near(self, rows: _Rows, own: _Rows, others: _Rows, are_leaders: bool) -> NDArray[np.bool_]:
        """Returns which groups may have a member within the radius, if not linked yet, ``(m, o)``.

        Args:
            rows: ``(m,)`` points
            own: ``(m,)``; their groups
            others: ``(o,)`` groups
            are_leaders: whether the points stand for all members of their groups
        """
        apart = np.asarray(self.root[own][:, None] != self.root[others])
        if not apart.any():
            return apart
        most = np.sqrt(self.squared_radius) + self.reach[others]
        most = most + self.reach[own][:, None] if are_leaders else most
        squared = self._distances(rows, self.leaders[others])
        return np.asarray(apart & (squared <= (most * most * (1 + 1e-6)).astype(np.float32)))

    def _join(self, places: _Rows, rows: _Rows, groups: _Rows) -> None:
        """Links the groups of members, by their places, with those of near points of others."""
        own = self.group[places]
        apart = self.root[own][:, None] != self.root[groups]
        if apart.any():
            apart &= self._distances(self.members[places], rows) <= self.squared_radius
            one, other = np.nonzero(apart)
            if len(one):
                edges = self.root[own[one]], self.root[groups[other]]
                self.root = components(len(self.root), *edges)[self.root]

    def _distances(self, rows: _Rows, others: _Rows) -> NDArray[np.float32]:
        """Returns squared distances, ``(m, o)``."""
        points = self.points[rows]
        return as_rows(points, lengths_of(points)) @ as_centers(self.points[others]).T


def _squared(points: Points, rows: _Rows, others: _Rows) -> NDArray[np.int64]:
    """Returns the squared distance of each row to another, ``(m,)``."""
    found = [np.empty(0, np.int64)]
    for start in range(0, len(rows), _OTHERS):
        some = slice(start, start + _OTHERS)
        difference = points[rows[some]].astype(np.int64) - points[others[some]]
        found.append((difference**2).sum(axis=1))
    return np.concatenate(found)
