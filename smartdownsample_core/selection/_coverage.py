"""Coverage: how far the images that are left out are from the kept ones, for every number kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ._distances import Points, as_centers, as_rows, by_blocks, lengths_of
from ._tiers import NEVER, are_good
from ._whole_images import ends_of_images

if TYPE_CHECKING:
    from ._explanation import Evidence
    from ._result import Selection

_Rows = NDArray[np.int64]
_Floats = NDArray[np.float32]

#: Points and centers compared in one matrix product.
_ROWS, _CENTERS = 4096, 1024

#: How many numbers of images have a median: half of them evenly spaced, half by equal factors.
_MEDIANS = 200

#: How far below its chord, as a share of its height, a curve may be by rounding alone.
_NO_BEND = 1e-6


@dataclass(frozen=True, eq=False)
class Coverage:
    """Distances of the images left out to the nearest kept image, if the first m are kept.

    Images that the settings exclude do not count: near-duplicates, blank, damaged and unreadable
    ones.
    """

    farthest: _Floats
    """``(k + 1,)``; at m, distance of the farthest image if the first m of the ranking are kept;
    infinity while nothing is kept, 0 if nothing is left out; never increases"""
    counts: _Rows
    """``(c,)``; the numbers m, 1 to k, for which the median is known; all of them up to 100"""
    median: _Floats
    """``(c,)``; distance that half of the images left out have at most; 0 if nothing is left out"""
    unit: str
    """of the distances, as in :class:`Explanation`"""
    by_activity: bool = False
    """whether frames of standing cameras were preferred by their activity, not by these distances,
    which then do not tell how many are enough: there is no knee"""

    @cached_property
    def knee(self) -> int | None:
        """The number from which more images add little; None if the curve has no bend.

        Where the curve of the farthest image is farthest below its chord: V. Satopaa et al.,
        "Finding a 'Kneedle' in a Haystack" (2011), without smoothing, as the curve never rises, and
        taking the largest of several knees. It depends on where the curve ends.
        """
        y = self.farthest[1:].astype(np.float64)
        if self.by_activity or len(y) < 3 or not np.ptp(y):
            return None
        below = 1 - (y - y[-1]) / np.ptp(y) - np.linspace(0, 1, len(y))
        return int(below.argmax()) + 1 if below.max() > _NO_BEND else None

    def first_within(self, distance: float) -> int | None:
        """Returns the smallest number whose farthest image is within a distance; None if none."""
        within = np.flatnonzero(self.farthest <= distance)
        return int(within[0]) if len(within) else None


def coverage(selection: Selection) -> Coverage:
    """Returns how far the images left out are, for every beginning of a selection's ranking.

    Exact, in one pass that takes the operations of choosing, 2 n k d, whatever the number of
    medians.

    Raises:
        ValueError: if its strategy does not rank, or its signatures have no descriptors
    """
    ranking = selection.ranking
    if ranking is None:
        raise ParameterError(
            "strategy",
            "{value} does not rank images, so there is no curve of their numbers",
            "use {strategy} {strategy:diverse}",
            value=repr(selection.strategy),
        )
    evidence, counts = _compared(selection)
    is_center = evidence.comparable[ranking]
    ends = ends_of_images(ranking, selection.image_of)
    # Unreadable images of keep are ranked, but nothing is near them.
    n_centers = np.concatenate([[0], np.cumsum(is_center)])[ends]
    n_counted = np.concatenate([[0], np.cumsum(counts[ranking])])[ends]
    wanted = _numbers(len(ends) - 1)
    squared, medians = _pass(
        evidence.points,
        np.flatnonzero(counts),
        ranking[is_center],
        n_centers[wanted],
        n_counted[wanted],
    )
    return Coverage(
        evidence.distance(squared[n_centers]),
        wanted,
        evidence.distance(medians),
        evidence.unit,
        selection.standing is not None and selection.standing.n_cameras > 0,
    )


def _compared(selection: Selection) -> tuple[Evidence, NDArray[np.bool_]]:
    """Returns what to compare images by, and ``(n,)``, which of them count."""
    evidence, tiers = selection.evidence, selection.tiers
    if evidence is None or tiers is None:
        raise ValueError("these signatures have no descriptors; extract them with descriptors=True")
    return evidence, evidence.comparable & (are_good(tiers) | (selection.kept & (tiers == NEVER)))


def farthest_left_out(selection: Selection) -> float:
    """Returns the last value of the curve alone, which takes no time after a strategy has ranked.

    As :func:`coverage`, of a selection whose signatures have descriptors.
    """
    selection = selection.of_objects
    evidence, counts = _compared(selection)
    _, squared = evidence.nearest(selection.indices)
    left_out = squared[counts & ~selection.kept]
    return float(evidence.distance(left_out.max(initial=0, keepdims=True))[0])


def _numbers(k: int) -> _Rows:
    """Returns the numbers, 1 to k, for which the median is computed."""
    half = min(_MEDIANS // 2, k)
    found = (
        np.concatenate([np.linspace(1, k, half), np.geomspace(1, k, half)]) if k else np.empty(0)
    )
    return np.unique(np.rint(found).astype(np.int64))


def _pass(
    points: Points, rows: _Rows, centers: _Rows, wanted: _Rows, n_counted: _Rows
) -> tuple[_Floats, _Floats]:
    """Returns the largest squared distance of rows after each center, and some medians.

    Args:
        points: ``(n, d)``
        rows: ``(m,)``; all that count
        centers: ``(c,)``; in the order in which they are kept
        wanted: ``(w,)``; numbers of centers, ascending, after which to take the median
        n_counted: ``(w,)``; how many of these centers are among the rows

    Returns:
        ``(c + 1,)``, infinity without centers, and ``(w,)``, of the rows that are no centers
    """
    nothing = np.float32(np.inf if len(rows) else 0)
    farthest, medians = np.full(len(centers) + 1, nothing), np.full(len(wanted), nothing)
    running = _Running(points, rows)
    for first in range(0, len(centers), _CENTERS):
        last = min(first + _CENTERS, len(centers))
        here = np.flatnonzero((wanted > first) & (wanted <= last))
        largest, seen = running.add(centers[first:last], wanted[here] - first - 1)
        farthest[first + 1 : last + 1] = largest
        for place, values in zip(here.tolist(), seen, strict=True):
            medians[place] = _median_of_others(values, int(n_counted[place]))
    return farthest, medians


class _Running:
    """The squared distance from each of m rows to its nearest center so far."""

    def __init__(self, points: Points, rows: _Rows) -> None:
        self._points, self._rows = points, rows
        self._lengths = lengths_of(points)
        self._squared = np.full(len(rows), np.inf, np.float32)

    def add(self, centers: _Rows, columns: _Rows) -> tuple[_Floats, _Floats]:
        """Adds centers one after the other.

        Args:
            centers: ``(c,)``
            columns: ``(w,)``; centers after which to return the distances of all rows

        Returns:
            ``(c,)``, the largest distance after each center, and ``(w, m)``
        """
        table = as_centers(self._points[centers])
        seen = np.empty((len(columns), len(self._rows)), np.float32)

        def update(start: int) -> _Floats:
            part = slice(start, start + _ROWS)
            rows = self._rows[part]
            distances = as_rows(self._points[rows], self._lengths[rows]) @ table.T
            np.minimum(distances[:, 0], self._squared[part], out=distances[:, 0])
            np.minimum.accumulate(distances, axis=1, out=distances)
            self._squared[part] = distances[:, -1]
            seen[:, part] = distances[:, columns].T
            return np.asarray(distances.max(axis=0))

        largest = np.zeros(len(centers), np.float32)
        for found in by_blocks(update, range(0, len(self._rows), _ROWS)):
            np.maximum(largest, found, out=largest)
        return largest, seen


def _median_of_others(values: _Floats, n_centers: int) -> np.float32:
    """Returns the lower median of squared distances, ``(m,)``, without the 0 of each center."""
    n_others = len(values) - n_centers
    if n_others <= 0:
        return np.float32(0)
    place = n_centers + (n_others - 1) // 2
    return np.float32(np.partition(values, place)[place])
