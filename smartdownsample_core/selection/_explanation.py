"""Explanations: why each image was kept or left out, and which kept image stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..signatures import LARGEST_DISTANCE, UNREADABLE
from ._distances import Nearest, Points
from ._tiers import DAMAGED, EXCLUDED, JUNK, NEAR_DUPLICATE, NEVER, QUIET, TOO_SOON

if TYPE_CHECKING:
    from ._result import Selection

_Rows = NDArray[np.int64]


class Reason(IntEnum):
    """Why an image was kept or left out. Values are stable; later versions may add some."""

    KEPT = 0
    """kept for what it added"""
    ALWAYS_KEPT = 1
    """kept because ``keep`` names it"""
    REPRESENTED = 2
    """left out, because a kept image stands for it"""
    NEAR_DUPLICATE = 3
    """left out as a near-duplicate of a kept image"""
    CAP = 4
    """left out because its label or bucket already has the most images it may have"""
    JUNK = 5
    """left out as a blank image"""
    DAMAGED = 6
    """left out because its file is cut off or corrupt"""
    UNREADABLE = 7
    """left out because its file could not be read"""
    TOO_SOON = 8
    """left out because ``min_interval`` had not passed between it and another image"""
    EXCLUDED = 9
    """left out because ``exclude`` names its label"""
    QUIET = 10
    """left out because nothing but the background is in the frame"""

    @property
    def text(self) -> str:
        """The word for it in lists and fields."""
        return _TEXTS[self]


_TEXTS = {
    Reason.KEPT: "kept",
    Reason.ALWAYS_KEPT: "always kept",
    Reason.REPRESENTED: "represented",
    Reason.NEAR_DUPLICATE: "near-duplicate",
    Reason.CAP: "cap",
    Reason.JUNK: "blank",
    Reason.DAMAGED: "damaged",
    Reason.UNREADABLE: "unreadable",
    Reason.TOO_SOON: "too soon",
    Reason.EXCLUDED: "excluded",
    Reason.QUIET: "quiet",
}


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why each of n images was kept or left out; at most 25 bytes an image."""

    reason: NDArray[np.int8]
    """``(n,)``; values of :class:`Reason`"""
    rank: NDArray[np.int32]
    """``(n,)``; 1 for the image picked first; 0 for those left out, or if the strategy does not
    rank"""
    representative: NDArray[np.int32]
    """``(n,)``; row of the nearest kept image, the one picked first on ties; of a standing camera,
    the nearest of its kept frames, if there is one; a kept image is its own; -1 for unreadable
    images that are left out, or if nothing comparable is kept"""
    distance: NDArray[np.float32]
    """``(n,)``; to the representative, in :attr:`unit`; 0 for kept images,
    NaN without a representative"""
    near_duplicate_of: NDArray[np.int32]
    """``(n,)``; where the reason is NEAR_DUPLICATE, row of the kept image of its group; else -1"""
    cap: NDArray[np.int8]
    """``(n,)``; where the reason is CAP, which of :attr:`caps` is reached; else -1"""
    caps: tuple[str, ...]
    """names of what is limited: ``"label"`` or ``"bucket"``"""
    unit: str
    """unit of the distances: ``"distance, 0-100"`` or, with features, ``"cosine distance"``"""

    def __len__(self) -> int:
        return len(self.reason)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """``(n,)``; True for the kept images."""
        return np.asarray(self.reason <= Reason.ALWAYS_KEPT)

    @property
    def words(self) -> tuple[list[str], NDArray[np.int8]]:
        """The words that occur, such as ``"cap: label"``, and ``(n,)`` the number of each's."""
        texts = [reason.text for reason in Reason]
        numbers = self.reason.copy()
        for place, name in enumerate(self.caps):
            numbers[self.cap == place] = len(texts)
            texts.append(f"{Reason.CAP.text}: {name}")
        return texts, numbers


@dataclass(frozen=True, eq=False)
class Cap:
    """A limit on the images of each label, bucket or the like."""

    name: str
    """what it limits, such as ``"label"``"""
    number_of: _Rows
    """``(n,)``; number of each image's label"""
    most: _Rows
    """``(s,)``; images that each label may have"""

    def is_reached(self, kept: _Rows) -> NDArray[np.bool_]:
        """Whether the label of each image has all the images it may have, ``(n,)``."""
        counts = np.bincount(self.number_of[kept], minlength=len(self.most))
        return np.asarray((counts >= self.most)[self.number_of])


