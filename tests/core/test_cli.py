"""The command line: end to end in a few subprocesses, the rest through ``main()``."""

from __future__ import annotations

import io
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from smartdownsample_core import sample_diverse
from smartdownsample_core.cli._main import _COMMANDS, _parser, main
from tests.patience import PATIENCE

_MODULE = ("-m", "smartdownsample_core")


def test_standard_output_holds_the_paths_and_nothing_else(
    tree: list[str], run_python, tmp_path: Path
) -> None:
    """What the library keeps, one path a line; bar and summary go to standard error."""
    result = run_python(*_MODULE, "photos", "-n", "5", cwd=tmp_path)
    assert result.returncode == 0
    assert set(result.stdout.splitlines()) == set(
        sample_diverse(tree, 5, strategy="diverse", show_progress=False, show_summary=False)
    )
    assert "12/12" in result.stderr
    assert "Kept 5 of 12 images" in result.stderr


def test_standard_input_lists_the_files(tree: list[str], run_python, tmp_path: Path) -> None:
    """Without PATH, one path a line is read; empty lines do not count."""
    lines = "\n".join([*tree[:7], "", tree[7]])
    result = run_python(*_MODULE, "-n", "3", "--quiet", cwd=tmp_path, input=lines)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == sample_diverse(
        tree[:8], 3, strategy="diverse", show_progress=False, show_summary=False
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["photos", "-n", "3"], 0, id="done"),
        pytest.param(["photos", "-n", "99"], 0, id="fewer than asked for"),
        pytest.param(["photos", "gone.png", "-n", "3"], 1, id="unreadable"),
        pytest.param(["photos", "nowhere.png", "-n", "3"], 2, id="no such file"),
        pytest.param(["photos", "-n", "0"], 2, id="bad target"),
        pytest.param(["photos", "-n", "three"], 2, id="no number"),
        pytest.param(["photos"], 2, id="no target"),
    ],
)
def test_exit_codes(
    tree: list[str], run_python, tmp_path: Path, arguments: list[str], code: int
) -> None:
    """0, 1 or 2, and never a traceback."""
    result = run_python(*_MODULE, *arguments, cwd=tmp_path)
    assert result.returncode == code
    assert "Traceback" not in result.stderr
    assert ("error: " in result.stderr) == (code > 0)


def test_without_paths_a_terminal_is_not_waited_for(python_env: dict[str, str]) -> None:
    """Who just types the name of the program is told what is missing."""
    ours, its = pty.openpty()
    command = [sys.executable, *_MODULE, "-n", "1"]
    result = subprocess.run(
        command, env=python_env, stdin=its, capture_output=True, text=True, timeout=PATIENCE
    )
    os.close(ours)
    os.close(its)
    assert result.returncode == 2
    assert "no PATH was given; name images or folders, or see --help" in result.stderr


def test_a_reader_that_has_enough_is_no_error(
    tree: list[str], python_env: dict[str, str], tmp_path: Path
) -> None:
    """``| head -1`` ends well, even if there is more than a pipe holds."""
    listing = "".join(f"{os.path.relpath(path)}\n" for path in _links(tmp_path, tree[0], 600))
    script = f'"{sys.executable}" -m smartdownsample_core -n 500 --quiet | head -1; '
    result = subprocess.run(
        ["bash", "-c", script + "echo ${PIPESTATUS[0]}"],
        env=python_env,
        cwd=tmp_path,
        input=listing,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert result.stdout.splitlines()[1:] == ["0"]
    assert result.stderr == ""


def _links(folder: Path, image: str, count: int) -> list[Path]:
    """Long names of one image: 500 are more text than the 64 KiB that a pipe holds."""
    links = [folder / f"{'long' * 50}_{number}.png" for number in range(count)]
    for link in links:
        link.symlink_to(image)
    return links


def test_interrupt_ends_with_130(
    burst_paths: list[str], python_env: dict[str, str], tmp_path: Path
) -> None:
    """Ctrl-C while images are being read: no traceback, one line, exit code 130."""
    listing = "".join(f"{path}\n" for path in _links(tmp_path, burst_paths[0], 4000))
    process = subprocess.Popen(
        [sys.executable, *_MODULE, "-n", "1", "--workers", "1"],
        env=python_env,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stderr
    process.stdin.write(listing)
    process.stdin.close()
    begun = ""
    while begun.count("\n") < 3:  # the progress bar moves, and thousands are still to be read
        begun += process.stderr.read(1) or pytest.fail(begun)
    process.send_signal(signal.SIGINT)
    err = begun + process.stderr.read()
    assert process.wait(timeout=PATIENCE) == 130
    assert err.splitlines()[-1].endswith("smartdownsample: interrupted")
    assert "Traceback" not in err


def test_folders_are_searched_recursively(tree: list[str], run) -> None:
    """All images below, whatever the case of their ending, and no other file."""
    os.rename(tree[0], "photos/cam 2/day/0.PnG")
    code, out, _ = run("photos", "-n", "99")
    assert code == 0
    assert set(out) == {"photos/cam 2/day/0.PnG", *tree[1:]}


def test_folders_are_walked_in_sorted_order(tree: list[str], run) -> None:
    """The order of the output does not depend on the file system."""
    folders = [f"many/{number:02}" for number in range(20)]
    for folder in reversed(folders):
        os.makedirs(folder)
        os.link(tree[0], f"{folder}/a.png")
    assert run("many", "-n", "99", "--quiet")[1] == [f"{folder}/a.png" for folder in folders]


@pytest.mark.parametrize("ending", [".pdf", ".palm"])
def test_folders_yield_only_what_pillow_reads(tree: list[str], run, ending: str) -> None:
    """Endings that Pillow only writes are not images to be found."""
    Path("photos/other").with_suffix(ending).write_bytes(b"%PDF-1.4")
    assert run("photos", "-n", "99")[0] == 0


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("photos/cam1/*.png", slice(6, 12), id="star"),
        pytest.param("photos/cam1/[0-2].png", slice(6, 9), id="class"),
        pytest.param("photos/**/*.png", slice(0, 12), id="double star"),
    ],
)
def test_quoted_globs_are_expanded(tree: list[str], run, pattern: str, expected: slice) -> None:
    """A pattern that the shell left alone stands for its files, folders not among them."""
    assert run(pattern, "-n", "99", "--quiet")[1] == tree[expected]


