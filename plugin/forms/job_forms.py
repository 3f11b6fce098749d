"""The forms of the two jobs, and of sampling videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types

from smartdownsample_core.errors import ParameterError, counted
from smartdownsample_core.selection import LIMITS
from smartdownsample_core.settings import Setting

from .. import names
from ..base import refuse
from ..config import DownsampleConfig, SignatureConfig
from ..jobs import embedding, problems
from ..runs import interrupted
from ..runs import records as runs
from ..setting_labels import labelled
from ..targets import SAMPLES, Patches, Subject, flat_views
from ..targets import kinds as targets
from ._forecast import forecast
from .inputs import (
    CHOICE_ROWS,
    GROUP_SLICE,
    RUN_KEY,
    SECTIONS,
    SIGNATURE_ROWS,
    STRATEGY,
    TARGET_COUNT,
    WHOLE_GROUPS,
    WHOLE_IMAGES,
    add,
    matters,
    offered,
)

#: Frames a second of video that the form proposes to sample.
DEFAULT_FPS = 1.0

#: Share of the samples that the form proposes to keep.
_DEFAULT_SHARE = 0.1

#: Settings whose rows are there only with the advanced options.
_FOLDED = {row.name for _, rows in SECTIONS for row in rows}


def chosen_view(ctx: foo.ExecutionContext, choice: types.Property | None = None) -> fo.DatasetView:
    """Returns the view to work on: the form's choice, or the view the SDK was given.

    Args:
        ctx: the context
        choice: the form's choice of targets, whose default holds until the App has sent one
    """
    if ctx.params.get("stages") is not None:  # the panel's choice, whatever the grid shows
        return flat_views.rebuild(ctx.dataset, ctx.params["stages"])
    is_chosen = ctx.params.get("view_target") or ctx.request_params.get("view_target")
    if is_chosen or choice is None:
        return (ctx.target_view() if is_chosen else ctx.view).view()
    ctx.params["view_target"] = choice.default
    view: fo.DatasetView = ctx.target_view().view()
    del ctx.params["view_target"]
    return view


def _subject(ctx: foo.ExecutionContext, choice: types.Property | None) -> Subject:
    """Returns what the form is about so far."""
    view, params = chosen_view(ctx, choice), ctx.params
    wholes = (bool(params.get(name)) for name in ("whole_groups", "whole_images"))
    return Subject.of(ctx.dataset, view, params.get("group_slice") or "", *wholes)


def default_target(n_samples: int) -> int:
    """Returns the number of samples that forms and panel propose to keep."""
    return max(round(n_samples * _DEFAULT_SHARE), 1)


def _proposed_target(ctx: foo.ExecutionContext, n_samples: int) -> int:
    """Returns the number that the form proposes: that of the run that would be replaced."""
    run_key = ctx.params.get("run_key", names.DEFAULT_RUN_KEY)
    if runs.exists(ctx.dataset, run_key):
        before = runs.settings(ctx.dataset, run_key).get("target_count")
        if before and before <= n_samples:
            return int(before)
    return default_target(n_samples)


def downsample_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks for everything a run needs, says what it will do, and refuses what it cannot do."""
    inputs, choice = begin(ctx), None
    if ctx.params.get("stages") is None:
        # After a run the App shows what it kept, which is not what to choose from next time; but of
        # patches and frames, the dataset is not that either.
        own_view = runs.of_view(ctx.dataset, ctx.view)
        of_samples = own_view and targets.of(ctx.view) is SAMPLES
        default = foo.constants.ViewTarget.DATASET if of_samples else None
        choice = inputs.view_target(ctx, action_description="Choose from", default_target=default)
    subject = _subject(ctx, choice)
    n_samples = subject.count  # a query, and the form is resolved at every keystroke
    noun = subject.items.kept_noun
    proposed = _proposed_target(ctx, n_samples)
    given = ctx.params.get("target_count", str(proposed))
    config = DownsampleConfig.from_params({**ctx.params, "target_count": given}).counted(n_samples)
    form = types.Property(inputs, view=types.View(label=names.LABELS["downsample"]))
    if _refused(ctx, inputs, subject.view):
        return form
    found = problems.find(config, subject)
    is_text = given is None or isinstance(given, str)  # not of Python or the panel
    what = f"Exactly this many of the {n_samples:,} {noun}" + ", or a share such as 10%" * is_text
    if "%" in str(given) and "target_count" not in found:
        what = f"{given.strip()} of the {n_samples:,} {noun}: exactly {config.target_count:,}"
    if any(ctx.params.get(name) for name in LIMITS):
        what += ", or empty to keep all that are not excluded"
    add(
        inputs,
        replace(TARGET_COUNT, kind="text") if is_text else TARGET_COUNT,
        description=what,
        # Not once it is empty, or the App would fill it in again. Nor is it required: the App would
        # say so before it has filled in the default.
        default=None if given in (None, "") else str(proposed) if is_text else proposed,
    )
    add(inputs, STRATEGY)
    add(inputs, RUN_KEY)
    _group_rows(ctx, inputs, GROUP_SLICE, WHOLE_GROUPS)
    if isinstance(subject.items, Patches):
        _rows(ctx, inputs, (WHOLE_IMAGES,))
    if not found:
        inputs.md(forecast(config, subject), name="forecast")
    if _advanced_switch(ctx, inputs):
        for heading, rows in SECTIONS:
            _heading(inputs, heading)
            _rows(ctx, inputs, rows)
    mark(inputs, found)
    return form


