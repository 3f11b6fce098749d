"""The settings of a run: made from an operator's params, checked and worded in one place."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

import bson.errors
import fiftyone as fo
import numpy as np

from smartdownsample_core.checks import check_hash_size, flag, one_of, whole_number
from smartdownsample_core.choice import MISSING_TARGET, Strategy
from smartdownsample_core.optional import optional
from smartdownsample_core.reading import DECODES, Decode

from . import choices, collisions, files, names, runs, samples, targets
from .items import SAMPLES, Samples

#: What reads images.
WorkersSetting = Literal["auto", "threads", "processes", "dask"]
WORKERS_SETTINGS: tuple[WorkersSetting, ...] = get_args(WorkersSetting)

#: Settings that name a file to save a chart to.
CHARTS = ("save_distribution", "save_thumbnails")

Config = TypeVar("Config", bound="SignatureConfig")


@dataclass(frozen=True, kw_only=True)
class SignatureConfig:
    """How to compute signatures and where to keep them."""

    signature_field: str = names.DEFAULT_FIELD
    hash_size: int = 8
    decode: Decode = "exact"
    n_workers: int = 4
    workers: WorkersSetting = "auto"
    """auto: the cluster, if there is a scheduler; else threads in the App's server, where processes
    would be in the way of other users, and processes in the SDK and in delegated runs"""
    scheduler: str = ""
    """address of a Dask scheduler"""
    recompute: bool = False
    group_slice: str = ""
    """of a grouped dataset, the slice to read; the active one if empty"""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.generic):  # MongoDB takes Python's numbers only
                object.__setattr__(self, field.name, value.item())

    @classmethod
    def from_params(cls: type[Config], params: Mapping[str, Any]) -> Config:
        """Reads the settings from an operator's params; what is missing or empty is the default."""
        values = {field.name: params.get(field.name) for field in dataclasses.fields(cls)}
        given = {
            name: os.fspath(value) if isinstance(value, os.PathLike) else value
            for name, value in values.items()
            if choices.is_given(value) or (name == "run_key" and value == "")
        }
        return cls(**given)

    def reading(self, in_app: bool) -> dict[str, Any]:
        """Returns how images are read, as keywords of the core's ``extract_batches``.

        Args:
            in_app: whether this is the App's server
        """
        workers = self.workers
        if workers == "auto":
            # Processes of a pool of Python's are daemons, and may have no children.
            threads = in_app or multiprocessing.current_process().daemon
            workers = "dask" if self.scheduler else "threads" if threads else "processes"
        return {
            "hash_size": self.hash_size,
            "n_workers": self.n_workers,
            "decode": self.decode,
            "workers": workers,
            "scheduler": self.scheduler or None,
        }

    def problems(self, dataset: fo.Dataset, view: fo.DatasetView) -> dict[str, str]:
        """Returns what is wrong with the settings for this target: setting to error message."""
        if reason := targets.refusal(view):  # the other checks are about a view that is not
            return {"view_target": reason}
        problems: dict[str, str] = {}
        for setting, problem in self._problems(dataset, view):
            problems.setdefault(setting, problem)
        return problems

    def check(self, dataset: fo.Dataset, view: fo.DatasetView) -> None:
        """Raises a ValueError with the first of the problems, if there are any."""
        for problem in self.problems(dataset, view).values():
            raise ValueError(problem)

    def _problems(self, dataset: fo.Dataset, view: fo.DatasetView) -> Iterator[tuple[str, str]]:
        if self.group_slice and self.group_slice not in (dataset.group_slices or ()):
            yield "group_slice", _no_slice(dataset, self.group_slice)
        if reason := _error(check_hash_size, self.hash_size):
            yield "hash_size", reason
        if reason := _error(one_of, "decode", self.decode, DECODES):
            yield "decode", reason
        if reason := _error(whole_number, "n_workers", self.n_workers, 1):
            yield "n_workers", reason
        if reason := _error(one_of, "workers", self.workers, WORKERS_SETTINGS):
            yield "workers", reason
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(field.default, bool) and (reason := _error(flag, field.name, value)):
                yield field.name, reason
        yield from self._scheduler_problems()
        if not _is_name(self.signature_field):
            yield "signature_field", _not_a_name("signature_field", self.signature_field)
            return
        items = targets.of(view)
        stored = items.stored(self.signature_field)
        if items.is_reserved(self.signature_field):
            yield (
                "signature_field",
                f"{self.signature_field!r} is a word of FiftyOne; choose another signature_field",
            )
        elif dataset.has_field(stored) and not samples.is_ours(dataset, stored):
            yield (
                "signature_field",
                f"the dataset has a field {stored!r} that smartdownsample did not "
                "make; choose another signature_field",
            )

    def _scheduler_problems(self) -> Iterator[tuple[str, str]]:
        if not self.scheduler:
            if self.workers == "dask":
                yield (
                    "scheduler",
                    "workers='dask' needs the scheduler, such as scheduler='tcp://10.0.0.1:8786'",
                )
            return
        if self.workers not in ("auto", "dask"):
            yield (
                "scheduler",
                f"scheduler {self.scheduler!r} is for the workers of Dask, not for "
                f"{self.workers!r}; leave one of them out",
            )
        try:
            optional("distributed", "dask", "scheduler")
        except ImportError as error:
            yield "scheduler", str(error)


