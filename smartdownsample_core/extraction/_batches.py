"""The interface of worker pools: batches of files in, tables of signatures out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..checks import unreadable
from ..images import Item, Preview, is_remote, path_of, spans
from ..signatures import Signatures

#: Images per batch. Sending 32 paths to a process and their signatures back takes 0.1 ms; signing
#: 32 of the smallest images takes 5 ms.
BATCH_SIZE = 32


#: Previews are read in so many times larger batches, as each takes a fraction of the time; unless
#: most of that time is spent waiting for a server.
_PREVIEWS_PER_IMAGE = 4

Batches = Generator[tuple[NDArray[np.int64], Signatures], None, None]
"""Row numbers, and the table of those rows; none of them as a sign of life."""


class Sign(Protocol):
    """Signs a batch of files; can be pickled."""

    @property
    def hash_size(self) -> int:
        """Side of the dHash."""

    def __call__(self, items: Iterable[Item]) -> Signatures:
        """Returns a table with a row per item; it records files that cannot be read."""


class Pool(Protocol):
    """Workers that sign batches at the same time."""

    @property
    def batch_size(self) -> int:
        """Files per batch."""

    @property
    def window(self) -> int:
        """Number of batches that keeps all workers busy while the caller handles a result."""

    def submit(self, batch: Sequence[Item]) -> Any:
        """Queues a batch and returns the ticket for its result."""

    def is_done(self, ticket: Any, seconds: float) -> bool:
        """Waits for a batch, at most ``seconds``, and returns whether it is done."""

    def result(self, ticket: Any) -> Signatures:
        """Waits for a batch and returns its table; to be called once."""

    def close(self) -> None:
        """Drops unfinished work and waits until the workers are gone."""


class FuturePool:
    """Base of pools with a thread per worker and futures as tickets."""

    batch_size = BATCH_SIZE

    def __init__(self, count: int) -> None:
        self.window = 2 * count
        self._threads = ThreadPoolExecutor(count, "smartdownsample")

    def is_done(self, ticket: Future[Signatures], seconds: float) -> bool:
        """Waits for a batch, at most ``seconds``, and returns whether it is done."""
        return ticket in wait([ticket], seconds).done

    def result(self, ticket: Future[Signatures]) -> Signatures:
        """Waits for a batch and returns its table."""
        return ticket.result()


class WorkerDiedError(Exception):
    """Raised when a worker process ended while it read a batch; the message says why."""


def one_by_one(
    sign_one: Callable[[Sequence[Item]], Signatures], paths: Sequence[Item], hash_size: int
) -> Signatures:
    """Signs files one at a time, to find those that kill their worker.

    Args:
        sign_one: signs a batch of one; raises WorkerDiedError
        paths: n files
        hash_size: side of the dHash

    Returns:
        a table of n rows; it records files that killed their worker as unreadable
    """
    table = Signatures.blank(len(paths), hash_size)
    for row, path in enumerate(paths):
        try:
            table.put(np.array([row]), sign_one([path]))
        except WorkerDiedError as death:  # noqa: PERF203 - each file has its own
            why = f"the worker that read it died: {death}"
            table.unreadable[row] = unreadable(path_of(path), why)
    return table


def signed(pool: Pool, items: Sequence[Item], hash_size: int, heartbeat: float | None) -> Batches:
    """Keeps a pool busy, and yields its results in order.

    Args:
        pool: signs the items
        items: n items; all are previews, or none is
        hash_size: side of the dHash
        heartbeat: seconds without a result until an empty table is yielded, if not None
    """
    pending: deque[tuple[NDArray[np.int64], Any]] = deque()

    def next_result() -> Batches:
        rows, ticket = pending.popleft()
        while heartbeat is not None and not pool.is_done(ticket, heartbeat):
            yield rows[:0], Signatures.blank(0, hash_size)
        yield rows, pool.result(ticket)

    # Smaller batches if there are few files, so that no worker idles while another finishes.
    at_a_time = min(pool.batch_size, -(-len(items) // (2 * pool.window)))
    if items and isinstance(items[0], Preview) and not is_remote(path_of(items[0])):
        at_a_time = _PREVIEWS_PER_IMAGE * pool.batch_size
    for start, stop in spans(items, at_a_time):
        pending.append((np.arange(start, stop), pool.submit(items[start:stop])))
        while len(pending) > pool.window:
            yield from next_result()
    while pending:
        yield from next_result()
