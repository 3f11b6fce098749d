"""The fields that runs write on samples, each declared once.

Schema, journal, writing, undo, sidebar group, forms, outcome and exported column of a field follow
from its declaration in :data:`RUN_FIELDS`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from smartdownsample_core import Choice, Selection, bucket_name
from smartdownsample_core.selection import Events
from smartdownsample_core.signatures import UNREADABLE

from . import wording
from .wording import EXCLUDED, KEPT


class Found(NamedTuple):
    """What a run found, from which the values of its fields are made."""

    selection: Selection
    """of n images"""
    ids: Sequence[str]
    """of the n samples, patches or frames"""
    choice: Choice
    """what it was chosen by"""
    by_hand: Mapping[int, str] = MappingProxyType({})
    """rows that a person keeps or leaves out, each with the reason"""


@dataclass(frozen=True, kw_only=True)
class RunField:
    """A field of a run.

    Args:
        name: ends the name of the field, ``RUN_KEY_name``, and names its column in exported lists
        kind: of the values: int, float, str, bool or datetime
        about: description in FiftyOne; ``{run}`` is the run key
        values: makes the n values, None for samples without one; None if there are none at all.
            Times are text in ISO 8601
        is_written: whether a run with these settings, a ``DownsampleConfig``, writes it
        outcome: what the App says of it after a run, or makes that of the run's record; formatted
            with the record, ``{field}``, its path, and ``{noun}``, as in "samples"
        condition: when a run with these settings has values for it, if not always; for forms
        is_indexed: whether filtering by it is to be fast; MongoDB allows 64 indexes
        is_exported: whether it is a column of exported lists
        is_shown: whether the App shows it on thumbnails without being asked to
        colors: of values in the App, if it colours by value
    """

    name: str
    kind: type
    about: str
    values: Callable[[Found], Sequence[Any] | None]
    is_written: Callable[[Any], bool] = lambda settings: True
    condition: str = ""
    outcome: str | Callable[[Mapping[str, Any]], str] = ""
    is_indexed: bool = False
    is_exported: bool = True
    is_shown: bool = False
    colors: Mapping[str, str] = field(default_factory=dict)

    def of(self, run_key: str) -> str:
        """Returns the name of this field of a run."""
        return f"{run_key}_{self.name}"


def written_by(settings: Any) -> list[RunField]:
    """Returns the fields that a run with these settings writes."""
    return [one for one in RUN_FIELDS if one.is_written(settings)]


def _ranks(found: Found) -> list[int | None] | None:
    if found.selection.ranking is None:
        return None
    return [rank or None for rank in found.selection.ranks.tolist()]


def _groups(found: Found) -> list[int | None] | None:
    """Numbers the groups of near-duplicates in natural order of their first images, from 1."""
    leaders, order = found.selection.leaders, found.selection.order
    if leaders is None:
        return None
    sizes = np.bincount(leaders[leaders >= 0], minlength=len(leaders))
    first = order[sizes[order] > 1]
    of_leader: dict[int, int] = {row: number for number, row in enumerate(first.tolist(), 1)}
    return [of_leader.get(leader) for leader in leaders.tolist()]


def _kept_by(found: Found) -> list[str | None]:
    rows = found.selection.explain().representative.tolist()
    return [found.ids[row] if row >= 0 else None for row in rows]


def _distances(found: Found) -> list[float | None]:
    why = found.selection.explain()
    distances = why.distance.astype(np.float64)
    # So that the kept image comes first when what it stands for is sorted, also before its copies.
    distances[~why.kept] = np.maximum(distances[~why.kept], _LEAST_DISTANCE)
    return [None if distance != distance else distance for distance in distances.tolist()]


def _reasons(found: Found) -> list[str]:
    words, numbers = found.selection.explain().words
    return [found.by_hand.get(row, words[number]) for row, number in enumerate(numbers.tolist())]


#: Distance that is recorded for images that look exactly like the kept one.
_LEAST_DISTANCE = 1e-6


def _of_events(found: Found, values: Callable[[Events], list[Any]]) -> list[Any] | None:
    """Returns a value for each image that is in an event."""
    events = found.selection.events
    if events is None:
        return None
    is_in_one = (events.number >= 0).tolist()
    return [
        value if there else None for there, value in zip(is_in_one, values(events), strict=True)
    ]


def _starts(found: Found, by_clock: bool) -> list[Any] | None:
    """Returns when the events began, as text (ISO 8601) or seconds; None if it is the other."""
    events = found.selection.events
    if events is None or events.times.is_clock != by_clock:
        return None
    return list(events.times.plain(events.start))


def _activities(found: Found) -> list[float | None] | None:
    standing = found.selection.standing
    if standing is None or not standing.n_cameras:
        return None
    activity = standing.activity.tolist()
    return [round(a, 4) if c >= 0 else None for a, c in zip(activity, standing.camera, strict=True)]


def _choices(found: Found) -> list[str]:
    selection = found.selection
    choices = np.full(len(found.ids), EXCLUDED, dtype=object)
    choices[selection.bucket_ids == UNREADABLE] = bucket_name(None)
    choices[selection.indices] = KEPT
    texts: list[str] = choices.tolist()
    return texts


def _bucket_titles(found: Found) -> list[str | None]:
    titles = {
        bucket.id: _title(_short(bucket.name), bucket.kept, bucket.size)
        for bucket in found.selection.buckets
    }
    return [titles.get(bucket) for bucket in found.selection.bucket_ids.tolist()]


def _short(bucket: str) -> str:
    """Returns as much of the name of a bucket as fits on a thumbnail: light and any colour."""
    light, colour, *_ = bucket.split(" · ")
    return light if colour.startswith("no ") else f"{light} · {colour}"


def _group_titles(found: Found) -> list[str | None] | None:
    numbers = _groups(found)
    if numbers is None:
        return None
    sizes = Counter(numbers)
    kept = Counter(numbers[row] for row in found.selection.indices.tolist())
    return [
        _title(f"group {number}", kept[number], sizes[number]) if number else None
        for number in numbers
    ]


def _title(name: str, kept: int, size: int) -> str:
    return f"{name} · {kept:,} of {size:,} kept"


CHOICE = RunField(
    name="choice",
    kind=str,
    about="What the smartdownsample run {run} did with the image: kept, excluded or unreadable",
    values=_choices,
    outcome="The field `{field}` says of each of the {noun} whether it was kept, excluded or "
    "unreadable.",
    is_exported=False,
    is_shown=True,
    colors=wording.COLORS,
)

BUCKET = RunField(
    name="bucket",
    kind=str,
    about="What the images of the visual bucket have in common, and how many of them the "
    "smartdownsample run {run} kept",
    values=_bucket_titles,
    is_exported=False,
    is_shown=True,
)

#: What the first ranks are, by whether the ranking is nested.
_FIRST_RANKS = {
    True: ": filter it to 1 to 10, for example, to see what a run for 10 keeps.",
    False: ". A run for fewer would not keep just the first of them, because of shares or limits.",
}

RANK = RunField(
    name="rank",
    kind=int,
    about="Rank among what the smartdownsample run {run} kept: 1 was chosen first. Without strata, "
    "ranks 1 to m are what a run for m samples keeps",
    values=_ranks,
    is_written=lambda settings: settings.how.ranks,
    outcome=lambda record: (
        "The field `{field}` numbers the kept {noun} in the order of their choice"
        + _FIRST_RANKS[record["is_nested"]]
    ),
    is_indexed=True,
)

GROUP = RunField(
    name="group",
    kind=int,
    about="Number of the group of near-duplicates that the smartdownsample run {run} found; None "
    "for images without near-duplicates",
    values=_groups,
    is_written=lambda settings: settings.excludes_duplicates,
    outcome="{grouped:,} {noun} have near-duplicates, in {groups:,} groups: the field `{field}` "
    "numbers them, and the saved view `{groups_view}` has a tile per group.",
    is_indexed=True,
)

KEPT_BY = RunField(
    name="kept_by",
    kind=str,
    about="Id of what the smartdownsample run {run} kept that looks most like this image, and so "
    "stands for it; of what it kept, its own id",
    values=_kept_by,
    is_written=lambda settings: settings.explain,
    outcome="The fields `{field}`, `{fields[distance]}` and `{fields[reason]}` say which of the "
    "kept {noun} stands for each, how far it is and why; the saved view `{stands_for_view}` has a "
    "tile for each kept one, and behind it all that it stands for.",
    is_indexed=True,
    is_exported=False,
)

DISTANCE = RunField(
    name="distance",
    kind=float,
    about="How different the image looks from the one that stands for it in the smartdownsample "
    "run {run}; 0 only for what was kept",
    values=_distances,
    is_written=lambda settings: settings.explain,
    is_exported=False,
)

REASON = RunField(
    name="reason",
    kind=str,
    about="Why the smartdownsample run {run} kept it or left it out",
    values=_reasons,
    is_written=lambda settings: settings.explain,
    is_exported=False,
)

EVENT = RunField(
    name="event",
    kind=int,
    about="Number of the event that the smartdownsample run {run} found the image in; None for "
    "images without a time",
    values=lambda found: _of_events(found, lambda events: (events.number + 1).tolist()),
    is_written=lambda settings: settings.gap is not None,
    outcome="{events:,} events: the field `{field}` numbers them, and the saved view "
    "`{events_view}` has a tile per event.",
    is_indexed=True,
)

EVENT_START = RunField(
    name="event_start",
    kind=datetime,
    about="When the event of the smartdownsample run {run} began",
    values=lambda found: _starts(found, by_clock=True),
    is_written=lambda settings: settings.gap is not None,
)

EVENT_SECONDS = RunField(
    name="event_seconds",
    kind=float,
    about="When the event of the smartdownsample run {run} began, as its times are counted",
    values=lambda found: _starts(found, by_clock=False),
    is_written=lambda settings: settings.gap is not None,
)

EVENT_SIZE = RunField(
    name="event_size",
    kind=int,
    about="How many images the event of the smartdownsample run {run} has",
    values=lambda found: _of_events(found, lambda events: events.size.tolist()),
    is_written=lambda settings: settings.gap is not None,
)


GROUP_TITLE = RunField(
    name="group_title",
    kind=str,
    about="Number of the group of near-duplicates, and how many of its images the "
    "smartdownsample run {run} kept",
    values=_group_titles,
    is_written=GROUP.is_written,
    is_exported=False,
    is_shown=True,
)

ACTIVITY = RunField(
    name="activity",
    kind=float,
    about="How much of the image differs from what its standing camera sees otherwise, as the "
    "smartdownsample run {run} found: 0 if nothing, about 1 for an animal, up to 9; None for "
    "images of no standing camera",
    values=_activities,
    is_written=lambda settings: settings.finds_standing,
    condition="if there are standing cameras",
    outcome="{standing}: the field `{field}` says what each frame shows besides the background.",
)

RUN_FIELDS = (
    CHOICE,
    BUCKET,
    RANK,
    GROUP,
    GROUP_TITLE,
    EVENT,
    EVENT_START,
    EVENT_SECONDS,
    EVENT_SIZE,
    KEPT_BY,
    DISTANCE,
    REASON,
    ACTIVITY,
)
