"""Events: images of one camera, each taken less than a gap after the one before."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from ._strata import Groups
from ._times import UNKNOWN, Times, in_micros

_Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Events:
    """The events of n images, numbered camera by camera in order of time."""

    number: _Rows
    """``(n,)``; from 0; -1 for an image without a time, which is in no event"""
    times: Times
    """of the images"""

    @property
    def size(self) -> _Rows:
        """``(n,)``; how many images each image's event has; 0 for an image in none."""
        sizes = np.bincount(self.number + 1, minlength=1)
        sizes[0] = 0
        return np.asarray(sizes[self.number + 1], np.int64)

    @property
    def start(self) -> _Rows:
        """``(n,)``; when each image's event began, in microseconds as ``times.micros``."""
        there = self.number >= 0
        first = np.full(len(self) + 1, np.iinfo(np.int64).max)
        np.minimum.at(first, self.number[there], self.times.micros[there])
        first[-1] = UNKNOWN  # of images in no event, whose number is -1
        return np.asarray(first[self.number])

    def __len__(self) -> int:
        """How many events there are."""
        return int(self.number.max(initial=-1)) + 1


@dataclass(frozen=True, eq=False)
class EventsOfSome(Events):
    """The events of some images, of which all images of the same cameras are known."""

    of_all: tuple[_Rows, _Rows]
    """size and start of each image's event, among all images"""
    per_camera: Mapping[str, int]
    """each camera's number of events, among all images; in the order of their numbers"""

    @classmethod
    def among(cls, all_images: Events, cameras: Groups, rows: _Rows) -> EventsOfSome:
        """Returns what is known of some images, ``(m,)`` rows."""
        camera_of = np.zeros(len(all_images), np.int64)
        there = all_images.number >= 0
        camera_of[all_images.number[there]] = cameras.numbers[there]
        counts = np.bincount(camera_of, minlength=len(cameras.names)).tolist()
        return cls(
            all_images.number[rows],
            all_images.times.take(rows),
            (all_images.size[rows], all_images.start[rows]),
            dict(zip(cameras.names, counts, strict=True)),
        )

    def take(self, rows: _Rows) -> EventsOfSome:
        """Returns what is known of some of them, ``(m,)`` rows."""
        size, start = self.of_all
        return replace(
            self,
            number=self.number[rows],
            times=self.times.take(rows),
            of_all=(size[rows], start[rows]),
        )

    @classmethod
    def joined(
        cls, parts: Sequence[tuple[EventsOfSome | None, int]], rows: _Rows, n: int
    ) -> EventsOfSome | None:
        """Returns what is known of images of several parts, which have no camera in common.

        Args:
            parts: the events of the images of each part, None if they have none, and their number
            rows: ``(m,)``; which of them, one part after the other
            n: number of images; what follows the first m are in no event

        Returns:
            events are numbered as if there were one part; None if no part has any
        """
        known = [events for events, _ in parts if events is not None]
        if not known:
            return None
        per_camera = dict(sorted(item for one in known for item in one.per_camera.items()))
        firsts = dict(zip(per_camera, accumulate(per_camera.values(), initial=0), strict=False))
        more = n - len(rows)

        def together(of: Callable[[EventsOfSome], _Rows], none: int) -> _Rows:
            found = [np.full(m, none) if one is None else of(one) for one, m in parts]
            return np.append(np.concatenate(found)[rows], np.full(more, none))

        return cls(
            together(lambda one: one._numbered(firsts), -1),
            Times(
                together(lambda one: one.times.micros, UNKNOWN),
                all(one.times.is_clock for one in known),
            ),
            (together(lambda one: one.size, 0), together(lambda one: one.start, UNKNOWN)),
            per_camera,
        )

    def _numbered(self, firsts: Mapping[str, int]) -> _Rows:
        """Returns the numbers of the events, given that of the first of each camera, ``(n,)``."""
        counts = np.array([*self.per_camera.values()], np.int64)
        shifts = np.array([firsts[name] for name in self.per_camera], np.int64)
        shifts -= np.cumsum(counts) - counts
        shift_of = np.append(np.repeat(shifts, counts), 0)  # the last is that of number -1
        return np.asarray(self.number + shift_of[self.number])

    @property
    def size(self) -> _Rows:
        """``(n,)``; how many of all images each image's event has; 0 for an image in none."""
        return self.of_all[0]

    @property
    def start(self) -> _Rows:
        """``(n,)``; when each image's event began, among all images."""
        return self.of_all[1]

    def __len__(self) -> int:
        """How many events all images have."""
        return sum(self.per_camera.values())


