"""Places to write to: refused before any work is done, and never left half written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smartdownsample_core import sample_diverse
from smartdownsample_core.new_files import make_folder, new_file, new_pngs, writing
from smartdownsample_core.partial_files import complete_text


@pytest.mark.parametrize("name", ["x" * 300 + ".png", "a\0b.png"], ids=["long", "null character"])
def test_names_that_no_file_can_have_are_refused(tmp_path: Path, name: str) -> None:
    """Before any work is done, and without making a folder."""
    with pytest.raises(
        ValueError, match=r"^save_thumbnails: no file can be named .*choose another"
    ):
        sample_diverse(["gone.jpg"], 1, save_thumbnails=str(tmp_path / "new" / name))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match=r"^--output: no file can be named"):
        new_file("--output", tmp_path / name)


def test_one_file_by_two_spellings_is_one(tmp_path: Path) -> None:
    """Neither dots nor links make another file of it."""
    (tmp_path / "link").symlink_to(tmp_path)
    for other in (tmp_path / ".." / tmp_path.name, tmp_path / "link"):
        with pytest.raises(ValueError, match=r"^one and two are the same file: .*; give them two$"):
            new_pngs({"one": tmp_path / "y.png", "two": other / "y.png"})


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    """Also where the rights look as if it could: /proc takes no files, not even of root."""
    with pytest.raises(
        OSError, match=r"^--output: cannot write to the folder /proc \(.*\); choose"
    ):
        make_folder("--output", Path("/proc"))
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"^--output: cannot make the folder .* \(Not a directory\)"):
        make_folder("--output", tmp_path / "file" / "below")
    make_folder("--output", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    """With the reason; a reader that has gone is no failure to write."""
    place = tmp_path / "gone" / "list.txt"
    message = f"--output: cannot write {place} (No such file or directory); choose another place"
    with pytest.raises(OSError, match=f"^{re.escape(message)}$"), writing("--output", place):
        place.write_text("")
    with pytest.raises(BrokenPipeError), writing("standard output", "the list"):
        raise BrokenPipeError


def test_what_is_half_written_is_gone(tmp_path: Path) -> None:
    """It would be in the way of the next try; what was there before stays."""
    place = tmp_path / "list.txt"
    with pytest.raises(TypeError), complete_text("--output", place) as stream:
        stream.writelines(["half", None])
    assert not place.exists()
    with complete_text("--output", place) as stream:
        stream.write("whole")
        assert not place.exists()
    with pytest.raises(FileExistsError), complete_text("--output", place) as stream:
        stream.write("another")
    assert place.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [place]


def test_a_full_disk_leaves_no_half_of_a_file(burst_paths, run_python, tmp_path: Path) -> None:
    """Neither of a list, nor of copies, nor of charts: the limit of a process stands for a disk."""
    script = (
        "import resource, signal, sys\n"
        "from smartdownsample_core.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    options = {
        "--output": "list.csv", "--copy-to": ".", "--distribution": "chart.png",
        "--thumbnails": "grid.png",
    }  # fmt: skip
    for option, name in options.items():
        folder = tmp_path / option
        folder.mkdir()
        arguments = [option, str(folder / name), "-n", "30", "-q", "--no-processes", *burst_paths]
        result = run_python("-c", script, *arguments, cwd=tmp_path)
        assert result.returncode == 1, result.stderr
        assert "File too large" in result.stderr
        assert [path for path in folder.rglob("*") if path.is_file()] == []
