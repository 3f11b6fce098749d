"""Keys: what images are grouped by, such as their camera or event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..signatures import Signatures, assign_buckets, bucket_name
from ._choice import Choice
from ._daynight import day_or_night
from ._events import Events, cut_events
from ._strata import UNLABELLED, Groups, assign_strata, texts_of
from ._times import Times, read_times


def without_unlabelled(numbers: NDArray[np.int64], names: list[str]) -> Groups:
    """Returns groups as :func:`assign_strata` does, but none of the images without a label."""
    if UNLABELLED not in names:
        return Groups(numbers, names)
    nothing = names.index(UNLABELLED)
    shifted = np.where(numbers == nothing, -1, numbers - (numbers > nothing))
    return Groups(shifted, names[:nothing] + names[nothing + 1 :])


def _combined(one: Groups, other: Groups) -> Groups:
    width = max(len(other.names), 1)
    both = (one.numbers >= 0) & (other.numbers >= 0)
    pairs = (one.numbers * width + other.numbers)[both]
    found, numbers = np.unique(pairs, return_inverse=True)
    of_image = np.full(len(both), -1, np.int64)
    of_image[both] = numbers.reshape(-1)
    names = [f"{one.names[p // width]} · {other.names[p % width]}" for p in found.tolist()]
    return Groups(of_image, names)


@dataclass(frozen=True)
class Exclusion:
    """A label whose images are excluded."""

    key: str
    label: str
    others: tuple[str, ...] | None = None
    """the labels that there are instead, if no image has this one"""

    def __str__(self) -> str:
        return f"{self.key}={self.label}"


class Keys:
    """The keys of n images, each computed when it is first asked for."""

    def __init__(self, signatures: Signatures, order: NDArray[np.int64], choice: Choice) -> None:
        self._signatures, self._order, self._choice = signatures, order, choice

    def of(self, name: str) -> Groups:
        """Returns the groups of a key, or of several joined by ``+``.

        An image that is in no group of one of several is in none of them together.
        """
        first, *others = name.split("+")
        groups = self._single(first)
        for other in map(self._single, others):
            groups = _combined(groups, other)
        return groups

    def exclude(
        self, name: str, labels: frozenset[str]
    ) -> tuple[NDArray[np.bool_], list[Exclusion]]:
        """Returns which images, ``(n,)``, have one of some labels of a key, and each label."""
        by: Any = (
            self._choice.stratify_by if name == "label" else (self._choice.keys or {}).get(name)
        )
        if by is not None and not isinstance(by, str):
            texts = list(map(texts_of, by))
            known = set(chain.from_iterable(texts))
            found = np.array([not labels.isdisjoint(some) for some in texts], bool)
        else:
            groups = self.of(name)
            known = set(groups.names)
            found = np.array([*(one in labels for one in groups.names), False])[groups.numbers]
        others = tuple(sorted(known))
        return found, [
            Exclusion(name, label, None if label in known else others) for label in sorted(labels)
        ]

    def _single(self, name: str) -> Groups:
        keys = self._choice.keys or {}
        if name in keys:
            return without_unlabelled(*assign_strata(keys[name]))
        makers: dict[str, Callable[[], Groups]] = {
            "camera": lambda: self.cameras,
            "event": self._events,
            "day": self._days,
            "daynight": self._days_and_nights,
            "bucket": self._buckets,
            "label": self._labels,
        }
        return makers[name]()

    def _labels(self) -> Groups:
        by = self._choice.stratify_by
        if isinstance(by, str):
            return self.of(by)
        return without_unlabelled(*assign_strata(by or ()))

    def _days_and_nights(self) -> Groups:
        known = self._choice.time is not None or (~np.isnat(self._taken())).any()
        return day_or_night(self._signatures, self.times if known else None)

    def _events(self) -> Groups:
        events = self.events
        assert events is not None, "checked with the choice"
        return Groups(events.number, [str(number + 1) for number in range(len(events))])

    def _buckets(self) -> Groups:
        ids = assign_buckets(self._signatures)
        found, numbers = np.unique(ids[ids >= 0], return_inverse=True)
        of_image = np.full(len(ids), -1, np.int64)
        of_image[ids >= 0] = numbers.reshape(-1)
        return Groups(of_image, list(map(bucket_name, found.tolist())))

    def _days(self) -> Groups:
        times = self.times
        if not times.is_clock:
            raise ParameterError(
                "time",
                "has seconds and no dates, so there are no days; give dates, or cap another key",
            )
        days = times.days()
        found, numbers = np.unique(days[times.known], return_inverse=True)
        of_image = np.full(len(days), -1, np.int64)
        of_image[times.known] = numbers.reshape(-1)
        return Groups(of_image, list(map(str, found.astype("datetime64[D]"))))

    @cached_property
    def cameras(self) -> Groups:
        """The cameras; a single one if nothing tells them apart."""
        camera = self._choice.camera
        if camera is None:
            return Groups(np.zeros(len(self._signatures), np.int64), ["all"])
        if isinstance(camera, str):
            raise ParameterError(
                "camera",
                "{value} needs the paths of the images",
                "call Choice.for_paths(paths) first, or give a label for each image",
                value=repr(camera),
            )
        return Groups(*assign_strata(camera))

    @cached_property
    def times(self) -> Times:
        """When the images were taken; raises a ParameterError if that is known of none."""
        n = len(self._signatures)
        times = read_times(self._taken() if self._choice.time is None else self._choice.time, n)
        if n and not times.known.any():
            raise ParameterError(
                "time",
                "is missing: no file of the {n:,} images says when it was taken"
                if self._choice.time is None
                else "has no time for any of the {n:,} images",
                "give dates such as 2026-05-31 14:03:00, seconds or frame numbers with {time}",
                n=n,
            )
        return times

    @property
    def known_times(self) -> Times | None:
        """The times, if anything asked for them."""
        return vars(self).get("times")

    @cached_property
    def events(self) -> Events | None:
        """The events; None without ``event_gap``."""
        gap = self._choice.gap
        if gap is None:
            return None
        return cut_events(self.cameras.numbers, self.times, self._order, gap)

    def _taken(self) -> NDArray[np.datetime64]:
        return self._signatures.taken
