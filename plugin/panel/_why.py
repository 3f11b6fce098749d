"""Why a run kept or left out the image that is selected in the grid, with a picture."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types
from fiftyone import ViewField as F

from ..run_fields import DISTANCE, EVENT, KEPT_BY, RANK, REASON
from ..runs import records as runs
from ..runs.shapes import Edit
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

    def show_event(self, ctx: foo.ExecutionContext) -> None:
        """Shows the event that an image is of, in natural order."""
        run, number = ctx.params["run"], ctx.params["event"]
        field = runs.fields_of(ctx.dataset, run)[EVENT.name]
        view = all_slices(ctx.dataset).match(F(field) == number)
        signatures = runs.settings(ctx.dataset, run)["signature_field"]
        ctx.ops.set_view(view.sort_by(f"{signatures}.sort_key"))


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
    if why.n_represented or why.event is not None:
        shows = row(body, "represented")
        if why.n_represented:
            label = f"Show all {why.n_represented + 1:,} together"
            params: dict[str, Any] = {"run": why.run, "kept": why.kept}
            button(shows, "show_represented", label, panel.show_represented, params=params)
        if why.event is not None:
            params = {"run": why.run, "event": why.event}
            button(shows, "show_event", "Show its event", panel.show_event, params=params)
    if why.edits:
        changes = row(body, "by_hand")
        for number, (label, edit) in enumerate(why.edits):
            params = {"run": why.run, **edit}
            button(changes, f"edit_{number}", label, panel.edit_by_hand, params=params)


def _why(dataset: fo.Dataset, run: str, selected: str) -> Why | None:
    """Returns why a run kept or left out a sample; None if the run does not say so."""
    if targets.of_record(runs.settings(dataset, run)) not in (SAMPLES, GROUPS):
        return None
    fields, samples = runs.fields_of(dataset, run), all_slices(dataset)
    if not {KEPT_BY.name, DISTANCE.name, REASON.name} <= set(fields):
        return None
    wanted = [field.name for field in (KEPT_BY, DISTANCE, REASON, RANK, EVENT)]
    paths = ["filepath", *(fields[field] for field in wanted if field in fields)]
    columns = samples.select([selected]).values(paths)
    values = {path: column[0] for path, column in zip(paths, columns, strict=True) if column}
    path, reason = values.get("filepath"), values.get(fields[REASON.name])
    if not path or not reason:  # no longer there, or not of this run
        return None
    kept, distance, rank, event = (
        values.get(fields.get(field.name, "")) for field in (KEPT_BY, DISTANCE, RANK, EVENT)
    )
    name = os.path.basename(path)
    if not kept:
        text = f"**{name}** was left out: {reason}."
        return Why(run, text, _sheet.beside([path]), name, event=event)
    n = samples.match(F(fields[KEPT_BY.name]) == kept).count() - 1
    if kept == selected:
        place = f", as number {rank:,}" if rank else ""
        text = f"**{name}** was kept{place}: {reason}. It stands for {n:,} others."
        drop: Edit = {"keep": [], "drop": [selected]}
        edits = [("Never keep", drop)]
        return Why(run, text, _sheet.beside([path]), name, kept, n, edits, event)
    other = samples.select([kept]).values("filepath")
    if not other:
        return None
    its_name = os.path.basename(other[0])
    text = (
        f"**{name}** (left) was left out: {reason}. **{its_name}** (right) was kept and stands for "
        f"it, at a distance of {distance:.1f}, and for {n - 1:,} others."
    )
    add: Edit = {"keep": [selected], "drop": []}
    swap: Edit = {"keep": [selected], "drop": [kept]}
    edits = [("Keep", add), ("Swap: keep this one instead", swap)]
    picture, caption = _sheet.beside([path, other[0]]), f"{name}, {its_name}"
    return Why(run, text, picture, caption, kept, n, edits, event)
