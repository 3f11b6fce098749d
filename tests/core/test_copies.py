"""Copies of kept files, and links to them: whole or not at all, resumed, and kept apart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from smartdownsample_core.images import images_below
from smartdownsample_core.report import Placing
from smartdownsample_core.report._copies import _copy

_VERBS = ["copy", "symlink", "hardlink"]


def _names_in(folder: str) -> list[str]:
    return sorted(str(path) for path in Path(folder).rglob("*") if path.is_file())


@pytest.mark.parametrize("verb", _VERBS)
def test_the_same_call_goes_on_where_it_was_stopped(tree: list[str], run, verb: str) -> None:
    """What is there and equal stays as it is, with its times; what is missing is added."""
    options = ("photos", "-n", "12", "-q", f"--{verb}-to", "out")
    assert run(*options)[0] == 0
    Path("out/cam1/3.png").unlink()
    before = os.lstat("out/cam1/2.png")
    assert run(*options) == (0, tree, "")
    after = os.lstat("out/cam1/2.png")
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert _names_in("out") == sorted(path.replace("photos", "out", 1) for path in tree)


@pytest.mark.parametrize("verb", _VERBS)
@pytest.mark.parametrize("content", [b"", b"longer than the image" * 99], ids=["empty", "longer"])
def test_another_file_in_the_way_is_refused_before_reading(
    tree: list[str], run, verb: str, content: bytes
) -> None:
    """By its name; no image is read, and nothing is placed."""
    Path("out/cam1").mkdir(parents=True)
    Path("out/cam1/4.png").write_bytes(content)
    Path(tree[0]).write_text("broken, and nothing is said of it")
    code, out, err = run("photos", "-n", "3", "-q", f"--{verb}-to", "out")
    assert (code, out) == (2, [])
    assert err.startswith("smartdownsample: error: File already exists: out/cam1/4.png; it is not ")
    assert _names_in("out") == ["out/cam1/4.png"]


def test_files_of_another_selection_are_counted(tree: list[str], run) -> None:
    """The folder then holds more than was asked for; a resumed copy is of the same selection."""
    for _ in range(2):
        assert "now holds" not in run("photos", "-n", "4", "--copy-to", "out")[2]
    Path("out/.hidden").touch()
    code, kept, err = run("photos", "-n", "9", "--exclude", "cam1", "--copy-to", "out", "-q")
    others = len(_names_in("out")) - 1 - len(kept)
    assert code == 0
    assert others > 0
    n = others + len(kept)
    assert f"Warning: out now holds {n} files, of which {len(kept)} are kept images\n" in err


@pytest.mark.parametrize(("verb", "done"), [("copy", "Copied"), ("symlink", "Linked")])
def test_what_was_written_is_said(tree: list[str], run, verb: str, done: str) -> None:
    """On standard error, unless that is to be quiet; files that were there are counted."""
    placing = ("photos", "-n", "4", f"--{verb}-to", "out")
    code, kept, err = run(*placing, "--explain", "why.csv", "--curve", "curve.png")
    assert (code, len(kept)) == (0, 4)
    assert err.endswith(f"{done} 4 images to out\nWrote why.csv, curve.png\n")
    code, kept, err = run(*placing, "-o", "kept.txt")
    assert (code, kept) == (0, [])
    assert err.endswith(f"{done} 0 images to out; 4 were there already\nWrote kept.txt\n")
    assert run(*placing, "-q", "-o", "again.txt")[2] == ""


def test_a_changed_byte_is_noticed(tree: list[str], run) -> None:
    """Where the size is the same; an equal file of another time counts as placed."""
    run("photos", "-n", "12", "-q", "--copy-to", "out")
    os.utime("out/cam1/0.png", (0, 0))
    assert run("photos", "-n", "12", "-q", "--copy-to", "out")[0] == 0
    data = bytearray(Path("out/cam1/1.png").read_bytes())
    data[-1] ^= 1
    Path("out/cam1/1.png").write_bytes(data)
    err = run("photos", "-n", "12", "-q", "--copy-to", "out")[2]
    assert "File already exists: out/cam1/1.png; " in err


def test_the_folder_of_the_images_is_no_target(tree: list[str], run) -> None:
    """Its images would count as copies of themselves."""
    os.symlink("photos", "link")
    for target in ("photos", "link", "photos/cam1/.."):
        code, _, err = run("photos", "-n", "3", "-q", "--copy-to", target)
        assert code == 2
        assert f"--copy-to: {target} is where the images are; choose another folder" in err


@pytest.mark.parametrize("verb", _VERBS)
def test_copies_below_the_images_are_not_images(tree: list[str], run, verb: str) -> None:
    """Of the next run; but one can search them, or include them, and add images beside them."""
    run("photos", "-n", "2", "-q", f"--{verb}-to", "photos/kept")
    copies = sorted(_names_in("photos/kept"))[1:]  # and the list of them
    code, out, err = run("photos", "-n", "12", "-q")
    assert (code, out) == (0, tree)
    assert err.startswith(
        "Warning: passed over 2 copies and charts of earlier runs, such as photos"
    )
    assert run("photos", "-n", "14", "-q", "--include", "kept")[1] == sorted([*tree, *copies])
    assert run("photos/kept", "-n", "2", "-q")[1] == copies
    os.link(tree[0], "photos/kept/mine.png")
    assert "photos/kept/mine.png" in run("photos", "-n", "13", "-q")[1]
    run("photos", "-n", "4", "-q", f"--{verb}-to", "photos/kept")
    assert run("photos", "-n", "13", "-q", "--exclude", "mine*")[1] == tree


def test_charts_below_the_images_are_not_images(tree: list[str], run) -> None:
    run("photos", "-n", "3", "-q", "--thumbnails", "photos/a.png", "--distribution", "photos/b.png")
    assert run("photos", "-n", "12", "-q")[1] == tree
    assert run("photos/a.png", "-n", "1", "-q")[1] == ["photos/a.png"]


@pytest.mark.parametrize("content", ["", "[1]", '{"copies": 3}', '{"copies": [1, "x"]}', "ü"])
def test_a_damaged_list_of_copies_lists_none(tree: list[str], content: str) -> None:
    Path("photos/cam1/.smartdownsample").write_text(content, encoding="utf-8")
    assert images_below("photos") == tree


@pytest.mark.parametrize("verb", _VERBS)
def test_only_regular_files_are_placed(tree: list[str], verb: str) -> None:
    """Not a named pipe, which would wait for ever, nor a device or folder."""
    os.mkfifo("photos/pipe.png")
    for path in ("photos/pipe.png", "photos/cam1"):
        placing = Placing(verb, Path("out"), os.path.abspath("photos"))
        with pytest.raises(OSError, match=rf"cannot {verb} {path} to out/.* is not a regular file"):
            placing.place([path])
    assert _names_in("out") == []


def test_names_do_not_lead_out_of_the_target(tree: list[str]) -> None:
    """Neither by dots nor by a link in the target."""
    placing = Placing("copy", Path("out"), os.path.abspath("photos/cam1"))
    for path in ("photos/cam 2/day/0.png", "/etc/hostname"):
        with pytest.raises(ValueError, match=f"{path} is not below .*, and would leave out; name"):
            placing.place([tree[6], path])
    assert not Path("out").exists()
    Path("out").mkdir()
    os.symlink("../elsewhere", "out/cam1")
    with pytest.raises(ValueError, match=r"out/cam1 leads out of out by a link; remove it"):
        Placing("copy", Path("out"), os.path.abspath("photos")).place([tree[6]])
    assert not Path("elsewhere").exists()


def test_a_full_disk_leaves_no_part_of_a_file(
    tree: list[str], burst_paths: list[str], python_env: dict[str, str]
) -> None:
    """The file is named; the limit on a process's files stands for the disk."""
    code = (
        "import resource, signal, sys; from smartdownsample_core.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"sys.exit(main([{burst_paths[0]!r}, '-n1', '-q', '--no-processes', '--copy-to', 'out']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env=python_env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert f"--copy-to: cannot copy {burst_paths[0]} to out/" in result.stderr
    assert _names_in("out") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_copy_leaves_nothing_in_the_way(
    tree: list[str], python_env: dict[str, str], run, number: int
) -> None:
    """No file under its final name is cut off, and the same call goes on."""
    large = [f"large/{number}.png" for number in range(3)]
    Path("large").mkdir()
    for path in large:
        Path(path).write_bytes(Path(tree[0]).read_bytes())
        os.truncate(path, 2 * 10**8)
    command = [sys.executable, "-m", "smartdownsample_core", "large", "-n3", "-q", "--copy-to", "o"]
    process = subprocess.Popen(command, env=python_env, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list(Path("o").glob(".*.partial")):
        pass
    process.send_signal(number)
    assert process.stderr
    err = process.stderr.read()
    is_killed = number == signal.SIGKILL
    assert process.wait() == (-number if is_killed else 128 + number)
    if is_killed:  # the resource tracker of Python 3.14 outlives it, and names the lock of tqdm
        assert "smartdownsample" not in err
    else:
        assert err == "smartdownsample: terminated\n"
    assert len(list(Path("o").glob(".*.partial"))) == is_killed
    for path in Path("o").glob("*.png"):
        assert path.stat().st_size == Path("large", path.name).stat().st_size
    for path in large:
        os.truncate(path, 10**6)
    for path in Path("o").glob("*.png"):
        path.unlink()
    assert run("large", "-n", "3", "-q", "--copy-to", "o")[0] == 0
    assert sorted(os.listdir("o")) == ["0.png", "1.png", "2.png"]


def test_signals_that_are_ignored_stay_so(tree: list[str], python_env: dict[str, str]) -> None:
    """As under nohup."""
    code = (
        "import os, signal; from smartdownsample_core.cli._signals import ended_by_signals\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with ended_by_signals(): os.kill(os.getpid(), signal.SIGHUP)\n"
        "assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL"
    )
    subprocess.run([sys.executable, "-c", code], env=python_env, check=True)


def test_copies_are_listed_by_their_names(tree: list[str], run) -> None:
    run("photos/cam1", "-n", "6", "-q", "--copy-to", "photos/cam1/kept")
    listed = json.loads(Path("photos/cam1/kept/.smartdownsample").read_text())
    assert listed == {"charts": [], "copies": [f"{number}.png" for number in range(6)]}


def test_a_file_that_appears_meanwhile_is_not_overwritten(tree: list[str]) -> None:
    Path("there.png").write_text("mine")
    with pytest.raises(FileExistsError):
        _copy(tree[0], Path("there.png"))
    assert Path("there.png").read_text() == "mine"
