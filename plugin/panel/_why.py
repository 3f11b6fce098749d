"""Why a run kept or left out the image that is selected in the grid, with a picture."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types
from fiftyone import ViewField as F

from ..run_fields import DISTANCE, KEPT_BY, RANK, REASON
from ..runs import records as runs
from ..targets import GROUPS, SAMPLES, all_slices
from ..targets import kinds as targets
from . import _answers as answers
from . import _browser as browser
from . import _sheet
from . import _sources as sources
from ._parts import button, row
from ._state import PanelState, Why


class Explains:
    """The handlers of a panel that explains the selected image."""

    def on_change_selected(self, ctx: foo.ExecutionContext) -> PanelState | None:
        """Explains another image; nothing that the browser holds changes."""
        if ctx.dataset is None or not ctx.panel.state.choose:
            return None
        question = answers.Question(ctx.dataset, browser.chosen(ctx))
        # At the end of a run the App clears the selection, and sends a state that is out of date.
        answers.turns.check(ctx.panel.id, question.key)
        return None if question.takes_long() else question.answer()

    def show_represented(self, ctx: foo.ExecutionContext) -> None:
        """Shows all that a kept image stands for, the most similar first."""
        fields = runs.fields_of(ctx.dataset, ctx.params["run"])
        represented = F(fields[KEPT_BY.name]) == ctx.params["kept"]
        view = all_slices(ctx.dataset).match(represented)
        ctx.ops.set_view(view.sort_by(fields[DISTANCE.name]))


def explained(ctx: foo.ExecutionContext, shown: PanelState) -> PanelState:
    """Adds why the one image that is selected was kept or left out, if a run says so."""
    run = sources.run_key(shown.chosen["source"])
    selected = ctx.selected or []
    if not run or len(selected) != 1 or not shown.has_answer or shown.compared:
        return shown
    return replace(shown, why=_why(ctx.dataset, run, selected[0]))


def add(panel: Any, body: types.Object, why: Why) -> None:
    """Adds the explanation, the picture, and a button that shows what the kept image stands for."""
    body.md(f"![{why.caption}]({why.picture})\n\n{why.text}", name="why")
    if why.n_represented:
        button(
            row(body, "represented"),
            "show_represented",
            f"Show all {why.n_represented + 1:,} together",
            panel.show_represented,
            params={"run": why.run, "kept": why.kept},
        )


def _why(dataset: fo.Dataset, run: str, selected: str) -> Why | None:
    """Returns why a run kept or left out a sample; None if the run does not say so."""
    if targets.of_record(runs.settings(dataset, run)) not in (SAMPLES, GROUPS):
        return None
    fields, samples = runs.fields_of(dataset, run), all_slices(dataset)
    if not {KEPT_BY.name, DISTANCE.name, REASON.name} <= set(fields):
        return None
    ranks = [fields[RANK.name]] if RANK.name in fields else []
    paths = ["filepath", *(fields[field.name] for field in (KEPT_BY, DISTANCE, REASON)), *ranks]
    values = [column[0] for column in samples.select([selected]).values(paths) if column]
    if not values or not values[3]:  # no longer there, or not of this run
        return None
    path, kept, distance, reason, *rank = values
    name = os.path.basename(path)
    if not kept:
        return Why(run, f"**{name}** was left out: {reason}.", _sheet.beside([path]), name)
    n = samples.match(F(fields[KEPT_BY.name]) == kept).count() - 1
    if kept == selected:
        place = f", as number {rank[0]:,}" if rank and rank[0] else ""
        text = f"**{name}** was kept{place}: {reason}. It stands for {n:,} others."
        return Why(run, text, _sheet.beside([path]), name, kept, n)
    other = samples.select([kept]).values("filepath")
    if not other:
        return None
    its_name = os.path.basename(other[0])
    text = (
        f"**{name}** (left) was left out: {reason}. **{its_name}** (right) was kept and stands for "
        f"it, at a distance of {distance:.1f}, and for {n - 1:,} others."
    )
    return Why(run, text, _sheet.beside([path, other[0]]), f"{name}, {its_name}", kept, n)
