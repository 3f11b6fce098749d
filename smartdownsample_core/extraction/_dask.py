"""Workers on other machines: a Dask cluster signs batches.

Its scheduler gives the batches of a worker that dies to others. A batch whose workers keep dying is
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

#: Handing a task out takes the scheduler about 1 ms, signing so many images about a second.
_BATCH_SIZE = 128

#: Batches per thread of the cluster, so that none waits for the network.
_BATCHES_PER_THREAD = 3

#: What fails on one machine, for want of memory say, may work on another.
_RETRIES = 2

_ADDRESS = re.compile(r"(\w+://)?[^/]+:\d{1,5}(/.*)?|inproc://.+")

_SECONDS_TO_CONNECT = 30
_SECONDS_BETWEEN_LOOKS = 2.0


class Cluster:
    """A :class:`smartdownsample_core.extraction._batches.Pool` of a Dask cluster's workers.

    They need this package, of the same version, and the images under the same paths. Relative
    paths are made absolute, as the workers are elsewhere. Workers may come and go: work in flight
    is bounded by as many threads as there are.
    """

    def __init__(self, sign: Sign, scheduler: str | Client) -> None:
        """Connects to a cluster.

        Args:
            sign: what the workers do
            scheduler: its address, such as ``"tcp://10.0.0.1:8786"``, or a client

        Raises:
            ImportError: if the extra ``dask`` is not installed
            ConnectionError: if there is no scheduler, or it has no workers
        """
        distributed = optional("distributed", "dask", 'workers="dask"')
        self.batch_size = _BATCH_SIZE
        self._sign = sign
        self._killed = distributed.scheduler.KilledWorker
        self._timeouts = (distributed.TimeoutError, TimeoutError)  # one since Python 3.11
        # The third since Dask 2025; before, a closed client raises nothing of its own.
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
        """How many batches keep the present workers busy."""
        now = time.monotonic()
        if not self._window or now - self._looked > _SECONDS_BETWEEN_LOOKS:
            self._looked = now
            with self._scheduler_needed():
                n_threads = sum(self._client.nthreads().values())
            self._window = _BATCHES_PER_THREAD * max(n_threads, 1)
        return self._window

    def submit(self, batch: Sequence[Item]) -> tuple[Sequence[Item], Future[Signatures]]:
        """Hands a batch over."""
        paths = [absolute(item) for item in batch]
        return paths, self._handed_over(paths)

    def is_done(self, ticket: tuple[Sequence[Item], Future[Signatures]], seconds: float) -> bool:
        """Waits up to ``seconds`` for a batch and returns whether it is done."""
        future = ticket[1]
        with suppress(*self._timeouts), self._scheduler_needed():
            future.exception(seconds)  # returned, not raised
        return bool(future.done())

    def result(self, ticket: tuple[Sequence[Item], Future[Signatures]]) -> Signatures:
        """Waits for a batch, even while the cluster has no workers.

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
        """Cancels what is not done, and leaves the cluster to others."""
        # Without its scheduler a client logs that it failed to reconnect, while it is closed.
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
                f"{death.allowed_failures + 1} times on the cluster, the last time that of "
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
                f"the Dask scheduler at {self._address} is lost; start it and its workers again, "
                "and run again"
            ) from error


def _connected(distributed: Any, scheduler: str | Client) -> Client:
    if isinstance(scheduler, distributed.Client):
        return cast("Client", scheduler)
    if not isinstance(scheduler, str) or not _ADDRESS.fullmatch(scheduler):
        raise ValueError(
            "scheduler must be the address of a Dask scheduler, such as tcp://10.0.0.1:8786, or a "
            f"distributed.Client, got {shown(scheduler)}; 'dask scheduler' starts one, and says "
            "its address"
        )
    try:
        client: Client = distributed.Client(
            scheduler, timeout=_SECONDS_TO_CONNECT, set_as_default=False
        )
    except (OSError, TimeoutError, ValueError) as error:
        raise ConnectionError(
            f"no Dask scheduler at {scheduler} ({error}); 'dask scheduler' starts one, and says "
            "its address"
        ) from error
    return client


def _sign_as(version: str, sign: Sign, paths: Sequence[Item]) -> Signatures:
    """What a worker does; its signatures must be those of the machine that asks."""
    from .. import __version__

    if version != __version__:
        raise ChildProcessError(
            f"a Dask worker has smartdownsample-core {__version__}, this machine {version}; "
            "install the same on both"
        )
    return sign(paths)
