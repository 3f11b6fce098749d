"""Worker processes that die, are interrupted, or cannot start: real ones, with real signals.

The files that kill their readers, or hold them fast, are those of :mod:`tests.core.fatal`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import GifImagePlugin, PngImagePlugin

from smartdownsample_core import Signatures, extract, extract_batches, limits
from smartdownsample_core.extraction._batches import BATCH_SIZE
from smartdownsample_core.extraction._inherited import Inherited
from smartdownsample_core.extraction._pools import Threads
from smartdownsample_core.extraction._processes import worthwhile
from smartdownsample_core.images._crops import Crop
from tests.core import fatal
from tests.core.fatal import Trap, hungry, killer, killer_once
from tests.patience import PATIENCE


@pytest.fixture(autouse=True)
def _processes_for_few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartdownsample_core.extraction._processes._BYTES_PER_START", 1)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "signal 9 (Killed, as when memory runs out)"),
        (signal.SIGSEGV, "signal 11 (Segmentation fault)"),
    ],
    ids=["killed", "segfault"],
)
@pytest.mark.usefixtures("fatal_format")
def test_a_file_that_kills_its_worker_is_an_unreadable_file(
    burst_paths: list[str], tmp_path: Path, same, number: int, words: str
) -> None:
    """It alone is named; all others are signed as ever."""
    bad = str(killer(tmp_path / "bad.png", number))
    paths = [*burst_paths, *burst_paths, bad, *burst_paths * 3]
    options = {"n_workers": 2, "workers": "processes"}
    signed = extract(paths, **options, image_loading_errors="skip")
    assert {row: str(error) for row, error in signed.unreadable.items()} == {
        120: f"Cannot read image file: {bad} (the worker that read it died: {words})"
    }
    others = np.delete(np.arange(len(paths)), 120)
    assert same(signed.take(others), extract([paths[row] for row in others]))


@pytest.mark.usefixtures("fatal_format")
def test_a_worker_that_died_by_accident_costs_no_file(
    burst_paths: list[str], tmp_path: Path, same
) -> None:
    """Who ran out of memory once is read again, and takes part like all others."""
    bad = str(killer_once(tmp_path / "bad.jpg", signal.SIGKILL, burst_paths[0]))
    signed = extract([*burst_paths[:5], bad, *burst_paths[5:]], workers="processes")
    assert not (tmp_path / "bad.flag").exists()  # somebody died
    assert same(signed, extract([*burst_paths[:5], bad, *burst_paths[5:]]))


def test_a_file_that_takes_too_long_is_an_unreadable_file(
    burst_paths: list[str], trap: Trap, same, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker is ended, and the others of its batch are signed."""
    monkeypatch.setattr("smartdownsample_core.limits.MAX_SECONDS", 2)
    paths = [*burst_paths, str(trap.path), *burst_paths]
    options = {"n_workers": 2, "workers": "processes", "image_loading_errors": "skip"}
    signed = extract(paths, **options)
    assert {row: str(error) for row, error in signed.unreadable.items()} == {
        60: f"Cannot read image file: {trap.path} (the worker that read it died: ended after "
        "2 seconds; smartdownsample_core.limits.MAX_SECONDS is the limit)"
    }
    others = np.delete(np.arange(len(paths)), 60)
    assert same(signed.take(others), extract([paths[row] for row in others]))
    for _ in range(2):  # with its batch, and alone
        assert not psutil.pid_exists(trap.caught_pid())


def test_when_all_workers_die_no_file_is_blamed(burst_paths: list[str], trap: Trap, same) -> None:
    """Not even if one had nothing to do: the one that reads again is a new one."""
    paths = [*burst_paths * 5, str(trap.path)]
    before = set(psutil.Process().children())
    with closing(extract_batches(paths, n_workers=2, workers="processes")) as stream:
        for rows, _ in stream:
            if rows[-1] + 1 + BATCH_SIZE >= len(paths):
                break  # one worker has nothing to do, and the other one is trapped
        trap.caught()
        shutil.copy(burst_paths[0], trap.path)
        for child in set(psutil.Process().children()) - before:
            child.kill()
        rows, last = next(stream)
    expected = extract([*burst_paths * 5, burst_paths[0]])
    assert same(last, expected.take(rows))


