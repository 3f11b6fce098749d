"""What two runs kept of what both chose from: how well it covers the rest, how alike it is."""

from __future__ import annotations

from typing import NamedTuple

import fiftyone as fo
import numpy as np
from numpy.typing import NDArray

from smartdownsample_core.selection import Measured, measure

from ..runs import records as runs
from ..targets import Subject
from ..targets import kinds as targets
from .in_memory import Stored

#: Distance within which kept images count as alike: the one that the settings suggest.
ALIKE = 10

#: Images times kept images that are compared: about a second on one core.
_MOST_COMPARED = 150_000_000

_Rows = NDArray[np.int64]


class Side(NamedTuple):
    """What one of two runs kept of what both chose from."""

    kept: int
    farthest: float
    """distance of the farthest image left out to the nearest kept one, 0 to 100"""
    median: float
    """likewise of the median image left out"""
    alike: int
    """kept images with another kept one within :data:`ALIKE`"""


class Sides(NamedTuple):
    """Two runs, and the rows of what only one of them kept."""

    shared: int
    """images that both chose from, and that can be read"""
    differ: bool
    """whether one of them chose from others as well"""
    only_a: _Rows
    """those least like what b kept first; if these are too many to compare, in natural order"""
    only_b: _Rows
    a: Side | None = None
    """None if there is nothing to compare, or too much"""
    b: Side | None = None


def find(subject: Subject, stored: Stored, a: str, b: str) -> Sides:
    """Returns how two runs compare; found once, until a sample changes.

    Args:
        subject: what the first run chose from
        stored: its signatures, by whose descriptors both are measured
        a: key of the first run
        b: key of another one, of the same kind of items

    Raises:
        ValueError: if what the second run chose from cannot be loaded any more
    """
    dataset = subject.dataset
    tags = [runs.settings(dataset, key)["tag"] for key in (a, b)]

    def make() -> Sides:
        shared, theirs = stored.signatures.readable, _ids(dataset, b)
        is_theirs = stored.among(theirs)
        kept = [shared & stored.among(subject.items.marked_ids(subject.view, t)) for t in tags]
        rows = stored.order[(shared & is_theirs)[stored.order]]
        differ = not is_theirs.all() or len(theirs) > len(stored)
        return _compare(stored, rows, kept[0][rows], kept[1][rows], differ)

    sides: Sides = stored.of_samples.remember(("sides", a, b, *tags), make)
    return sides


def between(stored: Stored, kept_a: NDArray[np.bool_], kept_b: NDArray[np.bool_]) -> Sides:
    """Returns how two ways to keep some of the same n images compare, ``(n,)`` each."""
    rows = stored.order[stored.signatures.readable[stored.order]]
    return _compare(stored, rows, kept_a[rows], kept_b[rows], differ=False)


def _ids(dataset: fo.Dataset, run_key: str) -> list[str]:
    """Returns the ids of what a run chose from."""
    settings = runs.settings(dataset, run_key)
    view = targets.fresh(runs.view_of(dataset, run_key))
    ids: list[str] = targets.of_record(settings).read(view, ())[0]
    return ids


def _compare(
    stored: Stored,
    rows: _Rows,
    kept_a: NDArray[np.bool_],
    kept_b: NDArray[np.bool_],
    differ: bool,
) -> Sides:
    """Compares what two runs kept of some rows, ``(m,)``."""
    kept = [np.flatnonzero(kept_a), np.flatnonzero(kept_b)]
    only = [np.flatnonzero(kept_a & ~kept_b), np.flatnonzero(kept_b & ~kept_a)]
    work = sum(len(some) * (len(rows) + 2 * len(some)) for some in kept)
    if not len(rows) or work > _MOST_COMPARED:
        return Sides(len(rows), differ, rows[only[0]], rows[only[1]])
    of_a, of_b = (measure(stored.signatures, rows, some) for some in kept)
    only_a = only[0][np.argsort(-of_b.away[only[0]], kind="stable")]
    only_b = only[1][np.argsort(-of_a.away[only[1]], kind="stable")]
    return Sides(len(rows), differ, rows[only_a], rows[only_b], _side(of_a), _side(of_b))


def _side(found: Measured) -> Side:
    return Side(len(found.apart), found.farthest, found.median, found.n_alike(ALIKE))
