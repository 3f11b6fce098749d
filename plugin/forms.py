"""What the App shows: the operators' input forms and their outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types

from smartdownsample_core import bucket_name

from . import files, names, recovery, runs, samples, targets
from .config import DownsampleConfig, SignatureConfig, listed
from .inputs import (
    CHOICE_ROWS,
    GROUP_SLICE,
    RUN_KEY,
    SECTIONS,
    SIGNATURE_ROWS,
    STRATEGY,
    TARGET_COUNT,
    WHOLE_GROUPS,
    Row,
    add,
    matters,
)

#: What of :data:`runs.SHOWN` needs no run, a run, a run with groups.
_OF_ANY, _OF_RUN, _OF_GROUPS = ("buckets", "bucket"), ("kept", "excluded"), ("near_duplicates",)

#: Frames a second of video that the form proposes to sample.
DEFAULT_FPS = 1.0

#: Share of the samples that the form proposes to keep.
_DEFAULT_SHARE = 0.1


def target(ctx: foo.ExecutionContext) -> Any:
    """Returns the flat view to work on: the form's choice, or the view the SDK was given."""
    if ctx.params.get("stages") is not None:  # the panel's choice, whatever the grid shows
        return samples.rebuild(ctx.dataset, ctx.params["stages"])
    chosen = ctx.params.get("view_target") or ctx.request_params.get("view_target")
    collection = ctx.target_view() if chosen else ctx.view
    return samples.flat(collection.view(), ctx.params.get("group_slice") or "")


def default_target(n_samples: int) -> int:
    """Returns the number of samples that forms and panel propose to keep."""
    return max(round(n_samples * _DEFAULT_SHARE), 1)


def downsample_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks for everything a run needs, says what it will do, and refuses what it cannot do."""
    inputs = _inputs(ctx)
    if ctx.params.get("stages") is None:
        # After a run the App shows what it kept, which is not what to choose from next time; but of
        # patches and frames, the dataset is not that either.
        own_view = ctx.dataset is not None and runs.of_view(ctx.dataset, ctx.view)
        of_samples = own_view and targets.of(ctx.view) is targets.SAMPLES
        default = foo.constants.ViewTarget.DATASET if of_samples else None
        inputs.view_target(ctx, action_description="Choose from", default_target=default)
    view = target(ctx)
    n_samples = len(view)  # a query, and the form is resolved at every keystroke
    noun = targets.of(view, bool(ctx.params.get("whole_groups"))).noun
    proposed = default_target(n_samples)
    given = ctx.params.get("target_count", proposed)
    limits = ("near_duplicates", "max_per_group")
    or_fewer = any(ctx.params.get(name) is not None for name in limits)
    add(
        inputs,
        TARGET_COUNT,
        description=f"Exactly this many of the {n_samples:,} {noun}"
        + (", or empty for all that is not left out" if or_fewer else ""),
        # Not once it is empty, or the App would fill it in again. Nor is it required: the App would
        # say so before it has filled in the default.
        default=None if given is None else proposed,
    )
    add(inputs, STRATEGY)
    add(inputs, RUN_KEY)
    _group_rows(ctx, inputs, GROUP_SLICE, WHOLE_GROUPS)
    config = DownsampleConfig.from_params({**ctx.params, "target_count": given})
    problems = config.problems(ctx.dataset, view)
    if not problems:
        inputs.md(config.forecast(ctx.dataset, view), name="forecast")
    if _advanced_switch(ctx, inputs):
        for heading, rows in SECTIONS:
            _heading(inputs, heading)
            _rows(ctx, inputs, rows)
    _mark(inputs, problems)
    if targets.holds_videos(view):
        inputs.btn(
            "sample_frames",
            names.LABELS["sample_frames"],
            on_click=names.uri("sample_frames"),
            prompt=True,
            variant="outlined",
        )
    return types.Property(inputs, view=types.View(label=names.LABELS["downsample"]))


def signatures_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks for what computing signatures needs."""
    inputs = types.Object()
    if ctx.params.get("stages") is None:
        inputs.view_target(ctx, action_description="Compute signatures for")
    _group_rows(ctx, inputs, GROUP_SLICE)
    inputs.md(
        "Writes what an image looks like - hashes, brightness, colour and a visual bucket - into "
        "a field of each sample. Signatures that are up to date are left as they are."
    )
    if _advanced_switch(ctx, inputs):
        _rows(ctx, inputs, SIGNATURE_ROWS)
    _mark(inputs, SignatureConfig.from_params(ctx.params).problems(ctx.dataset, target(ctx)))
    return types.Property(inputs, view=types.View(label=names.LABELS["compute_signatures"]))


