"""How the panel looks: the layout of a :class:`PanelState`, with all that is drawn in it.

Charts and tables are in the layout, not in the panel's data, which the App merges into its state.
"""

from __future__ import annotations

from typing import Any

import fiftyone.operators.types as types

from smartdownsample_core.errors import counted
from smartdownsample_core.selection import STRATEGIES

from .. import names
from ..jobs import folders
from ..targets import kinds as targets
from . import _charts as charts
from . import _compare_view as panel_compare
from . import _enough as enough
from . import _pictures as pictures
from . import _quality as by_quality
from . import _settings as settings
from . import _sources as sources
from . import _standing as standing
from . import _timeline as timeline
from . import _why as why
from ._parts import INPUT, PLOT_CONFIG, button, dropdown, item, row, table
from ._state import FIRST_ROWS, PanelState

_COLUMNS = (
    ("place", "#"),
    ("name", "Bucket, largest first"),
    ("size", "Images"),
    ("kept", "Kept"),
    ("rate", "Share kept"),
    ("stride", "Stride"),
)
_COUNTS = (("size", "Images"), ("kept", "Kept"), ("rate", "Share kept"))

#: Height of a headline or an error of two lines, as it is in a narrow panel.
_HEADLINE = "76px"


def render(panel: Any, shown: PanelState) -> types.Property:
    """Returns the layout."""
    body = types.Object()
    _source(panel, body, shown)
    _below(panel, body, shown)
    # Nothing in the panel may be wider than the panel, whose width the user chooses.
    grid = {"gridTemplateColumns": "minmax(0, 1fr)", "p": 2}
    view = types.VStackView(gap=1.5, componentsProps={"grid": {"sx": grid}})
    return types.Property(body, view=view)


def nothing() -> types.Property:
    """Returns the layout without a dataset."""
    body = types.Object()
    _say(body, "Open a dataset of images to downsample it.")
    return types.Property(body)


def _below(panel: Any, body: types.Object, shown: PanelState) -> None:
    if shown.compared:
        panel_compare.render(panel, body, shown)
    elif shown.working:
        settings.add(panel, body, shown)
        body.view("loading", types.LoadingView(text=shown.working))
    else:
        sections = {
            "refused": _refused,
            "unsigned": _unsigned,
            "unreadable": _unreadable,
            "ready": _ready,
        }
        sections[shown.phase](panel, body, shown)


def _source(panel: Any, body: types.Object, shown: PanelState) -> None:
    choose = row(body, "choose", align_y="bottom")
    source = shown.chosen["source"]
    own = source == sources.VIEW
    offered = (choice for choice in shown.sources if own or choice[0] != sources.VIEW)
    view = dropdown(offered, **INPUT)
    choose.enum(
        "source", view.values(), label="Choose from", view=view, on_change=panel.choose_source
    )
    if shown.comparable:
        view = dropdown(shown.comparable, **INPUT)
        choose.enum(
            "other", view.values(), label="Compare with", view=view, on_change=panel.compare
        )
    button(choose, "take_view", "Use the grid's view", panel.take_view)


def _refused(panel: Any, body: types.Object, shown: PanelState) -> None:
    if not shown.holds_videos:
        _say(body, f"This cannot be downsampled: {shown.problem}.", "warning")
    else:  # an ordinary step, which a press takes
        _say(body, f"{shown.problem}.".replace(targets.IN_PYTHON, ""))
        start = row(body, "start")
        label = names.LABELS["sample_frames"]
        button(start, "sample_frames", label, panel.sample_frames, "contained")


def _unsigned(panel: Any, body: types.Object, shown: PanelState) -> None:
    none, them = f"None of the {shown.n_samples:,} {shown.noun} has a", "them"
    if shown.n_samples == 1:
        none, them = "The only image has no", "it"
    _say(
        body,
        f"{none} visual signature yet. Compute {them} once: each image is read, and nothing is "
        "kept or left out.",
    )
    _offer_to_compute(panel, body)


def _unreadable(panel: Any, body: types.Object, shown: PanelState) -> None:
    _say(
        body,
        f"None of the images could be read: {shown.n_unreadable:,} files are missing or damaged. "
        f"The field {shown.chosen['settings']['signature_field']}.error gives the reason for each "
        "sample. Fix the files, then compute the signatures again.",
        "error",
    )
    _offer_to_compute(panel, body)


def _ready(panel: Any, body: types.Object, shown: PanelState) -> None:
    settings.add(panel, body, shown)
    _missing(panel, body, shown)
    _headline(panel, body, shown)
    body.plot(
        "chart",
        data=charts.traces(shown.buckets, has_answer=not shown.problem),
        layout=charts.layout(shown.place, has_answer=not shown.problem),
        config=PLOT_CONFIG,
        on_click=panel.click_bar,
        height="300px",
    )
    # Below the chart, which is not to move while somebody types.
    why.add(panel, body, shown)
    enough.add(panel, body, shown)
    timeline.add(panel, body, shown)
    standing.add(body, shown.standing)
    by_quality.add(panel, body, shown)
    pictures.add(panel, body, shown.sheet)
    for number, pairs in enumerate(shown.pairs):
        pictures.add_one(body, f"pairs_{number}", pairs)
    _notices(panel, body, shown)
    if not shown.problem:  # the answer to other settings must not be seen
        _navigation(panel, body, shown)
        _tables(panel, body, shown)


