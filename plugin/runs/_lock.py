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
from fiftyone.operators.store import ExecutionStoreService
from mongoengine.errors import DoesNotExist
from pymongo.errors import DuplicateKeyError

# Seconds to wait for whoever holds the lock; writing a run of a million samples takes a minute.
_PATIENCE = 120.0

# After so many seconds a lock is void, whoever holds it: of other machines the processes cannot be
# looked up, and who loses MongoDB cannot give a lock back.
_LEASE = 900.0

# Of the locks that this process holds, or waits for.
_tokens: set[str] = set()

_NAME = "smartdownsample_lock"
_SECONDS_BETWEEN_TRIES = 0.05


@contextmanager
def held(dataset: fo.Dataset) -> Iterator[None]:
    """Holds the lock of a dataset, and sees to it that the dataset is as others have left it.

    Two processes that change one dataset's runs and saved views at the same time can lose each
    other's changes, because FiftyOne writes what it remembers of the dataset.

    Args:
        dataset: the dataset

    Raises:
        ValueError: if somebody else holds the lock for too long, or the dataset has been deleted
    """
    # A store is a document with a unique index, which is what makes this a lock; it goes with the
    # dataset.
    service = ExecutionStoreService(dataset_id=dataset._doc.id)
    token = uuid4().hex
    _tokens.add(token)
    try:
        _acquire(service, token, dataset.name)
        try:
            _reload(dataset)
            yield
        finally:
            _delete(service, token)
    finally:
        _tokens.remove(token)


def is_held(dataset: fo.Dataset) -> bool:
    """Whether someone holds the lock of a dataset."""
    holder = _holder(ExecutionStoreService(dataset_id=dataset._doc.id))
    return holder is not None and not _is_void(holder)


def _acquire(service: ExecutionStoreService, token: str, dataset_name: str) -> None:
    process = psutil.Process()
    mine = {
        "token": token,
        "host": platform.node(),
        "pid": process.pid,
        "started": process.create_time(),
        "since": time.time(),
    }
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            service.create_store(_NAME, metadata=mine)
        except DuplicateKeyError:
            holder = _holder(service)
        else:
            return
        if holder is None:
            continue
        if _is_void(holder):
            _delete(service, holder["token"])
        elif time.monotonic() > deadline:
            raise ValueError(
                f"the process {holder['pid']} on {holder['host']!r} has been writing a run into "
                f"the dataset {dataset_name!r} for {time.time() - holder['since']:.0f} seconds; "
                "try again when it is done. The signatures are saved"
            )
        else:
            time.sleep(_SECONDS_BETWEEN_TRIES)


def _holder(service: ExecutionStoreService) -> dict[str, Any] | None:
    """Returns what is known of who holds the lock; None if nobody does."""
    store = service.get_store(_NAME)
    # Of a store that is made while it looks for one, FiftyOne returns the name only.
    return (store.metadata or None) if store else None


def _delete(service: ExecutionStoreService, token: str) -> None:
    """Deletes the lock, unless it is somebody else's by now: FiftyOne deletes by name only."""
    service._repo._collection.delete_one(
        {"store_name": _NAME, "dataset_id": service._dataset_id, "value.token": token}
    )


def _is_void(holder: dict[str, Any]) -> bool:
    """Whether whoever held the lock has ended without giving it back."""
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


def _reload(dataset: fo.Dataset) -> None:
    name = dataset.name
    try:
        dataset._doc.reload()  # by its id: it may have another name by now
    except DoesNotExist:
        raise ValueError(f"the dataset {name!r} has been deleted; nothing was written") from None
    dataset.reload()
