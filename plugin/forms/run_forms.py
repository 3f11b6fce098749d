"""The forms of the operators on what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone.operators as foo
import fiftyone.operators.types as types

from smartdownsample_core import bucket_name
from smartdownsample_core.errors import counted

from .. import names
from ..base import refuse
from ..jobs import maps
from ..runs import brain, files, quality
from ..runs import records as runs
from ..setting_labels import labelled
from ..targets import kinds as targets
from ..targets import signature_fields
from .job_forms import begin

#: The place of an exported list that is a file on the server.
SERVER = "server"

#: What a person can do by hand: value and what is read.
EDITS = {
    "keep": "Keep the selected images, too",
    "swap": "Swap: keep the selected images instead of those that stand for them",
    "drop": "Never keep the selected images",
    "take_back": "Take back the last hand edit",
}

#: What of :data:`runs.SHOWN` needs no run, a run, an explained run, a run with groups.
_OF_ANY, _OF_RUN = ("buckets", "bucket"), ("kept", "excluded")
_OF_EXPLAINED, _OF_GROUPS = ("stands_for",), ("near_duplicates",)


def view_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks what to look at."""
    inputs = begin(ctx)
    known = runs.keys(ctx.dataset)
    grouped = [key for key in known if runs.has_groups(ctx.dataset, key)]
    explained = [key for key in known if runs.is_explained(ctx.dataset, key)]
    choices = types.RadioGroup()
    for value, label in runs.SHOWN.items():
        offered = (*_OF_ANY, *(known and _OF_RUN), *(explained and _OF_EXPLAINED))
        if value in (*offered, *(grouped and _OF_GROUPS)):
            choices.add_choice(value, label=label)
    inputs.enum("show", choices.values(), label="Show", default="buckets", view=choices)
    show, run_key, bucket, field = view_params(ctx)
    if known:
        _run_choice(inputs, known, run_key, required=False)
    chooses_bucket = show == "bucket" and signature_fields.is_ours(ctx.dataset, field)
    if chooses_bucket:
        _bucket_choice(ctx, inputs, field)
    if bucket is not None or not chooses_bucket:  # or the App fills in the default and asks again
        try:
            runs.browse(ctx.dataset, show, run_key, bucket, field)
        except ValueError as error:
            refuse(inputs.view("problem", types.Error(label=str(error))), str(error))
    return types.Property(inputs, view=types.View(label=names.LABELS["view_buckets"]))


def quality_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks which images to look at, and counts them."""
    inputs = begin(ctx)
    form = types.Property(inputs, view=types.View(label=names.LABELS["view_quality"]))
    known, run_key = runs.keys(ctx.dataset), ctx.params.get("run_key")
    if known:
        _run_choice(inputs, known, run_key, required=False)
    field = ctx.params.get("signature_field") or names.DEFAULT_FIELD
    try:
        counts = quality.count(ctx.dataset, run_key, field)
    except ValueError as error:
        refuse(inputs.view("problem", types.Error(label=str(error))), str(error))
        return form
    choices = types.RadioGroup()
    for kind, n in counts.items():
        choices.add_choice(kind, label=f"{n:,} · {quality.KINDS[kind].label}")
    first = next((kind for kind, n in counts.items() if n), choices.values()[0])
    inputs.enum("show", choices.values(), label="Show", default=first, view=choices)
    return form


def view_params(ctx: foo.ExecutionContext) -> tuple[str, str | None, int | None, str]:
    """Returns the arguments of :func:`runs.browse` from the form or the SDK."""
    show = ctx.params.get("show") or "buckets"
    run_key = ctx.params.get("run_key")
    if run_key is None and show in (*_OF_RUN, *_OF_EXPLAINED, *_OF_GROUPS):
        run_key = runs.current(ctx.dataset, ctx.view)
    # A form keeps what was typed into a row that it does not show any more.
    bucket: Any = ctx.params.get("bucket") if show == "bucket" else None
    field = ctx.params.get("signature_field") or names.DEFAULT_FIELD
    if run_key and runs.exists(ctx.dataset, run_key):
        field = runs.settings(ctx.dataset, run_key)["signature_field"]
    if isinstance(bucket, str):  # the form's choices are text
        bucket = int(bucket) if bucket.isdecimal() else (bucket or None)
    return show, run_key, bucket, field


def delete_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks which run to undo, and lists what will be removed."""
    inputs = begin(ctx)
    known = runs.keys(ctx.dataset)
    if not known:
        return _no_runs("undo", names.LABELS["delete_run"])
    run_key = ctx.params.get("run_key") or runs.current(ctx.dataset, ctx.view)
    _run_choice(inputs, known, run_key)
    inputs.bool(
        "keep_signatures",
        label="Keep the signatures",
        description="Otherwise the field is removed too, unless another run uses it or it was "
        "computed on its own",
        default=False,
    )
    if run_key in known:
        settings = runs.settings(ctx.dataset, run_key)
        items = targets.of_record(settings)
        n_marked = items.count_marked(ctx.dataset, settings["tag"])
        paths = runs.fields_of(ctx.dataset, run_key).values()
        fields = "".join(f"the field `{path}`, " for path in paths)
        registered = brain.keys(ctx.dataset, settings["run_key"])
        fields += "".join(f"the brain run `{key}`, " for key in registered)
        inputs.md(
            f"Removes the {items.tag_kind} `{settings['tag']}` from {n_marked:,} {items.tagged}, "
            "the saved views "
            f"{names.in_words(runs.views_of(settings))}, {fields}and the record of the run. "
            "No sample and no file is deleted.",
            name="forecast",
        )
    return types.Property(inputs, view=types.View(label=names.LABELS["delete_run"]))


