"""Farthest-first traversal in two rounds: within each part of the images, then over the union.

What a part contributes is a composable core-set: every image of it is close to one that is in it.
P. Indyk, S. Mahabadi, M. Mahdian and V. Mirrokni, "Composable core-sets for diversity and coverage
maximization" (2014). Parts do not contribute the same number of images, but all that are farther
from those before than one distance, so that a part in which much differs gives more.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..signatures import Signatures
from ._choice import Choice
from ._cover import cover
from ._distances import Nearest, Points, as_centers
from ._downsample import groupings_of, images_of
from ._farthest_first import farthest_first
from ._keys import Keys
from ._shots import Shots

_Rows = NDArray[np.int64]
_Floats = NDArray[np.float32]
_Group = TypeVar("_Group", bound=Hashable)

_ROWS = 1024


@dataclass(frozen=True, eq=False)
class CoreSet:
    """Images of a part that stand for all of it, in the order of picking."""

    rows: _Rows
    """``(m,)``; which images of the part; none is unreadable or damaged"""
    place: _Rows
    """``(m,)``; where each is in natural order"""
    shot: _Rows
    """``(m,)``; the shot of each"""
    apart: _Floats
    """``(m,)``; squared distance of each to those before, as shots adjust it; infinity for those
    that cover a camera or a bucket, which come first. The others do not increase"""
    has_more: bool
    """whether the part has other images"""


def core_set(
    signatures: Signatures,
    order: _Rows,
    choice: Choice,
    count: int,
    most: int,
    random_seed: int = 42,
) -> CoreSet:
    """Ranks images of one part, as ``"diverse"`` ranks all images.

    Args:
        signatures: those of the n images of the part, with descriptors
        order: ``(n,)``; their natural order
        choice: what to cover, with labels if it is cameras; nothing else of it counts
        count: how many to rank besides those that cover, at most
        most: how many may cover, at most
        random_seed: decides the first image if nothing is covered
    """
    images = images_of(signatures, order, random_seed, choice, None)
    cameras = Keys(signatures, order, choice).cameras if choice.uses_camera else None
    groupings = groupings_of(images.bucket_ids, cameras, None, choice)
    pool = order[signatures.readable[order] & ~signatures.damaged[order]]
    nearest = Nearest(images.points[pool], [one.take(pool) for one in images.relations])
    first = cover(nearest, most, [groups[pool] for groups in groupings])
    left = min(count, len(pool) - len(first))
    start = int(np.random.default_rng(random_seed).integers(max(len(pool), 1)))
    ranking = np.concatenate([first, farthest_first(nearest, left, start)])
    apart = _apart(nearest, ranking)
    apart[: len(first)] = np.inf
    (shots,) = nearest.relations
    assert isinstance(shots, Shots), "no other relation without standing cameras"
    return CoreSet(pool[ranking], ranking, shots.number[ranking], apart, len(ranking) < len(pool))


def _apart(nearest: Nearest, ranking: _Rows) -> _Floats:
    """Returns the adjusted squared distance of each of some rows to those before it."""
    apart = np.full(len(ranking), np.inf, np.float32)
    table = as_centers(nearest.points[ranking])
    for first in range(0, len(ranking), _ROWS):
        last = min(first + _ROWS, len(ranking))
        squared = nearest.distances(ranking[first:last], ranking[:last], table[:last])
        squared[np.arange(last) >= np.arange(first, last)[:, None]] = np.inf
        apart[first:last] = squared.min(axis=1)
    return apart


def shares(apart: Sequence[_Floats], budget: int) -> _Rows:
    """Returns how many images each part contributes: the first of its ranking.

    Args:
        apart: of the core-set of each part
        budget: images besides those that cover: of all parts, those that are farthest from those
            before in their part

    >>> shares([np.array([np.inf, 9, 2]), np.array([np.inf, 5, 4, 3])], 3).tolist()
    [2, 3]
    """
    part = np.repeat(np.arange(len(apart)), [len(values) for values in apart])
    values = np.concatenate(apart)
    others = np.flatnonzero(np.isfinite(values))
    farthest = others[np.argsort(-values[others], kind="stable")[: max(budget, 0)]]
    return np.bincount(
        np.concatenate([part[np.isinf(values)], part[farthest]]), minlength=len(apart)
    )


def by_size(parts: Sequence[Mapping[_Group, tuple[int, int]]]) -> dict[_Group, int]:
    """Numbers groups that several parts have, the largest first; of equal ones that found first.

    Args:
        parts: group to its number of images in the part, and where the first of them is

    >>> by_size([{"a": (1, 0), "b": (2, 1)}, {"c": (2, 0), "a": (2, 3)}])
    {'a': 0, 'b': 1, 'c': 2}
    """
    sizes: dict[_Group, int] = {}
    firsts: dict[_Group, tuple[int, int]] = {}
    for number, part in enumerate(parts):
        for group, (size, first) in part.items():
            sizes[group] = sizes.get(group, 0) + size
            firsts.setdefault(group, (number, first))
    ordered = sorted(sizes, key=lambda group: (-sizes[group], firsts[group]))
    return {group: number for number, group in enumerate(ordered)}


def rank_union(
    points: Points, shot: _Rows, groupings: Sequence[_Rows], start: int | None, count: int
) -> _Rows:
    """Ranks the union of core-sets: covers each group, and then takes what differs most.

    Args:
        points: ``(u, d)``; those of the union, part by part, and in natural order in each
        shot: ``(u,)``; their shots, of which no two parts have one in common
        groupings: ``(u,)`` each; groups to cover, by the numbers of :func:`by_size`
        start: the first row; None for the medoid of the largest group, as far as it is in the union
        count: how many to rank, at most u

    Returns:
        ``(count,)`` rows in the order of picking; the first m are the answer for m
    """
    nearest = Nearest(points, [Shots(shot)])
    first = np.array([] if start is None else [start], np.int64)[:count]
    nearest.add(first)
    covering = cover(nearest, count - len(first), groupings, by_number=True)
    ranking = np.concatenate([first, covering])
    return np.concatenate([ranking, farthest_first(nearest, count - len(ranking), 0)])
