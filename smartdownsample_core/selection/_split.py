"""Splits such as train, val and test, of which no event, near-duplicates or camera is divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..settings import Settings, raise_first, redeclared, setting
from ..signatures import LARGEST_DISTANCE, Signatures
from ._assignment import Leaks, assign_splits, leaks_at_random
from ._choice_settings import RANDOM_SEED, ChoiceSettings
from ._components import joined, linked, sharing_labels
from ._events import cut_events
from ._inputs import check_fit, check_labels
from ._keys import without_unlabelled
from ._notation import duration, ratios
from ._path_labels import FOLDER, is_of_path, labels_of_paths
from ._strata import Groups, assign_strata
from ._times import check_unit, read_times

_Rows = NDArray[np.int64]

_EXAMPLE = "train=0.8, val=0.1, test=0.1"


def split_shares(name: str, value: Any) -> dict[str, float]:
    """Returns the share of each split; the shares sum to 1.

    >>> split_shares("shares", "train=8, test=2")
    {'train': 0.8, 'test': 0.2}
    """
    found = ratios(name, value, _EXAMPLE)
    if len(found) > 1 and all(found.values()):
        return found
    raise ParameterError(
        name,
        "must be at least two splits, each with a share above 0, got {value}",
        f"such as {_EXAMPLE!r}",
        value=repr(value),
    )


def gap_of(name: str, value: Any) -> float:
    """Returns the gap after which events end in seconds, or 0 for no events."""
    return 0.0 if value in (0, "0") and value is not False else duration(name, value)


@dataclass(frozen=True, eq=False, kw_only=True)
class SplitSettings(Settings):
    """How to split; raises no error until :meth:`check`."""

    shares: Any = setting(
        kind="text",
        label="Splits and their shares",
        help="Names of the splits, each with its share; they need not sum to 1",
        default="train=0.8, val=0.1, test=0.1",
        reads=split_shares,
        metavar="NAME=SHARE",
    )
    duplicate_distance: float = redeclared(
        ChoiceSettings,
        "duplicate_distance",
        label="Near-duplicates within",
        help="Keep images that look alike in one split: those within this distance of each other, "
        "or linked by images that are, from 0 (identical) to 100 (nothing in common)",
        default=10,
    )
    event_gap: str | float = redeclared(
        ChoiceSettings,
        "event_gap",
        help="Keep events in one split: images of one {camera}, each taken less than this after "
        "the one before, such as 60 (seconds) or 5 min; 0 for none",
        default="5 min",
        reads=gap_of,
    )
    whole_cameras: bool = setting(
        kind="switch",
        label="Keep cameras whole",
        help="Keep all images of a {camera} in one split, to test on cameras that were not seen",
        default=False,
    )
    group_by: Any = setting(
        kind="name",
        label="Keep together",
        help="Labels for each image: images that share one, such as a sequence, an animal or a "
        "patient, stay in one split",
        option_help="a CSV table of paths and labels, or a key such as sequence: images that share "
        "a label stay in one split (with {camtrap_dp}, sequence is the default)",
        metavar="CSV",
        default=None,
    )
    stratify_by: Any = redeclared(
        ChoiceSettings,
        "stratify_by",
        help="A label for each image; each split gets its share of each label, as far as whole "
        "groups allow",
        option_help="a CSV table of paths and labels, or the word 'folder' to use the folders as "
        "labels; each split gets its share of each, as far as whole groups allow",
    )
    camera: Any = redeclared(
        ChoiceSettings,
        "camera",
        help="What took each image, a label for each, or folder for its folder (the default)",
        option_help="what took each image: 'folder' (the default), or a CSV table of paths and "
        "cameras",
    )
    time: Any = redeclared(ChoiceSettings, "time")
    random_seed: int = setting(
        **{**vars(RANDOM_SEED), "help": "The same seed gives the same split, on any machine"}
    )

    @property
    def gap(self) -> float:
        """``event_gap`` in seconds, 0 for no events."""
        return gap_of("event_gap", self.event_gap)

    @property
    def divides_events(self) -> bool:
        """Whether events matter, because the cameras that they are of are not kept whole."""
        return self.gap > 0 and not self.whole_cameras

    def check(self, n: int) -> None:
        """Raises a ParameterError for a value that is invalid or does not fit n images."""
        raise_first(self.problems())
        for name in ("stratify_by", "camera", "group_by"):
            labels = getattr(self, name)
            if labels is not None:
                check_labels(name, labels)
                check_fit(name, labels, n)
        if self.time is not None:
            times = read_times(self.time, n)
            if self.event_gap != type(self).event_gap:  # of numbers, the default is in seconds
                check_unit("event_gap", self.event_gap, times)

    def for_paths(self, paths: Sequence[str]) -> SplitSettings:
        """Returns the settings with the folders of n image files where they say so, or nothing."""
        changes: dict[str, Any] = {}
        for name in ("camera", "stratify_by", "group_by"):
            value = getattr(self, name) or (FOLDER if name == "camera" else None)
            if value is not None and is_of_path(value):
                changes[name] = labels_of_paths(value, paths, name)
        return replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Split:
    """The splits of n images."""

    names: tuple[str, ...]
    """of the k splits"""
    shares: NDArray[np.float64]
    """``(k,)``; those that were asked for"""
    number: _Rows
    """``(n,)``; the split of each image; -1 for unreadable ones, which are in none"""
    group: _Rows
    """``(n,)``; number of its group, which is in one split, from 0; -1 for unreadable ones"""
    strata: Groups | None
    """the labels; None without"""
    n_events: int | None
    """None if no image has a time, or none were asked for"""
    leaks: Leaks
    """if the images were split at random"""

    @property
    def assigned(self) -> list[str | None]:
        """The name of each image's split, None for unreadable images."""
        names = [*self.names, None]
        return [names[number] for number in self.number.tolist()]

    @property
    def counts(self) -> _Rows:
        """``(k,)``; images of each split."""
        return np.bincount(self.number[self.number >= 0], minlength=len(self.names))

    @property
    def sizes(self) -> _Rows:
        """Images of each group, by its number."""
        return np.bincount(self.group[self.group >= 0])

    def rows(self, name: str) -> _Rows:
        """Returns the indices of the images in a split; raises a ValueError if there is none."""
        if name not in self.names:
            raise ValueError(f"there is no split {name!r}; there is {', '.join(self.names)}")
        return np.flatnonzero(self.number == self.names.index(name))

    def table(self) -> _Rows:
        """Returns the images of each label in each split, ``(labels, k)``; needs labels."""
        assert self.strata is not None
        there = self.number >= 0
        k, width = len(self.names), len(self.strata.names)
        pairs = self.strata.numbers[there] * k + self.number[there]
        return np.bincount(pairs, minlength=width * k).reshape(width, k)


