"""How the panel looks: its layout, made from its state alone."""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from . import charts, compare, inputs, sources

#: Of two inputs that follow each other. The App reports an input as changed by the user when the
#: panel has set it, unless its view says that it is composite; the two would then never rest.
_NO_ECHO = {"composite_view": True}

_SMALL = {"fontSize": "0.85rem", "py": 0.5, "px": 1}
_COLUMNS = (
    ("place", "#"),
    ("name", "Bucket"),
    ("size", "Images"),
    ("kept", "Kept"),
    ("rate", "Share"),
    ("stride", "Stride"),
)
_STRATA = (("name", "Label"), ("size", "Images"), ("kept", "Kept"), ("rate", "Share"))


def render(panel: Any, state: Any) -> types.Property:
    """Returns the layout for a state."""
    body = types.Object()
    if state.phase is None:
        _say(body, "Open a dataset of images to downsample it.")
    elif state.phase == "loading":
        body.view("loading", types.LoadingView(text="Reading the stored signatures"))
    else:
        _source(panel, body, state)
        sections = {"refused": _refused, "unsigned": _unsigned, "ready": _ready}
        sections[state.phase](panel, body, state)
    # Nothing in the panel may be wider than the panel, whose width the user chooses.
    grid = {"gridTemplateColumns": "minmax(0, 1fr)", "p": 2}
    view = types.VStackView(gap=1.5, componentsProps={"grid": {"sx": grid}})
    return types.Property(body, view=view)


def _source(panel: Any, body: types.Object, state: Any) -> None:
    row = _row(body, "choose", align_y="bottom")
    choices = types.DropdownView(**_item(flex="1 1 200px", maxWidth="320px"))
    for value, label in state.choices or []:
        if value != sources.VIEW or state.source == sources.VIEW:
            choices.add_choice(value, label=label)
    row.enum(
        "source",
        choices.values(),
        label="Choose from",
        view=choices,
        on_change=panel.choose_source,
    )
    _button(row, "take_view", "Use the grid's view", panel.take_view)


def _refused(panel: Any, body: types.Object, state: Any) -> None:
    _say(body, f"This cannot be downsampled: {state.problem}.", "warning")


def _unsigned(panel: Any, body: types.Object, state: Any) -> None:
    _say(
        body,
        f"None of the {state.n_samples:,} samples has a visual signature yet. Compute them once: "
        "each image is read, and nothing is kept or left out.",
    )
    row = _row(body, "start")
    _button(row, "compute", "Compute signatures", panel.compute, "contained")


def _ready(panel: Any, body: types.Object, state: Any) -> None:
    _settings(panel, body, state)
    _notices(panel, body, state)
    if not state.problem:
        _totals(panel, body, state)
    body.plot(
        "chart",
        layout=charts.layout(state.place),
        config={"displayModeBar": False, "scrollZoom": False},
        on_click=panel.click_bar,
        height="300px",
    )
    _navigation(panel, body, state)
    _table(panel, body)
    if state.stratified:
        body.list("strata", types.Object(), view=_table_view(_STRATA))
    _comparison(panel, body, state)


def _settings(panel: Any, body: types.Object, state: Any) -> None:
    settings = _row(body, "settings", align_y="bottom")
    inputs.add(
        settings,
        inputs.TARGET_COUNT,
        on_change=panel.change_target,
        view=types.FieldView(**_item(flex="0 0 120px"), **_NO_ECHO),
    )
    slider = types.SliderView(
        label="",
        view_multiple_of=1,
        value_precision=0,
        value_label_display="auto",
        # Its own margins are meant for a form; these put it on a line with the number.
        **_item(flex="1 1 160px", minWidth=0, mt="-26px", mb="-26px"),
        **_NO_ECHO,
    )
    most = max(state.n_samples - state.n_unreadable - state.n_missing, 1)
    settings.int("slider", min=1, max=most, on_change=panel.change_target, view=slider)
    settings.bool(
        "more",
        label="More settings",
        on_change=panel.change_setting,
        view=types.SwitchView(**_item(flex="1 1 100%")),
    )
    for row in inputs.WHAT_IF_ROWS if state.settings.get("more") else ():
        value = state.settings.get(row.name)
        if isinstance(value, (list, tuple)):  # ids, from a run of the SDK
            settings.md(f"{row.label}: {len(value):,} samples", name=f"{row.name}_ids")
            continue
        inputs.add(
            settings,
            row,
            (state.options or {}).get(row.name, ()),
            _item(flex="1 1 100%" if row.kind == "choice" else "1 1 160px"),
            value,
            description=None,
            default=None,  # or the App puts it in the place of the state's value
            on_change=panel.change_setting,
        )


