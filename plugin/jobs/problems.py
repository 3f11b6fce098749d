"""What is wrong with settings for what they are to be applied to, setting by setting."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import bson.errors
import fiftyone as fo

from smartdownsample_core.checks import flag, one_of, whole_number
from smartdownsample_core.optional import optional
from smartdownsample_core.selection import MISSING_TARGET
from smartdownsample_core.settings import DECODES, check_hash_size

from ..config import CHARTS, WORKERS_SETTINGS, DownsampleConfig, SignatureConfig
from ..runs import collisions, files
from ..targets import SAMPLES, signature_fields
from ..targets import kinds as targets
from . import choices

_Problems = Iterator[tuple[str, str]]


def check(config: SignatureConfig, dataset: fo.Dataset, view: fo.DatasetView) -> None:
    """Raises a ValueError with the first of the problems, if there are any."""
    for problem in find(config, dataset, view).values():
        raise ValueError(problem)


def find(config: SignatureConfig, dataset: fo.Dataset, view: fo.DatasetView) -> dict[str, str]:
    """Returns what is wrong with the settings for this target: setting to error message."""
    if reason := targets.refusal(view):  # the other checks are about a view that is not
        return {"view_target": reason}
    found: dict[str, str] = {}
    for setting, problem in _problems(config, dataset, view):
        found.setdefault(setting, problem)
    return found


def of_choice(config: DownsampleConfig, dataset: fo.Dataset, view: fo.DatasetView) -> _Problems:
    """Yields what is wrong with the settings that decide what is kept: setting and message."""
    n, noun = len(view), targets.of(view, config.whole_groups).noun
    if config.target_count is None:
        if not config.has_groups and config.max_per_group is None:
            yield "target_count", MISSING_TARGET
    elif reason := _error(whole_number, "target_count", config.target_count, 1):
        yield "target_count", f"{reason}; there are {n:,} {noun}"
    elif 0 < n < config.target_count:
        yield (
            "target_count",
            f"target_count {config.target_count:,} exceeds the {n:,} {noun}; ask for 1 to {n:,}",
        )
    if reason := _error(whole_number, "random_seed", config.random_seed, 0):
        yield "random_seed", reason
    yield from choices.problems(dataset, view, config)


def _problems(config: SignatureConfig, dataset: fo.Dataset, view: fo.DatasetView) -> _Problems:
    yield from _of_reading(config, dataset)
    yield from _of_scheduler(config)
    yield from _of_field(config, dataset, view)
    if isinstance(config, DownsampleConfig):
        yield from of_choice(config, dataset, view)
        yield from _of_charts(config)
        yield from _not_recorded(config)
        yield from _of_names(config, dataset, view)


def _of_reading(config: SignatureConfig, dataset: fo.Dataset) -> _Problems:
    if config.group_slice and config.group_slice not in (dataset.group_slices or ()):
        yield "group_slice", _no_slice(dataset, config.group_slice)
    if reason := _error(check_hash_size, config.hash_size):
        yield "hash_size", reason
    if reason := _error(one_of, "decode", config.decode, DECODES):
        yield "decode", reason
    if reason := _error(whole_number, "n_workers", config.n_workers, 1):
        yield "n_workers", reason
    if reason := _error(one_of, "workers", config.workers, WORKERS_SETTINGS):
        yield "workers", reason
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if isinstance(field.default, bool) and (reason := _error(flag, field.name, value)):
            yield field.name, reason


def _of_scheduler(config: SignatureConfig) -> _Problems:
    if not config.scheduler:
        if config.workers == "dask":
            yield (
                "scheduler",
                "workers='dask' needs a scheduler; say scheduler='tcp://10.0.0.1:8786' or so",
            )
        return
    if config.workers not in ("auto", "dask"):
        yield (
            "scheduler",
            f"scheduler {config.scheduler!r} is for the workers of Dask, not for "
            f"{config.workers!r}; leave one of them out",
        )
    try:
        optional("distributed", "dask", "scheduler")
    except ImportError as error:
        yield "scheduler", str(error)


def _of_field(config: SignatureConfig, dataset: fo.Dataset, view: fo.DatasetView) -> _Problems:
    field = config.signature_field
    if not _is_name(field):
        yield "signature_field", _not_a_name("signature_field", field)
        return
    items = targets.of(view)
    stored = items.stored(field)
    if items.is_reserved(field):
        yield (
            "signature_field",
            f"{field!r} is a word of FiftyOne; choose another signature_field",
        )
    elif dataset.has_field(stored) and not signature_fields.is_ours(dataset, stored):
        yield (
            "signature_field",
            f"the dataset has a field {stored!r} that smartdownsample did not "
            "make; choose another signature_field",
        )


def _of_charts(config: DownsampleConfig) -> _Problems:
    charts = {name: path for name in CHARTS if (path := getattr(config, name))}
    wrong = {name: files.problem(name, path, (".png",)) for name, path in charts.items()}
    yield from ((name, reason) for name, reason in wrong.items() if reason)
    if len(charts) > 1 and not any(wrong.values()) and files.are_same(*charts.values()):
        yield (
            "save_thumbnails",
            f"save_distribution and save_thumbnails are the same file, {config.save_thumbnails}; "
            "give them two",
        )


def _not_recorded(config: DownsampleConfig) -> _Problems:
    """Yields settings that MongoDB cannot hold, such as numbers above 2**63 - 1."""
    for setting, value in vars(config).items():
        if reason := _unrecordable({setting: value}):
            yield setting, f"{setting} {value!r} cannot be recorded with the run: {reason}"


def _of_names(config: DownsampleConfig, dataset: fo.Dataset, view: fo.DatasetView) -> _Problems:
    if config.whole_groups and (reason := _no_groups(dataset, view)):
        yield "whole_groups", reason
    if not _is_name(config.run_key):
        yield "run_key", _not_a_name("run_key", config.run_key)
    elif not isinstance(config.tag, str):
        yield "tag", f"tag must be text, got {config.tag!r}"
    else:
        yield from collisions.problems(dataset, targets.of(view, config.whole_groups), config)


def _is_name(value: str) -> bool:
    return isinstance(value, str) and value.isidentifier() and not value.startswith("_")


def _no_slice(dataset: fo.Dataset, group_slice: Any) -> str:
    if not dataset.group_slices:
        return f"group_slice is {group_slice!r}, and the dataset has no groups; leave it empty"
    known = ", ".join(map(repr, dataset.group_slices))
    return f"the dataset has no slice {group_slice!r}; it has {known}"


def _no_groups(dataset: fo.Dataset, view: fo.DatasetView) -> str | None:
    """Says why whole groups cannot be kept; None if they can."""
    if not dataset.group_field or targets.of(view) is not SAMPLES:
        return "whole_groups is for the samples of grouped datasets; leave it out"
    slices = view.distinct(f"{dataset.group_field}.name")
    if len(slices) > 1:
        return (
            f"whole_groups needs one image of each group, and the view has the slices {slices}; "
            "choose one of them"
        )
    return None


def _unrecordable(document: dict[str, Any]) -> str | None:
    try:
        bson.encode(document)
    except (OverflowError, UnicodeEncodeError, bson.errors.BSONError) as error:
        return str(error)
    return None


def _not_a_name(setting: str, value: Any) -> str:
    return (
        f"{setting} must be letters, digits and underscores, and begin with a letter, got {value!r}"
    )


def _error(check: Callable[..., Any], *arguments: Any) -> str | None:
    try:
        check(*arguments)
    except ValueError as error:
        return str(error)
    return None
