"""The settings of a job, as they were given."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from smartdownsample_core.selection import Strategy
from smartdownsample_core.settings import Decode

from . import names

#: What reads images.
WorkersSetting = Literal["auto", "threads", "processes", "dask"]
WORKERS_SETTINGS: tuple[WorkersSetting, ...] = get_args(WorkersSetting)

#: Settings that name a file to save a chart to.
CHARTS = ("save_distribution", "save_thumbnails")

Config = TypeVar("Config", bound="SignatureConfig")


def is_given(value: Any) -> bool:
    """Whether a setting has a value; of an array NumPy does not tell its truth."""
    return value is not None and not (isinstance(value, (str, tuple)) and not value)


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
            if is_given(value) or (name == "run_key" and value == "")
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