def _notices(panel: Any, body: types.Object, state: Any) -> None:
    if state.problem:
        _say(body, state.problem, "error", "problem_notice")
    for number, text in enumerate(state.warnings or () if not state.problem else ()):
        _say(body, f"{text}.", "warning", f"warning_{number}")
    if state.changed:
        _say(
            body,
            "The dataset has changed since this run. The chart shows what the same settings keep "
            "now; press Apply to run it again.",
            "warning",
            "changed_notice",
        )
    if state.n_missing:
        _say(
            body,
            f"{state.n_missing:,} of {state.n_samples:,} samples have no up-to-date signature, and "
            "are not in the chart.",
            "warning",
            "missing_notice",
        )
        row = _row(body, "complete")
        _button(row, "compute", "Compute signatures", panel.compute, "contained")


def _totals(panel: Any, body: types.Object, state: Any) -> None:
    run_key = sources.run_key(state.source)
    text = f"**{state.totals}**, saved as the run `{run_key}`"
    if not state.saved:
        text = f"**Would have {state.totals[0].lower()}{state.totals[1:]}**; nothing is saved yet"
    body.md(text, name="totals_line")
    row = _row(body, "actions")
    _button(row, "apply", "Apply ...", panel.apply, "outlined" if state.saved else "contained")
    if run_key:
        _button(row, "undo", "Undo ...", panel.undo)
        _button(row, "export", "Export ...", panel.export)


def _navigation(panel: Any, body: types.Object, state: Any) -> None:
    text = state.bucket_text or "Click a bar or a row to see its bucket in the grid."
    body.md(text, name="bucket_line")
    row = _row(body, "navigation")
    _button(
        row, "previous", "", panel.previous_bucket, icon="chevron_left", title="Previous bucket"
    )
    _button(row, "next", "", panel.next_bucket, icon="chevron_right", title="Next bucket")
    for value, label, handler in (
        ("all", "All", panel.show_all),
        ("kept", "Kept", panel.show_kept),
        ("excluded", "Excluded", panel.show_excluded),
    ):
        variant = "contained" if state.show == value else "outlined"
        _button(row, f"show_{value}", label, handler, variant)
    _button(row, "everything", "Everything", panel.show_everything)


def _comparison(panel: Any, body: types.Object, state: Any) -> None:
    run_key = sources.run_key(state.source)
    others = [key for key in state.run_keys or () if key != run_key]
    if run_key is None or not others:
        return
    row = _row(body, "versus", align_y="bottom")
    choices = types.DropdownView(**_item(flex="1 1 200px", maxWidth="320px"), **_NO_ECHO)
    for key in others:
        choices.add_choice(key, label=key)
    row.enum(
        "run",
        choices.values(),
        label="Compare with",
        view=choices,
        on_change=panel.compare,
    )
    if state.compared is None:
        return
    _button(row, "close", "Close", panel.close_comparison)
    a, b = state.compared["run"], state.compared["other"]
    row = _row(body, "parts")
    handlers = (panel.show_both, panel.show_only_a, panel.show_only_b)
    for (part, text), handler in zip(compare.PARTS.items(), handlers, strict=True):
        label = f"{text.format(a=a, b=b)} ({state.compared['counts'][part]:,})"
        _button(row, f"show_{part}", label, handler)
    columns = (("name", "Bucket"), ("a", a), ("b", b), ("gain", "Difference"))
    body.list("difference", types.Object(), view=_table_view(columns))


def _table(panel: Any, body: types.Object) -> None:
    body.list("buckets", types.Object(), view=_table_view(_COLUMNS, panel.click_row))


def _table_view(columns: Any, on_click_row: Any = None) -> types.TableView:
    pointer = {"cursor": "pointer"} if on_click_row else {}
    components = {
        "table": {"sx": {"minWidth": 0}},
        "tableHeadCell": {"sx": _SMALL},
        "tableBodyCell": {"sx": {**_SMALL, **pointer}},
    }
    table = types.TableView(on_click_row=on_click_row, componentsProps=components)
    for column, label in columns:
        table.add_column(column, label=label)
    return table


def _row(body: types.Object, name: str, align_y: str = "center") -> types.Object:
    """Adds a row that wraps; what is in it needs :func:`_item`."""
    row = types.Object()
    view = types.GridView(orientation="2d", gap=1, align_y=align_y)
    body.define_property(name, row, view=view)
    return row


def _item(flex: str = "none", **sx: Any) -> dict[str, Any]:
    """Returns the options of a view in a row: its share of the width, as CSS says it."""
    return {"componentsProps": {"item": {"sx": {"width": "auto", "flex": flex, **sx}}}}


def _button(
    row: types.Object,
    name: str,
    label: str,
    handler: Any,
    variant: str = "outlined",
    **options: Any,
) -> None:
    row.btn(name, label, variant=variant, on_click=handler, **_item(), **options)


def _say(body: types.Object, text: str, severity: str = "info", name: str = "notice") -> None:
    body.view(name, types.AlertView(severity=severity, label=text))
