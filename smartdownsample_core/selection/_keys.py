"""Keys: what images are grouped by, such as their camera or event."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..signatures import Signatures
from ._choice import Choice
from ._events import Events, cut_events
from ._strata import assign_strata
from ._times import Times, read_times


class Groups(NamedTuple):
    """The groups of a key."""

    numbers: NDArray[np.int64]
    """``(n,)``; the group of each image, from 0; -1 for an image in none"""
    names: list[str]


class Keys:
    """The keys of n images, each computed when it is first asked for."""

    def __init__(self, signatures: Signatures, order: NDArray[np.int64], choice: Choice) -> None:
        self._signatures, self._order, self._choice = signatures, order, choice

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
                "give their times",
                n=n,
            )
        return times

    @cached_property
    def events(self) -> Events | None:
        """The events; None without ``event_gap``."""
        gap = self._choice.gap
        if gap is None:
            return None
        return cut_events(self.cameras.numbers, self.times, self._order, gap)

    def _taken(self) -> NDArray[np.datetime64]:
        taken = getattr(self._signatures, "taken", None)
        unknown = np.full(len(self._signatures), np.datetime64("NaT", "us"))
        return unknown if taken is None else taken
