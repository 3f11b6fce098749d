"""What two runs kept, in figures and pictures; see :mod:`plugin.jobs.sides`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

import fiftyone.operators.types as types
import numpy as np
from numpy.typing import NDArray

from smartdownsample_core.report import share

from ..jobs import sides
from ..jobs.in_memory import Stored
from ..jobs.sides import Side, Sides
from ..targets import Subject
from . import _sheet
from ._parts import table

#: Pictures of what only one of the runs kept: two rows.
_SHOWN = 16


class Shown(NamedTuple):
    """Two runs beside each other."""

    text: str
    """what the figures are of, or why there are none"""
    a: Side | None = None
    b: Side | None = None
    pictures: Sequence[tuple[str, str]] = ()
    """of what only a and only b kept, if anything: data URIs, each with a sentence"""


def shown(subject: Subject, stored: Stored, a: str, b: str, found: Sides) -> Shown:
    """Returns what to show of two runs; see :func:`sides.find`."""
    pictures = stored.of_samples.remember(
        ("side pictures", a, b, found.only_a.tobytes(), found.only_b.tobytes()),
        lambda: [
            _picture(subject, stored, rows, runs, is_sorted=found.a is not None)
            for rows, runs in ((found.only_a, (a, b)), (found.only_b, (b, a)))
            if len(rows)
        ],
    )
    return Shown(_text(found, subject.items.noun), found.a, found.b, pictures)


def _picture(
    subject: Subject,
    stored: Stored,
    rows: NDArray[np.int64],
    runs: tuple[str, str],
    *,
    is_sorted: bool,
) -> tuple[str, str]:
    some = rows[:_SHOWN]
    text = f"{len(some):,} of the {len(rows):,}" if len(some) < len(rows) else f"The {len(rows):,}"
    text += f" that only `{runs[0]}` kept"
    if is_sorted:
        text += f", those least like what `{runs[1]}` kept first"
    return _sheet.of_rows(subject, stored, some), text


def _text(found: Sides, noun: str) -> str:
    if not found.shared:
        return f"The runs chose from different {noun}, so their distances cannot be compared."
    if found.a is None:
        return (
            f"To compare all {found.shared:,} {noun} with those that were kept takes too long here."
        )
    return f"Of the {found.shared:,} {noun} that both chose from" + (
        ", not of those that only one did" if found.differ else ""
    )


def add_figures(body: types.Object, compared: Mapping[str, Any]) -> None:
    """Adds how well each run covers the images, and how much alike what it kept is."""
    found: Shown | None = compared.get("sides")
    if found is None:
        return
    if found.a is None or found.b is None:
        body.md(found.text, name="sides_text")
        return
    both = {"a": found.a, "b": found.b}
    rows = [
        {"what": "Kept", **{run: f"{side.kept:,}" for run, side in both.items()}},
        {
            "what": "Distance (0-100) of the farthest left out to its nearest kept",
            **{run: _distance(side.farthest) for run, side in both.items()},
        },
        {
            "what": "Distance of the median left out",
            **{run: _distance(side.median) for run, side in both.items()},
        },
        {
            "what": f"Kept with another kept within {sides.ALIKE}",
            **{run: _alike(side) for run, side in both.items()},
        },
    ]
    columns = (("what", found.text), ("a", compared["a"]), ("b", compared["b"]))
    table(body, "sides", columns, rows)


def _distance(value: float) -> str:
    return f"{value:.1f}" if isfinite(value) else "-"


def _alike(side: Side) -> str:
    return f"{side.alike:,} ({share(side.alike / side.kept)})" if side.kept else "0"


def add_pictures(body: types.Object, compared: Mapping[str, Any]) -> None:
    """Adds sheets of what only one of the runs kept."""
    found: Shown | None = compared.get("sides")
    for number, (picture, text) in enumerate(found.pictures if found else ()):
        body.md(f"![{text}]({picture})\n\n{text}", name=f"side_{number}")