def frames_form(view: fo.DatasetView, problems: Mapping[str, str]) -> types.Property:
    """Asks how many frames of the videos of a view to sample, and says where they go."""
    inputs = types.Object()
    inputs.float("fps", label="Frames a second of video", default=DEFAULT_FPS, required=True)
    if not problems:
        example = Path(view.first().filepath)
        inputs.md(
            f"Saves frames of {len(view):,} videos as images, such as "
            f"`{example.with_suffix('') / '000001.jpg'}`, and their paths in the field "
            "`frames.filepath`. Those that are there already are left as they are. Then the App "
            f"shows the frames, and *{names.LABELS['downsample']}* chooses from them.",
            name="forecast",
        )
    _mark(inputs, problems)
    return types.Property(inputs, view=types.View(label=names.LABELS["sample_frames"]))


def view_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks what to look at."""
    inputs = _inputs(ctx)
    known = runs.keys(ctx.dataset)
    grouped = [key for key in known if runs.has_groups(ctx.dataset, key)]
    choices = types.RadioGroup()
    for value, label in runs.SHOWN.items():
        if value in (*_OF_ANY, *(known and _OF_RUN), *(grouped and _OF_GROUPS)):
            choices.add_choice(value, label=label)
    inputs.enum("show", choices.values(), label="Show", default="buckets", view=choices)
    if known:
        of_a_run = ctx.params.get("show") in (*_OF_RUN, *_OF_GROUPS)
        _run_choice(ctx, inputs, known, default=known[0] if of_a_run else None)
    show, run_key, bucket, field = view_params(ctx)
    chooses_bucket = show == "bucket" and samples.is_ours(ctx.dataset, field)
    if chooses_bucket:
        _bucket_choice(ctx, inputs, field)
    if bucket is not None or not chooses_bucket:  # or the App fills in the default and asks again
        try:
            runs.browse(ctx.dataset, show, run_key, bucket, field)
        except ValueError as error:
            _refuse(inputs.view("problem", types.Error(label=str(error))), str(error))
    return types.Property(inputs, view=types.View(label=names.LABELS["view_buckets"]))


def view_params(ctx: foo.ExecutionContext) -> tuple[str, str | None, int | None, str]:
    """Returns the arguments of :func:`runs.browse` from the form or the SDK."""
    show = ctx.params.get("show") or "buckets"
    run_key = ctx.params.get("run_key")
    if run_key is None and show in (*_OF_RUN, *_OF_GROUPS):
        run_key = next(iter(runs.keys(ctx.dataset)), None)
    bucket = ctx.params.get("bucket")
    field = ctx.params.get("signature_field") or names.DEFAULT_FIELD
    if run_key and runs.exists(ctx.dataset, run_key):
        field = runs.load(ctx.dataset, run_key)["signature_field"]
    if isinstance(bucket, str):  # the form's choices are text
        bucket = int(bucket) if bucket.isdecimal() else (bucket or None)
    return show, run_key, bucket, field


def delete_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks which run to undo, and says what will be removed."""
    inputs = _inputs(ctx)
    known = runs.keys(ctx.dataset)
    if not known:
        return _no_runs("undo", names.LABELS["delete_run"])
    run_key = _run_choice(ctx, inputs, known, default=known[0], required=True)
    inputs.bool(
        "keep_signatures",
        label="Keep the signatures",
        description="Otherwise the field goes too, unless another run uses it or it was computed "
        "on its own",
        default=False,
    )
    if run_key in known:
        record = runs.load(ctx.dataset, run_key)
        items = targets.of_record(record)
        fields = "".join(f"the field `{name}`, " for name in runs.fields_of(ctx.dataset, run_key))
        inputs.md(
            f"Removes the {items.tag_kind} `{record['tag']}` from {record['kept']:,} {items.noun}, "
            "the saved views "
            f"{listed(runs.views_of(record))}, {fields}and the record of the run. "
            "No sample and no file is deleted.",
            name="forecast",
        )
    return types.Property(inputs, view=types.View(label=names.LABELS["delete_run"]))


