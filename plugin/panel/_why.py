"""Why a run kept or left out the image that is selected in the grid, with a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types
import numpy as np
from bson import ObjectId
from numpy.typing import NDArray

from smartdownsample_core.images import Item
from smartdownsample_core.selection import Reason

from ..jobs import activity
from ..run_fields import ACTIVITY, BUCKET, DISTANCE, EVENT, KEPT_BY, RANK, REASON
from ..runs import records as runs
from ..runs.shapes import Edit
from ..targets import GROUPS, Samples
from ..targets import kinds as targets
from . import _answers as answers
from . import _browser as browser
from . import _sheet
from . import _sources as sources
from ._parts import button, row
from ._state import More, PanelState, Why
from ._turns import turns

#: What a run writes if it explains its choice.
_EXPLAINING = {KEPT_BY.name, DISTANCE.name, REASON.name}

_READ = (KEPT_BY, DISTANCE, REASON, RANK, EVENT, ACTIVITY, BUCKET)


class Explains:
    """The handlers of a panel that explains the selected image."""

    def on_change_selected(self, ctx: foo.ExecutionContext) -> PanelState | None:
        """Explains another image; nothing that the browser holds changes."""
        if ctx.dataset is None or not ctx.panel.state.choose:
            return None
        question = answers.Question(ctx.dataset, browser.chosen(ctx))
        # At the end of a run the App clears the selection, and sends a state that is out of date.
        turns.check(ctx.panel.id, question.key)
        return None if question.takes_long() else question.answer()

    def show_represented(self, ctx: foo.ExecutionContext) -> None:
        """Shows all that a kept image stands for, the most similar first."""
        items, names = _of_run(ctx.dataset, ctx.params["run"])
        view = items.holding(ctx.dataset, names[KEPT_BY.name], ctx.params["kept"])
        ctx.ops.set_view(view.sort_by(items.view_path(names[DISTANCE.name])))

    def show_event(self, ctx: foo.ExecutionContext) -> None:
        """Shows the event that an image is of, in natural order."""
        run, number = ctx.params["run"], ctx.params["event"]
        items, names = _of_run(ctx.dataset, run)
        view = items.holding(ctx.dataset, names[EVENT.name], number)
        signatures = items.to_view_path(runs.settings(ctx.dataset, run)["signature_field"])
        ctx.ops.set_view(view.sort_by(f"{signatures}.sort_key"))


def explained(ctx: foo.ExecutionContext, shown: PanelState) -> PanelState:
    """Adds why the one image that is selected was kept or left out, if a run says so."""
    run = sources.run_key(shown.chosen["source"])
    if not run or not shown.has_answer or shown.compared:
        return shown
    if not set(runs.fields_of(ctx.dataset, run)) >= _EXPLAINING:
        return shown
    selected = ctx.selected or []
    why = _why(ctx.dataset, run, selected[0], shown.more_of) if len(selected) == 1 else None
    return replace(shown, explains=True, why=why)


def add(panel: Any, body: types.Object, shown: PanelState) -> None:
    """Adds the explanation, the picture, and a button that shows what the kept image stands for."""
    if (why := shown.why) is None:
        if shown.explains:
            body.md("**Why this one?** Select one image in the grid.", name="why_which")
        return
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


def _of_run(dataset: fo.Dataset, run: str) -> tuple[Samples, dict[str, str]]:
    """Returns what a run is about, and the names of the fields that it has written."""
    fields = runs.fields_of(dataset, run)
    names = {name: path.rpartition(".")[2] for name, path in fields.items()}
    return targets.of_record(runs.settings(dataset, run)), names


class _Seen(NamedTuple):
    """An image, and what a run has written of it."""

    source: Item
    name: str
    values: dict[str, Any]
    """by the name of the run's field"""
    heat: Callable[[], NDArray[np.float32]] | None = None
    """its heat map, of a frame of a standing camera"""

    def beside(self, others: Sequence[Item] = ()) -> str:
        """Returns its picture, of others beside it, and its heat map, as a data URI."""
        return _sheet.beside([self.source, *others], self.heat and self.heat())

    @property
    def activity(self) -> str:
        """Says what the heat map shows, if there is one."""
        if self.heat is None:
            return ""
        activity = self.values[ACTIVITY.name]
        return (
            f" Its activity is {activity:.2f} (0: nothing but background, about 1: an animal). The "
            "last picture shows where it differs from its background."
        )


