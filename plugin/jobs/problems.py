"""What is wrong with settings for what they are to be applied to, setting by setting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bson.errors
import fiftyone as fo

from smartdownsample_core.errors import ParameterError, refused
from smartdownsample_core.settings import raise_first

from ..config import CHARTS, DownsampleConfig, SignatureConfig
from ..runs import collisions, files
from ..targets import SAMPLES, Subject, WholeImages, signature_fields
from ..targets import kinds as targets
from . import choices

_Problems = Iterator[ParameterError]


def check(config: SignatureConfig, subject: Subject) -> None:
    """Raises a ValueError if the view cannot be worked on, or with the first of the problems."""
    if reason := targets.refusal(subject.view):
        raise ValueError(reason)
    raise_first(_problems(config, subject))


def find(config: SignatureConfig, subject: Subject) -> dict[str, ParameterError]:
    """Returns what is wrong with the settings for a view that can be worked on, by setting."""
    found: dict[str, ParameterError] = {}
    for problem in _problems(config, subject):
        found.setdefault(problem.name, problem)
    return found


def of_choice(config: DownsampleConfig, subject: Subject) -> _Problems:
    """Yields what is wrong with the settings that decide what is kept."""
    yield from choices.problems(subject, config)
    yield from config.problems()
    n, noun = subject.count, subject.items.kept_noun
    if config.whole_images and not isinstance(subject.items, WholeImages):
        reason = f"the view holds {subject.items.noun}, and only patches can do so; turn this off"
        yield refused("whole_images", reason)
    if isinstance(config.target_count, int) and 0 < n < config.target_count:
        yield ParameterError(
            "target_count",
            "{target:,} exceeds the {n:,} {noun}",
            "ask for 1 to {n:,}",
            target=config.target_count,
            n=n,
            noun=noun,
        )


def _problems(config: SignatureConfig, subject: Subject) -> _Problems:
    if config.group_slice and config.group_slice not in (subject.dataset.group_slices or ()):
        yield refused("group_slice", _no_slice(subject.dataset, config.group_slice))
    yield from _of_field(config, subject)
    if not isinstance(config, DownsampleConfig):
        yield from config.problems()
        return
    yield from of_choice(config, subject)
    yield from _of_charts(config)
    yield from _not_recorded(config)
    yield from _of_names(config, subject)


def _of_field(config: SignatureConfig, subject: Subject) -> _Problems:
    field = config.signature_field
    if problem := not_a_name("signature_field", field):
        yield problem
        return
    dataset, items = subject.dataset, subject.items
    stored = items.dataset_path(field)
    if items.is_reserved(field):
        yield refused("signature_field", f"{field!r} is reserved by FiftyOne; choose another name")
    elif dataset.has_field(stored) and not signature_fields.is_ours(dataset, stored):
        yield refused(
            "signature_field",
            f"the dataset has a field {stored!r} that smartdownsample did not make; choose another "
            "name",
        )


def _of_charts(config: DownsampleConfig) -> _Problems:
    charts = {name: path for name in CHARTS if (path := getattr(config, name))}
    wrong = {name: files.problem(name, path, (".png",)) for name, path in charts.items()}
    yield from filter(None, wrong.values())
    if len(charts) > 1 and not any(wrong.values()) and files.are_same(*charts.values()):
        yield ParameterError(
            "save_thumbnails",
            "is the same file as {save_distribution}, {path}",
            "choose two",
            path=config.save_thumbnails,
        )


def _not_recorded(config: DownsampleConfig) -> _Problems:
    """Yields settings that MongoDB cannot hold, such as numbers above 2**63 - 1."""
    for setting, value in vars(config).items():
        if reason := _unrecordable({setting: value}):
            yield refused(setting, f"{value!r} cannot be recorded with the run: {reason}")


def _of_names(config: DownsampleConfig, subject: Subject) -> _Problems:
    if config.whole_groups and (reason := _no_groups(subject.dataset, subject.view)):
        yield refused("whole_groups", reason)
    if problem := not_a_name("run_key", config.run_key):
        yield problem
    elif not isinstance(config.tag, str):
        yield refused("tag", f"must be text, got {config.tag!r}")
    else:
        yield from collisions.problems(subject, config)


def _no_slice(dataset: fo.Dataset, group_slice: Any) -> str:
    if not dataset.group_slices:
        return f"{group_slice!r} does not exist, as the dataset has no groups; leave it empty"
    known = ", ".join(map(repr, dataset.group_slices))
    return f"the dataset has no slice {group_slice!r}; it has {known}"


def _no_groups(dataset: fo.Dataset, view: fo.DatasetView) -> str | None:
    """Returns why whole groups cannot be kept; None if they can."""
    if not dataset.group_field or targets.of(view) is not SAMPLES:
        return "only grouped datasets have groups to keep; turn this off"
    slices = view.distinct(f"{dataset.group_field}.name")
    if len(slices) > 1:
        return (
            f"it needs one image of each group, and the view has the slices {slices}; "
            "choose one of them"
        )
    return None


def _unrecordable(document: dict[str, Any]) -> str | None:
    try:
        bson.encode(document)
    except (OverflowError, UnicodeEncodeError, bson.errors.BSONError) as error:
        return str(error)
    return None


def not_a_name(setting: str, value: Any) -> ParameterError | None:
    """Returns an error if the value cannot name a run or a field."""
    if isinstance(value, str) and value.isidentifier() and not value.startswith("_"):
        return None
    return ParameterError(
        setting,
        "must be letters, digits and underscores, and begin with a letter, got {value}",
        value=repr(value),
    )