def test_few_files_are_read_by_few_processes(tmp_path: Path, monkeypatch) -> None:
    """One starts for every so many bytes; of a file of unknown size a little is assumed."""
    monkeypatch.setattr("smartdownsample_core.extraction._processes._BYTES_PER_START", 2**20)
    paths = [str(tmp_path / name) for name in "abc"]
    for path in paths:
        Path(path).write_bytes(bytes(2**20))
    assert worthwhile(paths[:1], 1) == 1
    assert worthwhile([], 4) == 1
    assert worthwhile(["https://host/a.jpg", "no\0file"], 4) == 3
    assert worthwhile(paths, 8) == worthwhile(iter([Crop(path, (0, 0, 1, 1)) for path in paths]), 8)
    assert [worthwhile(paths, count) for count in (1, 2, 3, 8)] == [1, 2, 3, 4]


def test_no_worker_waits_long_for_the_last_batch(burst_paths: list[str]) -> None:
    """Few files are handed over in small batches."""

    def sizes(n_files: int) -> list[int]:
        paths = (burst_paths * 9)[:n_files]
        return [len(rows) for rows, _ in extract_batches(paths, n_workers=2)]

    assert sizes(3) == [1, 1, 1]
    assert sizes(60) == [8] * 7 + [4]
    assert sizes(300) == [BATCH_SIZE] * 9 + [12]


@pytest.mark.usefixtures("fatal_format")
def test_raise_stops_at_a_file_that_kills_its_worker(tmp_path: Path) -> None:
    """As at any other file that cannot be read."""
    bad = killer(tmp_path / "bad.png", signal.SIGSEGV)
    with pytest.raises(OSError, match=r"Segmentation fault\)\)\. Use image_loading_errors='skip'"):
        extract([str(bad)], workers="processes")


_EXTRACT = textwrap.dedent("""
    import sys
    from smartdownsample_core import extract
    from smartdownsample_core.extraction import _processes as processes
    from tests.core import fatal

    fatal.register()
    processes._BYTES_PER_START = 1
    extract(sys.argv[1:], n_workers=2, workers="processes")
""")

_COMMAND_LINE = textwrap.dedent("""
    import sys
    from smartdownsample_core.extraction import _processes as processes
    from smartdownsample_core.cli import main
    from tests.core import fatal

    fatal.register()
    processes._BYTES_PER_START = 1
    sys.exit(main([*sys.argv[1:], "--workers", "2", "--quiet"]))
""")