def test_options_may_stand_between_paths(tree: list[str], run) -> None:
    """A PATH after an option is a PATH like the others."""
    assert run(tree[0], "-n", "2", tree[6], "--quiet")[1] == [tree[0], tree[6]]


def test_a_file_whose_name_is_a_pattern_is_a_file(tree: list[str], run) -> None:
    """What exists is not a glob."""
    os.rename(tree[0], "photo[1].png")
    assert run("photo[1].png", "-n", "1", "--quiet")[1] == ["photo[1].png"]


def test_a_file_counts_once(tree: list[str], run, tmp_path: Path) -> None:
    """However often and however spelt a file is named, it stands as it was named first."""
    names = [tree[3], "photos", tree[4], str(tmp_path / tree[3])]
    code, out, _ = run(*names, "-n", "99", "--quiet")
    assert code == 0
    assert out[0] == tree[3]
    assert sorted(out) == tree


@pytest.mark.parametrize(
    ("argument", "where"),
    [
        ("empty", "at 'empty'; no file in or below that folder ends like an image, such as .jpg"),
        ("no.png", "at 'no.png'; there is no such file or folder"),
        ("no/*.png", "at 'no/*.png'; upper and lower case differ, as in .jpg and .JPG"),
        ("-", "on standard input; send one path a line, as find photos -name '*.jpg' does"),
    ],
)
def test_nothing_found_is_a_bad_argument(
    tree: list[str], run, monkeypatch: pytest.MonkeyPatch, argument: str, where: str
) -> None:
    """A folder, pattern or list without images is named; exit code 2."""
    os.mkdir("empty")
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    code, out, err = run("photos", argument, "-n", "3")
    assert (code, out) == (2, [])
    assert err == f"smartdownsample: error: no images found {where}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        # Older versions of Python also name the value.
        (
            ["photos", "--target-cuont", "3"],
            r"--target-cuont( 3)?; did you mean --target-count\? \(",
        ),
        (["split", "photos", "--shars=a=1"], r"--shars=a=1; did you mean --shares\? \(see "),
        (
            ["photos", "--fps", "1"],
            r"unrecognized arguments: --fps( 1)? \(see smartdownsample --help",
        ),
    ],
)
def test_a_misspelt_option_is_named_with_what_it_may_mean(
    run, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """In one line."""
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    err = capsys.readouterr().err
    assert (ended.value.code, err.count("\n")) == (2, 1)
    assert re.search(message, err)


def test_a_misspelt_command_is_no_folder(run) -> None:
    """``spilt`` is most likely ``split``."""
    code, out, err = run("spilt", "photos")
    assert (code, out) == (2, [])
    assert "no file and no command 'spilt'; did you mean 'split'?" in err


def test_help_is_short_and_names_options_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """On 80 columns of a screen; all the others are in ``--help-all``."""

    def printed(option: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main([option])
        assert ended.value.code == 0
        return capsys.readouterr().out

    short, full = printed("--help"), printed("--help-all")
    assert printed("-h") == short
    lines = short.splitlines()
    assert len(lines) <= 48
    assert max(map(len, lines)) <= 80
    options = set(re.findall(r"--[a-z-]+", short))
    assert {"--target-count", "--help-all"} < options
    assert {"--leave-out-quiet", "--activity", "--fixed-cameras", "--event-gap"} < options
    assert options <= set(re.findall(r"--[a-z-]+", _parser().format_help()))
    assert _parser().format_help() == full
    for command in _COMMANDS:
        assert re.search(rf"^  .*\b{command}\b", short, re.MULTILINE)
    for line in lines:
        if line.startswith("  smartdownsample "):
            arguments = shlex.split(line.partition("   ")[0].partition("  each")[0])[1:]
            _parser().parse_intermixed_args(arguments)
