"""How the panel looks while it puts two runs side by side."""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from smartdownsample_core import bucket_name

from ..runs import compare
from . import _charts as charts
from . import _sides as sides
from ._parts import PLOT_CONFIG, button, row, table
from ._state import PanelState


def render(panel: Any, body: types.Object, shown: PanelState) -> None:
    """Adds the comparison to the layout, if there is one."""
    compared, shown_part, bucket = shown.compared, shown.chosen["part"], shown.chosen["bucket"]
    if compared is None:
        return
    a, b, counts = (compared[name] for name in ("a", "b", "counts"))
    body.md(charts.overlap(compared), name="overlap")
    sides.add_figures(body, compared)
    body.plot(
        "versus_chart",
        data=charts.versus(compared),
        layout=charts.versus_layout(compared, bucket),
        config=PLOT_CONFIG,
        on_click=panel.click_versus_bar,
        height="260px",
    )
    text = "Click a bar or a row to see its bucket in the grid."
    if bucket is not None and shown_part:
        part = compare.PARTS[shown_part].format(a=f"`{a}`", b=f"`{b}`")
        text = f"In the grid: **{bucket_name(bucket)}** · {part[0].lower()}{part[1:]}"
    body.md(text, name="versus_line")
    parts = row(body, "parts")
    handlers = (panel.show_either, panel.show_both, panel.show_only_a, panel.show_only_b)
    for (part, text), handler in zip(compare.PARTS.items(), handlers, strict=True):
        variant = "contained" if shown_part == part else "outlined"
        label = f"{text.format(a=a, b=b)} ({counts[part]:,})"
        button(parts, f"show_{part}", label, handler, variant, disabled=not counts[part])
    button(parts, "close", "Close the comparison", panel.close_comparison)
    sides.add_pictures(body, compared)
    columns = (("name", "Bucket"), ("a", a), ("b", b), ("both", "Both"), ("gain", "Difference"))
    table(body, "difference", columns, charts.differences(compared), panel.click_difference)
