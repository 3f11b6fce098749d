"""Cameras over time, in the panel; see :mod:`plugin.jobs.timeline`."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
import fiftyone.operators.types as types

from . import _answers as answers
from . import _browser as browser
from . import _charts as charts
from ._parts import PLOT_CONFIG
from ._state import PanelState


class OverTime:
    """The handlers of a panel that shows cameras over time."""

    _answer: Any
    _change: Any

    def fold_timeline(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the timeline, or hides it."""
        shown: PanelState = self._change(ctx, timeline=bool(ctx.params.get("value")))
        return shown

    def click_timeline(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the images of a bar in the grid."""
        chosen = browser.chosen(ctx)
        view = answers.Question(ctx.dataset, chosen).of_cell(ctx.params["id"])
        shown: PanelState = self._answer(ctx, {**chosen, "show": None, "bucket": None})
        ctx.ops.set_view(view)
        return shown


def add(panel: Any, body: types.Object, shown: PanelState) -> None:
    """Adds the timeline."""
    found = shown.timeline
    if found is None:
        return
    if found.rows:
        body.plot(
            "timeline",
            data=charts.timeline(found),
            layout=charts.timeline_layout(found),
            config=PLOT_CONFIG,
            on_click=panel.click_timeline,
            height=f"{90 + 44 * len(found.rows)}px",
        )
    body.md(found.text, name="timeline_text")
