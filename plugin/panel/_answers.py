"""What the panel says: plain values for its state, made from a dataset and the panel's settings."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import fiftyone as fo

from smartdownsample_core import Selection
from smartdownsample_core.report import shortfalls, totals

from ..config import DownsampleConfig
from ..forms import inputs
from ..jobs import outcome, problems
from ..runs import interrupted
from ..runs import records as runs
from ..targets import flat_views
from ..targets import kinds as targets
from . import _charts as charts
from . import _sources as sources
from . import _whatif as whatif
from ._whatif import Stored

#: Rows of the table that are shown at first: the App takes long to draw many.
FIRST_ROWS = 10

#: Settings that decide what is kept.
_ASKED = (*inputs.ASKED, "signature_field", "hash_size", "decode")

#: Open panels that are remembered.
_MAX_PANELS = 10_000


class OvertakenError(Exception):
    """An answer is not wanted any more: the settings have changed while it was worked out."""


class Turns:
    """What each open panel asked last.

    Browsers of one session share a panel, and each of them asks: the same question twice is
    answered twice.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, panel_id: str, question: str) -> None:
        """Remembers what a panel asks now."""
        with self._lock:
            self._last[panel_id] = question
            self._last.move_to_end(panel_id)
            if len(self._last) > _MAX_PANELS:
                self._last.popitem(last=False)

    def check(self, panel_id: str, question: str) -> None:
        """Raises an OvertakenError if the panel has asked something else meanwhile."""
        with self._lock:
            if self._last.get(panel_id, question) != question:
                raise OvertakenError


class Found(NamedTuple):
    """What the settings of a state choose."""

    base: fo.DatasetView
    stored: Stored
    selection: Selection


class Question:
    """What a state of the panel asks.

    Args:
        dataset: the dataset
        state: of the panel
    """

    def __init__(self, dataset: fo.Dataset, state: Mapping[str, Any]) -> None:
        self._dataset = dataset
        self._state = state
        self._base = flat_views.rebuild(dataset, state["stages"])
        self._config = DownsampleConfig.from_params(state["settings"])

    @property
    def key(self) -> str:
        """Differs from that of any other question."""
        asked = [self._dataset.name, *(self._state[name] for name in ("source", "stages"))]
        settings = sorted(self._state["settings"].items())
        return hashlib.sha1(json.dumps([asked, settings]).encode()).hexdigest()

    @cached_property
    def _refusal(self) -> str | None:
        return interrupted.notice(self._dataset) or targets.panel_refusal(self._base)

    @cached_property
    def _stored(self) -> Stored:
        return whatif.load(self._base, self._config)

    @cached_property
    def _problem(self) -> str | None:
        found = problems.of_choice(self._config, self._dataset, self._base)
        return next((inputs.labelled(problem) for _, problem in found), None)

    def takes_long(self) -> str | None:
        """Words what has to be done for :meth:`answer`, if it takes more than a moment."""
        if self._refusal or self._problem:
            return None
        return whatif.takes_long(self._dataset, self._base, self._config)

    def find(self) -> Found:
        """Returns what is chosen.

        Raises:
            ValueError: if the settings do not fit the samples
        """
        selection = whatif.answer(self._dataset, self._base, self._stored, self._config)
        return Found(self._base, self._stored, selection)

    def answer(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns what to change of the state, and what to draw if there is an answer."""
        said: dict[str, Any] = {
            "choices": sources.offered(self._dataset),
            "run_keys": runs.of_samples(self._dataset),
        }
        if self._refusal:
            return {**said, "phase": "refused", "problem": self._refusal}, {}
        stored = self._stored
        n_samples, n_unusable = len(stored), stored.n_missing + stored.n_unreadable
        said |= {
            "n_samples": n_samples,
            "n_missing": stored.n_missing,
            "n_unreadable": stored.n_unreadable,
            "problem": self._problem,
            "phase": "ready",
        }
        if n_unusable == n_samples:
            return {**said, "phase": "unsigned" if stored.n_missing else "unreadable"}, {}
        if self._problem:
            return said, {}
        try:
            _, _, selection = self.find()
        except ValueError as error:
            return {**said, "problem": inputs.labelled(str(error))}, {}
        said |= {
            **self._of_run(selection),
            **marked(selection, self._state["bucket"]),
            "totals": totals(selection),
            "warnings": shortfalls(selection),
            "stratified": selection.strata is not None,
            "n_buckets": len(selection.buckets),
        }
        drawn = {
            "chart": charts.traces(selection.buckets),
            "buckets": rows(selection, bool(self._state.get("all_rows"))),
            "strata": charts.strata(outcome.strata(selection) or []),
        }
        return said, drawn

    def _of_run(self, selection: Selection) -> dict[str, bool]:
        """Says whether this is what a run has saved, and whether it would keep the same now."""
        run = sources.run_key(self._state["source"])
        if run is None or not runs.exists(self._dataset, run):
            return {"saved": False, "changed": False}
        record = runs.load(self._dataset, run)
        made_with = DownsampleConfig.from_params(sources.settings_of(record))
        if any(getattr(made_with, name) != getattr(self._config, name) for name in _ASKED):
            return {"saved": False, "changed": False}
        return {"saved": True, "changed": record.get("buckets") != outcome.buckets(selection)}


def rows(selection: Selection, all_rows: bool) -> list[dict[str, Any]]:
    """Returns the rows of the table: all, or the first ones."""
    return charts.table(selection.buckets if all_rows else selection.buckets[:FIRST_ROWS])


def marked(selection: Selection, bucket: int | None) -> dict[str, Any]:
    """Returns what the panel says about the bucket that the grid shows."""
    place = charts.place(selection.buckets, bucket)
    return {"place": place, "bucket_text": charts.sentence(selection.buckets, place)}
