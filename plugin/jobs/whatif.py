"""What a run would keep: answered from stored signatures, without reading images or writing."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import fiftyone as fo
import numpy as np
from bson import json_util
from numpy.typing import NDArray

from smartdownsample_core import Selection, Signatures, downsample, natural_order
from smartdownsample_core.errors import Word, worded
from smartdownsample_core.report import shortfalls
from smartdownsample_core.selection import ChoiceSettings, Constraints
from smartdownsample_core.settings import declared

from ..config import DownsampleConfig, SignatureConfig, label
from ..targets import Subject, signature_fields, stored_signatures
from ..targets import kinds as targets
from . import choices, folders, keep

#: Rows kept in memory, over all datasets and views; a row takes about 200 bytes, and four times
#: the length of an embedding, if these were asked for.
_MAX_ROWS = 2_000_000

#: Of each kind, what :meth:`Stored.remember` keeps: the other value of a switch, and some more.
_REMEMBERED = 3

#: Settings that decide between which images a strategy chooses.
_CONSTRAINTS = tuple(name for name in declared(ChoiceSettings) if name != "strategy")

#: Up to so many samples any answer is there in about a second.
_FEW = 5_000


@dataclass(frozen=True, eq=False)
class Stored:
    """The signatures that a dataset holds for a view, in the view's order."""

    ids: NDArray[np.bytes_]
    """``(n,)``; of the samples, 24 characters each"""
    signatures: Signatures
    order: NDArray[np.int64]
    """``(n,)``; rows in natural order"""
    n_missing: int
    """samples without a signature, or with one of another file, hash size or decode"""
    n_unreadable: int
    """samples whose image could not be read"""
    folders: tuple[list[str], NDArray[np.int64]]
    """names of the folders that the files are in, and ``(n,)`` the number of each one's"""
    memory: dict[str, OrderedDict[Any, Future[Any]]] = field(default_factory=dict)
    """what was made of them and is likely to be asked for again; see :meth:`remember`"""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def id_list(self) -> list[str]:
        """The ids as text."""
        return [sample_id.decode() for sample_id in self.ids.tolist()]

    def remember(self, key: Any, make: Callable[[], Any]) -> Any:
        """Returns what ``make`` returns, or returned before under that key.

        Keeps a few labels, embeddings and answers each, as long as the signatures. Concurrent calls
        with one key wait for the first.
        """
        with self.lock:
            memory = self.memory.setdefault(key[0], OrderedDict())
            future = memory.get(key)
            is_new = future is None
            if future is None:
                future = memory[key] = Future()
            if len(memory) > _REMEMBERED:
                memory.popitem(last=False)
        if is_new:
            try:
                future.set_result(make())
            except BaseException as error:
                with self.lock:
                    memory.pop(key, None)
                future.set_exception(error)
                raise
        return future.result()

    def remembers(self, key: Any) -> bool:
        """Whether :meth:`remember` would answer at once."""
        with self.lock:
            future = self.memory.get(key[0], {}).get(key)
        return future is not None and future.done()

    def ids_of(self, rows: NDArray[np.int64]) -> list[str]:
        """Returns the ids of some rows, ``(m,)``."""
        return [sample_id.decode() for sample_id in self.ids[rows].tolist()]


