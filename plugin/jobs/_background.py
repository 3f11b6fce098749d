"""Work without progress reports, done in a thread so that callers show activity and can stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from typing import TypeVar

#: Heartbeat interval, so that callers can show activity and cancel.
SECONDS_BETWEEN_SIGNS = 0.5

Result = TypeVar("Result")
Signal = TypeVar("Signal")


def waiting(
    work: Callable[[], Result], signal: Callable[[], Signal]
) -> Generator[Signal, None, Result]:
    """Does some work in a thread, and yields a heartbeat twice a second until it is done.

    If the caller stops waiting, the thread goes on, so the result must be one that can be dropped.
    It does not keep the process from ending.

    Args:
        work: what to do
        signal: returns what to yield

    Returns:
        what the work returned

    Raises:
        what the work raised
    """
    done = _begin(work)
    while not wait([done], timeout=SECONDS_BETWEEN_SIGNS).done:
        yield signal()
    return done.result()


def to_the_end(work: Callable[[], Result]) -> Result:
    """Completes some work even if Ctrl-C is pressed, which takes effect afterwards."""
    done = _begin(work)
    try:
        return done.result()
    except KeyboardInterrupt:
        done.result()
        raise


def _begin(work: Callable[[], Result]) -> Future[Result]:
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 (raised where the result is wanted)
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done
