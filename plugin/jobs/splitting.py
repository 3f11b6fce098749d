"""The job that splits samples: signatures, groups that stay whole, tags and a record."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import fiftyone as fo

from smartdownsample_core.errors import ParameterError, worded
from smartdownsample_core.report import leaks, split_warnings
from smartdownsample_core.selection import (
    Split,
    SplitSettings,
    as_text,
    split_images,
    split_shares,
)
from smartdownsample_core.settings import raise_first, redeclared, setting

from .. import names
from ..config import DownsampleConfig, SignatureConfig, SignatureOptions
from ..runs import shapes, splits, writes
from ..targets import Subject, stored_signatures
from ..targets import kinds as targets
from . import engine, labels, problems, times
from ._background import to_the_end, waiting
from .progress import Job


@dataclass(frozen=True, kw_only=True)
class SplitConfig(SignatureConfig, SplitSettings):
    """How to split, and under which name."""

    stratify_by: str = redeclared(
        SplitSettings,
        "stratify_by",
        help="A field, such as ground_truth.label, or folder: each split gets its share of each "
        "of its values, as far as whole groups allow",
        default="",
    )
    group_by: str = redeclared(
        SplitSettings,
        "group_by",
        help="A field, such as sequence, or folder: samples that share one of its values stay in "
        "one split",
        default="",
    )
    camera: str = redeclared(DownsampleConfig, "camera")
    time: str = redeclared(DownsampleConfig, "time")
    run_key: str = setting(
        kind="text",
        label="Split key",
        help="Name of the record of the split; replaces an existing split of this name",
        default=names.DEFAULT_SPLIT_KEY,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "shares", as_text(self.shares))


class SplitOptions(SignatureOptions, total=False):
    """The fields of :class:`SplitConfig` as keywords, for editors; a test compares them."""

    duplicate_distance: float
    event_gap: str | float
    whole_cameras: bool
    group_by: str
    stratify_by: str
    camera: str
    time: str
    random_seed: int
    run_key: str


def subject_of(dataset: fo.Dataset, view: fo.DatasetView, config: SplitConfig) -> Subject:
    """Returns what is split; of a grouped dataset, whole groups by the images of one slice."""
    found = Subject.of(dataset, view, config.group_slice)
    field = dataset.group_field
    is_one_slice = field and len(found.view.distinct(f"{field}.name")) == 1
    return Subject(dataset, found.view, targets.of(found.view, bool(is_one_slice)))


def find_problems(config: SplitConfig, subject: Subject) -> dict[str, ParameterError]:
    """Returns what is wrong with the settings for a view that can be split, by setting."""
    found = problems.find(config, subject)
    for problem in _problems(config, subject):
        found.setdefault(problem.name, problem)
    return found


def _problems(config: SplitConfig, subject: Subject) -> Iterator[ParameterError]:
    for name in ("stratify_by", "group_by", "camera", "time"):
        if path := getattr(config, name):
            try:
                if name == "time":
                    times.check(subject, path)
                else:
                    labels.full_path(subject, path, name)
            except ParameterError as error:
                yield error
    if problem := problems.not_a_name("run_key", config.run_key):
        yield problem
        return
    try:
        wanted = list(split_shares("shares", config.shares))
    except ParameterError:  # found already
        return
    yield from splits.problems(subject, config.run_key, wanted)


def run(
    dataset: fo.Dataset, view: fo.DatasetView, config: SplitConfig, in_app: bool = False
) -> Job[dict[str, Any]]:
    """Splits: computes signatures, assigns whole groups, tags samples, and records the split.

    Args:
        dataset: the dataset
        view: what to split
        config: the settings
        in_app: whether this is the App's server

    Yields:
        :class:`engine.Progress`

    Returns:
        plain values: those of :func:`engine.compute_signatures`, ``run_key``, ``splits`` (the
        number of samples of each), ``groups`` (how many stay whole), ``largest`` (samples in the
        largest), ``leaked_at_random`` (samples that would have the nearest of their group in
        another split), ``leaks`` (the same as a sentence), ``summary`` (another), ``labels`` (of
        each the number in each split; None without) and ``warning``

    Raises:
        ValueError: for bad settings, before anything is written; or if no image can be read
    """
    if writes.unfinished(dataset):
        writes.recover(dataset)
    subject = subject_of(dataset, view, config)
    if reason := targets.refusal(subject.view):
        raise ValueError(reason)
    raise_first(iter(find_problems(config, subject).values()))
    counts = yield from engine.compute_signatures(dataset, view, config, in_app, False, False)
    target = stored_signatures.load(
        subject.view, config.signature_field, config.hash_size, config.decode, recompute=False
    )
    asked = _settings(subject, config)
    splitting = engine.Progress(len(target.ids), len(target.ids), "Splitting")
    found = yield from waiting(
        lambda: split_images(target.signatures, target.order, asked),
        lambda: splitting,
    )
    warnings = [worded(one, str) for one in split_warnings(found, asked.divides_events)]
    record = {
        **counts,
        "items": subject.items.key,
        "run_key": config.run_key,
        **_findings(found),
        "warning": ". ".join(text[:1].upper() + text[1:] for text in warnings) or None,
    }
    members = {name: [target.ids[row] for row in found.rows(name).tolist()] for name in found.names}
    contents: shapes.Splitting = {
        "settings": {**dataclasses.asdict(config), "items": subject.items.key},
        "record": record,
        "members": members,
    }
    to_the_end(lambda: writes.save_split(dataset, subject.view, contents))
    return record


def _settings(subject: Subject, config: SplitConfig) -> SplitSettings:
    """Returns the settings with a label, a camera and a time for each sample."""
    strata = None
    if path := config.stratify_by:
        strata = labels.read_all(subject, path)
        if path.rpartition(".")[2] == "tags":
            ours = labels.our_tags(subject.dataset)
            strata = [[tag for tag in tags or () if tag not in ours] for tags in strata]
    camera = labels.read_all(subject, labels.camera_path(subject, config.camera), "camera")
    return SplitSettings(
        shares=config.shares,
        duplicate_distance=config.duplicate_distance,
        event_gap=config.event_gap,
        whole_cameras=config.whole_cameras,
        group_by=labels.read_all(subject, path, "group_by") if (path := config.group_by) else None,
        stratify_by=strata,
        camera=camera,
        time=times.read(subject, config.time) if config.time else None,
        random_seed=config.random_seed,
    )


def _findings(found: Split) -> dict[str, Any]:
    counts = dict(zip(found.names, found.counts.tolist(), strict=True))
    of_label = None
    if found.strata is not None:
        rows = zip(found.strata.names, found.table().tolist(), strict=True)
        of_label = {label: dict(zip(found.names, row, strict=True)) for label, row in rows}
    return {
        "splits": counts,
        "groups": len(found.sizes),
        "largest": int(found.sizes.max(initial=0)),
        "leaked_at_random": round(found.leaks.images),
        "leaks": leaks(found),
        "summary": "Tagged: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()),
        "labels": of_label,
    }
