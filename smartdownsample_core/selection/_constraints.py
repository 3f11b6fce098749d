"""The constraints of a choice as arrays: which images come first, and how many per stratum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..checks import shown
from ..errors import ParameterError
from ..signatures import (
    Signatures,
    assign_buckets,
    bucket_name,
    is_junk,
)
from ._allocation import by_ratio, top_up
from ._choice import Choice
from ._events import Events, spaced
from ._explanation import Cap
from ._keys import Exclusion, Keys
from ._limits import Bound, Room, rank_in_group
from ._near_duplicates import leaders
from ._preference import preference
from ._repair import Plan, repaired
from ._strata import Groups, assign_strata, with_unlabelled
from ._tally import count_images
from ._tiers import (
    DAMAGED,
    EXCLUDED,
    GOOD,
    JUNK,
    LESS_PREFERRED,
    NEAR_DUPLICATE,
    NEVER,
    QUIET,
    TIERS,
    TOO_SOON,
    are_good,
)

_Rows = NDArray[np.int64]


class Constraints:
    """The constraints of a choice, applied to n images."""

    keep: _Rows
    """``(m,)``; rows that are always kept, ascending"""
    leaders: _Rows | None
    """``(n,)``; first row of each image's group of near-duplicates, -1 for unreadable images"""
    strata: tuple[_Rows, list[str]] | None
    """``(n,)`` number of each image's stratum, and the names of the strata"""
    tiers: NDArray[np.int8]
    """``(n,)``; the tier of each image, from :mod:`smartdownsample_core.selection._tiers`"""
    bounds: tuple[Bound, ...]
    """joint caps and floors"""
    caps: tuple[Cap, ...]
    """the limits on the images of each stratum"""
    cameras: Groups | None
    """the cameras; None if it does not matter which camera took an image"""
    events: Events | None
    """the events; None without ``event_gap``"""
    preference: NDArray[np.float64] | None
    """``(n,)``; how much each image is preferred, 0 to 1; None without ``prefer``"""
    image_of: Groups | None
    """the images of which each is kept for one of its objects; None if these are the images"""

    def __init__(
        self, signatures: Signatures, order: _Rows, choice: Choice, image_of: Groups | None = None
    ) -> None:
        """Computes the arrays; the choice has been checked."""
        self.image_of = image_of
        readable = signatures.readable
        self.keep = np.array(choice.keep, np.int64)
        self.preference = preference(signatures, choice.prefer, choice.keys)
        self.leaders = leaders(signatures, self._preferred_first(order), choice)
        self.strata = None
        keys = Keys(signatures, order, choice)
        if isinstance(choice.stratify_by, str):
            self.strata = with_unlabelled(keys.of(choice.stratify_by))
        elif choice.stratify_by is not None:
            self.strata = assign_strata(choice.stratify_by)
        elif choice.max_per_group is not None:
            self.strata = _strata_of_buckets(signatures)
        quiet = signatures.activity < choice.leave_out_quiet
        no_junk = np.zeros(len(signatures), bool)
        junk = is_junk(signatures.traits) if choice.leave_out_junk else no_junk
        self.tiers = self._tiers(readable, junk, quiet, signatures.damaged, order)
        self.events = keys.events
        self.cameras = keys.cameras if choice.uses_camera else None
        self.exclusions: tuple[Exclusion, ...] = ()
        for name, labels in choice.excluded.items():
            have_one, exclusions = keys.exclude(name, labels)
            self.tiers[(self.tiers >= GOOD) & have_one] = EXCLUDED
            self.exclusions += tuple(exclusions)
        self._thin(keys, order, choice.interval)
        if self.preference is not None and self.events is not None and "event" in choice.caps:
            self._pass_over(self.preference, self.events.number, order, choice.caps["event"])
        self._n_strata = 1 if self.strata is None else len(self.strata[1])
        self._room = self._room_by_stratum(readable, choice.max_per_group)
        self.bounds = _bounds(keys, choice, self.strata, image_of)
        times = keys.known_times
        self.n_without_time = 0 if times is None else int((readable & ~times.known).sum())
        self.caps = tuple(
            Cap(bound.name, bound.number_of, bound.most)
            for bound in self.bounds
            if (bound.most[:-1] < len(self.tiers)).any()
        )
        if choice.max_per_group is not None and not self.caps:
            name = "bucket" if choice.stratify_by is None else "label"
            most = np.full(len(self._room), choice.max_per_group)
            self.caps = (Cap(name, self.stratum_of, most),)
        sizes = self.sizes(np.flatnonzero(readable))
        named = choice.ratios or ()
        strata = self.strata[1] if self.strata and named else ()
        self.without_share = tuple(name for name in strata if name not in named)
        self.ratios = None if choice.ratios is None else self._by_stratum(choice.ratios)
        self.shares = np.rint(np.maximum(sizes, 1.0) ** choice.exponent * 1024).astype(np.int64)

    @property
    def stratum_of(self) -> _Rows:
        """``(n,)``; all 0 without strata."""
        return np.zeros(len(self.tiers), np.int64) if self.strata is None else self.strata[0]

    def room(self, taken: _Rows) -> _Rows:
        """How many more images each stratum may get, ``(s,)``."""
        return self._room - np.bincount(self.stratum_of[taken], minlength=len(self._room))

    @property
    def able(self) -> _Rows:
        """Rows that could be kept besides those of ``keep``."""
        return np.flatnonzero(self.tiers >= GOOD)

    def count(self, rows: _Rows) -> int:
        """Returns how many images rows are, or are on, of which none is kept anyway."""
        if self.image_of is None:
            return len(rows)
        of_row = self.image_of.numbers
        return len(np.setdiff1d(of_row[rows], of_row[self.keep]))

    def sizes(self, rows: _Rows) -> _Rows:
        """Returns how many of the images, or of those that objects are on, each stratum has."""
        return count_images(self.stratum_of, rows, self._n_strata, self.image_of)

    def available(self) -> int:
        """How many images can be kept without using a later tier."""
        if self.bounds:
            pool = np.flatnonzero(are_good(self.tiers))
            return len(self.keep) + len(self._largest(pool, len(pool)).rows)
        good = np.bincount(self.stratum_of[self.tiers == GOOD], minlength=len(self._room))
        return len(self.keep) + int(np.minimum(good, self.room(self.keep)).sum())

    def check_target(self, target_count: int) -> None:
        """Raises a ParameterError if the constraints allow fewer images than there are."""
        if self.bounds:
            self._check_bounds(target_count)
            return
        n_barred = int(((self.tiers == TOO_SOON) | (self.tiers == EXCLUDED)).sum())
        stratum_of = self.stratum_of[self.tiers >= GOOD]
        sizes = np.bincount(stratum_of, minlength=len(self._room))
        most = len(self.keep) + int(np.minimum(sizes, self.room(self.keep)).sum())
        readable = len(self.keep) + len(stratum_of) + n_barred
        if most >= min(target_count, readable):
            return
        names = ["{max_per_group}"] * (most < len(self.keep) + len(stratum_of))
        names += self._barring()
        ways = {
            "{max_per_group}": "raise {max_per_group}",
            "{min_interval}": "shorten {min_interval}",
            "{exclude}": "shorten {exclude}",
        }
        raise ParameterError(
            "target_count",
            "{target:,} exceeds the {most:,} images that "
            + " and ".join(names)
            + (" allow" if len(names) > 1 else " allows"),
            ", ".join(map(ways.__getitem__, names)) + " or lower {target_count}",
            target=target_count,
            most=most,
        )

    def quotas(self, sizes: _Rows, has: _Rows, count: int, random_seed: int) -> _Rows:
        """Returns how many more images each stratum gets, ``(s,)``; see :func:`top_up`."""
        if self.ratios is None:
            return top_up(sizes, has, count, random_seed, self.shares)
        return by_ratio(sizes, has, count, random_seed, self.ratios)

    def _by_stratum(self, ratios: dict[str, float]) -> NDArray[np.float64]:
        names = [] if self.strata is None else self.strata[1]
        unknown = sorted(set(ratios) - set(names))
        if unknown:
            raise ParameterError(
                "balance",
                "names the label {label}, which no image has",
                "labels are {known}",
                label=repr(unknown[0]),
                known=shown(names),
            )
        return np.array([ratios.get(name, 0.0) for name in names])

    def _largest(self, pool: _Rows, count: int) -> Plan:
        """Returns up to ``count`` images that the bounds allow, or as many as possible."""
        picked = Room(self.bounds, self.keep).accept(pool)[:count]
        if len(picked) == count:
            return Plan(picked, False, (), True)
        return repaired(self.bounds, self.keep, pool, picked, count)

    def _check_bounds(self, target_count: int) -> None:
        pool = self.able
        barred = np.flatnonzero((self.tiers == TOO_SOON) | (self.tiers == EXCLUDED))
        count = min(target_count - len(self.keep), self.count(np.concatenate([pool, barred])))
        plan = self._largest(pool, min(count, len(pool)))
        if len(plan.rows) < count:
            raise self.refusal(plan, target_count)

    def below_floor(self, kept: _Rows) -> dict[str, int]:
        """Returns for each key of ``min_per`` how many groups have less than they could have."""
        able = np.concatenate([np.flatnonzero(self.tiers >= GOOD), self.keep])
        counts = {
            bound.name: int((bound.count(kept) < np.minimum(bound.least, bound.count(able))).sum())
            for bound in self.bounds
        }
        return {name: count for name, count in counts.items() if count}

    def _barring(self) -> list[str]:
        """Returns the settings, as templates, that exclude images altogether."""
        why = {"{min_interval}": TOO_SOON, "{exclude}": EXCLUDED}
        return [name for name, tier in why.items() if (self.tiers == tier).any()]

    def refusal(self, plan: Plan, target_count: int) -> ParameterError:
        """Returns why a target cannot be met, and which can."""
        binding = ", ".join(
            f"at most {one.most:,} per {one.name} ({one.groups:,} "
            + ("is full)" if one.groups == 1 else "are full)")
            for one in plan.bindings
        )
        reasons = ["the caps"] * bool(binding) + self._barring()
        exact = "" if plan.is_exact else " that were found"
        return ParameterError(
            "target_count",
            "{target:,} exceeds the {most:,} images"
            + exact
            + " that "
            + " and ".join(reasons)
            + " allow, by {excess:,}"
            + ": {binding}" * bool(binding),
            "".join(f"shorten {name}, " for name in self._barring())
            + "raise the caps, or set {target_count} to {most:,} or fewer",
            target=target_count,
            binding=binding,
            most=len(self.keep) + len(plan.rows),
            excess=target_count - len(self.keep) - len(plan.rows),
        )

    def _thin(self, keys: Keys, order: _Rows, interval: float | None) -> None:
        """Excludes images taken too soon after another."""
        if interval is None:
            return
        tiers = [self.keep, *(np.flatnonzero(self.tiers == tier) for tier in TIERS)]
        stays = spaced(keys.cameras.numbers, keys.times, order, interval, tiers, self.preference)
        self.tiers[(self.tiers >= GOOD) & ~stays] = TOO_SOON

    def _tiers(
        self,
        readable: NDArray[np.bool_],
        junk: NDArray[np.bool_],
        quiet: NDArray[np.bool_],
        damaged: NDArray[np.bool_],
        order: _Rows,
    ) -> NDArray[np.int8]:
        tiers = np.where(readable, GOOD, NEVER).astype(np.int8)
        kept = np.zeros(len(tiers), bool)
        kept[self.keep] = True
        if self.leaders is not None:
            rows = self._preferred_first(order[readable[order]])
            unwanted = np.where(kept, -1, junk + 2 * damaged)[rows]
            by_group = rows[np.lexsort((unwanted, self.leaders[rows]))]
            is_first = np.diff(self.leaders[by_group], prepend=-1) != 0
            tiers[by_group[~is_first]] = NEAR_DUPLICATE
        tiers[readable & quiet & (tiers == GOOD)] = QUIET
        tiers[readable & junk] = JUNK
        tiers[readable & damaged] = DAMAGED
        tiers[kept] = NEVER
        return tiers

    def _preferred_first(self, rows: _Rows) -> _Rows:
        """Returns rows by preference; those that are preferred as much stay in their order."""
        if self.preference is None:
            return rows
        return np.asarray(rows[np.argsort(-self.preference[rows], kind="stable")])

    def _pass_over(
        self, preference: NDArray[np.float64], event_of: _Rows, order: _Rows, most: int
    ) -> None:
        """Leaves each event as many good images as it may have: those that are preferred.

        If more than that are preferred as much as the best, the strategy decides between them.
        """
        rows = order[(self.tiers[order] == GOOD) & (event_of[order] >= 0)]
        rows = self._preferred_first(rows)
        events, values = event_of[rows], preference[rows]
        n_events = int(event_of.max(initial=-1)) + 1
        kept = event_of[self.keep]
        room = most - np.bincount(kept[kept >= 0], minlength=n_events)
        best = np.zeros(n_events)
        np.maximum.at(best, events, values)
        stays = (rank_in_group(events) < room[events]) | (values == best[events])
        self.tiers[rows[~stays]] = LESS_PREFERRED

    def _room_by_stratum(self, readable: NDArray[np.bool_], most: int | None) -> _Rows:
        sizes = self.sizes(np.flatnonzero(readable))
        kept = self.sizes(self.keep)
        return np.maximum(sizes if most is None else np.minimum(sizes, most), kept)


def _bounds(
    keys: Keys, choice: Choice, strata: tuple[_Rows, list[str]] | None, image_of: Groups | None
) -> tuple[Bound, ...]:
    """Returns the joint caps and floors; with them, ``max_per_group`` is one of them."""
    caps, floors = choice.caps, choice.floors
    names = list(dict.fromkeys([*caps, *floors]))
    found = [Bound.of(name, keys.of(name), floors.get(name), caps.get(name)) for name in names]
    found += [] if image_of is None else [Bound.of("image", image_of, None, 1)]
    if found and choice.max_per_group is not None and strata is not None:
        name = "bucket" if choice.stratify_by is None else "label"
        found.append(Bound.of(name, Groups(*strata), None, choice.max_per_group))
    return tuple(found)


def _strata_of_buckets(signatures: Signatures) -> tuple[_Rows, list[str]]:
    """Returns strata as :func:`assign_strata` does, with the names of buckets as labels."""
    found, places = np.unique(assign_buckets(signatures), return_inverse=True)
    named = [bucket_name(bucket) for bucket in found.tolist()]
    numbers, names = assign_strata(named)
    return numbers[places.reshape(-1)], names
