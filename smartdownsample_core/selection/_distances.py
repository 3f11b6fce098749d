"""Distances from every point to its nearest center, updated in bulk."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.uint8] | NDArray[np.int8]

#: Points and centers compared in one matrix product, which takes 34 MB in each thread.
_ROWS, _CENTERS = 8192, 1024
_MOST_THREADS = 8


def as_centers(points: Points) -> NDArray[np.float32]:
    """Returns centers c, ``(m, d)``, as rows ``(m, d + 1)`` to multiply :func:`with_ones` by.

    The product ``with_ones(x) @ as_centers(c).T`` is c.c - 2 x.c: the squared distance without x.x.
    """
    table = np.empty((len(points), points.shape[1] + 1), np.float32)
    table[:, :-1] = points
    table[:, -1] = (table[:, :-1] ** 2).sum(axis=1)
    table[:, :-1] *= -2
    return table


def with_ones(points: Points) -> NDArray[np.float32]:
    """Returns points, ``(m, d)``, with a column of ones, ``(m, d + 1)``: see :func:`as_centers`."""
    table = np.ones((len(points), points.shape[1] + 1), np.float32)
    table[:, :-1] = points
    return table


class Nearest:
    """The nearest center so far of each of n points, and the squared distance to it.

    Points are bytes, so that all sums are whole numbers that float32 holds exactly: the result does
    not depend on the BLAS, the machine or the number of threads. Comparing n points with k centers
    of d bytes takes 2 n k d floating-point operations.
    """

    squared: NDArray[np.float32]
    """``(n,)``; infinity while there is no center"""
    owner: NDArray[np.int64]
    """``(n,)``; the row of the nearest center, the earliest on ties; -1 without centers"""
    is_center: NDArray[np.bool_]
    """``(n,)``"""

    def __init__(self, points: Points) -> None:
        """Starts without centers; the squares of each point, ``(n, d)``, sum to less than 2**22."""
        self.points = points
        self._norms = np.einsum("ij,ij->i", points, points, dtype=np.float32)
        self.squared = np.full(len(points), np.inf, np.float32)
        self.owner = np.full(len(points), -1, np.int64)
        self.is_center = np.zeros(len(points), bool)

    def between(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the squared distances between points, ``(m, m)``."""
        points = self.points[rows]
        squared = with_ones(points) @ as_centers(points).T
        squared += self._norms[rows, None]
        return np.asarray(squared)

    def add(self, centers: NDArray[np.int64]) -> None:
        """Makes the points at rows ``centers``, ``(m,)``, centers."""
        self.is_center[centers] = True
        starts = range(0, len(self.points), _ROWS)
        with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as pool:
            for first in range(0, len(centers), _CENTERS):
                some = centers[first : first + _CENTERS]
                table = as_centers(self.points[some])
                for _ in pool.map(lambda start, t=table, c=some: self._update(start, t, c), starts):
                    pass

    def _update(self, start: int, table: NDArray[np.float32], centers: NDArray[np.int64]) -> None:
        rows = slice(start, start + _ROWS)
        distances = with_ones(self.points[rows]) @ table.T
        best = distances.min(axis=1) + self._norms[rows]
        closer = np.flatnonzero(best < self.squared[rows])
        self.squared[rows][closer] = best[closer]
        self.owner[rows][closer] = centers[distances[closer].argmin(axis=1)]
