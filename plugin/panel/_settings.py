"""The settings of the panel, and the switches of what it draws."""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from .. import names
from ..forms import inputs
from ._parts import INPUT, button, item, row
from ._state import PanelState

#: Switches of what is drawn below the chart: label and handler.
_DRAWN = {
    "curve": ("How many are enough?", "fold_curve"),
    "timeline": ("Over time", "fold_timeline"),
    "standing": ("Standing cameras", "fold_standing"),
    "quality": ("Image quality", "fold_quality"),
}

#: Options of a view whose description is seen when the mouse is on the mark beside its label.
_TOOLTIP = {"descriptionView": "tooltip"}

_NOT_IN_PANEL = (
    "Times, events and limits are among the advanced options of the form that Apply opens"
)

#: Shares of the width that settings take; in a name's, the App's placeholder has to fit.
_FLEX = {"choice": "1 1 100%", "name": "1 1 250px"}


def add(panel: Any, body: types.Object, shown: PanelState) -> None:
    """Adds number, slider and switches and, if they are unfolded, the other settings."""
    chosen = shown.chosen["settings"]
    settings = row(body, "settings", align_y="bottom")
    inputs.add(
        settings,
        inputs.TARGET_COUNT,
        description=None,
        on_change=panel.change_target,
        view=types.FieldView(**item(flex="0 0 120px"), **INPUT),
    )
    slider = types.SliderView(
        # At the left, the App calls it "Threshold" from its second drawing on.
        label_position="top",
        view_multiple_of=1,
        value_precision=0,
        value_label_display="auto",
        # Its own margins are meant for a form; these put it on a line with the number.
        **item(flex="1 1 160px", minWidth=0, mt="-26px", mb="-26px"),
        **INPUT,
    )
    most = max(shown.n_choosable, 1)
    settings.int("slider", min=1, max=most, on_change=panel.change_target, view=slider)
    more = types.SwitchView(**item(flex="1 1 auto"), **INPUT, **_TOOLTIP)
    label, about = "More settings", _NOT_IN_PANEL
    settings.bool("more", label=label, description=about, on_change=panel.fold_settings, view=more)
    for name, (label, handler) in _DRAWN.items():
        view = types.SwitchView(**item(flex="1 1 auto"), **INPUT)
        settings.bool(name, label=label, on_change=getattr(panel, handler), view=view)
    # What they draw is out of sight in a small window, and nothing would seem to happen.
    if drawn := [label for name, (label, _) in _DRAWN.items() if chosen.get(name)]:
        text = f"Below the chart: {' · '.join(drawn)}"
        settings.md(text, name="drawn_line", **item(flex="1 1 100%"))
    for asked in inputs.WHAT_IF_ROWS if chosen["more"] else ():
        value = chosen.get(asked.name)
        if not inputs.matters(asked, chosen) or not inputs.suits(asked, shown.noun):
            continue
        if isinstance(value, (list, tuple)):  # ids, from a run of the SDK
            settings.md(f"{asked.label}: {len(value):,} samples", name=f"{asked.name}_ids")
            continue
        flex = _FLEX.get(asked.kind, "0 1 31%")
        inputs.add(
            settings,
            asked,
            shown.options.get(asked.name, ()),
            {**item(flex=flex, minWidth="140px"), **INPUT, **_TOOLTIP},
            value,
            default=None,  # or the App puts it in the place of the state's value
            on_change=panel.change_setting,
        )
        if asked.name == "features" and shown.noun == "samples" and not shown.options["features"]:
            label = names.LABELS["compute_embeddings"]
            button(settings, "compute_embeddings", f"{label} ...", panel.compute_embeddings)