def edit_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks what to do with the selected images."""
    inputs = begin(ctx)
    known, label = runs.keys(ctx.dataset), names.LABELS["edit_run"]
    if not known:
        return _no_runs("edit", label)
    _run_choice(inputs, known, ctx.params.get("run_key") or runs.current(ctx.dataset, ctx.view))
    n_selected = len(ctx.selected or ())
    choices = types.RadioGroup()
    for value, text in EDITS.items():
        choices.add_choice(value, label=text)
    inputs.enum("edit", choices.values(), label="What", default="keep", view=choices)
    is_named = ctx.params.get("keep") or ctx.params.get("drop")
    if ctx.params.get("edit") == "take_back" or is_named:
        return types.Property(inputs, view=types.View(label=label))
    if n_selected:
        inputs.md(f"{n_selected:,} selected in the grid.", name="forecast")
    else:
        text = "No image is selected: select some in the grid, and open this form again"
        refuse(inputs.view("problem", types.Error(label=text)), text)
    return types.Property(inputs, view=types.View(label=label))


def export_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks which run to export, and into which file."""
    inputs = begin(ctx)
    known = runs.keys(ctx.dataset)
    if not known:
        return _no_runs("export", names.LABELS["export_run"])
    run_key = ctx.params.get("run_key") or runs.current(ctx.dataset, ctx.view)
    _run_choice(inputs, known, run_key)
    places = types.RadioGroup()
    for value, label in export_places(ctx).items():
        places.add_choice(value, label=label)
    inputs.enum("to", places.values(), label="To", default=places.values()[0], view=places)
    if export_place(ctx) == SERVER:
        _path(ctx, inputs, files.free(files.expanded(f"~/{run_key}.csv")))
    if run_key in known:
        record = runs.load(ctx.dataset, run_key)
        items = targets.of_record(record)
        view = runs.views_of(record)[0]
        what = f"{record['kept']:,} {items.kept_noun}"
        if items.noun != items.kept_noun:
            what = f"the {items.noun} of {what}"
        more = names.in_words(files.more_columns(ctx.dataset, record))
        inputs.md(
            f"Writes id, path and bucket of {what}{more and f', and {more}'}. "
            "For images and labels, use FiftyOne's own exporter: "
            f'`dataset.load_saved_view("{view}").export(...)`.',
            name="forecast",
        )
    return types.Property(inputs, view=types.View(label=names.LABELS["export_run"]))


