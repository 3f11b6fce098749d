"""What a saved run has not written of an image, but is known from its selection."""

from __future__ import annotations

import numpy as np

from smartdownsample_core import Selection

from ..config import DownsampleConfig
from ..jobs import cameras
from ..jobs.in_memory import Stored
from ..targets import Subject
from ._state import More


def of(
    subject: Subject, stored: Stored, config: DownsampleConfig, selection: Selection, item: str
) -> More:
    """Returns what is known of an item, by its id."""
    rows = np.flatnonzero(stored.ids == item.encode())
    if not len(rows):
        return More()
    row = int(rows[0])
    return More(cameras.of_one(subject, stored, config, row), _added(selection, row))


def _added(selection: Selection, row: int) -> float | None:
    """Returns what :attr:`Selection.added` has of a row, without those of all others."""
    ranking, evidence = selection.of_objects.ranking, selection.evidence
    if ranking is None or evidence is None or row not in ranking:
        return None
    before = ranking[: int(np.flatnonzero(ranking == row)[0])]
    before = before[evidence.comparable[before]]
    if not len(before) or not evidence.comparable[row]:
        return None
    apart = evidence.points[before].astype(np.int32) - evidence.points[row]
    squared = np.square(apart).sum(axis=1).min(keepdims=True)
    return float(evidence.distance(squared)[0])
