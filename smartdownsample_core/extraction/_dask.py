"""Workers on other machines: a Dask cluster that signs batches.

The scheduler gives batches of a worker that dies to others. A batch whose workers keep dying is
read again file by file, as in :mod:`smartdownsample_core.extraction._processes`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..images import Item, absolute
from ..signatures import Signatures
from ._batches import Sign, WorkerDiedError, one_by_one
from ._connection import CALLS_PER_THREAD, Connection

if TYPE_CHECKING:
    from distributed import Client, Future

#: Images per batch. Scheduling a batch takes about 1 ms, signing its images about a second.
_BATCH_SIZE = 128

_SECONDS_BETWEEN_LOOKS = 2.0


class Cluster:
    """A :class:`smartdownsample_core.extraction._batches.Pool` of a Dask cluster's workers.

    Workers need the same version of this package, and the images under the same absolute paths.
    They may come and go: the number of batches in flight follows the number of their threads.
    """

    def __init__(self, sign: Sign, scheduler: str | Client) -> None:
        """Connects to a cluster; raises what :class:`Connection` raises.

        Args:
            sign: signs a batch
            scheduler: the scheduler's address, such as ``"tcp://10.0.0.1:8786"``, or a client
        """
        self.batch_size = _BATCH_SIZE
        self._sign = sign
        self._connection = Connection(scheduler)
        self._window, self._looked = 0, 0.0

    @property
    def window(self) -> int:
        """Number of batches that keeps the current workers busy."""
        now = time.monotonic()
        if not self._window or now - self._looked > _SECONDS_BETWEEN_LOOKS:
            self._looked = now
            self._window = CALLS_PER_THREAD * max(self._connection.n_threads(), 1)
        return self._window

    def submit(self, batch: Sequence[Item]) -> tuple[Sequence[Item], Future[Signatures]]:
        """Queues a batch."""
        paths = [absolute(item) for item in batch]
        return paths, self._connection.submit(self._sign, paths)

    def is_done(self, ticket: tuple[Sequence[Item], Future[Signatures]], seconds: float) -> bool:
        """Waits for a batch, at most ``seconds``, and returns whether it is done."""
        future = ticket[1]
        with suppress(*self._connection.timeouts), self._connection.scheduler_needed():
            future.exception(seconds)  # returned, not raised
        return bool(future.done())

    def result(self, ticket: tuple[Sequence[Item], Future[Signatures]]) -> Signatures:
        """Waits for a batch and returns its table, even while the cluster has no workers.

        Raises:
            ChildProcessError: if a worker has another version of this package
            ConnectionError: if the scheduler is lost
        """
        paths, future = ticket
        connection = self._connection
        try:
            return connection.fetch(future)
        except WorkerDiedError:
            return one_by_one(
                lambda path: connection.fetch(connection.submit(self._sign, path)),
                paths,
                self._sign.hash_size,
            )

    def close(self) -> None:
        """Cancels unfinished batches and disconnects; the cluster keeps running."""
        self._connection.close()