def brain_form(ctx: foo.ExecutionContext, operator: str, what: str, about: str) -> types.Property:
    """Asks of which run to make a map or an index, and says what that is good for.

    Args:
        ctx: the context
        operator: its name
        what: :data:`brain.MAP` or :data:`brain.SEARCH`
        about: what it is good for; ``{key}`` is the brain key
    """
    inputs = begin(ctx)
    known, label = runs.keys(ctx.dataset), names.LABELS[operator]
    if not known:
        return _no_runs("use" if what == brain.MAP else "search", label)
    run_key = ctx.params.get("run_key") or runs.current(ctx.dataset, ctx.view)
    _run_choice(inputs, known, run_key)
    if what == brain.MAP:
        choices = types.RadioGroup()
        for value, text in maps.methods().items():
            choices.add_choice(value, label=text)
        inputs.enum("method", choices.values(), label="Layout", default="pca", view=choices)
    if run_key in known:
        try:
            key = brain.key_of(ctx.dataset, run_key, what)
        except ValueError as error:
            refuse(inputs.view("problem", types.Error(label=str(error))), str(error))
        else:
            inputs.md(about.format(key=key), name="forecast")
    return types.Property(inputs, view=types.View(label=label))


def export_places(ctx: foo.ExecutionContext) -> dict[str, str]:
    """Returns where a list can go, and what a person reads: endings of downloads, or a file."""
    downloads = {".csv": "Download (CSV, a table)", ".json": "Download (JSON, a list)"}
    can_download = hasattr(ctx.ops, "browser_download")  # not in every FiftyOne
    return {**(downloads if can_download else {}), SERVER: "A file on the server"}


def export_place(ctx: foo.ExecutionContext) -> str:
    """Returns which of :func:`export_places` was chosen, or is proposed."""
    if given := ctx.params.get("to"):
        return str(given)
    return SERVER if ctx.params.get("path") else next(iter(export_places(ctx)))


def _path(ctx: foo.ExecutionContext, inputs: types.Object, proposed: Path) -> None:
    path = inputs.str(
        "path",
        label="File",
        description="Full path of a new file on the server: .csv (a table) or .json (a list)",
        default=str(proposed),
    )
    given = ctx.params.get("path", str(proposed))
    if reason := files.problem("path", given, tuple(files.LISTS)):
        refuse(path, labelled(reason))


def arrange_form() -> types.Property:
    """Asks what of the App's layout may be changed."""
    inputs = types.Object()
    inputs.bool(
        "sidebar",
        label="Sidebar group",
        description="Puts our fields into the group 'smartdownsample'; your other groups stay",
        default=True,
    )
    inputs.bool(
        "color",
        label="A colour per bucket",
        description="Sets the dataset to colour by value; then tick bucket_name in the sidebar",
        default=True,
    )
    inputs.bool(
        "undo",
        label="FiftyOne's own arrangement",
        description="Moves our fields back to the App's own groups, and colours by field",
        default=False,
    )
    return types.Property(inputs, view=types.View(label=names.LABELS["arrange_app"]))


def _run_choice(
    inputs: types.Object, known: list[str], run_key: str | None, required: bool = True
) -> None:
    """Adds a choice of the runs, of which one is chosen or proposed."""
    choices = types.DropdownView()
    for key in known:
        choices.add_choice(key, label=key)
    label = "Run" if required else "Run (all samples if none)"
    prop = inputs.enum(
        "run_key", known, label=label, default=run_key, required=required, view=choices
    )
    if run_key is not None and run_key not in known:
        refuse(prop, f"there is no run {run_key!r}; there is: {', '.join(known)}")


def _bucket_choice(ctx: foo.ExecutionContext, inputs: types.Object, field: str) -> None:
    """Adds a choice of the buckets, the largest first and by default."""
    counts = ctx.dataset.count_values(f"{field}.bucket")
    counts.pop(None, None)
    if not counts:
        text = f"no sample has a bucket in the field {field!r}; run compute_signatures first"
        refuse(inputs.view("no_buckets", types.Error(label=text)), text)
        return
    if isinstance(ctx.params.get("bucket"), int):
        ctx.params["bucket"] = str(ctx.params["bucket"])
    choices = types.DropdownView()
    for bucket in sorted(counts, key=lambda bucket: -counts[bucket]):
        label = f"{bucket_name(bucket)} ({counted(counts[bucket], 'images')})"
        choices.add_choice(str(bucket), label=label)
    values = choices.values()
    inputs.enum("bucket", values, label="Bucket", default=values[0], required=True, view=choices)


def _no_runs(purpose: str, label: str) -> types.Property:
    """Returns a blocked form: there is no run to choose."""
    inputs = types.Object()
    text = (
        f"This dataset has no smartdownsample run to {purpose}: the operator "
        f"'{names.LABELS['downsample']}' makes one"
    )
    refuse(inputs.view("no_runs", types.Warning(label=text)), text)
    return types.Property(inputs, view=types.View(label=label))
