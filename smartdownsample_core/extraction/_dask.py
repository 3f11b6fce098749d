"""Workers on other machines: a Dask cluster that signs batches.

The scheduler gives batches of a worker that dies to others. A batch whose workers keep dying is
read again file by file, as in :mod:`smartdownsample_core.extraction._processes`.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from ..checks import shown
from ..images import Item, absolute
from ..optional import optional
from ..signatures import Signatures
from ._batches import Sign, WorkerDiedError, one_by_one

if TYPE_CHECKING:
    from distributed import Client, Future

#: Images per batch. Scheduling a batch takes about 1 ms, signing its images about a second.
_BATCH_SIZE = 128

#: Batches in flight per thread of the cluster, so that none waits for the network.
_BATCHES_PER_THREAD = 3

#: A batch that fails on one machine, for example for lack of memory, may work on another.
_RETRIES = 2

_ADDRESS = re.compile(r"(\w+://)?[^/]+:\d{1,5}(/.*)?|inproc://.+")

_SECONDS_TO_CONNECT = 30
_SECONDS_BETWEEN_LOOKS = 2.0


class Cluster:
    """A :class:`smartdownsample_core.extraction._batches.Pool` of a Dask cluster's workers.

    Workers need the same version of this package, and the images under the same absolute paths.
    They may come and go: the number of batches in flight follows the number of their threads.
    """

    def __init__(self, sign: Sign, scheduler: str | Client) -> None:
        """Connects to a cluster.

        Args:
            sign: signs a batch
            scheduler: the scheduler's address, such as ``"tcp://10.0.0.1:8786"``, or a client

        Raises:
            ImportError: if the extra ``dask`` is not installed
            ConnectionError: if there is no scheduler, or it has no workers
        """
        distributed = optional("distributed", "dask", 'workers="dask"')
        self.batch_size = _BATCH_SIZE
        self._sign = sign
        self._killed = distributed.scheduler.KilledWorker
        self._timeouts = (distributed.TimeoutError, TimeoutError)  # one since Python 3.11
        # ClosedClientError is new in Dask 2025.
        closed = getattr(distributed.client, "ClosedClientError", CancelledError)
        self._lost = (CancelledError, distributed.comm.CommClosedError, closed)
        self._quietly = distributed.utils.silence_logging_cmgr
        self._is_ours = isinstance(scheduler, str)
        self._client = _connected(distributed, scheduler)
        self._address = cast(Any, self._client.scheduler).address
        self._in_flight: set[Future[Signatures]] = set()
        self._window, self._looked = 0, 0.0
        try:
            self._client.wait_for_workers(1, timeout=_SECONDS_TO_CONNECT)
        except self._timeouts:
            self.close()
            raise ConnectionError(
                f"the Dask scheduler at {scheduler} has no workers; start some with "
                "'dask worker ADDRESS'"
            ) from None

    @property
    def window(self) -> int:
        """Number of batches that keeps the current workers busy."""
        now = time.monotonic()
        if not self._window or now - self._looked > _SECONDS_BETWEEN_LOOKS:
            self._looked = now
            with self._scheduler_needed():
                n_threads = sum(self._client.nthreads().values())
            self._window = _BATCHES_PER_THREAD * max(n_threads, 1)
        return self._window

    def submit(self, batch: Sequence[Item]) -> tuple[Sequence[Item], Future[Signatures]]:
        """Queues a batch."""
        paths = [absolute(item) for item in batch]
        return paths, self._handed_over(paths)

    def is_done(self, ticket: tuple[Sequence[Item], Future[Signatures]], seconds: float) -> bool:
        """Waits for a batch, at most ``seconds``, and returns whether it is done."""
        future = ticket[1]
        with suppress(*self._timeouts), self._scheduler_needed():
            future.exception(seconds)  # returned, not raised
        return bool(future.done())

    def result(self, ticket: tuple[Sequence[Item], Future[Signatures]]) -> Signatures:
        """Waits for a batch and returns its table, even while the cluster has no workers.

        Raises:
            ChildProcessError: if a worker has another version of this package
            ConnectionError: if the scheduler is lost
        """
        paths, future = ticket
        try:
            return self._fetched(future)
        except WorkerDiedError:
            return one_by_one(
                lambda path: self._fetched(self._handed_over(path)), paths, self._sign.hash_size
            )

    def close(self) -> None:
        """Cancels unfinished batches and disconnects; the cluster keeps running."""
        # A client whose scheduler is gone logs, while closing, that it failed to reconnect.
        with suppress(*self._lost, *self._timeouts), self._quietly(logging.CRITICAL):
            if self._client.status == "running":
                self._client.cancel(list(self._in_flight))
            if self._is_ours:
                self._client.close()
        self._in_flight.clear()

    def _handed_over(self, paths: Sequence[Item]) -> Future[Signatures]:
        from .. import __version__

        with self._scheduler_needed():
            future = self._client.submit(
                _sign_as, __version__, self._sign, paths, pure=False, retries=_RETRIES
            )
        self._in_flight.add(future)
        return future

    def _fetched(self, future: Future[Signatures]) -> Signatures:
        try:
            with self._scheduler_needed():
                signed: Signatures = future.result()
        except self._killed as death:
            raise WorkerDiedError(
                f"{death.allowed_failures + 1} times on the cluster, last at "
                f"{death.last_worker.address}"
            ) from None
        finally:
            self._in_flight.discard(future)
        return signed

    @contextmanager
    def _scheduler_needed(self) -> Iterator[None]:
        try:
            yield
        except self._lost as error:
            raise ConnectionError(
                f"lost the Dask scheduler at {self._address}; restart it and its workers, then run "
                "again"
            ) from error


def _connected(distributed: Any, scheduler: str | Client) -> Client:
    if isinstance(scheduler, distributed.Client):
        return cast("Client", scheduler)
    if not isinstance(scheduler, str) or not _ADDRESS.fullmatch(scheduler):
        raise ValueError(
            "scheduler must be the address of a Dask scheduler, such as tcp://10.0.0.1:8786, or a "
            f"distributed.Client, got {shown(scheduler)}; 'dask scheduler' starts one and prints "
            "its address"
        )
    try:
        client: Client = distributed.Client(
            scheduler, timeout=_SECONDS_TO_CONNECT, set_as_default=False
        )
    except (OSError, TimeoutError, ValueError) as error:
        raise ConnectionError(
            f"no Dask scheduler at {scheduler} ({error}); 'dask scheduler' starts one and prints "
            "its address"
        ) from error
    return client


def _sign_as(version: str, sign: Sign, paths: Sequence[Item]) -> Signatures:
    """Signs a batch on a worker, which must have the version of the caller."""
    from .. import __version__

    if version != __version__:
        raise ChildProcessError(
            f"a Dask worker has smartdownsample-core {__version__}, this machine {version}; "
            "install the same version on both"
        )
    return sign(paths)
