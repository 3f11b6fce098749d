"""What the panel says: plain values for its state, made from a dataset and the panel's settings."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import fiftyone as fo

from smartdownsample_core import Selection
from smartdownsample_core.report import shortfalls, totals

from . import charts, inputs, outcome, runs, samples, sources, whatif
from .config import DownsampleConfig
from .whatif import Stored

#: Rows of the table that are shown at first: the App takes long to draw many.
FIRST_ROWS = 10

#: Settings that decide what is kept.
_ASKED = (*inputs.ASKED, "signature_field", "hash_size", "decode")

#: Open panels that are remembered.
_MAX_PANELS = 10_000


class OvertakenError(Exception):
    """An answer is not wanted any more: the settings have changed while it was worked out."""


class Turns:
    """Which change of each open panel is its last."""

    def __init__(self) -> None:
        self._count = itertools.count()
        self._last: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def next(self, panel_id: str) -> int:
        """Returns the number of a change that comes now."""
        with self._lock:
            turn = self._last[panel_id] = next(self._count)
            self._last.move_to_end(panel_id)
            if len(self._last) > _MAX_PANELS:
                self._last.popitem(last=False)
        return turn

    def check(self, panel_id: str, turn: int) -> None:
        """Raises OvertakenError if there was another change after this one."""
        with self._lock:
            if self._last.get(panel_id, turn) != turn:
                raise OvertakenError


class Found(NamedTuple):
    """What a state of the panel is about."""

    base: fo.DatasetView
    stored: Stored
    selection: Selection


def find(dataset: fo.Dataset, state: Mapping[str, Any]) -> Found:
    """Returns what the settings of a state choose.

    Raises:
        ValueError: if the settings do not fit the samples
    """
    base = samples.rebuild(dataset, state["stages"])
    config = DownsampleConfig.from_params(state["settings"])
    stored = whatif.load(base, config)
    return Found(base, stored, whatif.answer(dataset, base, stored, config))


def takes_long(dataset: fo.Dataset, state: Mapping[str, Any]) -> str | None:
    """Words what has to be done for :func:`answer`, if it takes more than a moment."""
    base = samples.rebuild(dataset, state["stages"])
    config = DownsampleConfig.from_params(state["settings"])
    if samples.refusal(base) or _problem(dataset, base, config):
        return None
    return whatif.takes_long(dataset, base, config)


def answer(dataset: fo.Dataset, state: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what to change of a state so that it answers its settings, or says why it cannot."""
    base = samples.rebuild(dataset, state["stages"])
    choices = sources.offered(dataset)
    if reason := samples.refusal(base):
        return {"choices": choices, "phase": "refused", "problem": reason}
    config = DownsampleConfig.from_params(state["settings"])
    stored = whatif.load(base, config)
    said: dict[str, Any] = {
        "choices": choices,
        "run_keys": runs.keys(dataset),
        "options": inputs.options(dataset),
        "n_samples": len(stored),
        "n_missing": stored.n_missing,
        "n_unreadable": stored.n_unreadable,
        "signature_field": config.signature_field,
        "problem": _problem(dataset, base, config),
        "phase": "ready",
    }
    if stored.n_missing == len(stored):
        return {**said, "phase": "unsigned"}
    if stored.n_missing + stored.n_unreadable == len(stored):
        return {**said, "phase": "unreadable"}
    if said["problem"]:
        return said
    try:
        selection = whatif.answer(dataset, base, stored, config)
    except ValueError as error:
        return {**said, "problem": str(error)}
    return {
        **said,
        **_of_selection(dataset, state["source"], config, selection),
        "chart": charts.traces(selection.buckets),
        "strata": charts.strata(outcome.strata(selection) or []),
        **table(selection, bool(state.get("all_rows"))),
        **marked(selection, state["bucket"]),
    }


def table(selection: Selection, all_rows: bool) -> dict[str, Any]:
    """Returns the rows of the table, and how many there could be."""
    shown = selection.buckets if all_rows else selection.buckets[:FIRST_ROWS]
    return {"buckets": charts.table(shown), "n_buckets": len(selection.buckets)}


def marked(selection: Selection, bucket: int | None) -> dict[str, Any]:
    """Returns what the panel says about the bucket that the grid shows."""
    place = charts.place(selection.buckets, bucket)
    return {"place": place, "bucket_text": charts.sentence(selection.buckets, place)}


def _problem(dataset: fo.Dataset, base: fo.DatasetView, config: DownsampleConfig) -> str | None:
    """Returns what is wrong with those of the settings that the panel asks for."""
    problems = config.problems(dataset, base)
    return next((problems[name] for name in inputs.ASKED if name in problems), None)


def _of_selection(
    dataset: fo.Dataset, source: str, config: DownsampleConfig, selection: Selection
) -> dict[str, Any]:
    run = sources.run_key(source)
    said: dict[str, Any] = {
        "totals": totals(selection),
        "warnings": shortfalls(selection),
        "stratified": selection.strata is not None,
        "saved": False,
        "changed": False,
    }
    if run is None or not runs.exists(dataset, run):
        return said
    record = runs.load(dataset, run)
    made_with = DownsampleConfig.from_params(sources.settings_of(record))
    if any(getattr(made_with, name) != getattr(config, name) for name in _ASKED):
        return said
    changed = record.get("buckets") != outcome.buckets(selection)
    return {**said, "saved": True, "changed": changed}