@dataclass(frozen=True, eq=False)
class Found:
    """Nearest kept images that a strategy has found while it chose."""

    rows: _Rows
    """``(m,)``; the images that were compared"""
    centers: _Rows
    """``(c,)``; the kept images that they were compared with"""
    owner: NDArray[np.int32]
    """``(m,)``; row of the nearest of these, the earliest on ties; -1 if there are none"""
    squared: NDArray[np.float32]
    """``(m,)``; squared distance to it"""

    @classmethod
    def of(cls, nearest: Nearest, rows: _Rows) -> Found:
        """Returns what is known of images whose rows, ``(m,)``, are those of ``nearest``."""
        owner = np.where(nearest.owner < 0, -1, rows[nearest.owner]).astype(np.int32)
        return cls(rows, rows[nearest.is_center], owner, nearest.squared)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the distances of a selection are computed from."""

    points: Points
    """``(n, d)``; descriptors or quantized features"""
    comparable: NDArray[np.bool_]
    """``(n,)``; False for images without a descriptor"""
    cosine_scale: float | None = None
    """of features: the squared distance that is a cosine distance of 1; None for descriptors"""
    found: Sequence[Found] = field(default=())
    """what is known already; not changed"""

    @property
    def unit(self) -> str:
        """``"cosine distance"``, 0 to 2, with features, else ``"distance, 0-100"``.

        The latter is the scale of ``duplicate_distance``.
        """
        return "distance, 0-100" if self.cosine_scale is None else "cosine distance"

    def distance(self, squared: NDArray[np.floating]) -> NDArray[np.float32]:
        """Returns squared distances of points, ``(m,)``, as distances that people see."""
        if self.cosine_scale is None:
            seen = np.sqrt(squared) * (100 / LARGEST_DISTANCE)
        else:
            seen = squared / self.cosine_scale
        return np.asarray(seen, np.float32)

    def nearest(self, kept: _Rows) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Returns the nearest kept image of each image, and the squared distance to it.

        Takes 2 n k d floating-point operations, less those of what is known already.

        Args:
            kept: ``(k,)``; the first of several nearest counts

        Returns:
            ``(n,)`` rows, -1 where there is none, and ``(n,)``, infinity there
        """
        n, kept = len(self.points), kept[self.comparable[kept]]
        owner, squared = np.full(n, -1, np.int32), np.full(n, np.inf, np.float32)
        place = np.full(n, -1, np.int64)
        place[kept] = np.arange(len(kept))
        rest = self.comparable.copy()
        for found in self.found:
            if (place[found.centers] < 0).any() or not rest[found.rows].any():
                continue  # of a larger selection
            missing = np.setdiff1d(kept, found.centers)
            missing = missing[np.argsort(place[missing])]
            new = rest[found.rows]
            rows = found.rows[new]
            owner[rows], squared[rows] = found.owner[new], found.squared[new]
            self._compare(rows, missing, owner, squared, place)
            rest[rows] = False
        self._compare(np.flatnonzero(rest), kept, owner, squared, place)
        return owner, squared

    def of_own_camera(
        self, camera: _Rows, kept: _Rows, owner: NDArray[np.int32], squared: NDArray[np.float32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Returns what :meth:`nearest` does, for frames of cameras among the kept ones of theirs.

        What stands still in the frames of two cameras says nothing of what came past. If none of a
        camera is kept, those of others stand for it.

        Args:
            camera: ``(n,)``; number of each image's camera, below 0 for none
            kept: ``(k,)``; the first of several nearest counts
            owner: ``(n,)``; found by :meth:`nearest`
            squared: ``(n,)``; likewise
        """
        owner, squared, kept = owner.copy(), squared.copy(), kept[self.comparable[kept]]
        place = np.full(len(self.points), -1, np.int64)
        place[kept] = np.arange(len(kept))
        strays = np.flatnonzero((camera >= 0) & (owner >= 0) & (camera[owner] != camera))
        strays = strays[np.argsort(camera[strays], kind="stable")]
        numbers, starts = np.unique(camera[strays], return_index=True)
        for number, rows in zip(numbers, np.split(strays, starts)[1:], strict=True):
            if len(own := kept[camera[kept] == number]):
                squared[rows] = np.inf
                self._compare(rows, own, owner, squared, place)
        return owner, squared

    def added(self, ranking: _Rows) -> NDArray[np.float32]:
        """Returns the distance of each ranked image to the nearest one before it.

        Args:
            ranking: ``(k,)``; rows in the order of choice

        Returns:
            ``(n,)``; NaN for the first, and for images without a descriptor or a rank
        """
        found = np.full(len(self.points), np.nan, np.float32)
        ranked = ranking[self.comparable[ranking]]
        apart = Nearest(self.points[ranked]).apart(np.arange(len(ranked)))
        found[ranked[1:]] = self.distance(apart[1:])
        return found

    def knowing(
        self, before: _Rows, after: _Rows, owner: NDArray[np.int32], squared: NDArray[np.float32]
    ) -> Evidence:
        """Returns this with what :meth:`nearest` has found of some kept images, for others.

        Args:
            before: ``(k,)``; the kept images that were compared
            after: ``(m,)``; others, of which those that were kept before are in the same order
            owner: ``(n,)``; found of them
            squared: ``(n,)``; likewise
        """
        gone = np.setdiff1d(before, after)
        rows = np.flatnonzero(self.comparable & (owner >= 0) & ~np.isin(owner, gone))
        centers = np.intersect1d(before[self.comparable[before]], after)
        return replace(self, found=(Found(rows, centers, owner[rows], squared[rows]),))

    def _compare(
        self,
        rows: _Rows,
        centers: _Rows,
        owner: NDArray[np.int32],
        squared: NDArray[np.float32],
        place: _Rows,
    ) -> None:
        """Compares images with centers; updates ``owner`` and ``squared`` of the rows."""
        if not len(rows) or not len(centers):
            return
        both = np.concatenate([rows, centers])
        nearest = Nearest(self.points[both])
        nearest.add(len(rows) + np.arange(len(centers)))
        found, distance = both[nearest.owner[: len(rows)]], nearest.squared[: len(rows)]
        known, before = owner[rows], squared[rows]
        closer = (distance < before) | ((distance == before) & (place[found] < place[known]))
        owner[rows[closer]], squared[rows[closer]] = found[closer], distance[closer]


def explain(selection: Selection) -> Explanation:
    """Returns why each image of a selection was kept or left out.

    Raises:
        ValueError: if its signatures have no descriptors
    """
    nearest, squared = selection.nearest
    evidence, tiers = selection.evidence, selection.tiers
    assert evidence is not None  # or there was no nearest
    assert tiers is not None  # there is one with the other
    n, kept, indices = len(tiers), selection.kept, selection.indices
    order = indices if selection.ranking is None else selection.ranking
    if selection.standing is not None:
        nearest, squared = evidence.of_own_camera(
            selection.standing.camera, order, nearest, squared
        )
    owner, distance = nearest.copy(), evidence.distance(squared)
    owner[indices], distance[indices] = indices, 0
    nobody = (owner < 0) | ((selection.bucket_ids == UNREADABLE) & ~kept)
    owner[nobody], distance[nobody] = -1, np.nan

    reason = np.full(n, Reason.REPRESENTED, np.int8)
    cap = np.full(n, -1, np.int8)
    for number, limit in enumerate(selection.caps):
        cap[(cap < 0) & limit.is_reached(selection.chosen)] = number
    reason[cap >= 0] = Reason.CAP
    near_duplicate_of = _kept_of_group(selection.leaders, order, n)
    near_duplicate_of[tiers != NEAR_DUPLICATE] = -1
    reason[near_duplicate_of >= 0] = Reason.NEAR_DUPLICATE
    for tier, why in _OF_TIERS.items():
        reason[tiers == tier] = why
    reason[selection.bucket_ids == UNREADABLE] = Reason.UNREADABLE
    reason[kept] = Reason.KEPT
    reason[kept & (tiers == NEVER)] = Reason.ALWAYS_KEPT
    cap[reason != Reason.CAP] = -1
    near_duplicate_of[reason != Reason.NEAR_DUPLICATE] = -1

    names, rank = tuple(limit.name for limit in selection.caps), selection.ranks
    return Explanation(reason, rank, owner, distance, near_duplicate_of, cap, names, evidence.unit)


#: Tiers of images that are excluded for what they are.
_OF_TIERS = {
    JUNK: Reason.JUNK,
    DAMAGED: Reason.DAMAGED,
    TOO_SOON: Reason.TOO_SOON,
    EXCLUDED: Reason.EXCLUDED,
    QUIET: Reason.QUIET,
}


def _kept_of_group(leaders: _Rows | None, order: _Rows, n: int) -> NDArray[np.int32]:
    """Returns the kept image of each image's group of near-duplicates, the first of several."""
    kept_of = np.full(n, -1, np.int32)
    if leaders is None:
        return kept_of
    grouped = order[leaders[order] >= 0][::-1]
    kept_of[leaders[grouped]] = grouped
    return np.where(leaders < 0, -1, kept_of[leaders]).astype(np.int32)
