"""The choice of workers: threads, processes, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import takewhile
from typing import TYPE_CHECKING

from ..images import Item
from ..settings import StartMethod, Workers
from ..signatures import Signatures
from ._batches import BATCH_SIZE, Pool, Sign
from ._dask import Cluster
from ._processes import Processes

if TYPE_CHECKING:
    from distributed import Client


class Threads:
    """A :class:`smartdownsample_core.extraction._batches.Pool` of threads."""

    def __init__(self, sign: Sign, count: int) -> None:
        self.batch_size = BATCH_SIZE
        self.window = 2 * count
        self._sign = sign
        self._threads = ThreadPoolExecutor(count)
        self._is_closed = False

    def submit(self, batch: Sequence[Item]) -> Future[Signatures]:
        """Hands a batch over."""
        return self._threads.submit(self._sign, self._until_closed(batch))

    def _until_closed(self, batch: Sequence[Item]) -> Iterator[Item]:
        """Yields the files of a batch, as long as somebody wants the result."""
        return takewhile(lambda _: not self._is_closed, batch)

    def is_done(self, ticket: Future[Signatures], seconds: float) -> bool:
        """Waits so long for a batch, and says whether it is there."""
        return ticket in wait([ticket], seconds).done

    def result(self, ticket: Future[Signatures]) -> Signatures:
        """Waits for a batch."""
        return ticket.result()

    def close(self) -> None:
        """Waits for the files that are being read, one a thread, and leaves out the rest."""
        self._is_closed = True
        self._threads.shutdown(cancel_futures=True)


def open_pool(
    sign: Sign,
    workers: Workers,
    count: int,
    start_method: StartMethod,
    prepare: Callable[[], object],
    scheduler: str | Client | None,
) -> Pool:
    """Returns the pool of the kind that was asked for.

    Args:
        sign: what the workers do
        workers: which kind
        count: how many
        start_method: how processes start
        prepare: what each process calls first
        scheduler: of the Dask cluster

    Raises:
        ValueError: if there is a scheduler for other workers than Dask's, or none for these
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
    if workers == "processes":
        return Processes(sign, count, start_method, prepare)
    return Threads(sign, count)
