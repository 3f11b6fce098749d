"""The choice of workers: threads, processes, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from .batches import BATCH_SIZE, Pool, Sign
from .processes import Processes
from .rules import StartMethod, Workers
from .table import Signatures


class Threads:
    """A :class:`smartdownsample_core.batches.Pool` of threads."""

    def __init__(self, sign: Sign, count: int) -> None:
        self.batch_size = BATCH_SIZE
        self.window = 2 * count
        self._sign = sign
        self._threads = ThreadPoolExecutor(count)

    def submit(self, batch: Sequence[str]) -> Future[Signatures]:
        """Hands a batch over."""
        return self._threads.submit(self._sign, batch)

    def result(self, ticket: Future[Signatures]) -> Signatures:
        """Waits for a batch."""
        return ticket.result()

    def close(self) -> None:
        """Waits for what is being read, and leaves out the rest."""
        self._threads.shutdown(cancel_futures=True)


def open_pool(
    sign: Sign,
    workers: Workers,
    count: int,
    start_method: StartMethod,
    prepare: Callable[[], object],
) -> Pool:
    """Returns the pool of the kind that was asked for.

    Args:
        sign: what the workers do
        workers: which kind
        count: how many
        start_method: how processes start
        prepare: what each process calls first
    """
    if workers == "processes":
        return Processes(sign, count, start_method, prepare)
    return Threads(sign, count)
