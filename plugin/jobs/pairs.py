"""Pairs of images at the distance from which they are near-duplicates."""

from __future__ import annotations

from typing import NamedTuple

from smartdownsample_core.selection import Pair, pairs_around

from ..config import DownsampleConfig
from ..targets import Subject
from . import choices
from .in_memory import Stored

#: Pairs of either kind.
_COUNT = 4


class Pairs(NamedTuple):
    """Pairs just within and just beyond a threshold; see :func:`pairs_around`."""

    threshold: float
    unit: str
    """what distances are counted in, with a space before it; or empty"""
    within: list[Pair]
    beyond: list[Pair]


def find(subject: Subject, stored: Stored, config: DownsampleConfig) -> Pairs | None:
    """Returns pairs at the threshold of some settings; None if they exclude no near-duplicates.

    Args:
        subject: what there is to choose from
        stored: its signatures
        config: the settings, which have an answer
    """
    distance, other = config.duplicate_distance, config.near_duplicates
    threshold = other if distance is None else distance
    if threshold is None:
        return None

    memory = stored.memory(subject, config)

    def make() -> Pairs:
        choice = choices.make(subject, stored.id_list, config, memory.remember)
        within, beyond = pairs_around(stored.signatures, stored.order, choice, _COUNT)
        unit = " bits" if distance is None and not config.features else ""
        return Pairs(threshold, unit, within, beyond)

    meaning = choices.stamp(subject.dataset, config)
    found: Pairs = memory.remember(("pairs", distance, other, config.features, meaning), make)
    return found
