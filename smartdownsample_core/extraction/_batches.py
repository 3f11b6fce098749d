"""What pools of workers have in common: batches of files in, tables of signatures out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

import numpy as np

from ..checks import unreadable
from ..images import Item, path_of
from ..signatures import Signatures

#: Images that a worker signs at a time. Passing 32 paths to another process and their signatures
#: back takes 0.1 ms; signing 32 of the smallest images takes 5 ms.
BATCH_SIZE = 32


class Sign(Protocol):
    """Reads a batch of files; can be pickled."""

    @property
    def hash_size(self) -> int:
        """Hash size of the tables."""

    def __call__(self, items: Iterable[Item]) -> Signatures:
        """Returns a table of as many rows; files that cannot be read are recorded in it."""


class Pool(Protocol):
    """Workers that sign batches at the same time."""

    @property
    def batch_size(self) -> int:
        """How many files to hand over at a time, as one batch."""

    @property
    def window(self) -> int:
        """How many batches keep all workers busy while the caller handles a result."""

    def submit(self, batch: Sequence[Item]) -> Any:
        """Hands a batch over and returns the ticket for its result."""

    def is_done(self, ticket: Any, seconds: float) -> bool:
        """Waits up to so many seconds for a batch, and returns whether it is done."""

    def result(self, ticket: Any) -> Signatures:
        """Waits for the result of a batch; call it once."""

    def close(self) -> None:
        """Drops all work that is not done, and waits until the workers are gone."""


class FuturePool:
    """A :class:`Pool` of a thread for each worker, whose tickets are futures; lacks two methods."""

    batch_size = BATCH_SIZE

    def __init__(self, count: int) -> None:
        self.window = 2 * count
        self._threads = ThreadPoolExecutor(count, "smartdownsample")

    def is_done(self, ticket: Future[Signatures], seconds: float) -> bool:
        """Waits up to so many seconds for a batch, and returns whether it is done."""
        return ticket in wait([ticket], seconds).done

    def result(self, ticket: Future[Signatures]) -> Signatures:
        """Waits for a batch."""
        return ticket.result()


class WorkerDiedError(Exception):
    """A worker process ended while it read a batch; the message says why."""


def one_by_one(
    sign_one: Callable[[Sequence[Item]], Signatures], paths: Sequence[Item], hash_size: int
) -> Signatures:
    """Signs files one at a time, to find those that kill their worker.

    Args:
        sign_one: signs a batch of one; raises WorkerDiedError
        paths: n files
        hash_size: of the table

    Returns:
        a table of n rows; the files that killed their worker are recorded as unreadable
    """
    table = Signatures.blank(len(paths), hash_size)
    for row, path in enumerate(paths):
        signed = _survived(sign_one, path)
        if isinstance(signed, OSError):
            table.unreadable[row] = signed
        else:
            table.put(np.array([row]), signed)
    return table


def _survived(sign_one: Callable[[Sequence[Item]], Signatures], item: Item) -> Signatures | OSError:
    try:
        return sign_one([item])
    except WorkerDiedError as death:
        return unreadable(path_of(item), f"the worker that read it died: {death}")
