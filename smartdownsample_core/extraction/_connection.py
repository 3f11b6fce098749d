"""A connection to a Dask cluster, which runs functions of this package on its workers."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..checks import shown
from ..optional import optional
from ._batches import WorkerDiedError

if TYPE_CHECKING:
    from distributed import Client, Future

#: What fails on one machine, for example for lack of memory, may work on another.
_RETRIES = 2

#: Calls in flight per thread of the cluster, so that none waits for the network.
CALLS_PER_THREAD = 3

_ADDRESS = re.compile(r"(\w+://)?[^/]+:\d{1,5}(/.*)?|inproc://.+")

_SECONDS_TO_CONNECT = 30

_Result = TypeVar("_Result")


class Connection:
    """Runs functions on the workers of a cluster, which need the same version of this package."""

    def __init__(self, scheduler: str | Client) -> None:
        """Connects to a cluster.

        Args:
            scheduler: the scheduler's address, such as ``"tcp://10.0.0.1:8786"``, or a client

        Raises:
            ImportError: if the extra ``dask`` is not installed
            ConnectionError: if there is no scheduler, or it has no workers
        """
        distributed = optional("distributed", "dask", 'workers="dask"')
        self._killed = distributed.scheduler.KilledWorker
        self.timeouts = (distributed.TimeoutError, TimeoutError)  # one since Python 3.11
        # ClosedClientError is new in Dask 2025.
        closed = getattr(distributed.client, "ClosedClientError", CancelledError)
        self._lost = (CancelledError, distributed.comm.CommClosedError, closed)
        self._quietly = distributed.utils.silence_logging_cmgr
        self._is_ours = isinstance(scheduler, str)
        self._client = _connected(distributed, scheduler)
        self._address = cast(Any, self._client.scheduler).address
        self._in_flight: set[Future[Any]] = set()
        try:
            self._client.wait_for_workers(1, timeout=_SECONDS_TO_CONNECT)
        except self.timeouts:
            self.close()
            raise ConnectionError(
                f"the Dask scheduler at {scheduler} has no workers; start some with "
                "'dask worker ADDRESS'"
            ) from None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def n_threads(self) -> int:
        """Returns how many threads all workers have."""
        with self.scheduler_needed():
            return sum(self._client.nthreads().values())

    def submit(self, function: Callable[..., _Result], *arguments: Any) -> Future[_Result]:
        """Calls a function on a worker."""
        from .. import __version__

        with self.scheduler_needed():
            future = self._client.submit(
                _call_as, __version__, function, *arguments, pure=False, retries=_RETRIES
            )
        self._in_flight.add(future)
        return future

    def fetch(self, future: Future[_Result]) -> _Result:
        """Waits for a result, even while the cluster has no workers.

        Raises:
            ChildProcessError: if a worker has another version of this package
            ConnectionError: if the scheduler is lost
            WorkerDiedError: if all workers that tried died
        """
        try:
            with self.scheduler_needed():
                result: _Result = future.result()
        except self._killed as death:
            raise WorkerDiedError(
                f"{death.allowed_failures + 1} times on the cluster, last at "
                f"{death.last_worker.address}"
            ) from None
        finally:
            self._in_flight.discard(future)
        return result

    def map(
        self, function: Callable[..., _Result], calls: Iterable[tuple[Any, ...]]
    ) -> Iterator[_Result]:
        """Calls a function with several arguments each; yields the results in that order."""
        waiting: deque[Future[_Result]] = deque()
        for arguments in calls:
            if len(waiting) >= CALLS_PER_THREAD * max(self.n_threads(), 1):
                yield self.fetch(waiting.popleft())
            waiting.append(self.submit(function, *arguments))
        while waiting:
            yield self.fetch(waiting.popleft())

    def close(self) -> None:
        """Cancels unfinished calls and disconnects; the cluster keeps running."""
        # A client whose scheduler is gone logs, while closing, that it failed to reconnect.
        with suppress(*self._lost, *self.timeouts), self._quietly(logging.CRITICAL):
            if self._client.status == "running":
                self._client.cancel(list(self._in_flight))
            if self._is_ours:
                self._client.close()
        self._in_flight.clear()

    @contextmanager
    def scheduler_needed(self) -> Iterator[None]:
        """Names the scheduler in the error if it is lost."""
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


def _call_as(version: str, function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Calls a function on a worker, which must have the version of the caller."""
    from .. import __version__

    if version != __version__:
        raise ChildProcessError(
            f"a Dask worker has smartdownsample-core {__version__}, this machine {version}; "
            "install the same version on both"
        )
    return function(*arguments)
