"""Worker processes that may die: none of their other files is lost, and nothing waits for ever.

``concurrent.futures`` gives up a whole pool when one process dies, does not say which file it was
at, and cannot end its processes. Here, a thread stands behind each process, sends it a batch over
a pipe of its own and waits for the answer, so that a death concerns one batch and no one else.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import resource_tracker, spawn
from multiprocessing.connection import Connection
from typing import Any

from .. import limits
from ..images import Item, path_of
from ..settings import StartMethod
from ..signatures import Signatures
from ._batches import BATCH_SIZE, Sign, WorkerDiedError, one_by_one

#: What is read while a process starts, in a quarter of a second.
_BYTES_PER_START = 2**24

#: What a file behind a URL, whose size is unknown, counts as: it is waited for.
_BYTES_OF_URL = 2**20

_STARTS = 3
_NAME = "smartdownsample"
_TOO_SLOW = "ended after {:,} seconds; smartdownsample_core.limits.MAX_SECONDS is the limit"

# What multiprocessing sends to a new process; it has no public way to leave anything out.
_spawning: Any = spawn
_starting = threading.Lock()


def worthwhile(items: Iterable[Item], count: int) -> int:
    """Returns how many processes to start, at most ``count``: few files are read before they run.

    Args:
        items: what they will read; looked at until it is known to be enough
        count: at least 1
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


class Processes:
    """A :class:`smartdownsample_core.extraction._batches.Pool` of processes.

    A batch whose process died, or was ended because it took too long, is read again file by file,
    by a new process that is alone while it does so: who had no memory left then may have enough.
    The file at which that one ends, too, is recorded as unreadable.
    """

    def __init__(
        self, sign: Sign, count: int, start_method: StartMethod, prepare: Callable[[], object]
    ) -> None:
        """Makes a pool of ``count`` processes, which start when they are needed.

        Args:
            sign: what they do
            count: at least 1
            start_method: as of :mod:`multiprocessing`
            prepare: what each calls first
        """
        self.batch_size = BATCH_SIZE
        self.window = 2 * count
        self._sign, self._prepare = sign, prepare
        self._start_method: StartMethod = start_method
        self._threads = ThreadPoolExecutor(count, _NAME)
        self._count = count
        self._slots = threading.Semaphore(count)
        self._gate = threading.Lock()  # who holds it keeps others from taking a slot
        self._lock = threading.Lock()  # for the next three, and while a process is started
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._closed = False

    def submit(self, batch: Sequence[Item]) -> Future[Signatures]:
        """Hands a batch over."""
        return self._threads.submit(self._signed, batch)

    def is_done(self, ticket: Future[Signatures], seconds: float) -> bool:
        """Waits so long for a batch, and says whether it is there."""
        return ticket in wait([ticket], seconds).done

    def result(self, ticket: Future[Signatures]) -> Signatures:
        """Waits for a batch.

        Raises:
            ChildProcessError: if processes cannot be started
        """
        return ticket.result()

    def close(self) -> None:
        """Kills the processes, which hold nothing that would be lost, and waits for their end."""
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
                # The others are idle now. They go, too: for their memory, and because one that has
                # died unnoticed would put the blame on the next file.
                self._dismiss_idle()
                return one_by_one(self._ask, batch, self._sign.hash_size)
            finally:
                self._slots.release(self._count)

    def _ask(self, batch: Sequence[Item]) -> Signatures:
        """Has a batch signed by a process that does nothing else meanwhile."""
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
                # With the lock, as a process that is forked must not inherit half a pipe.
                worker = _Worker(self._sign, self._prepare, self._start_method)
                self._workers.add(worker)
            try:
                worker.connection.recv()
            except (EOFError, OSError):
                reason = self._bury(worker)
                if reason.startswith("exit code"):  # it would end the same way again
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
        """Forgets a worker whose process is ending, and says how it ended."""
        worker.process.join()
        worker.connection.close()
        with self._lock:
            self._workers.discard(worker)
        return _cause_of_death(worker.process.exitcode)


class _Worker:
    """A process, and our end of the pipe to it; what it sends first says that it is there."""

    def __init__(self, sign: Sign, prepare: Callable[[], object], method: StartMethod) -> None:
        context: Any = multiprocessing.get_context(method)
        self.connection, theirs = context.Pipe()
        try:
            self.process = context.Process(
                target=_work, args=(theirs, sign, prepare), name=_NAME, daemon=True
            )
            with _without_main(), _interrupts_held(method):
                self.process.start()
        finally:
            theirs.close()  # so that its end is noticed


@contextmanager
def _without_main() -> Iterator[None]:
    """Spares the new process the caller's main module, of which it needs nothing.

    Importing that runs a script a second time, if it does not guard its entry point, and takes time
    and memory for all that it imports, such as FiftyOne.
    """

    def data_without_main(name: str) -> dict[str, Any]:
        data: dict[str, Any] = complete(name)
        if name in (_NAME, "ignore"):  # the latter is the server that forks for others
            data.pop("init_main_from_name", None)
            data.pop("init_main_from_path", None)
        return data

    with _starting:
        complete = _spawning.get_preparation_data
        _spawning.get_preparation_data = data_without_main
        try:
            yield
        finally:
            _spawning.get_preparation_data = complete


@contextmanager
def _interrupts_held(method: StartMethod) -> Iterator[None]:
    """Ctrl-C reaches all processes of a terminal; a child inherits that it is held back.

    So it is quiet from its first instruction on. The server that forks for others is left as it is.
    """
    if method == "forkserver":
        yield
        return
    resource_tracker.ensure_running()  # which would release the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(connection: Connection, sign: Sign, prepare: Callable[[], object]) -> None:
    """What a worker process does until its caller is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepare()
    answer: object = None
    try:
        while True:
            connection.send(answer)
            batch = connection.recv()
            try:
                answer = sign(batch), None
            except Exception as error:  # noqa: BLE001 - it is raised where the result is wanted
                answer = None, error
    except (EOFError, OSError):
        # Nobody waits for us. Not by return: what a fork inherited is not ours to clean up.
        os._exit(0)


def _end_with_parent() -> None:
    """Ends this process when its parent has been killed, whatever it is at: nobody waits for it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _cause_of_death(exit_code: int | None) -> str:
    """Words the exit code of a process; negative ones are signals.

    >>> _cause_of_death(-11)
    'signal 11 (Segmentation fault)'
    """
    if exit_code is None:
        return "its exit code was taken by others"
    if exit_code >= 0:
        return f"exit code {exit_code}"
    hint = ", as when memory runs out" if exit_code == -signal.SIGKILL else ""
    return f"signal {-exit_code} ({signal.strsignal(-exit_code)}{hint})"
