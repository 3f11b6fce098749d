"""One writer of runs at a time: a lock on a dataset that does not outlive its process."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import fiftyone as fo
import psutil
from fiftyone.core.odm import get_db_conn
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from ._refresh import refresh

#: Seconds to wait for the lock. Writing a run of a million samples takes a minute.
_PATIENCE = 120.0

#: Seconds after which a lock is void, whoever holds it: processes on other machines cannot be
#: looked up, and one that lost its connection to MongoDB could not release its lock.
_LEASE = 900.0

_SECONDS_BETWEEN_TRIES = 0.05

#: One document for each locked dataset, whose id is the document's. MongoDB never stores an id
#: twice, which makes this a lock, and can replace or delete a document only if it still has a given
#: token, so that nobody removes a lock that has changed hands. FiftyOne's execution store cannot do
#: that: ``ExecutionStore.set`` overwrites, 1.8 has no ``set_if_absent``, and up to 1.22 a key is
#: deleted whatever its value.
_COLLECTION = "smartdownsample_locks"

#: Tokens of the locks that this process holds or waits for.
_tokens: set[str] = set()


@contextmanager
def held(dataset: fo.Dataset) -> Iterator[None]:
    """Holds the lock of a dataset, whose document is up to date from then on.

    Two processes that change the runs and saved views of one dataset at the same time can lose each
    other's changes, because FiftyOne writes back what it has in memory.

    Args:
        dataset: the dataset

    Raises:
        ValueError: if another process holds the lock for too long, or the dataset has been deleted
    """
    locks, key, token = _locks(), dataset._doc.id, uuid4().hex
    _tokens.add(token)
    try:
        _acquire(locks, key, token, dataset.name)
        try:
            refresh(dataset)
            yield
        finally:
            locks.delete_one({"_id": key, "token": token})
    finally:
        _tokens.remove(token)


def is_held(dataset: fo.Dataset) -> bool:
    """Whether a running process holds the lock of a dataset."""
    holder = _locks().find_one({"_id": dataset._doc.id})
    return holder is not None and not _is_void(holder)


def _locks() -> Collection[dict[str, Any]]:
    locks: Collection[dict[str, Any]] = get_db_conn()[_COLLECTION]
    return locks


def _acquire(locks: Collection[dict[str, Any]], key: Any, token: str, dataset_name: str) -> None:
    process = psutil.Process()
    mine = {
        "_id": key,
        "token": token,
        "host": platform.node(),
        "pid": process.pid,
        "started": process.create_time(),
        "since": time.time(),
    }
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            locks.insert_one(mine)
        except DuplicateKeyError:
            holder = locks.find_one({"_id": key})
        else:
            return
        if holder is None:
            continue
        if _is_void(holder):
            if locks.replace_one({"_id": key, "token": holder["token"]}, mine).matched_count:
                return
        elif time.monotonic() > deadline:
            raise ValueError(
                f"the process {holder['pid']} on {holder['host']!r} has been writing a run into "
                f"the dataset {dataset_name!r} for {time.time() - holder['since']:.0f} seconds; "
                "try again when it is done. The signatures are saved"
            )
        else:
            time.sleep(_SECONDS_BETWEEN_TRIES)


def _is_void(holder: dict[str, Any]) -> bool:
    """Whether the lease of a lock has ended, or the process that held it."""
    if time.time() - holder["since"] > _LEASE:
        return True
    if holder["host"] != platform.node():
        return False
    if holder["pid"] == os.getpid():
        return holder["token"] not in _tokens
    try:
        return bool(psutil.Process(holder["pid"]).create_time() != holder["started"])
    except psutil.NoSuchProcess:
        return True
