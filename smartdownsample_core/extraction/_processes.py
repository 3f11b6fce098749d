"""Worker processes that may die without losing other files or blocking their caller.

``concurrent.futures`` gives up the whole pool when a process dies, does not tell which file it was
reading, and cannot kill its processes. Here, a thread per process sends it one batch at a time
through its own pipe and waits for the result, so a death affects that batch only.

Two libraries fail tests/core/test_workers.py. With loky 3.7, a death or a timeout fails all batches
being read, and a stuck worker outlives a caller that was killed. With pebble 5.2, as with
``multiprocessing``, a script without a ``__main__`` guard runs again in every worker.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import SimpleQueue

from .. import blas, limits
from ..images import Item, path_of
from ..signatures import Signatures
from ._batches import FuturePool, Sign, WorkerDiedError, one_by_one
from ._inherited import Inherited, limit_memory

#: Bytes that a process reads in the quarter of a second that another one takes to start.
_BYTES_PER_START = 2**24

#: Assumed size of a file at a URL, where waiting takes longer than reading.
_BYTES_OF_URL = 2**20

#: Attempts to start a process that is killed before it is ready.
_STARTS = 3

#: The program of a process. It finds modules where the caller does, but does not import the
#: caller's script, which might not guard its entry point.
_CODE = f"import sys; sys.path[:] = {{}}; from {__name__} import serve; serve({{}})"

_TOO_SLOW = "ended after {:,} seconds; smartdownsample_core.limits.MAX_SECONDS is the limit"


def worthwhile(items: Iterable[Item], count: int) -> int:
    """Returns how many processes to start, from 1 to ``count``: fewer if there is little to read.

    Stops looking at the sizes of files once there is enough for all.
    """
    n_bytes = 0
    for item in items:
        try:
            n_bytes += os.stat(path_of(item)).st_size
        except (OSError, ValueError):
            n_bytes += _BYTES_OF_URL
        if n_bytes > (count - 1) * _BYTES_PER_START:
            return count
    return 1 + n_bytes // _BYTES_PER_START


class Processes(FuturePool):
    """A :class:`smartdownsample_core.extraction._batches.Pool` of processes.

    A batch whose process died, or was killed because it took too long, is read again file by file
    in a new process while all others are idle, as memory may have run out. A file that kills this
    process, too, is recorded as unreadable.
    """

    def __init__(self, sign: Sign, count: int) -> None:
        """Makes a pool of up to ``count`` processes, at least 1, which start when needed."""
        super().__init__(count)
        self._orders = Inherited.here(), sign
        self._hash_size = sign.hash_size
        self._count = count
        self._slots = threading.Semaphore(count)
        self._gate = threading.Lock()  # must be held to take a slot
        self._lock = threading.Lock()  # guards the next three attributes
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._closed = False

    def submit(self, batch: Sequence[Item]) -> Future[Signatures]:
        """Queues a batch; its result raises ChildProcessError if processes cannot start."""
        return self._threads.submit(self._signed, batch)

    def close(self) -> None:
        """Kills the processes and waits for their end."""
        with self._lock:
            self._closed = True
            for worker in self._workers:
                worker.process.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in list(self._workers):
            self._bury(worker)

    def _signed(self, batch: Sequence[Item]) -> Signatures:
        with self._gate:
            self._slots.acquire()
        try:
            return self._ask(batch)
        except WorkerDiedError:
            pass
        finally:
            self._slots.release()
        with self._gate:
            for _ in range(self._count):
                self._slots.acquire()
            try:
                # All others are idle now. Killing them frees memory, and one that has died
                # unnoticed would be blamed on the next file.
                self._dismiss_idle()
                return one_by_one(self._ask, batch, self._hash_size)
            finally:
                self._slots.release(self._count)

    def _ask(self, batch: Sequence[Item]) -> Signatures:
        """Has an idle process sign a batch, and waits for the result."""
        worker = self._idle_worker()
        try:
            worker.connection.send(batch)
            if not worker.connection.poll(limits.MAX_SECONDS):
                worker.process.kill()
                self._bury(worker)
                raise WorkerDiedError(_TOO_SLOW.format(limits.MAX_SECONDS))
            signed, error = worker.connection.recv()
        except (EOFError, OSError):
            reason = self._bury(worker)
            if self._closed:
                raise RuntimeError("the pool is closed") from None
            raise WorkerDiedError(reason) from None
        with self._lock:
            self._idle.append(worker)
        if error is not None:
            raise error
        return signed  # type: ignore[no-any-return]

    def _idle_worker(self) -> _Worker:
        for _ in range(_STARTS):
            with self._lock:
                if self._closed:
                    raise RuntimeError("the pool is closed")
                if self._idle:
                    return self._idle.pop()
                worker = _Worker()
                self._workers.add(worker)
            try:
                worker.connection.send(self._orders)
                worker.connection.recv()
            except (EOFError, OSError):
                reason = self._bury(worker)
                if reason.startswith("exit code"):  # it would do so again
                    break
            else:
                return worker
        raise ChildProcessError(
            f"a worker process ended before it could start: {reason}; read with "
            'workers="threads" (on the command line --no-processes)'
        )

    def _dismiss_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.process.kill()
            self._bury(worker)

    def _bury(self, worker: _Worker) -> str:
        """Removes a worker whose process is ending, and returns the cause."""
        exit_code = worker.process.wait()
        worker.connection.close()
        with self._lock:
            self._workers.discard(worker)
        return _cause_of_death(exit_code)


class _Worker:
    """A process and our end of the pipe to it."""

    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        modules = [folder for folder in sys.path if isinstance(folder, str)]
        with theirs:  # closed in this process, so that the death of the other is noticed
            self.process = subprocess.Popen(
                # Both must decode file names in the same way.
                [sys.executable, f"-Xutf8={sys.flags.utf8_mode}", "-c",
                 _CODE.format(modules, theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # out of reach of the terminal's Ctrl-C
            )  # fmt: skip


def serve(handle: int) -> None:
    """Runs a worker process: signs batches until the other end of its pipe is closed."""
    connection: Connection = Connection(handle)
    batches: SimpleQueue[Sequence[Item]] = SimpleQueue()
    try:
        inherited, sign = connection.recv()
        inherited.apply()
        blas.limit()
        limit_memory()
        threading.Thread(target=_receive, args=(connection, batches), daemon=True).start()
        answer: object = None  # ready
        while True:
            connection.send(answer)
            batch = batches.get()
            try:
                answer = sign(batch), None
            except Exception as error:  # noqa: BLE001 - raised in the caller
                answer = None, error
    except (EOFError, OSError):
        os._exit(0)


def _receive(connection: Connection, batches: SimpleQueue[Sequence[Item]]) -> None:
    """Receives batches; ends a process whose caller is gone, even if it is stuck in a file."""
    try:
        while True:
            batches.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)


def _cause_of_death(exit_code: int) -> str:
    """Describes the exit code of a process; negative codes are signals.

    >>> _cause_of_death(-11)
    'signal 11 (Segmentation fault)'
    """
    if exit_code >= 0:
        return f"exit code {exit_code}"
    hint = ", as when memory runs out" if exit_code == -signal.SIGKILL else ""
    return f"signal {-exit_code} ({signal.strsignal(-exit_code)}{hint})"
