"""Which files of folders, patterns and lists are images, and what is said of the others."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from smartdownsample_core.images import _names
from smartdownsample_core.images._find import find_images
from smartdownsample_core.images._folders import PassedOver
from smartdownsample_core.images._names import NOT_LISTED, SYSTEM


def _found(*arguments: str, text: str = "", **options: object) -> tuple[list[str], list[str]]:
    """Returns the files found, and the notes on what was passed over."""
    paths, _, passed_over = find_images(arguments, io.StringIO(text), **options)
    return paths, passed_over.notes()


@pytest.fixture
def pillow_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pillow as it is where no package has taught it more formats."""
    own = {name: way for name, way in Image.OPEN.items() if way[0].__module__.startswith("PIL.")}
    monkeypatch.setattr(Image, "OPEN", own)
    monkeypatch.setattr(_names, "find_spec", lambda name: None)
    _names.load_plugins.cache_clear()
    yield
    _names.load_plugins.cache_clear()


def _add(*paths: str) -> None:
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("photos/cam1/0.png", path)


@pytest.mark.parametrize(
    "name", ["._5.png", ".trashed-17-5.png", "Thumbs.db", ".DS_Store", "desktop.ini", "Icon\r"]
)
def test_system_files_are_passed_over(tree: list[str], name: str) -> None:
    """And counted; other files, such as photos/notes.txt, are a kind of their own."""
    _add(f"photos/cam1/{name}")
    paths, notes = _found("photos")
    assert paths == tree
    assert len(notes) == 1
    assert "1 system or hidden file: " in notes[0]
    assert "1 other file: photos/notes.txt" in notes[0]
    assert notes[0].endswith("; to read such files, use --include NAME")


@pytest.mark.parametrize(
    "folder",
    [
        "$RECYCLE.BIN/S-1",
        ".Trash-1000/files",
        "#recycle",
        "@eaDir/0.png",
        ".@__thumb",
        ".thumbnails",
        "__MACOSX",
        "System Volume Information",
        "Catalog Previews.lrdata",
    ],
)
def test_folders_of_programs_are_passed_over(tree: list[str], folder: str) -> None:
    """Bins, thumbnails and hidden folders; each of them can be taken, and named as PATH."""
    inside = f"photos/{folder}/copy.png"
    _add(inside)
    top = folder.split("/")[0]
    paths, notes = _found("photos")
    assert paths == tree
    assert f"1 bin, thumbnail or hidden folder: photos/{top}" in notes[0]
    assert set(_found("photos", include=[top])[0]) == {*tree, inside}
    assert _found(os.path.dirname(inside))[0] == [inside]
    assert set(_found("photos", inside)[0]) == {*tree, inside}


def test_a_class_called_trash_is_one(tree: list[str]) -> None:
    """Only names that no user gives are passed over."""
    _add("photos/trash/1.png", "photos/thumbs/1.png")
    assert {"photos/trash/1.png", "photos/thumbs/1.png"} < set(_found("photos")[0])


def test_names_can_be_excluded_and_included(tree: list[str]) -> None:
    """By patterns of a name or of the path below the folder, whatever their case."""
    assert _found("photos", exclude=["CAM1"])[0] == tree[:6]
    assert _found("photos", exclude=["cam1/[1-5].png", "day"])[0] == [tree[6]]
    paths, notes = _found("photos", include=["*.TXT"])
    assert set(paths) == {*tree, "photos/notes.txt"}
    assert notes == []


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (".HEIC", "2 HEIC files (pip install pillow-heif), such as photos/0.HEIC"),
        (".jxl", "2 JPEG XL files (pip install pillow-jxl-plugin), such as photos/0.jxl"),
        (".CR3", "2 raw photos (convert to JPEG or TIFF), such as photos/0.CR3"),
        (".dng", "2 raw photos (convert to JPEG or TIFF), such as photos/0.dng"),
        (".MP4", "2 videos (extract frames, as with ffmpeg), such as photos/0.MP4"),
    ],
)
def test_formats_that_are_not_read_are_named(
    pillow_alone, tree: list[str], run, ending: str, words: str
) -> None:
    """With what to do; also if nothing but warnings is to be said."""
    for number in range(2):
        Path(f"photos/{number}{ending}").write_bytes(b"\0\0\0\x18ftyp" + bytes(100))
    code, out, err = run("photos", "-n", "12", "-q")
    assert (code, out) == (0, tree)
    assert err == f"Warning: passed over {words}\n"
    assert "Passed over 1 other file: photos/notes.txt" in run("photos", "-n", "12")[2]