@pytest.fixture
def start(
    burst_paths: list[str], trap: Trap, python_env: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """``start(script, *options)``: a script that reads a trap and 300 images."""
    started = []

    def run(script: str, *options: str) -> subprocess.Popen[str]:
        (tmp_path / "script.py").write_text(script)
        process = subprocess.Popen(
            [sys.executable, "script.py", *options, str(trap.path), *burst_paths * 5],
            cwd=tmp_path,
            env=python_env,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize(
    ("script", "options", "code", "last_words"),
    [
        (_EXTRACT, "", -signal.SIGINT, "KeyboardInterrupt\n"),
        (_COMMAND_LINE, "-n 9", 130, "smartdownsample: interrupted\n"),
        (_COMMAND_LINE, "extract -o signatures.parquet", 130, "smartdownsample: interrupted\n"),
    ],
    ids=["script", "cli", "cli-extract"],
)
def test_ctrl_c_stops_at_once_and_leaves_no_process(
    start, trap: Trap, tmp_path: Path, script: str, options: str, code: int, last_words: str
) -> None:
    """Though a worker is stuck for good; as in a terminal, all get the signal."""
    process = start(script, *options.split())
    trap.caught()
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, err
    assert err.count("Traceback") == (code < 0), err
    assert err.endswith(last_words)
    _, alive = psutil.wait_procs(family, timeout=PATIENCE)
    assert alive == []
    assert not list(tmp_path.glob("*.parquet*"))


def test_workers_do_not_outlive_a_parent_that_is_killed(start, trap: Trap) -> None:
    """Not even if they are stuck."""
    process = start(_EXTRACT)
    trap.caught()
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=PATIENCE)
    assert alive == []


_UNGUARDED = textwrap.dedent("""
    import sys
    from smartdownsample_core import extract

    print("once")
    extract(sys.argv[1:], workers="processes")
""")


def test_a_script_without_a_guard_runs_once(
    burst_paths: list[str], run_python, tmp_path: Path
) -> None:
    """Workers do not import the caller's script."""
    script = tmp_path / "script.py"
    script.write_text(_UNGUARDED)
    result = run_python(str(script), *burst_paths)
    assert (result.returncode, result.stdout) == (0, "once\n"), result.stderr


_DAEMON = textwrap.dedent("""
    import multiprocessing
    import sys
    from smartdownsample_core import extract

    def work():
        assert multiprocessing.current_process().daemon
        assert len(extract(sys.argv[1:], workers="processes")) == len(sys.argv[1:])

    if __name__ == "__main__":
        process = multiprocessing.get_context("fork").Process(target=work, daemon=True)
        process.start()
        process.join()
        sys.exit(process.exitcode)
""")


def test_a_worker_of_another_pool_can_start_workers(
    burst_paths: list[str], run_python, tmp_path: Path
) -> None:
    """The processes of Python's own pools may not, by way of multiprocessing."""
    script = tmp_path / "script.py"
    script.write_text(_DAEMON)
    result = run_python(str(script), *burst_paths)
    assert result.returncode == 0, result.stderr


def test_workers_have_the_limits_of_their_caller(
    burst_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was set here goes for them, too: Pillow's limit, and ours."""
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 100)
    monkeypatch.setattr("smartdownsample_core.limits.MAX_FILE_BYTES", 10_000_000)
    signed = extract(burst_paths[:1], workers="processes", image_loading_errors="skip")
    assert "exceeds limit of 200 pixels" in str(signed.unreadable[0])
    monkeypatch.setattr("smartdownsample_core.limits.MAX_FILE_BYTES", 10)
    signed = extract(burst_paths[:1], workers="processes", image_loading_errors="skip")
    assert "more than 10 are not read" in str(signed.unreadable[0])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit is not enforced")
@pytest.mark.usefixtures("fatal_format")
def test_workers_have_a_limit_of_memory(burst_paths: list[str], tmp_path: Path) -> None:
    """A decoder that takes more than twice what an image may fails, and only its file with it."""
    bad = str(hungry(tmp_path / "bad.png", 3 * limits.MAX_MEMORY_BYTES))
    options = {"workers": "processes", "image_loading_errors": "skip"}
    signed = extract([burst_paths[0], bad, burst_paths[1]], **options)
    assert {row: str(error) for row, error in signed.unreadable.items()} == {
        1: f"Cannot read image file: {bad} (MemoryError)"
    }


def test_workers_have_the_settings_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are those of the process that asks for signatures."""
    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_CHUNK", 12345)
    always = GifImagePlugin.LoadingStrategy.RGB_ALWAYS
    monkeypatch.setattr(GifImagePlugin, "LOADING_STRATEGY", always)
    settings = {name: value for _, name, value in Inherited.here().settings}
    assert settings["MAX_TEXT_CHUNK"] == 12345
    assert settings["LOADING_STRATEGY"] is always
    assert settings["MAX_SCANS"] == limits.MAX_SCANS


def test_a_format_of_the_script_itself_is_refused(
    burst_paths: list[str], fatal_format: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is read: workers could not import it, and would call its files unreadable."""
    monkeypatch.setattr(fatal.decode, "__module__", "__main__")
    with pytest.raises(ValueError, match="cannot import the code for image format FATAL"):
        extract(burst_paths, workers="processes")


def test_who_iterates_can_stop_while_a_file_is_read(burst_paths: list[str], trap: Trap) -> None:
    """A table without rows is a sign of life; what was trapped is ended."""
    paths = [burst_paths[0], str(trap.path)]
    with closing(extract_batches(paths, workers="processes", heartbeat=0.01)) as stream:
        for rows, table in stream:
            assert len(rows) == len(table)
            if rows.size:
                break
        reader = trap.caught()
        rows, table = next(stream)
        assert (len(rows), len(table)) == (0, 0)
    assert not reader.is_running()


def test_threads_that_are_closed_read_no_other_file() -> None:
    """Not even of the batch that they are at: nobody wants it any more."""
    read, begun, closed = [], threading.Event(), threading.Event()

    class SlowSign:
        hash_size = 8

        def __call__(self, items: Iterable[str]) -> Signatures:
            for item in items:
                read.append(item)
                begun.set()
                assert closed.wait(PATIENCE)
            return Signatures.blank(0, self.hash_size)

    pool = Threads(SlowSign(), 1)
    pool.submit(["1.jpg", "2.jpg"])
    pool.submit(["3.jpg"]).add_done_callback(lambda _: closed.set())
    assert begun.wait(PATIENCE)
    pool.close()
    assert read == ["1.jpg"]


def test_leaving_early_ends_the_processes(burst_paths: list[str]) -> None:
    """An error of the caller's leaves none behind."""

    class EnoughError(Exception):
        pass

    def enough(done: int, total: int) -> None:
        raise EnoughError

    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(EnoughError):
        extract(burst_paths * 20, n_workers=2, workers="processes", progress=enough)
    assert set(psutil.Process().children(recursive=True)) <= before
