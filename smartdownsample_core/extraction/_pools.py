"""Pools of threads, and the choice between threads, processes and a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import takewhile

from ..images import Item
from ..settings import Reading
from ..signatures import Signatures
from ._batches import FuturePool, Pool, Sign
from ._dask import Cluster
from ._processes import Processes, worthwhile


class Threads(FuturePool):
    """A :class:`smartdownsample_core.extraction._batches.Pool` of threads."""

    def __init__(self, sign: Sign, count: int) -> None:
        super().__init__(count)
        self._sign = sign
        self._is_closed = False

    def submit(self, batch: Sequence[Item]) -> Future[Signatures]:
        """Queues a batch."""
        return self._threads.submit(self._sign, self._until_closed(batch))

    def _until_closed(self, batch: Sequence[Item]) -> Iterator[Item]:
        return takewhile(lambda _: not self._is_closed, batch)

    def close(self) -> None:
        """Waits for the file that each thread is reading, and drops the others."""
        self._is_closed = True
        self._threads.shutdown(cancel_futures=True)


def open_pool(sign: Sign, items: Sequence[Item], reading: Reading) -> Pool:
    """Returns the pool of workers that ``reading`` asks for.

    Raises:
        ValueError: if other processes cannot read a registered image format
        ImportError: if the extra ``dask`` is not installed
        ConnectionError: if there is no such cluster
    """
    if reading.workers == "dask":
        return Cluster(sign, reading.scheduler)
    count = int(reading.n_workers)
    if reading.workers == "processes":
        return Processes(sign, worthwhile(items, count))
    return Threads(sign, count)