def test_a_folder_of_nothing_else_says_so(pillow_alone, tree: list[str], run) -> None:
    Path("phone").mkdir()
    Path("phone/1.heic").touch()
    code, _, err = run("phone", "-n", "1")
    assert code == 2
    assert "no images found at 'phone'; passed over 1 HEIC file (pip install pillow-heif)" in err


def test_a_video_that_is_named_is_refused_before_reading(tree: list[str], run) -> None:
    """In a word on videos; where errors are skipped, reading skips it."""
    Path("clip.MP4").write_bytes(bytes(100))
    code, _, err = run("gone.png", "clip.MP4", "-n", "1")
    assert code == 2
    assert "error: clip.MP4 is a video, and images are read: extract its frames" in err
    assert run(tree[0], "clip.MP4", "-n", "1", "-q", "--on-error", "skip")[0] == 0


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"\0\0\0\x18ftypheic", "it is a HEIC file: pip install pillow-heif"),
        (b"\0\0\0\x18ftypisom", "it is a video: extract frames, as with ffmpeg"),
        (b"RIFF\x10\0\0\0AVI LIST", "it is a video: extract"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "it is a JPEG XL file: pip install pillow-jxl-plugin"),
    ],
    ids=["heic", "mp4", "avi", "jxl"],
)
def test_a_file_of_another_kind_is_named_when_read(
    pillow_alone, tree: list[str], run, start: bytes, words: str
) -> None:
    """Whatever its name is."""
    command = ("a.jpg", "-n", "1", "-q", "--no-processes")
    Path("a.jpg").write_bytes(start + bytes(100))
    assert f"Cannot read image file: a.jpg ({words}" in run(*command)[2]


def test_patterns_are_what_a_shell_makes_of_them(tree: list[str]) -> None:
    """Folders are searched; videos and system files are passed over as in folders."""
    _add("photos/clip.mov", "photos/Thumbs.db")
    Path("photos/notes.txt").unlink()
    paths, notes = _found("photos/*")
    assert paths == tree
    assert "1 video" in notes[0]
    assert "1 system or hidden file" in notes[1]
    assert _found("photos/*.mov", tree[0], include=["*.mov"])[0] == ["photos/clip.mov", tree[0]]


def test_linked_folders_are_searched_once(tree: list[str]) -> None:
    """Without loops; by the name without a link where there is one."""
    os.symlink("cam1", "photos/a link")
    os.symlink("..", "photos/cam1/up")
    os.symlink("self", "photos/self")
    _add("archive/1.png")
    os.symlink("../archive", "photos/site 1")
    os.symlink("../archive", "photos/site 2")
    paths, notes = _found("photos")
    assert paths == sorted([*tree, "photos/site 1/1.png"])
    archive = os.path.realpath("archive")
    assert notes[1] == (
        f"Note: searched 1 linked folder, such as photos/site 1 -> {archive}; "
        "--exclude NAME leaves a folder out"
    )


