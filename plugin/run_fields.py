"""The fields that runs write on samples, each declared once.

Schema, journal, writing, undo, sidebar group, forms, outcome and exported column of a field follow
from its declaration in :data:`RUN_FIELDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from smartdownsample_core import Choice, Selection
from smartdownsample_core.selection import ChoiceSettings


class Found(NamedTuple):
    """What a run found, from which the values of its fields are made."""

    selection: Selection
    """of n images"""
    ids: Sequence[str]
    """of the n samples, patches or frames"""
    choice: Choice
    """what it was chosen by"""


@dataclass(frozen=True, kw_only=True)
class RunField:
    """A field of a run.

    Args:
        name: ends the name of the field, ``RUN_KEY_name``, and names its column in exported lists
        kind: of the values: int, float, str, bool or datetime
        about: description in FiftyOne; ``{run}`` is the run key
        values: makes the n values, None for samples without one; None if there are none at all
        is_written: whether a run with these settings writes it
        outcome: what the App says of it after a run, formatted with the run's record, ``{field}``,
            its path, and ``{noun}``, as in "samples"
        is_indexed: whether filtering by it is to be fast; MongoDB allows 64 indexes
        is_exported: whether it is a column of exported lists
    """

    name: str
    kind: type
    about: str
    values: Callable[[Found], Sequence[Any] | None]
    is_written: Callable[[ChoiceSettings], bool] = lambda settings: True
    outcome: str = ""
    is_indexed: bool = False
    is_exported: bool = True

    def of(self, run_key: str) -> str:
        """Returns the name of this field of a run."""
        return f"{run_key}_{self.name}"


def written_by(settings: ChoiceSettings) -> list[RunField]:
    """Returns the fields that a run with these settings writes."""
    return [field for field in RUN_FIELDS if field.is_written(settings)]


def _ranks(found: Found) -> list[int | None] | None:
    if found.selection.ranking is None:
        return None
    ranks: list[int | None] = [None] * len(found.ids)
    for rank, row in enumerate(found.selection.ranking.tolist(), 1):
        ranks[row] = rank
    return ranks


def _groups(found: Found) -> list[int | None] | None:
    """Numbers the groups of near-duplicates in natural order of their first images, from 1."""
    leaders, order = found.selection.leaders, found.selection.order
    if leaders is None:
        return None
    sizes = np.bincount(leaders[leaders >= 0], minlength=len(leaders))
    first = order[sizes[order] > 1]
    of_leader: dict[int, int] = {row: number for number, row in enumerate(first.tolist(), 1)}
    return [of_leader.get(leader) for leader in leaders.tolist()]


RANK = RunField(
    name="rank",
    kind=int,
    about="Rank among what the smartdownsample run {run} kept: 1 was chosen first. Without strata, "
    "ranks 1 to m are what a run for m samples keeps",
    values=_ranks,
    is_written=lambda settings: settings.how.ranks,
    outcome="The field `{field}` numbers the kept {noun} in the order of their choice: filter it "
    "to a range from 1, and fewer of them are left, as different as can be.",
    is_indexed=True,
)

GROUP = RunField(
    name="group",
    kind=int,
    about="Number of the group of near-duplicates that the smartdownsample run {run} found; None "
    "for images without near-duplicates",
    values=_groups,
    is_written=lambda settings: settings.near_duplicates is not None,
    outcome="{grouped:,} {noun} have near-duplicates, in {groups:,} groups: the field `{field}` "
    "numbers them, and the saved view `{groups_view}` has a tile per group.",
    is_indexed=True,
)

RUN_FIELDS = (RANK, GROUP)