class _Cache:
    """The signatures that were asked for last, until the samples of their dataset change.

    Shared by all users of a server; it holds what the dataset holds, never a user's settings.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[Any, tuple[Any, Stored]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any, stamp: Any) -> Stored | None:
        with self._lock:
            found_stamp, stored = self._entries.get(key, (None, None))
            if found_stamp != stamp:
                return None
            self._entries.move_to_end(key)
            return stored

    def put(self, key: Any, stamp: Any, stored: Stored) -> None:
        with self._lock:
            self._entries[key] = (stamp, stored)
            self._entries.move_to_end(key)
            rows = sum(len(entry) for _, entry in self._entries.values())
            while rows > _MAX_ROWS and len(self._entries) > 1:
                _, (_, dropped) = self._entries.popitem(last=False)
                rows -= len(dropped)


_cache = _Cache()


def answer(subject: Subject, stored: Stored, config: DownsampleConfig) -> Selection:
    """Returns what a run with these settings would keep.

    Args:
        subject: what the signatures are of
        stored: the signatures
        config: the settings

    Raises:
        ValueError: if the settings do not fit the samples
    """
    meaning = choices.stamp(subject.dataset, config)
    choice = choices.make(subject, stored.id_list, config, stored.remember)
    constraints = stored.remember(
        _constraints_key(config, meaning),
        lambda: Constraints(stored.signatures, stored.order, choice),
    )

    def select(target_count: int | None) -> Selection:
        selection: Selection = stored.remember(
            _selection_key(config, target_count, meaning),
            lambda: downsample(
                stored.signatures,
                stored.order,
                target_count,
                config.random_seed,
                choice,
                constraints,
            ),
        )
        return selection

    target, most = config.target_count, ranked_target(config, len(stored))
    ranked = select(most)
    if target == most or target is None:
        return ranked
    return ranked.first(target) if target <= len(ranked.indices) else select(target)


def forecast(subject: Subject, config: DownsampleConfig) -> Selection | None:
    """Returns what a run would keep, if that is known at once; see :func:`answer`.

    None if signatures are missing, which a run would compute first, or if it takes a moment.
    """
    if takes_long(subject, config):
        return None
    stored = load(subject.view, config)
    if stored.n_missing or stored.n_unreadable == len(stored):
        return None
    return answer(subject, stored, config)


def warnings(
    subject: Subject, selection: Selection, config: DownsampleConfig, word: Word = label
) -> list[str]:
    """Returns what a selection could not satisfy, by default worded for forms and the panel."""
    found = shortfalls(selection, folders.strata_noun(config.stratify_by))
    texts = [worded(message, word) for message in found]
    if n_outside := keep.n_outside(subject, config):
        texts.append(
            f"{n_outside:,} {subject.items.noun} of {config.keep!r} are "
            "not among those to choose from, so they were not kept"
        )
    return texts


def takes_long(subject: Subject, config: DownsampleConfig) -> str | None:
    """Returns what :func:`answer` would have to do first; None if it would answer at once."""
    view, n_samples = subject.view, len(subject.view)
    if n_samples <= _FEW:
        return None
    stored = _cache.get(_key(view, config), _stamp(view))
    if stored is None:
        return f"Reading the stored signatures of {n_samples:,} samples"
    meaning = choices.stamp(subject.dataset, config)
    compares = config.excludes_duplicates or config.how.compares
    if compares and not stored.remembers(_constraints_key(config, meaning)):
        return f"Comparing {n_samples:,} images with each other; this is done once"
    key = _selection_key(config, ranked_target(config, n_samples), meaning)
    if config.how.compares and not stored.remembers(key):
        return f"Choosing among {n_samples:,} images with the strategy {config.strategy!r}"
    return None


def ranked_target(config: DownsampleConfig, n_samples: int) -> int | None:
    """Returns the target to choose for: with a ranking, one that the next answers are part of.

    Ranking takes long, and is nested: a slider that is dragged finds its answers in one ranking.
    """
    target = config.target_count
    has_strata = bool(config.stratify_by) or config.max_per_group is not None
    if target is None or not config.how.ranks or has_strata or config.used_keys:
        return target
    tenth = n_samples // 10  # what forms and the panel propose
    return tenth if target <= tenth else min(1 << target.bit_length(), n_samples)


def _constraints_key(config: DownsampleConfig, meaning: Any) -> tuple[Any, ...]:
    return ("constraints", *(getattr(config, name) for name in _CONSTRAINTS), meaning)


def _selection_key(config: DownsampleConfig, target: int | None, meaning: Any) -> tuple[Any, ...]:
    asked = (getattr(config, name) for name in (*_CONSTRAINTS, "strategy", "random_seed"))
    return ("selection", target, *asked, meaning)


def load(view: fo.DatasetView, config: SignatureConfig) -> Stored:
    """Returns the stored signatures of a flat view; from memory, if no sample has changed."""
    key, stamp = _key(view, config), _stamp(view)
    stored = _cache.get(key, stamp)
    if stored is None:
        stored = _read(view, config)
        _cache.put(key, stamp, stored)
    return stored


def _read(view: fo.DatasetView, config: SignatureConfig) -> Stored:
    name = config.signature_field
    target = stored_signatures.load(view, name, config.hash_size, config.decode, recompute=False)
    unreadable = signature_fields.unreadable_ids(view, target.items, name)
    for row in target.stale.tolist():
        if target.ids[row] in unreadable:
            target.signatures.unreadable[row] = OSError(f"{target.paths[row]} could not be read")
    n_unreadable = len(target.signatures.unreadable)
    return Stored(
        ids=np.array(target.ids, dtype="S24"),
        signatures=target.signatures,
        order=natural_order(target.paths),
        n_missing=len(target.stale) - n_unreadable,
        n_unreadable=n_unreadable,
        folders=_folders(target.paths),
    )


def _folders(paths: list[str]) -> tuple[list[str], NDArray[np.int64]]:
    names, numbers = np.unique(folders.of_files(paths), return_inverse=True)
    return names.tolist(), numbers.astype(np.int64)


def _key(view: fo.DatasetView, config: SignatureConfig) -> tuple[Any, ...]:
    stages = json.dumps(view._serialize(include_uuids=False), default=json_util.default)
    return (
        str(view._dataset._doc.id),
        stages,
        config.signature_field,
        config.hash_size,
        config.decode,
    )


def _stamp(view: fo.DatasetView) -> tuple[Any, ...]:
    """What changes when a sample or frame is added, changed or deleted; by fast queries."""
    dataset = targets.dataset_of(view)
    stamps = []
    for collection in (dataset._sample_collection, dataset._frame_collection):
        if collection is not None:
            newest = collection.find_one(
                sort=[("last_modified_at", -1)], projection=["last_modified_at"]
            )
            count = collection.estimated_document_count()
            stamps.append((count, newest and newest.get("last_modified_at")))
    return tuple(stamps)
