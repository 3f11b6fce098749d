"""The settings of the two jobs: those of the core, with names in the place of arrays, and more."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, TypeVar

import fiftyone as fo
import numpy as np

from smartdownsample_core.errors import ParameterError
from smartdownsample_core.optional import optional
from smartdownsample_core.selection import (
    RANDOM_SEED,
    RECOMMENDED_STRATEGY,
    STRATEGIES,
    TARGET_COUNT,
    ChoiceSettings,
    PlainOptions,
    StrategyName,
    as_text,
    standing_cameras,
    target_of,
)
from smartdownsample_core.settings import Decode, Reading, redeclared, setting

from . import names, run_fields

#: Settings that name a file to save a chart to.
CHARTS = ("save_distribution", "save_thumbnails")

Config = TypeVar("Config", bound="SignatureConfig")

#: How standing cameras are found: by their backgrounds, or all that a person names are.
FindsStanding = Literal["auto", "all"]


def is_given(value: Any) -> bool:
    """Whether a setting has a value; of an array NumPy does not tell its truth."""
    return value is not None and not (isinstance(value, (str, tuple)) and not value)


@dataclass(frozen=True, kw_only=True)
class SignatureConfig(Reading):
    """How to compute signatures and where to keep them."""

    decode: Decode = redeclared(Reading, "decode", default="auto")
    workers: str = redeclared(
        Reading,
        "workers",
        help="{workers:auto}: a Dask cluster if a scheduler is given, else threads in the App, and "
        "processes in Python and in delegated runs; or {workers:threads}, {workers:processes} or "
        "{workers:dask}",
        default="auto",
        choices={
            "auto": "Automatic: threads now, processes if scheduled, Dask if there is a scheduler",
            "threads": "Threads",
            "processes": "Processes: they survive a file that crashes its reader",
            "dask": "Workers of a Dask cluster",
        },
    )
    scheduler: str = redeclared(Reading, "scheduler", default="")
    signature_field: str = setting(
        kind="text",
        label="Signature field",
        help="Field in which signatures are stored. Where files say where they were taken, the "
        "field 'location' is made as well, if the dataset has no positions",
        default=names.DEFAULT_FIELD,
    )
    recompute: bool = setting(
        kind="switch",
        label="Compute all signatures again",
        help="Compute all signatures, not only those that are missing or whose files have changed",
        default=False,
    )
    group_slice: str = setting(
        kind="name",
        label="Slice",
        help="In a grouped dataset, the slice whose images are compared (default: the active one)",
        default="",
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.generic):  # MongoDB takes Python's numbers only
                object.__setattr__(self, field.name, value.item())

    @classmethod
    def from_params(cls: type[Config], params: Mapping[str, Any]) -> Config:
        """Reads the settings from an operator's params; what is missing or empty is the default."""
        values = {field.name: params.get(field.name) for field in dataclasses.fields(cls)}
        given: dict[str, Any] = {
            name: os.fspath(value) if isinstance(value, os.PathLike) else value
            for name, value in values.items()
            if is_given(value) or (name == "run_key" and value == "")
        }
        return cls(**given)

    def contradictions(self) -> Iterator[ParameterError]:
        """Yields an error if the workers and the scheduler do not go together."""
        if self.workers != "auto":
            yield from super().contradictions()
        if self.scheduler:
            try:
                optional("distributed", "dask", "scheduler")
            except ImportError as error:
                yield ParameterError("scheduler", ": {error}", error=error)

    def reading(self, in_app: bool) -> Reading:
        """Returns how images are read.

        Args:
            in_app: whether this is the App's server
        """
        workers = self.workers
        if workers == "auto":
            workers = "dask" if self.scheduler else "threads" if in_app else "processes"
        return Reading(
            hash_size=self.hash_size,
            n_workers=self.n_workers,
            decode=self.decode,
            workers=workers,
            scheduler=self.scheduler or None,
        )