def signatures_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks for what computing signatures needs."""
    inputs, choice = types.Object(), None
    if ctx.params.get("stages") is None:
        choice = inputs.view_target(ctx, action_description="Compute signatures for")
    subject = _subject(ctx, choice)
    form = types.Property(inputs, view=types.View(label=names.LABELS["compute_signatures"]))
    if _refused(ctx, inputs, subject.view):
        return form
    found = problems.find(SignatureConfig.from_params(ctx.params), subject)
    _group_rows(ctx, inputs, GROUP_SLICE)
    inputs.md(
        "Writes what an image looks like - hashes, brightness, colour and a visual bucket - into "
        "a field of each sample. Signatures that are up to date are kept."
    )
    if _advanced_switch(ctx, inputs):
        _rows(ctx, inputs, SIGNATURE_ROWS)
    mark(inputs, found)
    return form


def embeddings_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks for a model of FiftyOne's zoo, and says what it will do."""
    inputs, choice = types.Object(), None
    if ctx.params.get("stages") is None:
        choice = inputs.view_target(ctx, action_description="Compute embeddings for")
    view = flat_views.flat(chosen_view(ctx, choice))
    models = embedding.models()
    default = embedding.DEFAULT_MODEL if embedding.DEFAULT_MODEL in models else models[0]
    model, field = (
        ctx.params.get(name, value)
        for name, value in (("model", default), ("field", embedding.DEFAULT_FIELD))
    )
    offered = types.AutocompleteView()
    for name in models:
        offered.add_choice(name, label=name)
    about = "Of FiftyOne's zoo; it is downloaded if it is not on this server yet"
    inputs.str("model", label="Model", description=about, default=default, view=offered)
    about = "The new field, which the setting 'Compare by' then names"
    inputs.str("field", label="Field", description=about, default=embedding.DEFAULT_FIELD)
    found = embedding.problems(view, model, field)
    if not found:
        inputs.md(
            f"Reads all {len(view):,} images, and computes what each shows by `{model}`, into the "
            f"field `{field}`. Embeddings that are there already are kept.",
            name="forecast",
        )
    mark(inputs, found)
    return types.Property(inputs, view=types.View(label=names.LABELS["compute_embeddings"]))


def frames_form(view: fo.DatasetView, problems: Mapping[str, str]) -> types.Property:
    """Asks how many frames of the videos of a view to sample, and says where they go."""
    inputs = types.Object()
    inputs.float("fps", label="Frames a second of video", default=DEFAULT_FPS, required=True)
    if not problems:
        example = Path(view.first().filepath)
        inputs.md(
            f"Saves frames of {counted(len(view), 'videos')} as images such as "
            f"`{example.with_suffix('') / '000001.jpg'}`, and their paths in the field "
            "`frames.filepath`. Existing frames are kept. Then the App "
            f"shows the frames, and *{names.LABELS['downsample']}* chooses from them.",
            name="forecast",
        )
    mark(inputs, problems)
    return types.Property(inputs, view=types.View(label=names.LABELS["sample_frames"]))


def begin(ctx: foo.ExecutionContext) -> types.Object:
    """Returns a form that holds only a notice of interrupted runs, if there are any."""
    inputs = types.Object()
    if notice := interrupted.notice(ctx.dataset):
        inputs.view("interrupted", types.Warning(label=f"{notice}."))
    return inputs


def mark(inputs: types.Object, problems: Mapping[str, ParameterError | str]) -> None:
    """Shows each problem at its row, or below the form if the row is folded away."""
    for name, text in problems.items():
        problem = labelled(text)
        prop = inputs.properties.get(name)
        if prop is None:
            problem += " (among the advanced options)" if name in _FOLDED else ""
            prop = inputs.view(f"{name}_error", types.Error(label=problem))
        refuse(prop, problem)


def _refused(ctx: foo.ExecutionContext, inputs: types.Object, view: fo.DatasetView) -> bool:
    """Shows why a view has no images to compare, if so, with a remedy; returns whether it did."""
    reason = targets.refusal(view)
    if reason is None:
        return False
    _group_rows(ctx, inputs, GROUP_SLICE)
    if targets.holds_videos(view):  # an ordinary step, which a press takes
        inputs.btn(
            "sample_frames",
            names.LABELS["sample_frames"],
            on_click=names.uri("sample_frames"),
            prompt=True,
            variant="contained",
        )
        notice = reason.replace(targets.IN_PYTHON, "")
        refuse(inputs.view("refused", types.Notice(label=notice)), notice)
        return True
    refuse(inputs.view("refused", types.Error(label=reason)), reason)
    return True


def _group_rows(ctx: foo.ExecutionContext, inputs: types.Object, *rows: Setting) -> None:
    """Asks for what only grouped datasets have."""
    if ctx.dataset.media_type == "group":
        _rows(ctx, inputs, rows)


def _heading(inputs: types.Object, text: str) -> None:
    inputs.md(f"###### {text}", name=f"heading_{text.lower().replace(' ', '_')}")


def _rows(ctx: foo.ExecutionContext, inputs: types.Object, rows: Sequence[Setting]) -> None:
    for row in rows:
        given = ctx.params.get(row.name)
        if not matters(row, ctx.params):
            continue
        if row in CHOICE_ROWS and isinstance(given, (list, tuple)):  # ids, from a run of the SDK
            inputs.md(f"{row.label}: {len(given):,} samples chosen in Python.", f"{row.name}_ids")
            continue
        offers = offered(row, ctx.dataset)
        add(inputs, row, offers, given=given)
        if row.name == "features" and not offers:
            label, uri = names.LABELS["compute_embeddings"], names.uri("compute_embeddings")
            inputs.btn("compute_embeddings", label, on_click=uri, prompt=True, variant="outlined")


def _advanced_switch(ctx: foo.ExecutionContext, inputs: types.Object) -> bool:
    inputs.bool("advanced", label="Advanced options", default=False, view=types.SwitchView())
    return bool(ctx.params.get("advanced", False))
