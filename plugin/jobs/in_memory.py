"""The signatures that a dataset holds, in memory until they change."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import fiftyone as fo
import numpy as np
from bson import json_util
from numpy.typing import NDArray

from smartdownsample_core import Signatures

from ..config import DownsampleConfig, SignatureConfig
from ..targets import Samples, Subject, signature_fields, stored_signatures
from ..targets import kinds as targets
from . import choices, folders
from ._memory import Memory

#: Rows kept in memory, over all datasets and views; a row takes about 200 bytes, and four times
#: the length of an embedding, if these were asked for.
_MAX_ROWS = 2_000_000

#: Changed samples from which on all are read again rather than those.
_MOST_CHANGED = 10_000

_Stamp = tuple[tuple[int, datetime | None], ...]
"""of the samples and the frames: how many, and when one was changed last"""


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
    n_unknown: int
    """samples with a signature of which it is not known whether a standing camera took them"""
    folders: tuple[list[str], NDArray[np.int64]]
    """names of the folders that the files are in, and ``(n,)`` the number of each one's"""
    of_signatures: Memory = field(default_factory=Memory)
    """what was made of the signatures alone"""
    of_samples: Memory = field(default_factory=Memory)
    """what was also made of fields or tags of the samples"""

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def id_list(self) -> list[str]:
        """The ids as text."""
        return [sample_id.decode() for sample_id in self.ids.tolist()]

    def memory(self, subject: Subject, config: DownsampleConfig) -> Memory:
        """Returns what holds the answers to some settings."""
        reads = choices.reads_samples(subject, config)
        return self.of_samples if reads else self.of_signatures

    def among(self, ids: list[str]) -> NDArray[np.bool_]:
        """Returns whether each row is one of some samples, ``(n,)``."""
        return np.isin(self.ids, np.array(ids, self.ids.dtype))

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

    def get(self, key: Any) -> tuple[Any, Stored] | None:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: Any, stamp: Any, stored: Stored) -> None:
        with self._lock:
            self._entries[key] = (stamp, stored)
            self._entries.move_to_end(key)
            rows = sum(len(entry) for _, entry in self._entries.values())
            while rows > _MAX_ROWS and len(self._entries) > 1:
                _, (_, dropped) = self._entries.popitem(last=False)
                rows -= len(dropped)


_cache = _Cache()


def load(view: fo.DatasetView, config: SignatureConfig) -> Stored:
    """Returns the stored signatures of a flat view; from memory, if no sample has changed."""
    stored = held(view, config)
    if stored is None:
        key, stamp = _key(view, config), _stamp(view)
        stored = _read(view, config)
        found = _cache.get(key)
        if found and _are_equal(found[1], stored):
            stored = replace(stored, of_signatures=found[1].of_signatures)
        _cache.put(key, stamp, stored)
    return stored


def put(view: fo.DatasetView, config: SignatureConfig, target: stored_signatures.Target) -> Stored:
    """Holds signatures that a run has written, and what is made of them, until they are read again.

    They are read when they are asked for, because the run has changed the samples.
    """
    target.signatures.drop_grey()
    stored = _stored(target, len(target.signatures.unreadable))
    _cache.put(_key(view, config), (), stored)
    return stored


def held(view: fo.DatasetView, config: SignatureConfig) -> Stored | None:
    """Returns what is in memory, if the signatures are still the same."""
    key, stamp = _key(view, config), _stamp(view)
    found = _cache.get(key)
    if found is None:
        return None
    before, stored = found
    if before != stamp:
        if not _are_signed_as_before(view, config, before, stored):
            return None
        stored = replace(stored, of_samples=Memory())
        _cache.put(key, stamp, stored)
    return stored


def _are_signed_as_before(
    view: fo.DatasetView, config: SignatureConfig, before: _Stamp, stored: Stored
) -> bool:
    """Whether all that has changed since a stamp is something else, such as tags, of few samples.

    Not looked into, so False, for groups, patches and frames, and with images without a signature.
    """
    collection = targets.dataset_of(view)._sample_collection
    count, newest = before[0] if before else (0, None)
    if type(targets.of(view)) is not Samples or stored.n_missing or stored.n_unreadable:
        return False
    if newest is None or collection.estimated_document_count() != count:
        return False
    since = collection.find({"last_modified_at": {"$gt": newest}}, ["_id"]).limit(_MOST_CHANGED)
    changed = {str(document["_id"]) for document in since}
    rows = [row for row, one in enumerate(stored.id_list) if one in changed]
    ids = [stored.id_list[row] for row in rows]
    # Without stages all samples are in the view, so that each that is added would be new here.
    if view.values("id") != stored.id_list if view._stages else len(ids) != len(changed):
        return False
    if len(changed) == _MOST_CHANGED:
        return False
    now, was = _read(view.select(ids), config), stored.signatures.take(np.array(rows, np.int64))
    is_whole = now.id_list == ids and not now.n_missing and not now.n_unreadable
    return is_whole and was.to_plain() == now.signatures.to_plain()


def _are_equal(one: Stored, other: Stored) -> bool:
    """Whether the same images look the same."""
    names = one.signatures.columns()
    ours, theirs = (
        [some.ids, some.order, *(getattr(some.signatures, name) for name in names)]
        for some in (one, other)
    )
    return one.n_missing == other.n_missing and all(
        np.array_equal(a, b) if a.dtype == object else a.tobytes() == b.tobytes()  # NaNs as well
        for a, b in zip(ours, theirs, strict=True)
    )


def _read(view: fo.DatasetView, config: SignatureConfig) -> Stored:
    name = config.signature_field
    target = stored_signatures.load(view, name, config.hash_size, config.decode, recompute=False)
    unreadable = signature_fields.unreadable_ids(view, target.items, name)
    for row in target.stale.tolist():
        if target.ids[row] in unreadable:
            target.signatures.unreadable[row] = OSError(f"{target.paths[row]} could not be read")
    return _stored(target, len(target.stale))


def _stored(target: stored_signatures.Target, n_stale: int) -> Stored:
    signatures, n_unreadable = target.signatures, len(target.signatures.unreadable)
    is_unknown = signatures.readable & (signatures.standing == 0)
    return Stored(
        ids=np.array(target.ids, dtype="S24"),
        signatures=signatures,
        order=target.order,
        n_missing=n_stale - n_unreadable,
        n_unreadable=n_unreadable,
        n_unknown=int(is_unknown.sum()) if target.items.are_images else 0,
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


def _stamp(view: fo.DatasetView) -> _Stamp:
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
