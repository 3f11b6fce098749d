"""What a run would do, in words: for its form."""

from __future__ import annotations

from .. import names
from ..config import DownsampleConfig
from ..jobs import choices
from ..runs import records as runs
from ..targets import Subject
from ..targets import kinds as targets


def forecast(config: DownsampleConfig, subject: Subject) -> str:
    """Words what a run with these settings will do."""
    dataset, view, items = subject.dataset, subject.view, subject.items
    fields = [items.dataset_path(name) for name in (config.signature_field, *config.fields())]
    text = (
        f"Keeps {_count(config)} of {len(view):,} {items.noun}{_buckets(config, subject)}. "
        f"Writes the field{'s' * (len(fields) > 1)} {names.in_words(fields)}, "
        f"the {items.tag_kind} `{items.mark_name(config.tag)}` and "
        f"the saved views {names.in_words(runs.views_of(vars(config)))}."
    )
    if choice := choices.worded(config):
        text += f" {choice}."
    if kept_by := runs.of_view(dataset, view):
        text += f" **These are only the {items.noun} that the run `{kept_by}` kept.**"
    if runs.exists(dataset, config.run_key):
        old = runs.settings(dataset, config.run_key)  # not its results, at every keystroke
        n_kept = targets.of_record(old).count_kept(dataset, old["tag"])
        text += f" Replaces the run `{config.run_key}`, which kept {n_kept:,}."
    return text


def _count(config: DownsampleConfig) -> str:
    if config.target_count is not None:
        return f"{config.target_count:,}"
    group = "label" if config.stratify_by else "bucket"
    limits = [f"{config.max_per_group:,} of each {group}"] if config.max_per_group else []
    return " and ".join(["one of each near-duplicate group"] * config.has_groups + limits)


def _buckets(config: DownsampleConfig, subject: Subject) -> str:
    """Words how many buckets the samples are in, if that is known already."""
    view = subject.view
    path = subject.items.view_path(f"{config.signature_field}.bucket")
    if not view.has_field(path):
        return ""
    counts = view.count_values(path)
    if None in counts or not counts:
        return ""
    without = len(counts) - (config.target_count or len(counts))
    some = f", of which **at least {without} go without**" if without > 0 else ""
    return f" in {len(counts)} bucket{'s' * (len(counts) > 1)}{some}"
