"""Cameras over time: when the kept and the excluded images were taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Selection
from smartdownsample_core.selection import Times, read_times

from ..config import DownsampleConfig
from ..targets import Subject, written_fields
from . import cameras, labels, times
from .in_memory import Stored

#: Spans that the time is cut into: in a panel of 420 pixels, 5 pixels each.
_SPANS = 60

#: Cameras with a row of their own, those with the most images; the others share one.
_ROWS = 12


class Cell(NamedTuple):
    """The images of one row of a timeline in one span of time."""

    row: int
    span: int
    """number of the span"""
    kept: int
    excluded: int
    events: int | None
    """of how many events they are; None if the events are not known"""


class Timeline(NamedTuple):
    """How many images there are of each camera over time; or why that is unknown."""

    text: str
    rows: Sequence[str] = ()
    """names of cameras, from the top; empty if there is no timeline"""
    cells: Sequence[Cell] = ()
    start: int = 0
    """when the first span begins, in microseconds"""
    width: int = 1
    """of a span, in microseconds"""
    unit: str | None = None
    """of times that are numbers: the field that has them; None for dates"""

    @property
    def is_clock(self) -> bool:
        """Whether times are dates."""
        return self.unit is None


class _Places(NamedTuple):
    """Where n images are on a timeline."""

    rows: list[str]
    row: NDArray[np.int64]
    """``(n,)``"""
    span: NDArray[np.int64]
    """``(n,)``; -1 for images without a time, and those that cannot be read"""
    start: int
    """microseconds"""
    width: int
    """microseconds"""
    is_clock: bool
    """whether times are dates"""
    field: str | None
    """the field that times are from; None for those that files give"""
    n_without: int
    """readable images without a time"""


def timeline(
    subject: Subject, stored: Stored, config: DownsampleConfig, selection: Selection
) -> Timeline:
    """Counts kept and excluded images by camera and span of time.

    Args:
        subject: what there is to choose from
        stored: its signatures
        config: the settings, whose camera and time are taken, if they name any
        selection: what would be kept

    Returns:
        as many cells as the chart can show, however many images there are; or why there is none
    """
    places = _places(subject, stored, config)
    if places is None:
        any_of = f"any of the {len(stored):,} {subject.items.noun}"
        return Timeline(
            f"It is not known when {any_of if len(stored) > 1 else 'the image'} was taken: the "
            "files do not say so, and no field holds dates. Write the times into a field, as in "
            "`dataset.set_values('taken', datetimes)`."
        )
    there = np.flatnonzero(places.span >= 0)
    cell_of = places.row[there] * _SPANS + places.span[there]
    n_cells = len(places.rows) * _SPANS
    sizes = np.bincount(cell_of, minlength=n_cells)
    kept = np.bincount(cell_of[selection.kept[there]], minlength=n_cells)
    n_events = None
    if selection.events is not None:
        events = selection.events.number[there]
        pairs = np.unique(np.stack([cell_of, events])[:, events >= 0], axis=1)
        n_events = np.bincount(pairs[0], minlength=n_cells)
    cells = [
        Cell(
            row=cell // _SPANS,
            span=cell % _SPANS,
            kept=int(kept[cell]),
            excluded=int(sizes[cell] - kept[cell]),
            events=None if n_events is None else int(n_events[cell]),
        )
        for cell in np.flatnonzero(sizes).tolist()
    ]
    without = f" {places.n_without:,} have no time." if places.n_without else ""
    of_what = f"the field `{places.field}`" if places.field else "the times that the files give"
    text = (
        f"Kept (above each line) and excluded (below), by {of_what}; twice the height is "
        f"four times as many.{without} Click a bar to see its {subject.items.noun} in the grid."
    )
    unit = None if places.is_clock else places.field
    return Timeline(text, places.rows, cells, places.start, places.width, unit)


def rows_of(
    cell: str, subject: Subject, stored: Stored, config: DownsampleConfig, selection: Selection
) -> NDArray[np.int64]:
    """Returns the rows of the images of a bar.

    Args:
        cell: its id, ``ROW:SPAN:kept`` or ``ROW:SPAN:excluded``
        subject: what there is to choose from
        stored: its signatures
        config: the settings
        selection: what would be kept

    Raises:
        ValueError: if there are none any more
    """
    row, span, what = cell.split(":")
    places = _places(subject, stored, config)
    if places is not None:
        is_there = (places.row == int(row)) & (places.span == int(span))
        rows = np.flatnonzero(is_there & (selection.kept == (what == "kept")))
        if len(rows):
            return rows
    raise ValueError(f"there are no images of the bar {cell!r} any more; open the panel again")


def _places(subject: Subject, stored: Stored, config: DownsampleConfig) -> _Places | None:
    """Returns where images are; None if the time of none is known."""
    key = ("timeline", labels.camera_path(subject, config.camera), config.time)
    places: _Places | None = stored.of_samples.remember(
        key, lambda: _place(subject, stored, config)
    )
    return places


def _place(subject: Subject, stored: Stored, config: DownsampleConfig) -> _Places | None:
    found, field = _times(subject, stored, config)
    known = found.known & stored.signatures.readable
    if not known.any():
        return None
    names, numbers = cameras.of(subject, stored, config)
    rows, row = _rows(numbers, names, known)
    start, end = int(found.micros[known].min()), int(found.micros[known].max())
    width = (end - start) // _SPANS + 1
    span = np.full(len(stored), -1, np.int64)
    span[known] = (found.micros[known] - start) // width
    n_without = int(stored.signatures.readable.sum() - known.sum())
    return _Places(rows, row, span, start, width, found.is_clock, field, n_without)


def _times(subject: Subject, stored: Stored, config: DownsampleConfig) -> tuple[Times, str | None]:
    """Returns the times that a run would take, or else a field's, and the field, if it is one."""
    field = config.time
    if not field:
        taken = read_times(stored.signatures.taken, len(stored))
        offered = [
            name
            for name, _ in times.options(subject.view)
            if not written_fields.owner(subject.dataset, name)
        ]
        if taken.known.any() or not offered:
            return taken, None
        field = offered[0]
    return read_times(times.read(subject, field), len(stored)), field


def _rows(
    numbers: NDArray[np.int64], names: list[str], known: NDArray[np.bool_]
) -> tuple[list[str], NDArray[np.int64]]:
    """Returns the names of the rows, the last shared by what is left, and each image's row."""
    sizes = np.bincount(numbers[known], minlength=len(names))
    there = np.flatnonzero(sizes)
    if len(there) > _ROWS:
        there = np.sort(np.argsort(-sizes, kind="stable")[: _ROWS - 1])
    row_of = np.full(len(names), len(there), np.int64)
    row_of[there] = np.arange(len(there))
    n_others = int((sizes > 0).sum()) - len(there)
    rows = [names[number] for number in there.tolist()]
    return rows + [f"{n_others:,} other cameras"] * bool(n_others), row_of[numbers]
