"""What it takes to meet joint floors and a target within joint caps: other picks, by flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ._flow import Network
from ._limits import Bound, Room

_Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Binding:
    """A cap that keeps the number of kept images down."""

    name: str
    """the key"""
    groups: int
    """how many of its groups have all that they may have"""
    most: int
    """the cap of each"""


@dataclass(frozen=True, eq=False)
class Plan:
    """Which images to keep so that floors and the target are met, as far as caps allow."""

    rows: _Rows
    """the images, those that were picked first"""
    is_changed: bool
    """whether it is another set than was picked"""
    bindings: tuple[Binding, ...]
    """the caps that bind, if it has fewer than asked for"""
    is_exact: bool
    """whether no other set has more, or meets all floors if this does not"""


def repaired(
    bounds: Sequence[Bound],
    keep: _Rows,
    pool: _Rows,
    picked: _Rows,
    target: int,
    fill: bool = True,
) -> Plan:
    """Changes as few picks as it takes to meet the floors and the target, if any set does.

    Caps of one key allow any set whose groups stay below them; so do several keys whose groups lie
    inside each other, as events do in cameras. Of two such chains of keys, sets are flows: from the
    groups of one, over images, to the groups of the other, with floors and caps as bounds. Flows of
    whole numbers are augmented until none is larger (Ford and Fulkerson, "Flows in networks",
    1962). With three keys that cross, the problem is NP-hard (three-dimensional matching), and the
    picks stay as they are.

    Args:
        bounds: which the picks do not exceed
        keep: rows of images that are always kept, and count
        pool: rows that can be kept besides, the best first
        picked: some of them
        target: how many to keep of the pool
        fill: keep that many, rather than only what floors need
    """
    chains = _chains(bounds, pool)
    if chains is None:
        other = Room(bounds, keep).accept(pool)[:target] if fill else picked
        if len(other) > len(picked):
            picked = other
        return Plan(
            picked, picked is other, _reached(bounds, np.concatenate([keep, picked])), False
        )
    network = _Network(bounds, chains, keep, pool, picked, target)
    network.meet_floors()
    short = target - len(picked) - network.more
    if fill and short > 0:
        network.more += network.augment(short)
    rows = network.rows(picked)
    bindings = network.bindings() if len(rows) < target else ()
    is_changed = len(rows) != len(picked) or not np.array_equal(np.sort(rows), np.sort(picked))
    return Plan(rows, is_changed, bindings, True)


def _reached(bounds: Sequence[Bound], kept: _Rows) -> tuple[Binding, ...]:
    found = []
    for bound in bounds:
        is_full = (bound.count(kept) >= bound.most)[:-1]
        if is_full.any():
            found.append(Binding(bound.name, int(is_full.sum()), int(bound.most[:-1].max())))
    return tuple(found)


def _chains(bounds: Sequence[Bound], pool: _Rows) -> tuple[list[Bound], list[Bound]] | None:
    """Divides bounds into two lists, in each of which every group lies in one of those before."""
    by_size = sorted(bounds, key=lambda bound: len(bound.most))
    numbers = [bound.number_of[pool] for bound in by_size]
    lies_in = {
        (fine, coarse): _lies_in(numbers[fine], numbers[coarse], by_size[fine], by_size[coarse])
        for fine in range(len(by_size))
        for coarse in range(fine)
    }
    for side in range(2 ** max(len(by_size) - 1, 0)):
        sides = [[i for i in range(len(by_size)) if (side >> i & 1) == s] for s in (0, 1)]
        if all(lies_in[fine, coarse] for chain in sides for coarse, fine in pairwise(chain)):
            first, second = ([by_size[i] for i in chain] for chain in sides)
            return first, second
    return None


def _lies_in(fine: _Rows, coarse: _Rows, of_fine: Bound, of_coarse: Bound) -> bool:
    real = fine < len(of_fine.most) - 1
    pairs = np.unique(fine[real] * len(of_coarse.most) + coarse[real])
    return len(pairs) == len(np.unique(fine[real]))


class _Network:
    """Groups and cells (images that agree in all groups) as a network from a source to a sink."""

    _SOURCE, _SINK = 0, 1

    def __init__(
        self,
        bounds: Sequence[Bound],
        chains: tuple[list[Bound], list[Bound]],
        keep: _Rows,
        pool: _Rows,
        picked: _Rows,
        target: int,
    ) -> None:
        self._pool = pool
        is_picked = np.zeros(int(pool.max(initial=-1)) + 1, bool)
        is_picked[picked] = True
        self._is_picked = is_picked[pool]
        #: tail, head, flow, least, most, and which group of which bound it is of.
        edges: list[tuple[int, int, int, int, int, tuple[int, int] | None]] = []
        ends, n_nodes = [], 2
        for chain, root in zip(chains, (self._SOURCE, self._SINK), strict=True):
            node_of = np.full(len(pool), root)
            for bound in chain:
                level = self._level(bound, keep, node_of, n_nodes)
                place = bounds.index(bound)
                for node, parent, group, flow, least, most in level[1]:
                    tail, head = (parent, node) if root == self._SOURCE else (node, parent)
                    edges.append((tail, head, flow, least, most, (place, group)))
                node_of = level[0]
                n_nodes += len(level[1])
            ends.append(node_of)
        cells, self._cell_of, sizes = np.unique(
            ends[0] * n_nodes + ends[1], return_inverse=True, return_counts=True
        )
        self._cell_of = self._cell_of.reshape(-1)
        self._has = np.bincount(self._cell_of[self._is_picked], minlength=len(cells))
        self._sizes = sizes
        self._first_cell = len(edges)
        for cell, has, size in zip(cells.tolist(), self._has.tolist(), sizes.tolist(), strict=True):
            edges.append((cell // n_nodes, cell % n_nodes, has, 0, size, None))
        self._edges, self._bounds = edges, bounds
        self._network = Network(n_nodes)
        for tail, head, flow, least, most, _ in edges:
            self._network.add(tail, head, flow, least, most)
        self._back = len(edges)
        self._network.add(self._SINK, self._SOURCE, len(picked), len(picked), target)
        self._target = target
        self.more = 0

    def _level(
        self, bound: Bound, keep: _Rows, parent_of: _Rows, n_nodes: int
    ) -> tuple[_Rows, list[tuple[int, int, int, int, int, int]]]:
        """Returns the node of each image of the pool at a level, and the edges to the nodes."""
        groups = bound.number_of[self._pool]
        # Images in no group get a node for each parent.
        keys, node_of = np.unique(parent_of * len(bound.most) + groups, return_inverse=True)
        node_of = node_of.reshape(-1)
        parents, numbers = np.divmod(keys, len(bound.most))
        kept = bound.count(keep)
        flows = np.bincount(node_of[self._is_picked], minlength=len(keys))
        sizes = np.bincount(node_of, minlength=len(keys))
        least = np.minimum(np.maximum(bound.least - kept, 0)[numbers], sizes)
        most = np.maximum(bound.most - kept, 0)[numbers]
        nodes = n_nodes + np.arange(len(keys))
        columns = (nodes, parents, numbers, flows, least, most)
        edges = list(zip(*(column.tolist() for column in columns), strict=True))
        return n_nodes + node_of, edges

    def meet_floors(self) -> None:
        """Raises the flow of groups below their floors, of each as far as that is possible."""
        cut: list[bool] | None = None
        for edge, (tail, head, flow, least, most, _) in enumerate(self._edges[: self._first_cell]):
            before = self._network.change([edge], [flow], [most])[0]
            missing = least - flow - before
            if missing <= 0:
                continue
            found = 0
            if cut is None or not cut[head] or cut[tail]:
                total = self._network.change([self._back], [0], [self._target])[0]
                found = self._network.augment(head, tail, missing)
                self._network.force(edge, found)
                self.more += self._network.change([self._back], [0], [self._target])[0] - total
            if found:
                cut = None
            if found < missing:
                cut = self._network.reachable(head) if cut is None else cut

    def augment(self, count: int) -> int:
        """Adds up to ``count`` images, without taking groups below their floors."""
        self._network.close(self._back)
        return self._network.augment(self._SOURCE, self._SINK, count)

    def rows(self, picked: _Rows) -> _Rows:
        """Returns the images: of each cell those picked first, then the first of the pool."""
        place = np.full(len(self._is_picked), len(picked) + len(self._pool))
        order = np.full(int(self._pool.max(initial=-1)) + 1, -1)
        order[picked] = np.arange(len(picked))
        rank = order[self._pool]
        place = np.where(rank >= 0, rank, len(picked) + np.arange(len(self._pool)))
        cells = range(self._first_cell, self._back)
        change = self._network.change(cells, self._has.tolist(), self._sizes.tolist())
        wanted = self._has + np.array(change, np.int64)
        by_cell = np.lexsort((place, self._cell_of))
        starts = np.cumsum(self._sizes) - self._sizes
        nth = np.arange(len(by_cell)) - np.repeat(starts, self._sizes)
        chosen = by_cell[nth < np.repeat(wanted, self._sizes)]
        return np.asarray(self._pool[chosen[np.argsort(place[chosen])]])

    def bindings(self) -> tuple[Binding, ...]:
        """Returns the caps in the cut that no more can cross."""
        inside = self._network.reachable(self._SOURCE)
        found: dict[int, list[int]] = {}
        for tail, head, _, _, _, group in self._edges[: self._first_cell]:
            if inside[tail] and not inside[head] and group is not None:
                found.setdefault(group[0], []).append(group[1])
        return tuple(
            Binding(
                self._bounds[place].name, len(groups), int(self._bounds[place].most[groups].max())
            )
            for place, groups in sorted(found.items())
        )