@dataclass(frozen=True, kw_only=True)
class DownsampleConfig(SignatureConfig):
    """How many samples to keep, which ones, and under which names.

    What chooses is described in :class:`smartdownsample_core.Choice`; here ``features``,
    ``stratify_by`` and ``keep`` are names.
    """

    target_count: int | None = None
    """None: as many as ``near_duplicates`` and ``max_per_group`` leave"""
    run_key: str = names.DEFAULT_RUN_KEY
    tag: str = ""
    random_seed: int = 42
    save_distribution: str = ""
    save_thumbnails: str = ""
    strategy: Strategy = "stride"
    near_duplicates: float | None = None
    features: str = ""
    """a field of embeddings, or the key of a brain run that has some"""
    stratify_by: str = ""
    """path of a field"""
    balance: str | float = "proportional"
    max_per_group: int | None = None
    keep: str | tuple[str, ...] = ""
    """a tag, else the name of a saved view, or ids of samples"""
    leave_out_junk: bool = False
    whole_groups: bool = False
    """of a grouped dataset, the images of the slice stand for their groups"""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "tag", self.tag or self.run_key)
        if isinstance(self.keep, list):
            object.__setattr__(self, "keep", tuple(self.keep))
        with contextlib.suppress(TypeError, ValueError):  # the form's choices are text
            object.__setattr__(self, "balance", float(self.balance))

    @property
    def has_ranks(self) -> bool:
        """Whether the run numbers what it keeps."""
        return self.strategy == "diverse"

    @property
    def has_groups(self) -> bool:
        """Whether the run numbers groups of near-duplicates."""
        return self.near_duplicates is not None

    def fields(self) -> list[str]:
        """Returns the names of the fields of numbers that the run writes."""
        ranks = [names.rank_field(self.run_key)] if self.has_ranks else []
        return ranks + ([names.group_field(self.run_key)] if self.has_groups else [])

    def forecast(self, dataset: fo.Dataset, view: fo.DatasetView) -> str:
        """Words what a run with these settings will do."""
        items = targets.of(view, self.whole_groups)
        fields = [items.stored(name) for name in (self.signature_field, *self.fields())]
        text = (
            f"Keeps {self._count()} of {len(view):,} {items.noun}{self._buckets(view, items)}. "
            f"Writes the field{'s' * (len(fields) > 1)} {names.in_words(fields)}, "
            f"the {items.tag_kind} `{items.mark_name(self.tag)}` and "
            f"the saved views {names.in_words(runs.views_of(vars(self)))}."
        )
        if choice := choices.worded(self):
            text += f" {choice}."
        if kept_by := runs.of_view(dataset, view):
            text += f" **These are only the {items.noun} that the run `{kept_by}` kept.**"
        if runs.exists(dataset, self.run_key):
            old = runs.load(dataset, self.run_key)
            text += f" Replaces the run `{self.run_key}`, which kept {old['kept']:,}."
        return text

    def _count(self) -> str:
        if self.target_count is not None:
            return f"{self.target_count:,}"
        group = "label" if self.stratify_by else "bucket"
        limits = [f"{self.max_per_group:,} of each {group}"] if self.max_per_group else []
        return " and ".join(["one of each near-duplicate group"] * self.has_groups + limits)

    def _buckets(self, view: fo.DatasetView, items: Samples) -> str:
        """Words how many buckets the samples are in, if that is known already."""
        path = items.shown(f"{self.signature_field}.bucket")
        if not view.has_field(path):
            return ""
        counts = view.count_values(path)
        return "" if None in counts or not counts else f" in {len(counts)} buckets"

    def problems_of_choice(
        self, dataset: fo.Dataset, view: fo.DatasetView
    ) -> Iterator[tuple[str, str]]:
        """Yields what is wrong with the settings that decide what is kept: setting and message."""
        n, noun = len(view), targets.of(view, self.whole_groups).noun
        if self.target_count is None:
            if not self.has_groups and self.max_per_group is None:
                yield "target_count", MISSING_TARGET
        elif reason := _error(whole_number, "target_count", self.target_count, 1):
            yield "target_count", f"{reason}; there are {n:,} {noun}"
        elif 0 < n < self.target_count:
            yield (
                "target_count",
                f"target_count {self.target_count:,} exceeds the {n:,} {noun}; ask for 1 to {n:,}",
            )
        if reason := _error(whole_number, "random_seed", self.random_seed, 0):
            yield "random_seed", reason
        yield from choices.problems(dataset, view, self)

    def _problems(self, dataset: fo.Dataset, view: fo.DatasetView) -> Iterator[tuple[str, str]]:
        yield from super()._problems(dataset, view)
        yield from self.problems_of_choice(dataset, view)
        charts = {name: path for name in CHARTS if (path := getattr(self, name))}
        wrong = {name: files.problem(name, path, (".png",)) for name, path in charts.items()}
        yield from ((name, reason) for name, reason in wrong.items() if reason)
        if len(charts) > 1 and not any(wrong.values()) and files.are_same(*charts.values()):
            yield (
                "save_thumbnails",
                f"save_distribution and save_thumbnails are the same file, {self.save_thumbnails}; "
                "give them two",
            )
        yield from self._not_recorded()
        if self.whole_groups and (reason := _no_groups(dataset, view)):
            yield "whole_groups", reason
        if not _is_name(self.run_key):
            yield "run_key", _not_a_name("run_key", self.run_key)
        elif not isinstance(self.tag, str):
            yield "tag", f"tag must be text, got {self.tag!r}"
        else:
            yield from collisions.problems(dataset, targets.of(view, self.whole_groups), self)

    def _not_recorded(self) -> Iterator[tuple[str, str]]:
        """Yields settings that MongoDB cannot hold, such as numbers above 2**63 - 1."""
        for setting, value in vars(self).items():
            if reason := _unrecordable({setting: value}):
                yield setting, f"{setting} {value!r} cannot be recorded with the run: {reason}"


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
