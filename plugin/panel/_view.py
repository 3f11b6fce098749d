"""How the panel looks: its layout, made from its state alone."""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from ..forms import inputs
from . import _charts as charts
from . import _compare_view as panel_compare
from . import _sources as sources
from ._answers import FIRST_ROWS
from ._parts import NO_ECHO, PLOT_CONFIG, button, dropdown, item, row, table_view

_COLUMNS = (
    ("place", "#"),
    ("name", "Bucket, largest first"),
    ("size", "Images"),
    ("kept", "Kept"),
    ("rate", "Share kept"),
    ("stride", "Stride"),
)
_STRATA = (("name", "Label"), ("size", "Images"), ("kept", "Kept"), ("rate", "Share kept"))


def render(panel: Any, state: Any) -> types.Property:
    """Returns the layout for a state."""
    body = types.Object()
    if state.source is None:
        _say(body, "Open a dataset of images to downsample it.")
    else:
        _source(panel, body, state)
        _below(panel, body, state)
    # Nothing in the panel may be wider than the panel, whose width the user chooses.
    grid = {"gridTemplateColumns": "minmax(0, 1fr)", "p": 2}
    view = types.VStackView(gap=1.5, componentsProps={"grid": {"sx": grid}})
    return types.Property(body, view=view)


def _below(panel: Any, body: types.Object, state: Any) -> None:
    if state.compared:
        panel_compare.render(panel, body, state.compared)
    elif state.working:
        if state.phase == "ready":
            _settings(panel, body, state)
        body.view("loading", types.LoadingView(text=state.working))
    else:
        sections = {
            "refused": _refused,
            "unsigned": _unsigned,
            "unreadable": _unreadable,
            "ready": _ready,
        }
        sections[state.phase](panel, body, state)


def _source(panel: Any, body: types.Object, state: Any) -> None:
    if not state.choices:  # the first answer is still to come
        return
    choose = row(body, "choose", align_y="bottom")
    own = state.source == sources.VIEW
    offered = (choice for choice in state.choices if own or choice[0] != sources.VIEW)
    view = dropdown(offered, **NO_ECHO)
    choose.enum(
        "source", view.values(), label="Choose from", view=view, on_change=panel.choose_source
    )
    run_key = sources.run_key(state.source)
    others = [(key, f"Run: {key}") for key in state.run_keys or () if key != run_key]
    if run_key and others:
        view = dropdown(others, **NO_ECHO)
        choose.enum(
            "other", view.values(), label="Compare with", view=view, on_change=panel.compare
        )
    button(choose, "take_view", "Use the grid's view", panel.take_view)


def _refused(panel: Any, body: types.Object, state: Any) -> None:
    _say(body, f"This cannot be downsampled: {state.problem}.", "warning")


def _unsigned(panel: Any, body: types.Object, state: Any) -> None:
    _say(
        body,
        f"None of the {state.n_samples:,} samples has a visual signature yet. Compute them once: "
        "each image is read, and nothing is kept or left out.",
    )
    _offer_to_compute(panel, body)


def _unreadable(panel: Any, body: types.Object, state: Any) -> None:
    _say(
        body,
        f"None of the images could be read: {state.n_unreadable:,} files are missing or damaged. "
        f"The field {state.settings['signature_field']}.error says why, sample by sample; mend the "
        "files, and compute the signatures again.",
        "error",
    )
    _offer_to_compute(panel, body)


def _ready(panel: Any, body: types.Object, state: Any) -> None:
    _settings(panel, body, state)
    _missing(panel, body, state)
    if state.problem:  # the answer to other settings must not be seen
        _say(body, state.problem, "error", "problem_notice")
        _of_run(panel, row(body, "actions"), state)
        return
    _notices(body, state)
    _totals(panel, body, state)
    body.plot(
        "chart",
        layout=charts.layout(state.place),
        config=PLOT_CONFIG,
        on_click=panel.click_bar,
        height="300px",
    )
    _navigation(panel, body, state)
    has_stride = state.settings["strategy"] == "stride"
    columns = [column for column in _COLUMNS if has_stride or column[0] != "stride"]
    body.list("buckets", types.Object(), view=table_view(columns, panel.click_row))
    if state.n_buckets > FIRST_ROWS:
        text = f"Show all {state.n_buckets} buckets"
        if state.all_rows:
            text = f"Show only the {FIRST_ROWS} largest buckets"
        button(row(body, "fold"), "fold_table", text, panel.fold_table)
    if state.stratified:
        body.list("strata", types.Object(), view=table_view(_STRATA))