def split_images(signatures: Signatures, order: _Rows, settings: SplitSettings) -> Split:
    """Splits images so that nothing in one split was seen in another.

    Args:
        signatures: of n images, with descriptors
        order: ``(n,)``; their natural order
        settings: with labels for each image, see :meth:`SplitSettings.for_paths`

    Raises:
        ParameterError: for a value that is invalid or does not fit
    """
    n = len(signatures)
    settings.check(n)
    readable = signatures.readable
    rows = order[readable[order]]
    radius = settings.duplicate_distance * LARGEST_DISTANCE / 100
    groupings = [linked(signatures.descriptor, rows, radius**2)]
    cameras = np.zeros(n, np.int64)
    if settings.camera is not None:
        cameras = assign_strata(settings.camera)[0]
    n_events = None
    times = read_times(signatures.taken if settings.time is None else settings.time, n)
    if settings.gap and times.known.any():
        events = cut_events(cameras, times, order, settings.gap)
        groupings.append(events.number)
        n_events = len(events)
    if settings.whole_cameras:
        known = settings.camera
        groupings.append(cameras if known is None else without_unlabelled(*assign_strata(known))[0])
    if settings.group_by is not None:
        groupings.append(sharing_labels(settings.group_by))
    groups = np.unique(joined(groupings, n)[readable], return_inverse=True)[1].reshape(-1)
    strata = None if settings.stratify_by is None else Groups(*assign_strata(settings.stratify_by))
    of_readable = None
    if strata is not None:
        of_readable = np.unique(strata.numbers[readable], return_inverse=True)[1].reshape(-1)
    shares = split_shares("shares", settings.shares)
    number, group = np.full((2, n), -1, np.int64)
    ratio = np.array(list(shares.values()))
    number[readable] = assign_splits(groups, ratio, of_readable, settings.random_seed)
    group[readable] = groups
    leaks = leaks_at_random(groups, ratio)
    return Split(tuple(shares), ratio, number, group, strata, n_events, leaks)