def export_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks which run to export, and into which file."""
    inputs = _inputs(ctx)
    known = runs.keys(ctx.dataset)
    if not known:
        return _no_runs("export", names.LABELS["export_run"])
    run_key = _run_choice(ctx, inputs, known, default=known[0], required=True)
    proposed = files.free(Path.home() / f"{run_key}.csv")
    path = inputs.str(
        "path",
        label="File",
        description="Full path of a new file on the server: .csv (a table) or .json (a list)",
        default=str(proposed),
    )
    given = ctx.params.get("path", str(proposed))
    if reason := files.problem("path", given, tuple(files.LISTS)):
        _refuse(path, reason)
    if run_key in known:
        kept = runs.load(ctx.dataset, run_key)["kept"]
        view = names.kept_view(run_key)
        inputs.md(
            f"Writes id, path and bucket of {kept:,} samples. For images and labels, use "
            f'FiftyOne\'s own exporter: `dataset.load_saved_view("{view}").export(...)`.',
            name="forecast",
        )
    return types.Property(inputs, view=types.View(label=names.LABELS["export_run"]))


def _inputs(ctx: foo.ExecutionContext) -> types.Object:
    """An empty form, but for what there is to know of runs that were interrupted."""
    inputs = types.Object()
    if ctx.dataset is not None and (interrupted := recovery.notice(ctx.dataset)):
        inputs.view("interrupted", types.Warning(label=f"{interrupted}."))
    return inputs


def arrange_form() -> types.Property:
    """Asks what of the App's layout may be changed."""
    inputs = types.Object()
    inputs.bool(
        "sidebar",
        label="Sidebar group",
        description="Our fields in a group 'smartdownsample'; your other groups stay",
        default=True,
    )
    inputs.bool(
        "color",
        label="A colour per bucket",
        description="Sets the dataset to colour by value; then tick bucket_name in the sidebar",
        default=True,
    )
    return types.Property(inputs, view=types.View(label=names.LABELS["arrange_app"]))


def _group_rows(ctx: foo.ExecutionContext, inputs: types.Object, *rows: Row) -> None:
    """Asks for what only grouped datasets have."""
    if ctx.dataset.media_type == "group":
        _rows(ctx, inputs, rows)


def _heading(inputs: types.Object, text: str) -> None:
    inputs.md(f"### {text}", name=f"heading_{text.lower().replace(' ', '_')}")


def _rows(ctx: foo.ExecutionContext, inputs: types.Object, rows: Sequence[Row]) -> None:
    for row in rows:
        given = ctx.params.get(row.name)
        if not matters(row, ctx.params):
            continue
        if row in CHOICE_ROWS and isinstance(given, (list, tuple)):  # ids, from a run of the SDK
            inputs.md(f"{row.label}: {len(given):,} samples chosen in Python.", f"{row.name}_ids")
            continue
        add(inputs, row, row.offer(ctx.dataset) if row.offer else (), given=given)


def _advanced_switch(ctx: foo.ExecutionContext, inputs: types.Object) -> bool:
    inputs.bool("advanced", label="Advanced options", default=False, view=types.SwitchView())
    return bool(ctx.params.get("advanced", False))


def _run_choice(
    ctx: foo.ExecutionContext,
    inputs: types.Object,
    known: list[str],
    default: str | None,
    required: bool = False,
) -> str | None:
    """Adds a choice of the runs; returns the chosen key."""
    choices = types.DropdownView()
    for run_key in known:
        choices.add_choice(run_key, label=run_key)
    prop = inputs.enum(
        "run_key", known, label="Run", default=default, required=required, view=choices
    )
    chosen = ctx.params.get("run_key") or default
    if chosen is not None and chosen not in known:
        _refuse(prop, f"there is no run {chosen!r}; there is: {', '.join(known)}")
    return chosen


def _bucket_choice(ctx: foo.ExecutionContext, inputs: types.Object, field: str) -> None:
    """Adds a choice of the buckets, the largest first and by default."""
    counts = ctx.dataset.count_values(f"{field}.bucket")
    counts.pop(None, None)
    if not counts:
        text = f"no sample has a bucket in the field {field!r}; run compute_signatures first"
        _refuse(inputs.view("no_buckets", types.Error(label=text)), text)
        return
    if isinstance(ctx.params.get("bucket"), int):
        ctx.params["bucket"] = str(ctx.params["bucket"])
    choices = types.DropdownView()
    for bucket in sorted(counts, key=lambda bucket: -counts[bucket]):
        choices.add_choice(str(bucket), label=f"{bucket_name(bucket)} ({counts[bucket]:,} images)")
    values = choices.values()
    inputs.enum("bucket", values, label="Bucket", default=values[0], required=True, view=choices)


def _mark(inputs: types.Object, problems: Mapping[str, str]) -> None:
    """Says what is wrong where it is asked for, or below if that is folded away."""
    for name, problem in problems.items():
        prop = inputs.properties.get(name)
        if prop is None:
            prop = inputs.view(f"{name}_error", types.Error(label=problem))
        _refuse(prop, problem)


def _no_runs(purpose: str, label: str) -> types.Property:
    """Returns a form that says that there is nothing to choose, and cannot be sent."""
    inputs = types.Object()
    text = f"This dataset has no smartdownsample run to {purpose}"
    _refuse(inputs.view("no_runs", types.Warning(label=text)), text)
    return types.Property(inputs, view=types.View(label=label))


def _refuse(prop: types.Property, message: str) -> None:
    prop.invalid = True
    prop.error_message = message
