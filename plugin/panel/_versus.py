"""The handlers of a panel that puts two runs side by side."""

from __future__ import annotations

from typing import Any, cast

import fiftyone.operators as foo

from ..targets import flat_views
from . import _answers as answers
from . import _browser as browser
from ._state import Chosen, PanelState


class Compares:
    """The handlers of a panel that compares runs."""

    _answer: Any

    def compare(self, ctx: foo.ExecutionContext) -> PanelState:
        """Puts another run, or what the settings keep, beside the run; none if none is named."""
        chosen = browser.chosen(ctx)
        chosen["choose"] = {**chosen["choose"], "other": ctx.params.get("value")}
        chosen |= {"part": None, "bucket": None}
        answer: PanelState = self._answer(ctx, chosen)
        return answer

    def close_comparison(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the panel without the other run, and in the grid what the run chose from."""
        chosen = browser.chosen(ctx)
        chosen["choose"] = {**chosen["choose"], "other": None}
        chosen |= {"part": None, "bucket": None, "show": "all"}
        shown: PanelState = self._answer(ctx, chosen)
        ctx.ops.set_view(flat_views.rebuild(ctx.dataset, chosen["stages"]))
        return shown

    def show_either(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows what at least one of the two runs kept."""
        return self._show_difference(ctx, part="either", bucket=None)

    def show_both(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows what both runs kept."""
        return self._show_difference(ctx, part="both", bucket=None)

    def show_only_a(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows what the run kept and the other did not."""
        return self._show_difference(ctx, part="only_a", bucket=None)

    def show_only_b(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows what the other run kept and this one did not."""
        return self._show_difference(ctx, part="only_b", bucket=None)

    def click_versus_bar(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the bucket of the bar: of what was shown before, or of what either run kept."""
        return self._show_difference(ctx, bucket=int(ctx.params["id"]))

    def click_difference(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the bucket of the row: of what was shown before, or of what either run kept."""
        rows = answers.Question(ctx.dataset, browser.chosen(ctx)).compared()["rows"]
        return self._show_difference(ctx, bucket=int(rows[ctx.params["row"]]["id"]))

    def _show_difference(self, ctx: foo.ExecutionContext, **what: Any) -> PanelState:
        chosen = browser.chosen(ctx)
        part = chosen["part"] or "either"
        chosen = cast(Chosen, {**chosen, "part": part, **what})
        question = answers.Question(ctx.dataset, chosen)
        view = question.difference(chosen["part"] or part, chosen["bucket"])
        shown: PanelState = self._answer(ctx, chosen)
        ctx.ops.set_view(view)
        return shown
