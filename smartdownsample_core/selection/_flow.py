"""Flows in a network whose edges have bounds, augmented from a flow that is known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class Network:
    """A directed graph whose edges carry whole flows between bounds.

    Edges are numbered in the order in which they were added. An edge may carry less than its lower
    bound; then its flow is never reduced, and neither are the units that bring it up to the bound.
    """

    def __init__(self, n_nodes: int) -> None:
        self._edges_of: list[list[int]] = [[] for _ in range(n_nodes)]
        # Edge e and its reverse are at 2e and 2e + 1.
        self._heads: list[int] = []
        self._residual: list[int] = []
        self._missing: dict[int, int] = {}

    def add(self, tail: int, head: int, flow: int, least: int, most: int) -> None:
        """Adds an edge with a flow of at most ``most``."""
        if flow < least:
            self._missing[len(self._heads)] = least - flow
        for node, other, left in ((tail, head, most - flow), (head, tail, max(flow - least, 0))):
            self._edges_of[node].append(len(self._heads))
            self._heads.append(other)
            self._residual.append(left)

    def force(self, edge: int, amount: int) -> None:
        """Adds to the flow of an edge that carries less than its lower bound."""
        self._push(2 * edge, amount)

    def close(self, edge: int) -> None:
        """Fixes the flow of an edge as it is."""
        self._residual[2 * edge] = self._residual[2 * edge + 1] = 0

    def _push(self, edge: int, amount: int) -> None:
        self._residual[edge] -= amount
        missing = self._missing.get(edge, 0)
        self._residual[edge ^ 1] += max(amount - missing, 0)
        if missing:
            self._missing[edge] = max(missing - amount, 0)

    def augment(self, source: int, sink: int, limit: int) -> int:
        """Sends up to ``limit`` more from source to sink; returns how much more that is.

        E. A. Dinic, "Algorithm for solution of a problem of maximum flow in networks with power
        estimation" (1970): blocking flows along shortest paths. Source and sink are no edge's
        bound, so the result is the maximum if it is below the limit.
        """
        sent = 0
        while sent < limit:
            level = self._levels(source, sink)
            if level[sink] < 0:
                break
            sent += self._blocking_flow(source, sink, limit - sent, level)
        return sent

    def reachable(self, source: int) -> list[bool]:
        """Returns which nodes could get more; after :meth:`augment`, one side of a minimum cut."""
        return [level >= 0 for level in self._levels(source, -1)]

    def change(self, edges: Iterable[int], before: Iterable[int], most: Iterable[int]) -> list[int]:
        """Returns how much more each of some edges carries than it did when it was added."""
        triples = zip(edges, before, most, strict=True)
        return [top - flow - self._residual[2 * edge] for edge, flow, top in triples]

    def _levels(self, source: int, sink: int) -> list[int]:
        level = [-1] * len(self._edges_of)
        level[source] = 0
        waiting = deque([source])
        while waiting:
            node = waiting.popleft()
            if node == sink:
                break
            for edge in self._edges_of[node]:
                head = self._heads[edge]
                if self._residual[edge] > 0 and level[head] < 0:
                    level[head] = level[node] + 1
                    waiting.append(head)
        return level

    def _blocking_flow(self, source: int, sink: int, limit: int, level: list[int]) -> int:
        heads, residual, edges_of = self._heads, self._residual, self._edges_of
        tried = [0] * len(edges_of)  # edges of each node that lead nowhere
        path: list[int] = []
        node, sent = source, 0
        while True:
            if node == sink:
                amount = min(limit - sent, min(residual[edge] for edge in path))
                for edge in path:
                    self._push(edge, amount)
                sent += amount
                if sent == limit:
                    return sent
                full = next(place for place, edge in enumerate(path) if not residual[edge])
                node = heads[path[full] ^ 1]
                del path[full:]
            edges, next_level = edges_of[node], level[node] + 1
            place = tried[node]
            while place < len(edges):
                edge = edges[place]
                if residual[edge] > 0 and level[heads[edge]] == next_level:
                    break
                place += 1
            tried[node] = place
            if place < len(edges):
                path.append(edge)
                node = heads[edge]
            elif node == source:
                return sent
            else:
                node = heads[path.pop() ^ 1]
                tried[node] += 1