@dataclass(frozen=True, kw_only=True)
class DownsampleConfig(SignatureConfig, ChoiceSettings):
    """How many samples to keep, which ones, and under which names."""

    strategy: StrategyName = redeclared(
        ChoiceSettings,
        "strategy",
        help="How images are chosen",
        default=RECOMMENDED_STRATEGY,
    )
    stratify_by: str = redeclared(
        ChoiceSettings,
        "stratify_by",
        help="A field, such as ground_truth.label or tags, or folder: each of its values gets its "
        "share. If a sample has several values, the rarest counts",
        default="",
    )
    keep: str | tuple[str, ...] = redeclared(
        ChoiceSettings,
        "keep",
        help="A tag, a saved view, or (in Python) a view or ids: samples that are always kept and "
        "count towards the target; others are chosen to differ from them",
        default="",
    )
    features: str = redeclared(
        ChoiceSettings,
        "features",
        help="Embeddings to compare by, instead of the built-in descriptor: a field, or the key of "
        "a brain run",
        default="",
    )
    prefer: str = redeclared(
        ChoiceSettings,
        "prefer",
        help="Of near-duplicates, of an event with {max_per_event}, of images within "
        "{min_interval}, and of those that differ almost as much, keep those with more of a "
        "measure: sharpness, clipped (black and white pixels), brightness, or a field of numbers, "
        "such as metadata.size_bytes. -clipped prefers less",
        default="",
    )
    camera: str = redeclared(
        ChoiceSettings,
        "camera",
        help="A field that says what took each image (default: folder, the folder of each file); "
        "events and intervals are of one camera",
        default="",
    )
    time: str = redeclared(
        ChoiceSettings,
        "time",
        help="A field that says when each image was taken: dates, or numbers, such as seconds or "
        "frame numbers (default: what the files say)",
        default="",
    )
    max_per: str = redeclared(
        ChoiceSettings,
        "max_per",
        help="Maximum number of images for each group of some keys, such as camera=50, day=20. "
        "Keys are camera, event, day, bucket, label (of {stratify_by}) and fields; site+day stands "
        "for each day of each site",
        default="",
    )
    min_per: str = redeclared(ChoiceSettings, "min_per", default="")
    exclude: str = redeclared(ChoiceSettings, "exclude", default="")
    fixed_cameras: str | bool = redeclared(ChoiceSettings, "fixed_cameras", default="auto")
    target_count: int | None = setting(**vars(TARGET_COUNT))
    random_seed: int = setting(**vars(RANDOM_SEED))
    run_key: str = setting(
        kind="text",
        label="Run key",
        help="Name of the run, its tag and its saved views; replaces an existing run of this name",
        default=names.DEFAULT_RUN_KEY,
    )
    tag: str = setting(
        kind="text",
        label="Tag",
        help="Tag of the kept samples (default: the run key)",
        default="",
    )
    save_distribution: str = setting(
        kind="text",
        label="Save the chart",
        help="Path of a new .png file that shows kept and excluded images per bucket",
        default="",
    )
    save_thumbnails: str = setting(
        kind="text",
        label="Save the thumbnails",
        help="Path of a new .png file that shows up to 25 images of every bucket",
        default="",
    )
    explain: bool = setting(
        kind="switch",
        label="Explain every sample",
        help="Write which kept sample stands for each sample, at what distance and why, and save "
        "a view with a tile for each kept sample and all that it stands for behind it",
        default=True,
    )
    whole_groups: bool = setting(
        kind="switch",
        label="Keep whole groups",
        help="In a grouped dataset, tag all samples of a group if its image is kept",
        default=False,
    )
    whole_images: bool = setting(
        kind="switch",
        label="Keep whole samples",
        help="Of patches, choose the samples that they are on: a sample is as new as its newest "
        "patch, is kept with all its patches, and counts as one. Needs {strategy} "
        "{strategy:diverse}",
        default=False,
        live=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "fixed_cameras", standing_cameras(self.fixed_cameras))
        object.__setattr__(self, "tag", self.tag or self.run_key)
        if _are_paths(self.stratify_by):
            object.__setattr__(self, "stratify_by", "+".join(map(str, self.stratify_by)))
        for name in ("max_per", "min_per", "balance", "exclude"):
            # as text, which MongoDB and the form hold
            object.__setattr__(self, name, as_text(getattr(self, name)))
        if isinstance(self.keep, list):
            object.__setattr__(self, "keep", tuple(self.keep))
        with contextlib.suppress(TypeError, ValueError):  # the form's choices are text
            object.__setattr__(self, "balance", float(self.balance))

    def counted(self, n: int) -> DownsampleConfig:
        """Returns these settings with the number that a target typed as 500 or 10% means of n.

        Text that means none stays, to be refused.
        """
        if isinstance(self.target_count, str):
            with contextlib.suppress(ParameterError):
                target = target_of("target_count", self.target_count, n)
                return dataclasses.replace(self, target_count=target)
        return self

    def contradictions(self) -> Iterator[ParameterError]:
        """Yields which settings do not go together, or would have no effect."""
        yield from SignatureConfig.contradictions(self)
        yield from ChoiceSettings.contradictions(self)
        yield from self.target_problems(self.target_count)
        if isinstance(self.hash_size, int):  # if it is not, that is said of it
            yield from self.radius_problems(self.hash_size)
        how = STRATEGIES.get(self.strategy)
        if self.whole_images and how is not None and not how.ranks:
            yield ParameterError(
                "whole_images",
                "needs {strategy} {strategy:diverse}, not {strategy:value}",
                "change one of them",
                value=self.strategy,
            )

    @property
    def standing(self) -> FindsStanding | None:
        """How standing cameras are found, if it matters which they are."""
        if not self.finds_standing:
            return None
        return "all" if self.fixed_cameras == "all" else "auto"

    @property
    def strata_keys(self) -> tuple[str, ...]:
        """The keys that ``stratify_by`` names instead of a field."""
        by = self.stratify_by
        known = {"camera", "day", "daynight", "bucket"}
        is_key = isinstance(by, str) and ("+" in by or by in known)
        return (by,) if is_key or (by == "event" and is_given(self.event_gap)) else ()

    @property
    def has_groups(self) -> bool:
        """Whether the run numbers groups of near-duplicates."""
        return self.excludes_duplicates

    def fields(self) -> list[str]:
        """Returns the names of the fields of its own that the run writes, besides signatures."""
        return [field.of(self.run_key) for field in run_fields.written_by(self)]


def _are_paths(value: Any) -> bool:
    """Whether a value lists paths of fields, and not the labels of samples, which repeat."""
    is_list = isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)
    return is_list and len(set(value)) == len(value)


class SignatureOptions(TypedDict, total=False):
    """The fields of :class:`SignatureConfig` as keywords, for editors; a test compares them."""

    hash_size: int
    decode: Decode
    n_workers: int
    workers: Literal["auto", "threads", "processes", "dask"]
    scheduler: str
    signature_field: str
    recompute: bool
    group_slice: str


class DownsampleOptions(SignatureOptions, PlainOptions, total=False):
    """The fields of :class:`DownsampleConfig` as keywords, for editors; a test compares them."""

    stratify_by: str
    keep: str | fo.Dataset | fo.DatasetView | Sequence[str]
    features: str
    prefer: str
    camera: str
    time: str
    random_seed: int
    run_key: str
    tag: str | None
    save_distribution: str | os.PathLike[str]
    save_thumbnails: str | os.PathLike[str]
    explain: bool
    whole_groups: bool
    whole_images: bool
