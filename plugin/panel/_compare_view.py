"""How the panel looks while it puts two runs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fiftyone.operators.types as types

from smartdownsample_core import bucket_name

from ..runs import compare
from . import _charts as charts
from ._parts import PLOT_CONFIG, button, row, table_view


def render(panel: Any, body: types.Object, compared: Mapping[str, Any]) -> None:
    """Adds the comparison to the layout.

    Args:
        panel: the panel
        body: the layout
        compared: of :func:`compare.compared`
    """
    a, b, counts, bucket = (compared[name] for name in ("a", "b", "counts", "bucket"))
    body.md(charts.overlap(compared), name="overlap")
    body.plot(
        "versus_chart",
        layout=charts.versus_layout(compared),
        config=PLOT_CONFIG,
        on_click=panel.click_versus_bar,
        height="260px",
    )
    text = "Click a bar or a row to see its bucket in the grid."
    if bucket is not None:
        part = compare.PARTS[compared["part"]].format(a=f"`{a}`", b=f"`{b}`")
        text = f"In the grid: **{bucket_name(bucket)}** · {part[0].lower()}{part[1:]}"
    body.md(text, name="versus_line")
    parts = row(body, "parts")
    handlers = (panel.show_either, panel.show_both, panel.show_only_a, panel.show_only_b)
    for (part, text), handler in zip(compare.PARTS.items(), handlers, strict=True):
        variant = "contained" if compared["part"] == part else "outlined"
        label = f"{text.format(a=a, b=b)} ({counts[part]:,})"
        button(parts, f"show_{part}", label, handler, variant, disabled=not counts[part])
    button(parts, "close", "Close the comparison", panel.close_comparison)
    columns = (("name", "Bucket"), ("a", a), ("b", b), ("both", "Both"), ("gain", "Difference"))
    body.list("difference", types.Object(), view=table_view(columns, panel.click_difference))
