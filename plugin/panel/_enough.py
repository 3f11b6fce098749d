"""How many images are enough: the distance of those left out, by the number kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fiftyone.operators as foo
import fiftyone.operators.types as types

from smartdownsample_core import Selection
from smartdownsample_core.report import how_many
from smartdownsample_core.selection import farthest_left_out

from ..config import DownsampleConfig
from ..jobs import whatif
from ..jobs.in_memory import Stored
from ..targets import Subject
from . import _charts as charts
from ._parts import PLOT_CONFIG
from ._state import Curve, PanelState

#: Images times kept images that are compared for a curve: about two seconds on one core.
_MOST_COMPARED = 300_000_000


class Enough:
    """The handlers of a panel that shows how many images are enough."""

    _change: Any

    def fold_curve(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the curve, or hides it."""
        shown: PanelState = self._change(ctx, curve=bool(ctx.params.get("value")))
        return shown

    def click_curve(self, ctx: foo.ExecutionContext) -> PanelState:
        """Keeps as many images as where the curve was clicked."""
        target = int(ctx.params["id"])
        shown: PanelState = self._change(ctx, target_count=target, slider=target)
        return shown


def curve(
    subject: Subject, stored: Stored, config: DownsampleConfig, edited: Selection | None
) -> Curve:
    """Returns the curve of some settings, for numbers up to a tenth of the images or more.

    Args:
        subject: what there is to choose from
        stored: its signatures
        config: the settings, which have an answer
        edited: that answer with hand edits, if there are any
    """
    if not config.how.ranks:
        return Curve("The strategy does not rank images, so there is no curve.")
    target = whatif.ranked_target(config, subject.count)
    if target is not None and len(stored) * target > _MOST_COMPARED:
        text = (
            f"The curve of {len(stored):,} images takes too long here: "
            "`smartdownsample --curve` draws it."
        )
        return Curve(text)
    ranked = whatif.answer(subject, stored, replace(config, target_count=target))
    coverage = ranked.coverage()
    kept = min(config.target_count or len(ranked.chosen), len(ranked.chosen))
    text = f"{how_many(coverage, kept)}. Click the curve to set the number."
    if edited is not None:
        text += (
            " That is of what the run chose: with the hand edits, the farthest image left out is "
            f"at {farthest_left_out(edited):.3g}."
        )
    counts = coverage.counts
    farthest = coverage.farthest[counts]
    return Curve(text, counts.tolist(), farthest.tolist(), coverage.median.tolist(), coverage.unit)


def add(panel: Any, body: types.Object, shown: PanelState) -> None:
    """Adds the curve, with the number marked."""
    found = shown.curve
    if found is None:
        return
    if found.counts:
        target = shown.chosen["settings"].get("target_count")
        body.plot(
            "curve",
            data=charts.curve(found.counts, found.farthest, found.median),
            layout=charts.curve_layout(found.unit, target),
            config=PLOT_CONFIG,
            on_click=panel.click_curve,
            height="240px",
        )
    body.md(found.text, name="curve_text")
