"""Worker processes that die, are interrupted, or cannot start: real ones, with real signals.

A large image that takes a minute to decode stands for one that kills its reader: a test finds the
process that has read it, and ends it there and then.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from smartdownsample_core import Signatures, extract
from smartdownsample_core.rules import START_METHODS

_PATIENCE = 60


@pytest.fixture
def in_background() -> Iterator[Callable[..., Future[Signatures]]]:
    """``in_background(function, *args, **kwargs)``: runs it in a thread."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit


@pytest.fixture
def kill_reader(reader_of_slow) -> Callable[[int], None]:
    """``kill_reader(signal)``: waits until a worker has read the slow image, and ends it."""
    return lambda number: _end(reader_of_slow(os.getpid()), number)


def _end(process: psutil.Process, number: int) -> None:
    """Ends a process by a signal, and waits until it is gone."""
    process.send_signal(number)
    try:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # its parent has to reap it
    except ChildProcessError:  # has reaped it, or is another process
        process.wait(_PATIENCE)


@pytest.mark.parametrize("method", START_METHODS)
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "signal 9 (Killed, as when memory runs out)"),
        (signal.SIGSEGV, "signal 11 (Segmentation fault)"),
    ],
    ids=["killed", "segfault"],
)
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_file_that_kills_its_worker_is_an_unreadable_file(
    burst_paths: list[str],
    slow: Path,
    kill_reader,
    in_background,
    same,
    method: str,
    number: int,
    words: str,
) -> None:
    """It alone is named; all others are signed as ever, with every way to start processes."""
    paths = [*burst_paths, *burst_paths, str(slow), *burst_paths]
    table = in_background(
        extract,
        paths,
        n_workers=2,
        workers="processes",
        start_method=method,
        image_loading_errors="skip",
    )
    kill_reader(number)
    kill_reader(number)  # read again, alone
    signed = table.result(_PATIENCE)
    assert {row: str(error) for row, error in signed.unreadable.items()} == {
        120: f"Cannot read image file: {slow} (the worker that read it died: {words})"
    }
    others = np.delete(np.arange(len(paths)), 120)
    assert same(signed.take(others), extract([paths[row] for row in others]))


def test_a_worker_that_died_by_accident_costs_no_file(
    burst_paths: list[str], slow: Path, reader_of_slow, in_background, same
) -> None:
    """Who ran out of memory once is read again, and takes part like all others."""
    paths = [*burst_paths[:5], str(slow), *burst_paths[5:]]
    table = in_background(extract, paths, n_workers=2, workers="processes")
    reader = reader_of_slow(os.getpid())
    shutil.copy(burst_paths[0], slow)
    _end(reader, signal.SIGKILL)
    expected = extract([*burst_paths[:5], burst_paths[0], *burst_paths[5:]])
    assert same(table.result(_PATIENCE), expected)


def test_when_all_workers_die_no_file_is_blamed(
    burst_paths: list[str], slow: Path, reader_of_slow, in_background, same
) -> None:
    """Not even if some had nothing to do: the one that reads again is a new one."""
    paths = [*burst_paths[:32], str(slow), *burst_paths[32:]]
    before = psutil.Process().children()
    first_batch_is_there = threading.Event()
    table = in_background(
        extract,
        paths,
        n_workers=2,
        workers="processes",
        progress=lambda done, total: first_batch_is_there.set(),
    )
    reader_of_slow(os.getpid())
    assert first_batch_is_there.wait(_PATIENCE)
    shutil.copy(burst_paths[0], slow)
    for child in set(psutil.Process().children()) - set(before):
        if "resource_tracker" not in _command(child):
            _end(child, signal.SIGKILL)
    expected = extract([*burst_paths[:32], burst_paths[0], *burst_paths[32:]])
    assert same(table.result(_PATIENCE), expected)


def test_raise_stops_at_a_file_that_kills_its_worker(
    slow: Path, kill_reader, in_background
) -> None:
    """As at any other file that cannot be read."""
    table = in_background(extract, [str(slow)], workers="processes")
    kill_reader(signal.SIGSEGV)
    kill_reader(signal.SIGSEGV)
    with pytest.raises(OSError, match=r"Segmentation fault\)\)\. Use image_loading_errors='skip'"):
        table.result(_PATIENCE)


_EXTRACT = textwrap.dedent("""
    import sys
    from smartdownsample_core import extract

    if __name__ == "__main__":
        extract(sys.argv[2:], n_workers=2, workers="processes", start_method=sys.argv[1])
""")


@pytest.mark.parametrize("method", START_METHODS)
def test_ctrl_c_stops_at_once_and_leaves_no_process(
    burst_paths: list[str],
    slow: Path,
    reader_of_slow,
    python_env: dict[str, str],
    tmp_path: Path,
    method: str,
) -> None:
    """Within two seconds, though a worker is stuck; as in a terminal, all get the signal."""
    script = tmp_path / "script.py"
    script.write_text(_EXTRACT)
    process = subprocess.Popen(
        [sys.executable, str(script), method, str(slow), *burst_paths],
        env=python_env,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    watchdog = threading.Timer(_PATIENCE, process.kill)
    watchdog.start()
    reader_of_slow(process.pid)
    family = psutil.Process(process.pid).children(recursive=True)
    start = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=_PATIENCE)
    elapsed = time.monotonic() - start
    watchdog.cancel()
    assert process.returncode == -signal.SIGINT
    assert err.count("Traceback") == 1, err
    assert err.endswith("KeyboardInterrupt\n")
    assert elapsed < 2
    _, alive = psutil.wait_procs(family, timeout=2)
    assert alive == []


def test_workers_do_not_outlive_a_parent_that_is_killed(
    burst_paths: list[str],
    slow: Path,
    reader_of_slow,
    python_env: dict[str, str],
    tmp_path: Path,
) -> None:
    """Not even if they are at an image that takes a minute."""
    script = tmp_path / "script.py"
    script.write_text(_EXTRACT)
    process = subprocess.Popen(
        [sys.executable, str(script), "spawn", str(slow), *burst_paths], env=python_env
    )
    watchdog = threading.Timer(_PATIENCE, process.kill)
    watchdog.start()
    reader_of_slow(process.pid)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    watchdog.cancel()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []


def test_an_unguarded_script_is_told_so(burst_paths: list[str], run_python, tmp_path: Path) -> None:
    """A worker that cannot start ends the run; its files are not blamed."""
    script = tmp_path / "script.py"
    script.write_text(_EXTRACT.replace('if __name__ == "__main__":', "if True:"))
    result = run_python(str(script), "spawn", *burst_paths)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("ChildProcessError: ")
    assert "must guard its entry point with if __name__" in result.stderr.splitlines()[-1]


def test_leaving_early_ends_the_processes(burst_paths: list[str]) -> None:
    """An error of the caller's leaves none behind."""

    class EnoughError(Exception):
        pass

    def enough(done: int, total: int) -> None:
        raise EnoughError

    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(EnoughError):
        extract(burst_paths * 20, n_workers=2, workers="processes", progress=enough)
    left = set(psutil.Process().children(recursive=True)) - before
    assert [process for process in left if "resource_tracker" not in _command(process)] == []


def _command(process: psutil.Process) -> str:
    return " ".join(process.cmdline())
