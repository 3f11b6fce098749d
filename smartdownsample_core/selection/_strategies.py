"""The strategies: each picks images from a pool, given those that are taken already.

Everything that depends on the strategy is an attribute of its object; no other code compares names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..signatures import N_BUCKETS, UNREADABLE
from ._allocation import top_up
from ._cover import cover
from ._distances import Nearest, Points, Relation
from ._explanation import Found
from ._farthest_first import farthest_first
from ._limits import Room
from ._preference import keys_of
from ._representatives import representatives
from ._systematic import select

_Rows = NDArray[np.int64]

StrategyName = Literal["diverse", "representative", "stride"]
"""The keys of :data:`STRATEGIES`, for editors; a test compares them."""


@dataclass(frozen=True, eq=False)
class Images:
    """What strategies know about n images."""

    order: _Rows
    """``(n,)``; rows in natural order"""
    bucket_ids: NDArray[np.int16]
    """``(n,)``"""
    points: Points
    """``(n, d)``; vectors from which distances are computed"""
    random_seed: int
    relations: tuple[Relation, ...] = ()
    """adjust the distances between images"""
    weights: NDArray[np.float32] | None = None
    """``(n,)``; factors of the squared distances, 1 by default"""
    levels: NDArray[np.int64] | None = None
    """``(n,)``; how much each image is preferred; None if all are alike"""
    groupings: tuple[_Rows, ...] = ()
    """``(n,)`` each; groups of which each is to be covered first, -1 for none"""
    room: Room | None = None
    """how many more images each group may have; None without caps"""
    image_of: _Rows | None = None
    """``(n,)``; if these are objects that choose whole images, the image of each"""
    found: list[Found] = field(default_factory=list)
    """nearest kept images that strategies came across"""


Pick = Callable[[Images, _Rows, _Rows, int], _Rows]
"""Takes images, rows to pick from, rows already taken, and a count; returns the picked rows."""


def pick_by_stride(images: Images, pool: _Rows, taken: _Rows, count: int) -> _Rows:
    """Picks from every bucket, in proportion to its size, evenly spaced in natural order."""
    ids = np.full(len(images.order), -1, images.bucket_ids.dtype)
    ids[pool] = images.bucket_ids[pool]
    sizes = np.bincount(images.bucket_ids[pool], minlength=N_BUCKETS)
    taken_ids = images.bucket_ids[taken]
    has = np.bincount(taken_ids[taken_ids >= 0], minlength=N_BUCKETS)
    quotas = top_up(sizes, has, count, images.random_seed)
    return select(ids, quotas, images.order, images.random_seed)


def pick_diverse(images: Images, pool: _Rows, taken: _Rows, count: int) -> _Rows:
    """Picks an image of each group, and then those that differ most; in the order of picking."""
    rows = _compared(images, pool, taken)
    nearest = _nearest(images, rows, slice(len(pool), len(pool) + len(taken)))
    weights = None if images.weights is None else images.weights[rows]
    levels = None if images.levels is None else images.levels[rows]
    gate = images.room and _Pool(images.room.within(rows), len(pool))
    groups = [groups[rows] for groups in images.groupings]
    first = cover(nearest, count, groups, weights, gate, levels)
    start = start_of(images, pool)
    others = farthest_first(nearest, count - len(first), start, weights, None, gate, levels)
    images.found.append(Found.of(nearest, rows))
    return np.asarray(pool[np.concatenate([first, others])])


def pick_representative(images: Images, pool: _Rows, taken: _Rows, count: int) -> _Rows:
    """Picks images that many others are similar to."""
    rows = np.concatenate([pool, taken])
    nearest = _nearest(images, rows, slice(len(pool), None))
    levels = None if images.levels is None else images.levels[rows]
    return np.asarray(pool[representatives(nearest, count, images.random_seed, levels)])


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A way to choose images."""

    name: str
    label: str
    """as forms show it"""
    pick: Pick
    compares: bool = False
    """whether it uses distances between images"""
    relates: bool = False
    """whether it adjusts distances by what is known of images beside their points, as by shots"""
    covers: bool = False
    """whether it covers cameras and buckets first"""
    ranks: bool = False
    """whether its first m picks are what it picks for a target of m"""
    strides: bool = False
    """whether it keeps images of every bucket at a regular stride"""


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy(
            name="diverse",
            label="Label or train: as many different scenes as possible",
            pick=pick_diverse,
            compares=True,
            relates=True,
            covers=True,
            ranks=True,
        ),
        Strategy(
            name="representative",
            label="Look over: a few images that most others look like",
            pick=pick_representative,
            compares=True,
        ),
        Strategy(
            name="stride",
            label="Sample evenly: from every visual bucket, as smartdownsample 1.9",
            pick=pick_by_stride,
            strides=True,
        ),
    )
}

DEFAULT_STRATEGY = "stride"
"""of Python calls, which get what smartdownsample 1.9 promises"""

RECOMMENDED_STRATEGY: StrategyName = "diverse"
"""where the interface is ours: the App, its operators and the command line"""


def start_of(images: Images, pool: _Rows) -> int:
    """Returns the first place in a pool if nothing is taken: all are as far then."""
    levels = None if images.levels is None else images.levels[pool]
    if images.weights is not None:
        return int(keys_of(images.weights[pool], levels).argmax())
    best = np.arange(len(pool)) if levels is None else np.flatnonzero(levels == levels.max())
    return int(best[np.random.default_rng(images.random_seed).integers(len(best))])


@dataclass(frozen=True, eq=False)
class _Pool:
    """A gate that is closed to all but the first of some points, those to pick from."""

    room: Room
    size: int

    def is_open(self, rows: _Rows) -> NDArray[np.bool_]:
        return self.room.is_open(rows) & (rows < self.size)

    def take(self, row: int) -> bool:
        return self.room.take(row)


def _compared(images: Images, pool: _Rows, taken: _Rows) -> _Rows:
    """Returns a pool, what is taken, and the other readable objects on their images."""
    rows = np.concatenate([pool, taken])
    if images.image_of is None:
        return rows
    others = np.isin(images.image_of, images.image_of[rows]) & (images.bucket_ids != UNREADABLE)
    others[rows] = False
    return np.concatenate([rows, np.flatnonzero(others)])


def _nearest(images: Images, rows: _Rows, taken: slice) -> Nearest:
    image_of = None if images.image_of is None else images.image_of[rows]
    relations = [one.take(rows) for one in images.relations]
    nearest = Nearest(images.points[rows], relations, image_of)
    if len(centers := np.arange(len(rows))[taken]):
        nearest.add(centers)
    return nearest