def _tables(panel: Any, body: types.Object, shown: PanelState) -> None:
    has_stride = STRATEGIES[shown.chosen["settings"]["strategy"]].strides
    columns = [column for column in _COLUMNS if has_stride or column[0] != "stride"]
    all_rows, n_buckets = shown.chosen["all_rows"], len(shown.buckets)
    rows = charts.table(shown.buckets if all_rows else shown.buckets[:FIRST_ROWS])
    pictures.add_one(body, "of_buckets", shown.of_buckets)
    table(body, "buckets", columns, rows, panel.click_row)
    if n_buckets > FIRST_ROWS:
        text = f"Show all {n_buckets} buckets"
        if all_rows:
            text = f"Show only the {FIRST_ROWS} largest buckets"
        button(row(body, "fold"), "fold_table", text, panel.fold_table)
    if shown.strata:
        noun = folders.stratum_noun(shown.chosen["settings"].get("stratify_by") or "")
        table(body, "strata", (("name", noun), *_COUNTS), charts.strata(shown.strata))


def _missing(panel: Any, body: types.Object, shown: PanelState) -> None:
    if shown.n_missing:
        _say(
            body,
            f"{_some_have(shown.n_missing, shown)} no up-to-date signature, and "
            f"{_are(shown.n_missing)} not in the chart.",
            "warning",
            "missing_notice",
        )
    if shown.n_unknown:
        _say(
            body,
            f"It is not known yet whether standing cameras took {shown.n_unknown:,} of "
            f"{counted(shown.n_samples, shown.noun)}. To find out, their images are read again.",
            "warning",
            "unknown_notice",
        )
    if shown.n_missing or shown.n_unknown:
        _offer_to_compute(panel, body)


def _offer_to_compute(panel: Any, body: types.Object) -> None:
    start = row(body, "start")
    button(start, "compute", "Compute signatures", panel.compute, "contained")


def _notices(panel: Any, body: types.Object, shown: PanelState) -> None:
    for number, text in enumerate(shown.warnings):
        _say(body, f"{text}.", "warning", f"warning_{number}")
    for number, omission in enumerate(shown.omissions):
        _say(body, f"{omission}.", "warning", f"omission_{number}")
        path = omission.path
        label = f"Keep some of each {path}"
        button(
            row(body, f"stratify_{number}"), "by", label, panel.stratify_by, params={"field": path}
        )
    if shown.has_changed:
        _say(
            body,
            "The dataset has changed since this run. The chart shows what the same settings keep "
            "now; press Apply to run it again.",
            "warning",
            "changed_notice",
        )
    if shown.n_unreadable:
        text = (
            f"{_some_have(shown.n_unreadable, shown)} an image that could not be read, and "
            f"{_are(shown.n_unreadable)} not in the chart."
        )
        _say(body, text, "warning", "unreadable_notice")
        if not shown.problem:
            button(row(body, "unreadable"), "see", "Show them", panel.show_unreadable)


def _headline(panel: Any, body: types.Object, shown: PanelState) -> None:
    """Adds what would be kept, or why that cannot be said, in a place of one height."""
    headline = row(body, "headline")
    place = item(flex="1 1 100%", minHeight=_HEADLINE)
    if shown.problem:
        view = types.AlertView(severity="error", label=shown.problem, **place)
        headline.view("problem_notice", view)
    else:
        headline.md(_totals(shown), name="totals_line", **place)
    actions = row(body, "actions")
    if not shown.problem:
        is_done = shown.is_saved and not shown.has_changed
        variant = "outlined" if is_done else "contained"
        button(actions, "apply", "Apply ...", panel.apply, variant, disabled=is_done)
    _of_run(panel, actions, shown)


def _totals(shown: PanelState) -> str:
    run_key = sources.run_key(shown.chosen["source"])
    would_keep = f"**Would keep{shown.totals.removeprefix('Kept')}**"
    if shown.has_changed:
        return f"{would_keep}; other {shown.noun} are saved as the run `{run_key}`"
    if shown.is_saved:
        by_hand = shown.by_hand and f"; {shown.by_hand}"
        return f"**{shown.totals}**, saved as the run `{run_key}`{by_hand}"
    return f"{would_keep}; nothing is saved yet"


def _of_run(panel: Any, actions: types.Object, shown: PanelState) -> None:
    """Adds what can be done with a run, whatever its settings would keep now."""
    if not sources.run_key(shown.chosen["source"]):
        return
    button(actions, "undo", "Undo ...", panel.undo)
    if shown.is_saved or shown.problem:
        button(actions, "export", "Export ...", panel.export)
    if shown.can_take_back:
        button(actions, "take_back", "Take back the last hand edit", panel.take_back)


def _navigation(panel: Any, body: types.Object, shown: PanelState) -> None:
    text = charts.sentence(shown.buckets, shown.place)
    body.md(text or "Click a bar or a row to see its bucket in the grid.", name="bucket_line")
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
        variant = "contained" if shown.chosen["show"] == value else "outlined"
        button(navigation, f"show_{value}", label, handler, variant)
    if shown.chosen["bucket"] is not None:
        button(navigation, "leave", "Leave the bucket", panel.leave_bucket)
    pictures.add_one(body, "of_bucket", shown.of_bucket)


def _some_have(n: int, shown: PanelState) -> str:
    return f"{n:,} of {counted(shown.n_samples, shown.noun)} {'has' if n == 1 else 'have'}"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _say(body: types.Object, text: str, severity: str = "info", name: str = "notice") -> None:
    body.view(name, types.AlertView(severity=severity, label=text))
