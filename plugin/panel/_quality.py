"""Images by what is wrong with them, in the panel; see :mod:`plugin.runs.quality`."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
import fiftyone.operators.types as types

from smartdownsample_core.errors import counted

from ..runs import quality
from . import _answers as answers
from . import _browser as browser
from ._parts import button, row
from ._state import PanelState


class ByQuality:
    """The handlers of a panel that shows images by what is wrong with them."""

    _answer: Any
    _change: Any

    def fold_quality(self, ctx: foo.ExecutionContext) -> PanelState:
        """Counts the images, or hides the counts."""
        shown: PanelState = self._change(ctx, quality=bool(ctx.params.get("value")))
        return shown

    def show_quality(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the images of one kind in the grid."""
        chosen = browser.chosen(ctx)
        view = answers.Question(ctx.dataset, chosen).of_quality(ctx.params["kind"])
        shown: PanelState = self._answer(ctx, {**chosen, "show": None, "bucket": None})
        ctx.ops.set_view(view)
        return shown


def add(panel: Any, body: types.Object, shown: PanelState) -> None:
    """Adds a button for each kind, with the number of its images."""
    if shown.quality is None:
        return
    n = shown.n_samples
    all_of = "all " * (n != 1) + counted(n, shown.noun)
    body.md(f"Image quality, of {all_of}:", name="quality_line")
    kinds = row(body, "kinds")
    for kind, count in shown.quality.items():
        title, _, meaning = quality.KINDS[kind].label.partition(": ")
        button(
            kinds,
            f"show_{kind}",
            f"{title} ({count:,})",
            panel.show_quality,
            params={"kind": kind},
            title=meaning,
            disabled=not count,
        )
