"""Joint caps and floors: of several keys, how many images each group may and should have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._strata import Groups

_Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Bound:
    """How many images each group of a key may have, and should have."""

    name: str
    """the key"""
    number_of: _Rows
    """``(n,)``; number of each image's group; the last number is that of images in none"""
    least: _Rows
    """``(g,)``; 0 for the last"""
    most: _Rows
    """``(g,)``; n for the last"""

    @classmethod
    def of(cls, name: str, groups: Groups, least: int | None, most: int | None) -> Bound:
        """Returns the bound of a key with the same floor and cap for each group."""
        n, n_groups = len(groups.numbers), len(groups.names)
        number_of = np.where(groups.numbers < 0, n_groups, groups.numbers)
        floors = np.full(n_groups + 1, least or 0)
        caps = np.full(n_groups + 1, n if most is None else most)
        floors[-1], caps[-1] = 0, n
        return cls(name, number_of, floors, caps)

    def count(self, rows: _Rows) -> _Rows:
        """Returns how many of some images each group has, ``(g,)``."""
        return np.bincount(self.number_of[rows], minlength=len(self.most))


class Room:
    """What some kept images leave of bounds: how many more each group may have.

    Args:
        bounds: the bounds
        kept: rows of the images that are kept already
        floors_only: count what groups need rather than what they may have
    """

    def __init__(self, bounds: Sequence[Bound], kept: _Rows, floors_only: bool = False) -> None:
        self._number_of = [bound.number_of for bound in bounds]
        counts = [bound.count(kept) for bound in bounds]
        self._most = [bound.most - has for bound, has in zip(bounds, counts, strict=True)]
        self._least = [bound.least - has for bound, has in zip(bounds, counts, strict=True)]
        self._floors_only = floors_only

    def within(self, rows: _Rows) -> Room:
        """Returns a copy for some of the images, which are numbered in that order."""
        copy = Room((), rows)
        copy._number_of = [numbers[rows] for numbers in self._number_of]
        copy._most = [left.copy() for left in self._most]
        copy._least = [left.copy() for left in self._least]
        copy._floors_only = self._floors_only
        return copy

    def is_open(self, rows: _Rows) -> NDArray[np.bool_]:
        """Whether each image could be kept besides those that are."""
        found = np.ones(len(rows), bool)
        for numbers, most in zip(self._number_of, self._most, strict=True):
            found &= most[numbers[rows]] > 0
        return found & self.is_needed(rows) if self._floors_only else found

    def is_needed(self, rows: _Rows) -> NDArray[np.bool_]:
        """Whether a group of each image has less than its floor."""
        found = np.zeros(len(rows), bool)
        for numbers, least in zip(self._number_of, self._least, strict=True):
            found |= least[numbers[rows]] > 0
        return found

    def take(self, row: int) -> bool:
        """Keeps an image; returns whether others may be open no more."""
        changed = False
        for numbers, most, least in zip(self._number_of, self._most, self._least, strict=True):
            group = numbers[row]
            most[group] -= 1
            least[group] -= 1
            changed |= most[group] == 0 or (self._floors_only and least[group] == 0)
        return bool(changed)

    def accept(self, rows: _Rows) -> _Rows:
        """Keeps images as long as there is room for them; returns those."""
        taken: list[int] = []
        if not self._floors_only:  # most of them at once, the others one after the other
            fits = np.ones(len(rows), bool)
            for numbers, most in zip(self._number_of, self._most, strict=True):
                some = np.flatnonzero(fits)
                groups = numbers[rows[some]]
                fits[some[rank_in_group(groups) >= most[groups]]] = False
            for numbers, most, least in zip(self._number_of, self._most, self._least, strict=True):
                counts = np.bincount(numbers[rows[fits]], minlength=len(most))
                most -= counts
                least -= counts
            taken, rows = rows[fits].tolist(), rows[~fits]
            rows = rows[self.is_open(rows)]
        for row in rows.tolist():
            if all(
                most[numbers[row]] > 0
                for numbers, most in zip(self._number_of, self._most, strict=True)
            ) and (
                not self._floors_only
                or any(
                    least[numbers[row]] > 0
                    for numbers, least in zip(self._number_of, self._least, strict=True)
                )
            ):
                self.take(row)
                taken.append(row)
        return np.array(taken, np.int64)


def rank_in_group(groups: _Rows) -> _Rows:
    """Returns how many before each are of the same group, ``(m,)``."""
    by_group = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    starts = np.cumsum(sizes) - sizes
    rank = np.empty(len(groups), np.int64)
    rank[by_group] = np.arange(len(groups)) - np.repeat(starts, sizes)
    return rank
