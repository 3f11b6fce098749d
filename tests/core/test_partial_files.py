"""Files that appear as a whole, and the remains of processes that were killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from smartdownsample_core import partial_files
from smartdownsample_core.partial_files import complete_file, remove_abandoned
from tests.patience import PATIENCE

_KILLED = """
import os, signal, sys
from pathlib import Path
from smartdownsample_core.partial_files import complete_file
with complete_file('--output', Path(sys.argv[1])) as stream:
    stream.write(b"half")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_once_it_is_complete(tmp_path: Path) -> None:
    with complete_file("--output", tmp_path / "a.bin") as stream:
        stream.write(b"all of it")
        assert "a.bin" not in _names(tmp_path)
    assert _names(tmp_path) == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"all of it"


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    def write_half() -> None:
        with complete_file("--output", tmp_path / "a.bin") as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert _names(tmp_path) == []


def test_a_signal_on_any_line_before_the_file_is_written_leaves_nothing(tmp_path: Path) -> None:
    """A signal raises wherever the program happens to be, also while the file is being opened."""
    lines = 0

    def interrupt(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename != partial_files.__file__:
            return None
        left -= event == "line"
        if left < 0:
            raise KeyboardInterrupt
        return interrupt

    while True:
        left = lines
        sys.settrace(interrupt)
        with suppress(KeyboardInterrupt), complete_file("--output", tmp_path / "a.bin") as stream:
            sys.settrace(None)
            stream.write(b"all of it")
        if _names(tmp_path):
            break
        lines += 1
    assert _names(tmp_path) == ["a.bin"]
    assert lines > 10


@pytest.mark.parametrize("has_links", [True, False], ids=["links", "no links"])
def test_a_file_that_is_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    """Also where the file system has no hard links and the file is renamed."""
    if not has_links:
        monkeypatch.setattr(os, "link", _refused)
    with complete_file("--output", tmp_path / "b.bin") as stream:
        stream.write(b"other")
    with pytest.raises(FileExistsError), complete_file("--output", tmp_path / "a.bin") as stream:
        (tmp_path / "a.bin").write_bytes(b"first")
    assert _names(tmp_path) == ["a.bin", "b.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"first"


def _refused(source: Path, target: Path) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_what_killed_processes_leave_is_removed(tmp_path: Path, python_env: dict[str, str]) -> None:
    """But not what is being written, nor files of others, nor those for another name."""
    (tmp_path / ".mine.partial").touch()
    for name in ("a[1].bin", "b.bin"):
        command = [sys.executable, "-c", _KILLED, str(tmp_path / name)]
        killed = subprocess.run(command, env=python_env, timeout=PATIENCE, check=False)
        assert killed.returncode == -signal.SIGKILL
    assert len(_names(tmp_path)) == 3
    with complete_file("--output", tmp_path / "a[1].bin") as stream:
        stream.write(b"all of it")
        remove_abandoned(tmp_path, "a[1].bin")
        kept = [name for name in _names(tmp_path) if ".b.bin." in name or name == ".mine.partial"]
        assert len(kept) == 2
        assert len(_names(tmp_path)) == 3
        remove_abandoned(tmp_path)
    assert _names(tmp_path) == [".mine.partial", "a[1].bin"]
    remove_abandoned(tmp_path / "never")


def test_the_longest_name_is_taken(tmp_path: Path) -> None:
    """Though the temporary name is longer than the file's, it has at most 255 bytes."""
    name = "é" * 123 + ".bin"
    with complete_file("--output", tmp_path / name):
        pass
    assert _names(tmp_path) == [name]
