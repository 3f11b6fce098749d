"""What the panel shows for what is chosen in it, worked out from stored signatures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple

import fiftyone as fo
import numpy as np

from smartdownsample_core import Bucket, Selection, assign_buckets
from smartdownsample_core.selection import tally
from smartdownsample_core.signatures import N_BUCKETS, UNREADABLE

from ..config import DownsampleConfig
from ..forms import inputs
from ..jobs import edits, in_memory, omissions, outcome, problems, sides, timeline, whatif
from ..jobs.in_memory import Stored
from ..jobs.proposal import Proposal
from ..jobs.timeline import Timeline
from ..runs import compare, interrupted, quality
from ..runs import records as runs
from ..runs.shapes import Results
from ..setting_labels import labelled
from ..targets import Subject, flat_views
from ..targets import kinds as targets
from . import _browser as browser
from . import _enough, _more, _pictures, _sheet, _sides, _standing
from . import _sources as sources
from ._state import Chosen, Curve, PanelState, Sheet, StandingCameras

#: Settings that decide what is kept.
_ASKED = (*inputs.ASKED, "signature_field", "hash_size", "decode")


class Found(NamedTuple):
    """What is chosen by some settings."""

    base: fo.DatasetView
    stored: Stored
    selection: Selection
    """hand edits included"""
    n_edited: tuple[int, int, int] | None = None
    """how many the run chose, and how many are added and left out by hand; None without edits"""


class Question:
    """What the panel is asked.

    Args:
        dataset: the dataset
        chosen: what is chosen in the panel
    """

    def __init__(self, dataset: fo.Dataset, chosen: Chosen) -> None:
        self._dataset = dataset
        self._chosen = chosen
        self._base = flat_views.rebuild(dataset, chosen["stages"])
        self._asked = DownsampleConfig.from_params(chosen["settings"])
        wholes = self._asked.whole_groups, self._asked.whole_images
        self._subject = Subject.of(dataset, self._base, "", *wholes)

    @property
    def key(self) -> str:
        """Differs from that of any other question."""
        asked = [self._dataset.name, self._chosen["source"], self._chosen["stages"]]
        settings = sorted(self._chosen["settings"].items())
        return hashlib.sha1(json.dumps([asked, settings]).encode()).hexdigest()

    @cached_property
    def _refusal(self) -> str | None:
        return interrupted.notice(self._dataset) or targets.refusal(self._base)

    @cached_property
    def _run(self) -> Results | None:
        """What was recorded of the run that was made with these settings, if there is one."""
        run = sources.run_key(self._chosen["source"])
        if run is None or not runs.exists(self._dataset, run):
            return None
        made_with = DownsampleConfig.from_params(sources.settings_of(runs.load(self._dataset, run)))
        if any(getattr(made_with, name) != getattr(self._asked, name) for name in _ASKED):
            return None
        return runs.results(self._dataset, run)

    @cached_property
    def _config(self) -> DownsampleConfig:
        return edits.without_own_mark(self._asked, self._run.hand) if self._run else self._asked

    @cached_property
    def _stored(self) -> Stored:
        return in_memory.load(self._base, self._config)

    @cached_property
    def _problem(self) -> str | None:
        found = problems.of_choice(self._config, self._subject)
        return next(map(labelled, found), None)

    @cached_property
    def _lists(self) -> dict[str, Any]:
        """What the panel offers, whatever the answer."""
        unfolded = self._chosen["settings"].get("more")
        run = sources.run_key(self._chosen["source"])
        # Of any run, whatever the settings: a list that came and went would move the panel.
        proposal = [sources.PROPOSAL] if run and runs.exists(self._dataset, run) else []
        return {
            "chosen": self._chosen,
            "sources": sources.offered(self._dataset),
            "comparable": [*sources.comparable(self._dataset, run), *proposal],
            "options": inputs.options(self._dataset) if unfolded else {},
        }

    def takes_long(self) -> str | None:
        """Words what has to be done for :meth:`answer`, if it takes more than a moment."""
        is_of_runs = self._chosen["choose"]["other"] not in (None, sources.PROPOSAL[0])
        if is_of_runs or self._refusal or self._problem:
            return None
        return whatif.takes_long(self._subject, self._config)

    @cached_property
    def found(self) -> Found:
        """What is chosen.

        Raises:
            ValueError: if the settings do not fit the samples
        """
        chosen = whatif.answer(self._subject, self._stored, self._config)
        hand = self._run.hand if self._run else None
        edited = edits.applied(chosen, self._stored, hand) if hand and hand["edits"] else None
        if edited is None:
            return Found(self._base, self._stored, chosen)
        return Found(self._base, self._stored, edited, edits.counts(chosen, edited))

    @cached_property
    def _found_or_why_not(self) -> Found | str:
        """What is chosen, or why the settings have no answer."""
        if self._problem:
            return self._problem
        try:
            return self.found
        except ValueError as error:
            return labelled(error)

    def promise(self, working: str) -> PanelState:
        """Returns what to show until there is an answer."""
        return PanelState(**self._lists, working=working, n_samples=len(self._base))

    def answer(self, check: Callable[[], None] = lambda: None) -> PanelState:
        """Returns what to show.

        Args:
            check: raises an error if that is not wanted any more; called before pictures are read
        """
        if compared := self._side_by_side():  # also of runs whose settings have no answer any more
            return PanelState(**self._lists, compared=compared)
        if self._refusal:
            return PanelState(
                **self._lists,
                phase="refused",
                problem=self._refusal,
                holds_videos=targets.holds_videos(self._base),
            )
        stored = self._stored
        known: dict[str, Any] = {
            **self._lists,
            "n_samples": len(stored),
            "n_missing": stored.n_missing,
            "n_unknown": stored.n_unknown if self._config.finds_standing else 0,
            "n_unreadable": stored.n_unreadable,
            "noun": self._subject.items.noun,
            "n_choosable": len(stored) - stored.n_missing - stored.n_unreadable,
        }
        if self._asked.whole_images:
            known["n_choosable"] = self._subject.count
        if stored.n_missing + stored.n_unreadable == len(stored):
            return PanelState(**known, phase="unsigned" if stored.n_missing else "unreadable")
        found = self._found_or_why_not
        if isinstance(found, str):
            return PanelState(**known, problem=found, buckets=_sizes(stored))
        selection = found.selection
        check()
        all_rows, bucket = self._chosen["all_rows"], self._chosen["bucket"]
        return PanelState(
            **known,
            **self._of_run(selection),
            buckets=tuple(selection.buckets),
            strata=outcome.strata(selection),
            totals=outcome.summary(selection, self._subject.items),
            sheet=self._sheet(selection),
            pairs=self._pairs(),
            of_buckets=_pictures.of_buckets(self._subject, self._stored, selection, all_rows),
            of_bucket=_pictures.of_bucket(self._subject, self._stored, selection, bucket),
            curve=self._curve(),
            timeline=self._timeline(selection),
            standing=self._standing(selection),
            quality=self._quality(),
            warnings=whatif.warnings(self._subject, selection, self._config),
            omissions=self._omissions(selection),
        )

    def _sheet(self, selection: Selection) -> Sheet:
        unfolded = bool(self._chosen["settings"].get("pictures"))
        shown = selection.indices if selection.ranking is None else selection.ranking
        return self._stored.of_signatures.remember(
            ("sheet", unfolded, shown.tobytes()),
            lambda: _sheet.draw(self._subject, self._stored, selection, unfolded=unfolded),
        )

    def _pairs(self) -> tuple[Sheet, ...]:
        if not self._chosen["settings"].get("more"):
            return ()
        return _pictures.of_pairs(self._subject, self._stored, self._config)

    def _curve(self) -> Curve | None:
        if not self._chosen["settings"].get("curve"):
            return None
        edited = self.found.selection if self.found.n_edited else None
        return _enough.curve(self._subject, self._stored, self._config, edited)

    def _timeline(self, selection: Selection) -> Timeline | None:
        if not self._chosen["settings"].get("timeline"):
            return None
        return timeline.timeline(self._subject, self._stored, self._config, selection)

    def _standing(self, selection: Selection) -> StandingCameras | None:
        if not self._chosen["settings"].get("standing"):
            return None
        return _standing.find(self._subject, self._stored, self._config, selection)

    def _quality(self) -> dict[str, int] | None:
        if not self._chosen["settings"].get("quality"):
            return None
        return {kind: len(rows) for kind, rows in quality.rows_of(self._stored.signatures).items()}

    def of_quality(self, kind: str) -> fo.DatasetView:
        """Returns the view of the images of a kind; see :data:`quality.KINDS`.

        Raises:
            ValueError: if it has too many samples for the App
        """
        rows = quality.rows_of(self._stored.signatures)[kind]
        return self._base.select(sources.listed(self._stored, rows))

    def of_cell(self, cell: str) -> fo.DatasetView:
        """Returns the view of a cell of the timeline; see :func:`timeline.rows_of`.

        Raises:
            ValueError: if it has too many samples for the App, or none any more
        """
        base, stored, selection, _ = self.found
        rows = timeline.rows_of(cell, self._subject, stored, self._config, selection)
        return base.select(sources.listed(stored, rows))

    def _omissions(self, selection: Selection) -> list[omissions.Omission]:
        if self._config.stratify_by:
            return []
        return omissions.find(self._subject, self._stored, selection)

    def part(self) -> fo.DatasetView:
        """Returns the view of the part that is chosen for the grid.

        Raises:
            ValueError: if it has too many samples for the App
        """
        base, stored, selection, _ = self.found
        show, bucket = self._chosen["show"] or "all", self._chosen["bucket"]
        field = self._config.signature_field
        return sources.part(base, field, stored, selection, show, bucket)

    def _of_run(self, selection: Selection) -> dict[str, Any]:
        """Says whether this is what a run has saved, and whether it would keep the same now."""
        if self._run is None:
            return {}
        hand, n_edited = self._run.hand, self.found.n_edited
        is_lost = bool(hand["edits"]) and n_edited is None
        has_changed = is_lost or self._run.record["buckets"] != outcome.buckets(selection)
        more = partial(_more.of, self._subject, self._stored, self._config, selection)
        return {
            "is_saved": True,
            "has_changed": has_changed,
            "more_of": None if has_changed else more,
            "by_hand": edits.by_hand(*n_edited) if n_edited else "",
            "can_take_back": n_edited is not None,
        }

    def compared(self) -> dict[str, Any]:
        """Counts what the two that are compared keep; see :func:`compare.compared`.

        Raises:
            ValueError: if there are not two any more
        """
        a, b = browser.compared(self._chosen)
        return (
            self._proposal.compared() if self._proposal else compare.compared(self._dataset, a, b)
        )

    def difference(self, part: str, bucket: int | None) -> fo.DatasetView:
        """Returns the view of one of :data:`compare.PARTS`, of one bucket or all.

        Raises:
            ValueError: if it has too many samples for the App
        """
        if self._proposal:
            rows = self._proposal.rows(part, bucket)
            return self._base.select(sources.listed(self._stored, rows))
        view: fo.DatasetView = compare.view(
            self._dataset, *browser.compared(self._chosen), part, bucket
        )
        return view

    @cached_property
    def _proposal(self) -> Proposal | None:
        a, b = browser.compared(self._chosen)
        if b != sources.PROPOSAL[0]:
            return None
        return Proposal.of(self._subject, self._stored, a, self.found.selection)

    def _side_by_side(self) -> dict[str, Any] | None:
        run, other = sources.run_key(self._chosen["source"]), self._chosen["choose"]["other"]
        if not (run and other):
            return None
        if other == sources.PROPOSAL[0] and (
            self._refusal or isinstance(self._found_or_why_not, str)
        ):
            return None
        found = self.compared()
        if self._refusal:
            return found
        try:
            if self._proposal:
                measured = self._proposal.sides()
            else:
                measured = sides.find(self._subject, self._stored, run, other)
        except ValueError as error:
            return {**found, "sides": _sides.Shown(str(error))}
        shown = _sides.shown(self._subject, self._stored, found["a"], found["b"], measured)
        return {**found, "sides": shown}


def _sizes(stored: Stored) -> tuple[Bucket, ...]:
    """Returns the buckets of some signatures, largest first, with nothing of them kept."""
    ids = assign_buckets(stored.signatures)
    sizes = np.bincount(ids[ids != UNREADABLE], minlength=N_BUCKETS)
    return tally(sizes, np.zeros_like(sizes))
