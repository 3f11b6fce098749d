"""The choice of workers: threads, processes, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import takewhile
from typing import TYPE_CHECKING

from ..images import Item
from ..settings import Workers
from ..signatures import Signatures
from ._batches import FuturePool, Pool, Sign
from ._dask import Cluster
from ._processes import Processes

if TYPE_CHECKING:
    from distributed import Client


class Threads(FuturePool):
    """A :class:`smartdownsample_core.extraction._batches.Pool` of threads."""

    def __init__(self, sign: Sign, count: int) -> None:
        super().__init__(count)
        self._sign = sign
        self._is_closed = False

    def submit(self, batch: Sequence[Item]) -> Future[Signatures]:
        """Hands a batch over."""
        return self._threads.submit(self._sign, self._until_closed(batch))

    def _until_closed(self, batch: Sequence[Item]) -> Iterator[Item]:
        return takewhile(lambda _: not self._is_closed, batch)

    def close(self) -> None:
        """Waits for the files that are being read, one in each thread, and drops the others."""
        self._is_closed = True
        self._threads.shutdown(cancel_futures=True)


def open_pool(
    sign: Sign, workers: Workers, count: int, scheduler: str | Client | None = None
) -> Pool:
    """Returns a pool of workers.

    Args:
        sign: what the workers do
        workers: which kind
        count: how many; a Dask cluster has its own
        scheduler: of the Dask cluster

    Raises:
        ValueError: if there is a scheduler for workers other than Dask's, or none for those; or if
            a registered image format cannot be read by other processes
        ImportError: if the extra ``dask`` is not installed
        ConnectionError: if there is no such cluster
    """
    if (workers == "dask") != (scheduler is not None):
        raise ValueError(
            'workers="dask" needs a scheduler, such as scheduler="tcp://10.0.0.1:8786", and others '
            f"do without: got workers={workers!r} and scheduler={scheduler!r}"
        )
    if scheduler is not None:
        return Cluster(sign, scheduler)
    return Processes(sign, count) if workers == "processes" else Threads(sign, count)
