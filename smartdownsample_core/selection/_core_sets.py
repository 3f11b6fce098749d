"""Farthest-first traversal in two rounds: within each part of the images, then over the union.

What a part contributes is a composable core-set: every image of it is close to one that is in it.
P. Indyk, S. Mahabadi, M. Mahdian and V. Mirrokni, "Composable core-sets for diversity and coverage
maximization" (2014). Parts do not contribute the same number of images, but all that are farther
from those before than one distance, so that a part in which much differs gives more.

If frames of standing cameras are weighed, events thinned or images capped, a part has all images of
its cameras. So activity, events and what is excluded are those of all images, and each core-set is
within the caps; the caps have one group in one part only, so any subset of the union is, too.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from ..signatures import N_BUCKETS, Signatures
from ._choice import Choice
from ._constraints import Constraints
from ._cover import cover
from ._distances import Nearest, Points, Relation
from ._downsample import groupings_of, images_of, order_of, to_cover
from ._events import EventsOfSome
from ._farthest_first import farthest_first
from ._limits import Room
from ._shots import Shots, joined_shots
from ._standing import Standing
from ._still_frames import OTHERS, StillFrames, weighed_as_others
from ._strategies import start_of
from ._tiers import GOOD

_Rows = NDArray[np.int64]
_Floats = NDArray[np.float32]
_Group = TypeVar("_Group", bound=Hashable)


@dataclass(frozen=True, eq=False)
class CoreSet:
    """Images of a part that stand for all of it, in the order of picking."""

    rows: _Rows
    """``(m,)``; which images of the part; none is unreadable, damaged or excluded"""
    place: _Rows
    """``(m,)``; where each is in their order"""
    shots: Shots
    """of them"""
    still: StillFrames | None
    """those of standing cameras among them; None if the part has no such camera"""
    weights: _Floats | None
    """``(m,)``; factors of their squared distances; None without standing cameras"""
    apart: _Floats
    """``(m,)``; squared distance of each to those before, adjusted and weighed; infinity for those
    that cover a camera or a bucket, which come first. The others do not increase"""
    has_more: bool
    """whether the part has other images that could be kept besides"""
    pool_size: int
    """images of the part that are not excluded"""
    groups: dict[str, list[Any]]
    """for each key to cover, the group of each of the m images; None if it needs no cover"""
    sizes_of: dict[str, dict[Any, tuple[int, int]]]
    """for each key to cover, what :func:`by_size` takes: each group with its number of images in
    the part, and the place of the first"""
    n_without_time: int
    """readable images of the part whose time is unknown, if times matter"""
    events: EventsOfSome | None
    """of the m images; None without ``event_gap``"""

    def take(self, places: _Rows) -> CoreSet:
        """Returns some of its images, in another order."""
        return replace(
            self,
            rows=self.rows[places],
            place=self.place[places],
            shots=self.shots.take(places),
            still=None if self.still is None else self.still.take(places),
            weights=None if self.weights is None else self.weights[places],
            apart=self.apart[places],
            groups={key: [of[place] for place in places] for key, of in self.groups.items()},
            events=None if self.events is None else self.events.take(places),
        )


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
        signatures: those of the n images of the part, with descriptors; if the choice looks for
            standing cameras, :func:`mark_standing` has been called
        order: ``(n,)``; their natural order
        choice: one that :func:`check_for_parts` accepts
        count: how many to rank besides those that cover, at most
        most: how many may cover, at most
        random_seed: decides the first image if nothing is covered
    """
    order = order_of(signatures, order, choice)
    constraints = Constraints(signatures, order, choice)
    standing = Standing.of(signatures) if choice.finds_standing else None
    found = standing if standing is not None and standing.n_cameras else None
    images = images_of(signatures, order, random_seed, choice, found)
    groupings = groupings_of(images.bucket_ids, constraints.cameras, found, choice)
    pool = order[constraints.tiers[order] == GOOD]
    weights = None if images.weights is None else images.weights[pool]
    gate = Room(constraints.bounds, pool[:0]).within(pool) if constraints.bounds else None
    nearest = Nearest(images.points[pool], [one.take(pool) for one in images.relations])
    first = cover(
        nearest, most, [of[pool] for of in to_cover(groupings, constraints.cameras)], weights, gate
    )
    left = min(count, len(pool) - len(first))
    start = start_of(images, pool) if len(pool) else 0
    others = farthest_first(nearest, left, start, weights, gate=gate)
    ranking = np.concatenate([first, others])
    apart = nearest.apart(ranking)
    if weights is not None:
        apart *= weights[ranking]
    apart[: len(first)] = np.inf
    names: dict[str, Any] = {"bucket": range(N_BUCKETS)}
    if constraints.cameras is not None:
        names["camera"] = constraints.cameras.names
    labels = {
        key: [names[key][number] if number >= 0 else None for number in of[pool].tolist()]
        for key, of in groupings.items()
    }
    *still, shots = nearest.relations
    return CoreSet(
        rows=pool[ranking],
        place=ranking,
        shots=cast(Shots, shots.take(ranking)),
        still=cast(StillFrames, still[0].take(ranking)) if still else None,
        weights=None if weights is None else weights[ranking],
        apart=apart,
        has_more=len(others) == left and len(ranking) < len(pool),
        pool_size=len(pool),
        groups={key: [of[place] for place in ranking.tolist()] for key, of in labels.items()},
        sizes_of={key: _counted(of) for key, of in labels.items()},
        n_without_time=constraints.n_without_time,
        events=_events_of(constraints, pool[ranking]),
    )


