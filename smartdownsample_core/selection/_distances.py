"""Distances from every point to its nearest center, updated in bulk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.uint8] | NDArray[np.int8]
_T = TypeVar("_T")

#: Points and centers compared in one matrix product, which takes 8 MB in each thread. Larger ones
#: leave the cache: 8192 and 1024 take a fifth longer.
_ROWS, _CENTERS = 4096, 512
_MOST_THREADS = 8


class Relation(Protocol):
    """Adjusts squared distances by what is known of images beside their points.

    What it makes of a distance must depend on nothing but the distance, the row and the center, and
    must not be negative.
    """

    def take(self, rows: NDArray[np.int64]) -> Relation:
        """Returns the relation among some of the images, ``(m,)`` rows."""

    def adjust(
        self, squared: NDArray[np.float32], rows: NDArray[np.int64], centers: NDArray[np.int64]
    ) -> None:
        """Changes the squared distances, ``(m, c)``, of rows, ``(m,)``, to centers, ``(c,)``."""


def lengths_of(points: Points) -> NDArray[np.float32]:
    """Returns the squared length x.x of each point, ``(n,)``."""
    return np.asarray(np.einsum("ij,ij->i", points, points, dtype=np.float32))


def as_rows(points: Points, lengths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns points x, ``(m, d)``, as rows ``(m, d + 2)`` to multiply by :func:`as_centers`.

    The product ``as_rows(x) @ as_centers(c).T`` is x.x + c.c - 2 x.c. If the squares of a point sum
    to less than 2**22, each partial sum is a whole number below 2**24, which float32 holds exactly.
    """
    table = np.ones((len(points), points.shape[1] + 2), np.float32)
    table[:, :-2] = points
    table[:, -2] = lengths
    return table


def as_centers(points: Points) -> NDArray[np.float32]:
    """Returns centers, ``(m, d)``, as rows ``(m, d + 2)``: see :func:`as_rows`."""
    table = np.ones((len(points), points.shape[1] + 2), np.float32)
    table[:, :-2] = points
    table[:, -1] = lengths_of(points)
    table[:, :-2] *= -2
    return table


def by_blocks(work: Callable[[int], _T], starts: range) -> Iterator[_T]:
    """Yields what work makes of each block of rows, given its first row, in order.

    Blocks are worked on in threads. A single one is not, as starting a thread takes longer than
    comparing a few hundred rows with a center.
    """
    if len(starts) < 2:
        yield from map(work, starts)
        return
    with ThreadPoolExecutor(min(os.cpu_count() or 1, len(starts), _MOST_THREADS)) as pool:
        yield from pool.map(work, starts)


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
    adjusted: NDArray[np.float32]
    """``(n,)``; the least of the squared distances to all centers, as relations adjust them"""

    def __init__(
        self,
        points: Points,
        relations: Sequence[Relation] = (),
        image_of: NDArray[np.int64] | None = None,
    ) -> None:
        """Starts without centers.

        Args:
            points: ``(n, d)``; the squares of each sum to less than 2**22
            relations: adjust the distances between them, one after the other
            image_of: ``(n,)``, from 0; the image that each point is on, if all points of an image
                become centers with one of them
        """
        self.points = points
        self.image_of = image_of
        if image_of is not None:
            self._by_image = np.argsort(image_of, kind="stable")
            self._ends = np.cumsum(np.bincount(image_of))
        self.relations = relations
        self._lengths = lengths_of(points)
        self.squared = np.full(len(points), np.inf, np.float32)
        self.adjusted = self.squared.copy() if relations else self.squared
        self.owner = np.full(len(points), -1, np.int64)
        self.is_center = np.zeros(len(points), bool)

    def with_images(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns rows, ``(m,)``, and all others that are on their images."""
        if self.image_of is None:
            return rows
        images = self.image_of[rows]
        starts = np.where(images, self._ends[images - 1], 0)
        pairs = zip(starts.tolist(), self._ends[images].tolist(), strict=True)
        return np.concatenate([rows[:0], *(self._by_image[start:end] for start, end in pairs)])

    def between(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the adjusted squared distances between points, ``(m, m)``."""
        return self.distances(rows, rows, as_centers(self.points[rows]))

    def distances(
        self, rows: NDArray[np.int64], centers: NDArray[np.int64], table: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Returns the adjusted squared distances of rows, ``(m,)``, to centers: ``(m, c)``.

        Args:
            rows: ``(m,)``
            centers: ``(c,)``; rows, too
            table: their points, as :func:`as_centers` returns them
        """
        squared = as_rows(self.points[rows], self._lengths[rows]) @ table.T
        for relation in self.relations:
            relation.adjust(squared, rows, centers)
        return np.asarray(squared)

    def apart(self, ranking: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the adjusted squared distance of each row to the nearest of those before it.

        Args:
            ranking: ``(k,)``; rows

        Returns:
            ``(k,)``; infinity for the first
        """
        found = np.full(len(ranking), np.inf, np.float32)
        places = np.arange(len(ranking))
        for first in range(0, len(ranking), _CENTERS):
            before = slice(first, first + _CENTERS)
            table = as_centers(self.points[ranking[before]])
            for start in range(first, len(ranking), _ROWS):
                some = slice(start, start + _ROWS)
                squared = self.distances(ranking[some], ranking[before], table)
                squared[places[before] >= places[some, None]] = np.inf
                np.minimum(found[some], squared.min(axis=1), out=found[some])
        return found

    def add(self, centers: NDArray[np.int64]) -> None:
        """Makes the points at rows ``centers``, ``(m,)``, centers, and those on their images."""
        centers = self.with_images(centers)
        self.is_center[centers] = True
        for first in range(0, len(centers), _CENTERS):
            some = centers[first : first + _CENTERS]
            update = partial(self._update, table=as_centers(self.points[some]), centers=some)
            for _ in by_blocks(update, range(0, len(self.points), _ROWS)):
                pass

    def _update(self, start: int, table: NDArray[np.float32], centers: NDArray[np.int64]) -> None:
        rows = slice(start, min(start + _ROWS, len(self.points)))
        distances = as_rows(self.points[rows], self._lengths[rows]) @ table.T
        best = distances.min(axis=1)
        closer = np.flatnonzero(best < self.squared[rows])
        self.squared[rows][closer] = best[closer]
        self.owner[rows][closer] = centers[distances[closer].argmin(axis=1)]
        for relation in self.relations:
            relation.adjust(distances, np.arange(rows.start, rows.stop), centers)
        if self.relations:
            np.minimum(self.adjusted[rows], distances.min(axis=1), out=self.adjusted[rows])
