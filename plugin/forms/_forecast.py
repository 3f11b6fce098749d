"""What a run would do, in words: for its form."""

from __future__ import annotations

from .. import names
from ..config import DownsampleConfig
from ..jobs import choices, outcome, whatif
from ..run_fields import written_by
from ..runs import records as runs
from ..setting_labels import labelled
from ..targets import Subject
from ..targets import kinds as targets


def forecast(config: DownsampleConfig, subject: Subject) -> str:
    """Words what a run with these settings will do."""
    dataset, view, items = subject.dataset, subject.view, subject.items
    written = written_by(config)
    certain = [field.of(config.run_key) for field in written if not field.condition]
    fields = [items.dataset_path(name) for name in (config.signature_field, *certain)]
    text = (
        f"Keeps {_count(config, subject)}. "
        f"Writes the field{'s' * (len(fields) > 1)} {names.in_words(fields)}, "
        f"the {items.tag_kind} `{items.mark_name(config.tag)}` and "
        f"the saved views {names.in_words(runs.views_of(vars(config)))}"
    )
    for field in written:
        if field.condition and items.are_images:
            path = items.dataset_path(field.of(config.run_key))
            text += f"; {field.condition}, also the field `{path}`"
    text += "."
    if choice := choices.worded(config, subject):
        text += f" {choice}."
    if kept_by := runs.of_view(dataset, view):
        text += f" **These are only the {items.noun} that the run `{kept_by}` kept.**"
    if runs.exists(dataset, config.run_key):
        old = runs.settings(dataset, config.run_key)  # not its results, at every keystroke
        n_kept = targets.of_record(old).count_kept(dataset, old["tag"])
        text += f" Replaces the run `{config.run_key}`, which kept {n_kept:,}"
        edits = runs.hand_edits(old)
        text += f", and **discards its {edits}**." if edits else "."
    return text


def _count(config: DownsampleConfig, subject: Subject) -> str:
    """Words how many are kept, and what is left without; as the panel does, if it is known."""
    try:
        selection = whatif.forecast(subject, config)
    except ValueError as error:
        return f"nothing: {labelled(error)}"
    if selection is not None:
        warnings = "".join(f". **{text}**" for text in whatif.warnings(subject, selection, config))
        return outcome.summary(selection, subject.items).removeprefix("Kept ") + warnings
    if config.target_count is not None:
        number = f"{config.target_count:,}"
    else:
        group = "label" if config.stratify_by else "bucket"
        limits = [f"{config.max_per_group:,} of each {group}"] if config.max_per_group else []
        limits += [f"{most:,} per {name}" for name, most in config.caps.items()]
        number = " and ".join(["one of each near-duplicate group"] * config.has_groups + limits)
    return f"{number} of {subject.count:,} {subject.items.kept_noun}"