def cut_events(cameras: _Rows, times: Times, order: _Rows, gap: float) -> Events:
    """Cuts each camera's images into events, where an image comes at least a gap after the last.

    Args:
        cameras: ``(n,)``; number of each image's camera
        times: of the n images
        order: ``(n,)``; their natural order, which decides between equal times
        gap: in seconds, above 0

    >>> times = Times(np.array([0, 5_000_000, 100_000_000, 3_000_000, UNKNOWN]), is_clock=False)
    >>> cut_events(np.array([0, 0, 0, 1, 0]), times, np.arange(5), 60).number.tolist()
    [0, 0, 1, 2, -1]
    """
    rows = by_camera_and_time(cameras, times, order)
    is_first = np.ones(len(rows), bool)
    is_first[1:] = (np.diff(cameras[rows]) != 0) | (np.diff(times.micros[rows]) >= in_micros(gap))
    number = np.full(len(cameras), -1, np.int64)
    number[rows] = np.cumsum(is_first) - 1
    return Events(number, times)


def spaced(
    cameras: _Rows,
    times: Times,
    order: _Rows,
    interval: float,
    tiers: Sequence[_Rows],
    preference: NDArray[np.float64] | None = None,
) -> NDArray[np.bool_]:
    """Thins images so that those of one camera are at least an interval apart.

    The rows of the first tier all stay. Tier by tier, each other image stays unless one less than
    an interval apart does: by preference, and then from the earliest on. So, of a tier, whatever
    goes is near one of an earlier tier, or one that is preferred as much or more; without a
    preference, as many as possible stay.

    Args:
        cameras: ``(n,)``; numbers of cameras
        times: of the n images; those without a time stay
        order: ``(n,)``; natural order, which decides between equal times
        interval: in seconds, above 0
        tiers: rows, each in one tier at most
        preference: ``(n,)``; how much each image is preferred; None if all are alike

    Returns:
        ``(n,)``; True for the images that stay
    """
    apart = in_micros(interval)
    rows = by_camera_and_time(cameras, times, order)
    tier_of = np.full(len(cameras), len(tiers), np.int64)
    for number, members in enumerate(tiers):
        tier_of[members] = number
    tier_of = tier_of[rows]
    wanted = np.zeros(len(rows)) if preference is None else preference[rows]
    turns = np.lexsort((-wanted, tier_of))  # stable: from the earliest on
    turns = turns[: np.count_nonzero(tier_of < len(tiers))]
    n_fixed = np.count_nonzero(tier_of == 0)
    starts, ends = (
        np.searchsorted(cameras[rows], cameras[rows], side).tolist() for side in ("left", "right")
    )
    micros = times.micros[rows].tolist()
    is_near, chosen = bytearray(len(rows)), turns[:n_fixed].tolist()
    for turn, place in enumerate(turns.tolist()):
        if turn >= n_fixed:
            if is_near[place]:
                continue
            chosen.append(place)
        at = micros[place]
        first = bisect_right(micros, at - apart, starts[place], place)
        end = bisect_left(micros, at + apart, place, ends[place])
        is_near[first:end] = b"\1" * (end - first)
    result = ~times.known
    result[rows[chosen]] = True
    return np.asarray(result)


def by_camera_and_time(cameras: _Rows, times: Times, order: _Rows) -> _Rows:
    """Returns the rows that have a time: camera by camera, by time, then in the given order."""
    rows = order[times.known[order]]
    return np.asarray(rows[np.lexsort((times.micros[rows], cameras[rows]))])


def in_time(cameras: _Rows, times: Times, order: _Rows) -> _Rows:
    """Sorts the images of each camera by time, among the places that they have in an order.

    Args:
        cameras: ``(n,)``; number of each image's camera
        times: of the n images; one without a time keeps its place
        order: ``(n,)``; their natural order, which decides between equal times

    >>> times = Times(np.array([9, 7, UNKNOWN, 5, 1]), is_clock=False)
    >>> in_time(np.array([0, 0, 0, 0, 1]), times, np.arange(5)).tolist()
    [3, 1, 2, 0, 4]
    """
    places = np.flatnonzero(times.known[order])
    result = order.copy()
    by_camera = places[np.argsort(cameras[order[places]], kind="stable")]
    result[by_camera] = by_camera_and_time(cameras, times, order)
    return result