def _settings(panel: Any, body: types.Object, state: Any) -> None:
    settings = row(body, "settings", align_y="bottom")
    inputs.add(
        settings,
        inputs.TARGET_COUNT,
        on_change=panel.change_target,
        view=types.FieldView(**item(flex="0 0 120px"), **NO_ECHO),
    )
    slider = types.SliderView(
        label="",
        view_multiple_of=1,
        value_precision=0,
        value_label_display="auto",
        # Its own margins are meant for a form; these put it on a line with the number.
        **item(flex="1 1 160px", minWidth=0, mt="-26px", mb="-26px"),
        **NO_ECHO,
    )
    most = max(state.n_samples - state.n_unreadable - state.n_missing, 1)
    settings.int("slider", min=1, max=most, on_change=panel.change_target, view=slider)
    settings.bool(
        "more",
        label="More settings",
        on_change=panel.fold_settings,
        view=types.SwitchView(**item(flex="1 1 100%")),
    )
    for asked in inputs.WHAT_IF_ROWS if state.settings.get("more") else ():
        value = state.settings.get(asked.name)
        if not inputs.matters(asked, state.settings):
            continue
        if isinstance(value, (list, tuple)):  # ids, from a run of the SDK
            settings.md(f"{asked.label}: {len(value):,} samples", name=f"{asked.name}_ids")
            continue
        inputs.add(
            settings,
            asked,
            (state.options or {}).get(asked.name, ()),
            item(flex="1 1 100%" if asked.kind == "choice" else "0 1 31%", minWidth="140px"),
            value,
            description=None,
            default=None,  # or the App puts it in the place of the state's value
            on_change=panel.change_setting,
        )


def _missing(panel: Any, body: types.Object, state: Any) -> None:
    if not state.n_missing:
        return
    _say(
        body,
        f"{state.n_missing:,} of {state.n_samples:,} samples have no up-to-date signature, and "
        "are not in the chart.",
        "warning",
        "missing_notice",
    )
    _offer_to_compute(panel, body)


def _offer_to_compute(panel: Any, body: types.Object) -> None:
    start = row(body, "start")
    button(start, "compute", "Compute signatures", panel.compute, "contained")


def _notices(body: types.Object, state: Any) -> None:
    for number, text in enumerate(state.warnings):
        _say(body, f"{text}.", "warning", f"warning_{number}")
    if state.changed:
        _say(
            body,
            "The dataset has changed since this run. The chart shows what the same settings keep "
            "now; press Apply to run it again.",
            "warning",
            "changed_notice",
        )


def _totals(panel: Any, body: types.Object, state: Any) -> None:
    run_key = sources.run_key(state.source)
    would_keep = f"**Would keep{state.totals.removeprefix('Kept')}**"
    if state.changed:
        text = f"{would_keep}; other samples are saved as the run `{run_key}`"
    elif state.saved:
        text = f"**{state.totals}**, saved as the run `{run_key}`"
    else:
        text = f"{would_keep}; nothing is saved yet"
    body.md(text, name="totals_line")
    actions = row(body, "actions")
    button(actions, "apply", "Apply ...", panel.apply, "outlined" if state.saved else "contained")
    _of_run(panel, actions, state)


def _of_run(panel: Any, actions: types.Object, state: Any) -> None:
    """Adds what can be done with a run, whatever its settings would keep now."""
    if not sources.run_key(state.source):
        return
    button(actions, "undo", "Undo ...", panel.undo)
    if state.saved or state.problem:
        button(actions, "export", "Export ...", panel.export)


def _navigation(panel: Any, body: types.Object, state: Any) -> None:
    text = state.bucket_text or "Click a bar or a row to see its bucket in the grid."
    body.md(text, name="bucket_line")
    navigation = row(body, "navigation")
    for name, handler, icon, title in (
        ("previous", panel.previous_bucket, "chevron_left", "Previous bucket"),
        ("next", panel.next_bucket, "chevron_right", "Next bucket"),
    ):
        button(navigation, name, "", handler, icon=icon, title=title)
    for value, label, handler in (
        ("all", "All", panel.show_all),
        ("kept", "Kept", panel.show_kept),
        ("excluded", "Excluded", panel.show_excluded),
    ):
        variant = "contained" if state.show == value else "outlined"
        button(navigation, f"show_{value}", label, handler, variant)
    if state.bucket is not None:
        button(navigation, "leave", "Leave the bucket", panel.leave_bucket)


def _say(body: types.Object, text: str, severity: str = "info", name: str = "notice") -> None:
    body.view(name, types.AlertView(severity=severity, label=text))
