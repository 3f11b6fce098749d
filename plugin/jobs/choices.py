"""Strategy and constraints: from settings that name fields, tags and runs to the core's arrays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import fiftyone as fo
from bson import json_util

from smartdownsample_core import Choice
from smartdownsample_core.errors import ParameterError
from smartdownsample_core.selection import (
    BUILT_IN,
    ChoiceSettings,
    check_unit,
    counts,
    labels_by_key,
)
from smartdownsample_core.settings import declared

from ..config import DownsampleConfig, is_given
from ..targets import Subject, embeddings
from . import keep, labels, preferences, times
from .folders import FOLDER

Remember = Callable[[Any, Callable[[], Any]], Any]
"""``remember(key, make)`` returns what ``make`` returns; a cached value if the key is known"""

#: Settings that name something of the samples.
_OF_SAMPLES = ("stratify_by", "features", "prefer", "camera", "time", "keep")


def make(
    subject: Subject,
    ids: Sequence[str],
    config: DownsampleConfig,
    remember: Remember = lambda key, work: work(),
) -> Choice:
    """Returns the core's choice for some samples, checked against them.

    Args:
        subject: what to choose from
        ids: of its n samples, in its order
        config: the settings
        remember: caches labels and features between calls, as long as the samples stay the same

    Raises:
        ValueError: if labels, features or samples to keep are missing
    """
    strata = features = prefer = camera = time = None
    used = config.used_keys
    if (path := config.stratify_by) and labels.is_key(subject, config):
        strata = path
    elif path:
        used = config.limited_keys
        ignored = labels.ignored_tags(subject.dataset, config)
        strata = remember(("labels", path, ignored), lambda: labels.read(subject, path, ignored))
    if name := config.features:
        key = ("features", name, stamp(subject.dataset, config))
        features = remember(key, lambda: embeddings.load(subject, ids, name))
    if wanted := config.prefer:
        prefer = remember(("numbers", wanted), lambda: preferences.read(subject, wanted))
    if config.uses_camera:
        path = labels.camera_path(subject, config.camera)
        camera = remember(("cameras", path), lambda: labels.read_all(subject, path, "camera"))
    if config.uses_time and (name := config.time):
        time = remember(("times", name), lambda: times.read(subject, name))
    fields = sorted(used - set(BUILT_IN))
    keys = {path: labels.read_all(subject, path) for path in fields}
    given = {name: getattr(config, name) for name in declared(ChoiceSettings)}
    given |= {"stratify_by": strata, "features": features, "prefer": prefer, "camera": camera}
    given |= {"time": time, "keys": keys or None}
    given["keep"] = keep.rows(subject, ids, config.keep) if is_given(config.keep) else None
    if given["keep"] and (images := images_of(subject, ids, config)):
        first = {images[row]: row for row in reversed(given["keep"])}
        given["keep"] = sorted(first.values())
    choice = Choice(**{name: value for name, value in given.items() if is_given(value)})
    choice.check(len(ids), config.target_count, config.hash_size)
    return choice


def images_of(subject: Subject, ids: Sequence[str], config: DownsampleConfig) -> list[str] | None:
    """Returns the sample of each of some patches, if whole samples are chosen by them."""
    return subject.items.documents(subject.view, list(ids)) if config.whole_images else None


def reads_samples(subject: Subject, config: DownsampleConfig) -> bool:
    """Whether a choice depends on fields or tags, besides signatures and the paths of files."""
    if any(is_given(getattr(config, name)) for name in _OF_SAMPLES):
        return True
    by_field = labels.default_camera(subject) != FOLDER  # which some strategies do not ask for
    return by_field or not config.used_keys <= set(BUILT_IN)


def stamp(dataset: fo.Dataset, config: DownsampleConfig) -> tuple[Any, ...]:
    """Returns what changes when the same settings mean something else for the same samples."""
    view, features = config.keep, config.features
    stages = None
    if isinstance(view, str) and dataset.has_saved_view(view):
        serialized = dataset.load_saved_view(view)._serialize(include_uuids=False)
        stages = json.dumps(serialized, default=json_util.default)
    is_run = bool(features) and dataset.has_brain_run(features)
    return stages, dataset.get_brain_info(features).timestamp if is_run else None


def problems(subject: Subject, config: DownsampleConfig) -> Iterator[ParameterError]:
    """Yields an error for each field, run, tag or view that is named and cannot be used."""
    checks: dict[str, Callable[..., Any]] = {
        "stratify_by": partial(_check_strata, config=config),
        "features": embeddings.check,
        "prefer": preferences.check,
        "camera": partial(labels.full_path, setting="camera"),
        "time": times.check,
        "keep": partial(keep.check, target_count=config.target_count),
    }
    named = ("max_per", "min_per", "exclude")
    checks |= {name: partial(_check_keys, setting=name) for name in named}
    of_time = ("event_gap", "min_interval")
    checks |= {name: partial(_check_unit, time=config.time, setting=name) for name in of_time}
    for setting, check in checks.items():
        if is_given(value := getattr(config, setting)):
            try:
                check(subject, value)
            except ParameterError as error:
                yield error


def _check_unit(subject: Subject, value: Any, time: str, setting: str) -> None:
    """Raises a ParameterError for a duration with a unit, if a field of times has numbers."""
    if times.are_numbers(subject, time):
        check_unit(setting, value)


def _check_strata(subject: Subject, path: str, config: DownsampleConfig) -> None:
    is_key = isinstance(path, str) and labels.is_key(subject, config)
    for part in set(path.split("+")) - set(BUILT_IN) if is_key else (path,):
        labels.full_path(subject, part)


def _check_keys(subject: Subject, limits: str, setting: str) -> None:
    """Raises a ParameterError if a key of limits is neither known nor a field."""
    read = labels_by_key if setting == "exclude" else counts
    parts = {part for key in read(setting, limits) for part in key.split("+")}
    for path in sorted(parts - set(BUILT_IN)):
        labels.full_path(subject, path, setting)


def worded(config: DownsampleConfig, subject: Subject) -> str:
    """Returns a sentence on how samples are chosen, besides their number; may be empty."""
    counted = times.are_numbers(subject, config.time)
    unit, by = ("", f" by `{config.time}`") if counted else (" s", "")
    parts = ["chooses whole samples by their patches"] if config.whole_images else []
    if config.strategy != DownsampleConfig.strategy:
        parts.append(f"strategy {config.strategy}")
    if config.cover != DownsampleConfig.cover:
        parts.append(f"first keeps one of each {' and '.join(config.covered) or 'nothing'}")
    if config.features:
        parts.append(f"compares the embeddings `{config.features}`")
    if config.prefer:
        parts.append(f"prefers `{config.prefer}`")
    if config.duplicate_distance is not None:
        parts.append(f"excludes near-duplicates within {config.duplicate_distance:g} of 100")
    if config.near_duplicates is not None:
        unit = "cosine distance" if config.features else "bits"
        parts.append(f"excludes near-duplicates within {config.near_duplicates:g} {unit}")
    if config.leave_out_junk:
        parts.append("excludes blank images (black, white or blurred)")
    if config.leave_out_quiet:
        parts.append(f"excludes frames with less activity than {config.leave_out_quiet:g}")
    if config.stratify_by:
        balance = config.balance
        most = f", at most {config.max_per_group:,} each" if config.max_per_group else ""
        shares = f"shares of `{config.stratify_by}`"
        if isinstance(balance, str):
            parts.append(f"{balance} {shares}{most}")
        else:
            sizes = "square roots of sizes" if balance == 0.5 else f"sizes to the power {balance:g}"
            parts.append(f"{shares} in proportion to {sizes}{most}")
    elif config.max_per_group:
        parts.append(f"at most {config.max_per_group:,} of each bucket")
    if config.order == "time":
        parts.append("orders the images of each camera by time")
    if config.gap:
        parts.append(f"numbers events that end after {config.gap:g}{unit}{by}")
    if config.exclude:
        parts.append(f"excludes {config.exclude}")
    for word, limits in (("at most", config.caps), ("at least", config.floors)):
        parts += [f"{word} {most:,} per {name}" for name, most in limits.items()]
    if config.interval:
        parts.append(f"keeps images of one camera at least {config.interval:g}{unit} apart{by}")
    if config.max_distance is not None:
        parts.append(f"keeps no more than leave every image within {config.max_distance:g}")
    if config.keep:
        what = f"`{config.keep}`" if isinstance(config.keep, str) else f"{len(config.keep):,} ids"
        parts.append(f"always keeps {what}")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]
