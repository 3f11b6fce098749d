"""Covering: of every camera and every bucket an image, before images that differ most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import shown
from ..errors import ParameterError
from ._distances import Nearest, as_centers
from ._farthest_first import Gate
from ._preference import keys_of

_Rows = NDArray[np.int64]

#: What can be covered, in words of :func:`cover_keys`.
COVERABLE = ("camera", "bucket")
NOTHING = "nothing"

_ROWS = 8192


def cover_keys(name: str, value: Any) -> tuple[str, ...]:
    """Reads the keys of which every group is to be covered.

    Args:
        name: of the setting, for errors
        value: keys in a list, or in a text with commas between them; ``"nothing"`` for none

    >>> cover_keys("cover", "camera, bucket"), cover_keys("cover", "nothing")
    (('camera', 'bucket'), ())
    """
    keys: Any = value
    if isinstance(value, str):
        keys = [part.strip() for part in value.split(",") if part.strip() not in ("", NOTHING)]
    known = isinstance(keys, (list, tuple)) and all(key in COVERABLE for key in keys)
    if not known or len(set(keys)) < len(keys):
        raise ParameterError(
            name,
            "must name what to cover first, got {value}",
            "use 'camera,bucket', 'camera', 'bucket' or 'nothing'",
            value=shown(value),
        )
    return tuple(keys)


def cover(
    nearest: Nearest,
    count: int,
    groupings: Sequence[_Rows],
    weights: NDArray[np.float32] | None = None,
    gate: Gate | None = None,
    levels: _Rows | None = None,
    by_number: bool = False,
) -> _Rows:
    """Ranks points so that every group has one: the groupings in turn, the largest group first.

    Of each group without a center, the point that is farthest from all centers and all points
    before it is taken; the first point of all is the medoid of its group, or of those of its points
    with the largest weight and level. A point covers its groups in all groupings. The ranking is
    nested. With a point, all points of its image are seen, if ``nearest`` has images.

    Args:
        nearest: n points and the centers already chosen, if any; ranked points become centers
        count: the most points to rank
        groupings: ``(n,)`` each; the group of every point, -1 where none needs to be covered
        weights: ``(n,)``; factors of the points' squared distances, 1 by default
        gate: closes to points for which there is no room; groups without another are passed over
        levels: ``(n,)``; decide between points that are almost as far; all alike by default
        by_number: groups come in the order of their numbers instead, as these are not all points

    Returns:
        ``(m,)`` rows, in the order in which they were chosen; m is at most ``count``

    >>> line = np.array([[0], [1], [2], [9], [8]], np.uint8)
    >>> cover(Nearest(line), 5, [np.array([0, 0, 0, 1, 1])]).tolist()
    [1, 3]
    """
    chosen = seen = np.empty(0, np.int64)
    table = np.empty((0, nearest.points.shape[1] + 2), np.float32)
    for grouping in groupings:
        has = set(grouping[nearest.is_center].tolist()) | set(grouping[seen].tolist())
        for group, rows in _in_turn(grouping, nearest.is_center, by_number):
            if len(chosen) >= count:
                break
            if gate is not None:
                rows = rows[gate.is_open(rows)]
            if group in has or not len(rows):
                continue
            if len(chosen) or nearest.is_center.any():
                row = _farthest(nearest, rows, seen, table[: len(seen)], weights, levels)
            else:
                for values in (weights, levels):
                    if values is not None:
                        rows = rows[values[rows] == values[rows].max()]
                row = _medoid(nearest.points, rows)
            new = nearest.with_images(np.array([row]))
            while len(seen) + len(new) > len(table):
                table = np.concatenate([table, np.empty_like(table, shape=_grown(table))])
            table[len(seen) : len(seen) + len(new)] = as_centers(nearest.points[new])
            chosen, seen = np.append(chosen, row), np.append(seen, new)
            has.update(grouping[new].tolist())
            if gate is not None:
                gate.take(row)
    nearest.add(chosen)
    return chosen


def _grown(table: NDArray[np.float32]) -> tuple[int, int]:
    return max(len(table), 128), table.shape[1]


def _in_turn(
    grouping: _Rows, is_center: NDArray[np.bool_], by_number: bool
) -> Iterator[tuple[int, _Rows]]:
    """Yields the groups and their rows, the largest first; on ties that of the first row."""
    rows = np.flatnonzero((grouping >= 0) & ~is_center)
    rows = rows[np.argsort(grouping[rows], kind="stable")]
    starts = np.flatnonzero(np.diff(grouping[rows], prepend=-1))
    sizes = np.diff(starts, append=len(rows))
    places = np.arange(len(starts)) if by_number else np.lexsort((rows[starts], -sizes))
    for place in places.tolist():
        members = rows[starts[place] : starts[place] + sizes[place]]
        yield int(grouping[members[0]]), members


def _farthest(
    nearest: Nearest,
    rows: _Rows,
    centers: _Rows,
    table: NDArray[np.float32],
    weights: NDArray[np.float32] | None,
    levels: _Rows | None,
) -> int:
    """Returns the row that is farthest from all centers of ``nearest`` and further ones."""
    squared = nearest.adjusted[rows]
    for first in range(0, len(rows), _ROWS) if len(centers) else ():
        part = slice(first, first + _ROWS)
        np.minimum(
            squared[part],
            nearest.distances(rows[part], centers, table).min(axis=1),
            out=squared[part],
        )
    if weights is not None:
        squared *= weights[rows]
    return int(rows[keys_of(squared, None if levels is None else levels[rows]).argmax()])


def _medoid(points: NDArray[Any], rows: _Rows) -> int:
    """Returns the row whose point is closest to the mean, the first on ties; exact."""
    total = np.zeros(points.shape[1], np.int64)
    for first in range(0, len(rows), _ROWS):
        total += points[rows[first : first + _ROWS]].sum(axis=0, dtype=np.int64)
    apart = []
    for first in range(0, len(rows), _ROWS):
        some = points[rows[first : first + _ROWS]].astype(np.float64)
        apart.append(len(rows) * np.einsum("ij,ij->i", some, some) - 2 * (some @ total))
    return int(rows[np.concatenate(apart).argmin()])