def _look_up(dataset: fo.Dataset, run: str, item: str) -> _Seen | None:
    """Returns the item of an id, as it is now; None if there is none of this kind."""
    items, names = _of_run(dataset, run)
    there = {field.name: names[field.name] for field in _READ if field.name in names}
    field = items.to_view_path(runs.settings(dataset, run)["signature_field"])
    if ACTIVITY.name in there:
        there[activity.CAMERA] = f"{field}.{activity.CAMERA}"
    view = items.holding(dataset, "_id", ObjectId(item))
    _, paths, *columns = items.read(view, list(there.values()))
    if not paths or not paths[0]:
        return None
    (source,), (title,) = items.sources(view, paths), items.titles(view, paths)
    values = {name: column[0] for name, column in zip(there, columns, strict=True)}
    if values.get(ACTIVITY.name) is None:
        return _Seen(source, title, values)
    camera = values[activity.CAMERA]
    return _Seen(
        source,
        title,
        values,
        lambda: activity.maps(dataset, items, field, [source], [camera])[0],
    )


def _compared(dataset: fo.Dataset, reason: str, selected: str) -> str:
    """Returns the id of the sample by which the group of a sample was compared with others."""
    field = dataset.group_field
    for group in GROUPS.holding(dataset, "_id", ObjectId(selected)).values(f"{field}.id"):
        found = GROUPS.holding(dataset, f"{field}._id", ObjectId(group)).exists(reason)
        return next(iter(found.values("id")), selected)
    return selected


def _why(
    dataset: fo.Dataset,
    run: str,
    selected: str,
    more_of: Callable[[str], More] | None,
) -> Why | None:
    """Returns why a run kept or left out an item; None if the run does not say so.

    Args:
        dataset: the dataset
        run: the run
        selected: id of the item
        more_of: see :attr:`PanelState.more_of`
    """
    items, names = _of_run(dataset, run)
    if items is GROUPS:  # whichever slice the grid shows
        selected = _compared(dataset, names[REASON.name], selected)
    seen = _look_up(dataset, run, selected)
    if seen is None or not (reason := seen.values[REASON.name]):
        return None
    kept, distance, rank, event = (
        seen.values.get(field.name) for field in (KEPT_BY, DISTANCE, RANK, EVENT)
    )
    name = seen.name
    more = More() if more_of is None else more_of(selected)
    facts = {"camera": more.camera, "bucket": seen.values.get(BUCKET.name)}
    said = "; ".join(f"{what}: {value}" for what, value in facts.items() if value)
    end = (f" {said[0].upper()}{said[1:]}." if said else "") + seen.activity
    if not kept:
        text = f"**{name}** was left out: {reason}.{end}"
        return Why(run, text, seen.beside(), name, event=event)
    n = len(items.holding(dataset, names[KEPT_BY.name], kept)) - 1
    # That it was kept, or that another one stands for it, is said anyway.
    because = "" if reason in (Reason.KEPT.text, Reason.REPRESENTED.text) else f": {reason}"
    if kept == selected:
        place = f", as number {rank:,}" if rank else ""
        text = f"**{name}** was kept{place}{because}."
        if more.added is not None and not because:
            text += f" It was at a distance of {more.added:.1f} from those picked before it."
        text += f" It stands for {_others(n)}.{end}"
        drop: Edit = {"keep": [], "drop": [selected]}
        edits = [("Never keep", drop)]
        return Why(run, text, seen.beside(), name, kept, n, edits, event)
    other = _look_up(dataset, run, kept)
    if other is None:
        return None
    place = "right" if seen.heat is None else "middle"
    text = (
        f"**{name}** (left) was left out{because}. **{other.name}** ({place}) was kept and stands "
        f"for it, at a distance of {distance:.1f}, and for {_others(n - 1)}.{end}"
    )
    add: Edit = {"keep": [selected], "drop": []}
    swap: Edit = {"keep": [selected], "drop": [kept]}
    edits = [("Keep", add), ("Swap: keep this one instead", swap)]
    picture, caption = seen.beside([other.source]), f"{name}, {other.name}"
    return Why(run, text, picture, caption, kept, n, edits, event)


def _others(n: int) -> str:
    return {0: "no others", 1: "1 other"}.get(n, f"{n:,} others")
