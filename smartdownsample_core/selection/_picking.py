"""Picks images under all constraints: floors first, then tier by tier, within the caps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..signatures import UNREADABLE
from ._choice import Choice
from ._constraints import Constraints
from ._limits import Room
from ._repair import repaired
from ._strategies import Images
from ._tiers import TIERS

_Rows = NDArray[np.int64]

#: How often a strategy may pick again in the place of images for which caps have no room.
_ROUNDS = 20


def picked_by(
    images: Images, constraints: Constraints, choice: Choice, target: int
) -> tuple[_Rows, int | None]:
    """Picks images, those of ``keep`` first.

    A strategy picks among images for which the caps have room. Only if that leaves floors or the
    target unmet, some of its picks are exchanged; see :func:`._limits.repaired`.

    Returns:
        the images in the order of picking, and how many of them do not depend on the target; None
        if all do
    """
    order, tiers, bounds = images.order, constraints.tiers, constraints.bounds
    # In natural order, so that the order of the input does not matter.
    taken = order[np.isin(order, constraints.keep)]
    n_keep, n_first = len(taken), 0
    pools = [order[tiers[order] == tier] for tier in TIERS]
    is_nested = True

    def repair(pool: _Rows, fill: bool) -> None:
        nonlocal taken, is_nested
        # Floors may have taken images of later tiers.
        pool = np.concatenate([pool, np.setdiff1d(taken[n_keep:], pool)])
        plan = repaired(bounds, taken[:n_keep], pool, taken[n_keep:], target - n_keep, fill)
        taken = np.concatenate([taken[:n_keep], plan.rows])
        is_nested &= not plan.is_changed

    if any(bound.least.any() for bound in bounds):
        for pool in pools:
            room = Room(bounds, taken, floors_only=True)
            count = target - len(taken)
            taken = np.concatenate([taken, _within(room, images, pool, taken, count, choice)])
        n_first = len(taken)
        everything = np.concatenate(pools)
        if Room(bounds, taken, floors_only=True).is_needed(everything).any():
            repair(everything, fill=False)
    for tier, pool in enumerate(pools):
        left = pool[~np.isin(pool, taken)] if bounds else pool
        picked = _shared(images, constraints, left, taken, target - len(taken), choice)
        taken = np.concatenate([taken, picked])
        if bounds and len(taken) < target and any(map(len, pools[: tier + 1])):
            repair(np.concatenate(pools[: tier + 1]), fill=True)
    return taken, n_first if is_nested else None


def _shared(
    images: Images, constraints: Constraints, pool: _Rows, taken: _Rows, count: int, choice: Choice
) -> _Rows:
    """Picks up to ``count`` images, of each stratum its share, in the order of picking."""
    if not constraints.bounds:
        return _of_strata(images, constraints, pool, taken, count, choice)
    found = np.empty(0, np.int64)
    rng = np.random.default_rng(images.random_seed)
    for _ in range(_ROUNDS):
        kept = np.concatenate([taken, found])
        room = Room(constraints.bounds, kept)
        pool = pool[room.is_open(pool) & ~np.isin(pool, found)]
        left = count - len(found)
        if left <= 0 or not len(pool):
            return found
        picked = _of_strata(replace(images, room=room), constraints, pool, kept, left, choice)
        if not choice.how.ranks:  # or the first of a group would be kept, rather than any
            picked = rng.permutation(picked)
        found = np.concatenate([found, room.accept(picked)])
        if choice.how.ranks and constraints.strata is None:  # it stops only if all is closed
            return found
    more = Room(constraints.bounds, np.concatenate([taken, found])).accept(rng.permutation(pool))
    return np.concatenate([found, more[: count - len(found)]])


def _within(
    room: Room, images: Images, pool: _Rows, taken: _Rows, count: int, choice: Choice
) -> _Rows:
    """Picks images as long as a room has place for them, without shares of strata."""
    found = np.empty(0, np.int64)
    rng = np.random.default_rng(images.random_seed)
    while True:
        pool = pool[room.is_open(pool) & ~np.isin(pool, found)]
        left = min(count - len(found), len(pool))
        if left <= 0:
            return found
        kept = _seen(images, np.concatenate([taken, found]), choice)
        picked = choice.how.pick(replace(images, room=room), pool, kept, left)
        found = np.concatenate(
            [found, room.accept(picked if choice.how.ranks else rng.permutation(picked))]
        )


def _of_strata(
    images: Images, constraints: Constraints, pool: _Rows, taken: _Rows, count: int, choice: Choice
) -> _Rows:
    pick, stratum_of = choice.how.pick, constraints.stratum_of
    room = constraints.room(taken)
    sizes = np.minimum(constraints.sizes(pool), room)
    count = min(count, int(sizes.sum()))
    if count <= 0:
        return np.empty(0, np.int64)
    seen = _seen(images, taken, choice)
    if constraints.strata is None:
        return pick(images, pool, seen, count)
    has = np.bincount(stratum_of[taken], minlength=len(room))
    quotas = constraints.quotas(sizes, has, count, images.random_seed)
    picked = [
        pick(images, pool[stratum_of[pool] == stratum], seen, int(quotas[stratum]))
        for stratum in np.flatnonzero(quotas)
    ]
    # Interleaved, so that the first k contain about a fair share of every stratum.
    turns = [(np.arange(len(rows)) + 0.5) / len(rows) for rows in picked]
    return np.concatenate(picked)[np.argsort(np.concatenate(turns), kind="stable")]


def _seen(images: Images, taken: _Rows, choice: Choice) -> _Rows:
    """Returns the kept images that others are compared with."""
    # Unreadable images of keep have features, but no descriptors.
    return taken if choice.features is not None else taken[images.bucket_ids[taken] != UNREADABLE]
