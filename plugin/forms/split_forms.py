"""The forms of splitting, and of undoing it."""

from __future__ import annotations

import fiftyone.operators as foo
import fiftyone.operators.types as types

from smartdownsample_core.settings import declared

from .. import names
from ..base import refuse
from ..jobs import splitting
from ..runs import splits
from ..targets import kinds as targets
from .inputs import add, offered
from .job_forms import begin, chosen_view, mark

_ROWS = (
    *("shares", "run_key", "stratify_by", "duplicate_distance", "event_gap", "whole_cameras"),
    *("group_by", "camera", "time", "random_seed", "group_slice"),
)


def split_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks how to split, and refuses what cannot be done."""
    inputs = begin(ctx)
    choice = inputs.view_target(ctx, action_description="Split")
    form = types.Property(inputs, view=types.View(label=names.LABELS["split"]))
    config = splitting.SplitConfig.from_params(ctx.params)
    subject = splitting.subject_of(ctx.dataset, chosen_view(ctx, choice), config)
    if reason := targets.refusal(subject.view):
        refuse(inputs.view("refused", types.Error(label=reason)), reason)
        return form
    inputs.md(
        f"Tags each of the {len(subject.view):,} {subject.items.noun}. Near-duplicates and images "
        "of one event get the same tag.",
        name="forecast",
    )
    known = declared(splitting.SplitConfig)
    for row in (known[name] for name in _ROWS):
        if row.name != "group_slice" or ctx.dataset.media_type == "group":
            add(inputs, row, offered(row, ctx.dataset), given=ctx.params.get(row.name))
    mark(inputs, splitting.find_problems(config, subject))
    return form


def delete_form(ctx: foo.ExecutionContext) -> types.Property:
    """Asks which split to undo, and says what will be removed."""
    inputs, known = begin(ctx), splits.keys(ctx.dataset)
    form = types.Property(inputs, view=types.View(label=names.LABELS["delete_split"]))
    if not known:
        text = f"This dataset has no split: the operator '{names.LABELS['split']}' makes one"
        refuse(inputs.view("no_splits", types.Warning(label=text)), text)
        return form
    choices = types.DropdownView()
    for key in known:
        choices.add_choice(key, label=key)
    run_key = ctx.params.get("run_key") or known[-1]
    inputs.enum("run_key", known, label="Split", default=known[-1], required=True, view=choices)
    if run_key in known:
        tags = names.in_words(splits.settings(ctx.dataset, run_key)["tags"])
        inputs.md(
            f"Removes the tags {tags} and the record of the split. Signatures stay, and no sample "
            "and no file is deleted.",
            name="forecast",
        )
    return form