def _events_of(constraints: Constraints, rows: _Rows) -> EventsOfSome | None:
    if constraints.events is None:
        return None
    assert constraints.cameras is not None, "events are of cameras"
    return EventsOfSome.among(constraints.events, constraints.cameras, rows)


def _counted(labels: Iterable[Any]) -> dict[Any, tuple[int, int]]:
    """Returns label to how often it is there, and where first; None is no label.

    >>> _counted(["a", "b", None, "a"])
    {'a': (2, 0), 'b': (1, 1)}
    """
    found: dict[Any, tuple[int, int]] = {}
    for place, label in enumerate(labels):
        if label is not None:
            size, first = found.get(label, (0, place))
            found[label] = (size + 1, first)
    return found


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


def as_beside_standing(cores: Sequence[CoreSet]) -> list[_Floats]:
    """Returns the distances ``apart`` of core-sets, weighed in all if they are in some.

    A part without standing cameras ranks its images as if there were none anywhere.
    """
    if all(core.weights is None for core in cores):
        return [core.apart for core in cores]
    return [weighed_as_others(core.apart) if core.weights is None else core.apart for core in cores]


def rank_union(
    points: Points,
    cores: Sequence[CoreSet],
    groupings: Sequence[_Rows],
    start: int | None,
    count: int,
) -> _Rows:
    """Ranks the union of core-sets: covers each group, and then takes what differs most.

    Args:
        points: ``(u, d)``; those of the union, part by part
        cores: the core-sets in that order, each in the order of its part
        groupings: ``(u,)`` each; groups to cover, by the numbers of :func:`by_size`, -1 for none
        start: the first row; None for the medoid of the largest group, as far as it is in the union
        count: how many to rank, at most u

    Returns:
        ``(count,)`` rows in the order of picking; the first m are the answer for m
    """
    relations: list[Relation] = [joined_shots([core.shots for core in cores])]
    weights = None
    if any(core.still for core in cores):
        relations.insert(0, StillFrames.joined([(core.still, len(core.rows)) for core in cores]))
        weights = np.concatenate(
            [
                np.full(len(core.rows), OTHERS) if core.weights is None else core.weights
                for core in cores
            ]
        )
    nearest = Nearest(points, relations)
    first = np.array([] if start is None else [start], np.int64)[:count]
    nearest.add(first)
    covering = cover(nearest, count - len(first), groupings, weights, by_number=True)
    ranking = np.concatenate([first, covering])
    return np.concatenate([ranking, farthest_first(nearest, count - len(ranking), 0, weights)])