def test_links_to_nothing_are_named(tree: list[str]) -> None:
    """Such as those to the folder of a disk that is not mounted."""
    os.symlink("/mnt/gone", "photos/site 3")
    paths, notes = _found("photos")
    assert paths == tree
    assert notes[0].startswith("Warning: passed over 1 broken link (mount or restore what ")


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Root may enter every folder."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_folders_that_cannot_be_listed(tree: list[str], tmp_path: Path) -> None:
    """Are an error; where errors are skipped, they are named and passed over."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    os.chmod("photos/cam1", 0)
    try:
        with _as_nobody():
            with pytest.raises(OSError, match=r"cannot list the folder photos/cam1 \(Permission d"):
                _found("photos")
            paths, notes = _found("photos", skip_errors=True)
            assert _found(tree[0], "photos/cam1", skip_errors=True)[0] == tree[:1]
            with pytest.raises(
                ValueError, match="no images found at 'photos/cam1'; passed over 1 "
            ):
                _found("photos/cam1", skip_errors=True)
    finally:
        os.chmod("photos/cam1", 0o755)
    assert paths == tree[:6]
    named = "1 folder that cannot be listed: photos/cam1 (Permission denied)"
    assert notes[0] == f"Warning: passed over {named}"


def test_many_are_named_up_to_a_number() -> None:
    passed = PassedOver()
    for number in range(1200):
        passed.add(NOT_LISTED, f"f{number}", "Permission denied")
        passed.add(SYSTEM, f"._{number}")
    warning, others = passed.notes()
    assert "1,200 folders that cannot be listed: f0 (Permission denied), f1" in warning
    assert warning.endswith(", 1,195 more")
    assert others == (
        "Passed over 1,200 system and hidden files, such as ._0; to read such files, use "
        "--include NAME"
    )


def test_a_second_name_of_a_file_is_noticed(tree: list[str], tmp_path: Path) -> None:
    """Relative and absolute, or through a linked folder."""
    os.symlink("photos", "link")
    names = [tree[0], str(tmp_path / tree[0]), tree[0], tree[0].replace("photos", "link")]
    paths, notes = _found("-", text="\n".join(names))
    assert paths == tree[:1]
    assert notes == [f"Warning: passed over 2 second names of files, such as {tmp_path / tree[0]}"]


def test_names_may_be_separated_by_null_characters(tree: list[str], run_python) -> None:
    """As ``find -print0`` does; with line breaks in names."""
    odd = "photos/cam1/a\nb\r.png"
    os.rename(tree[6], odd)
    text = f"{odd}\0{tree[0]}\0"
    for option in ([], ["-0"], ["--null"]):
        result = run_python(
            "-m", "smartdownsample_core", "-n2", "-q", "-ok.csv", *option, input=text
        )
        assert (result.returncode, result.stderr) == (0, "")
        Path("k.csv").unlink()
    assert _found("-", text=text, null=True)[0] == [odd, tree[0]]


def test_a_name_may_end_in_a_carriage_return(tree: list[str]) -> None:
    os.rename(tree[6], "a.png\r")
    assert _found("-", text=f"a.png\r\n{tree[0]}\r\n")[0] == ["a.png\r", tree[0]]


@pytest.mark.parametrize("option", [[], ["--null"]])
def test_an_image_on_standard_input_is_not_printed(
    formats: dict[str, str], run_python, option: list[str]
) -> None:
    with open(formats["jpeg_baseline"], encoding="utf-8", errors="surrogateescape") as stream:
        result = run_python(
            "-m", "smartdownsample_core", "-n1", *option, stdin=stream, encoding=None
        )
    assert result.returncode == 2
    assert "standard input holds binary data" in result.stderr
    assert len(result.stderr) < 300


def test_a_list_may_be_utf_16(tree: list[str], run_python) -> None:
    """As PowerShell writes it."""
    Path("list.txt").write_text("\r\n".join(tree[:3]), encoding="utf-16")
    with open("list.txt") as stream:
        result = run_python("-m", "smartdownsample_core", "-n", "3", "-q", stdin=stream)
    assert result.stdout.splitlines() == tree[:3]
