"""What reading a file may cost, and what becomes of files that are no plain images."""

from __future__ import annotations

import json
import os
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from smartdownsample_core import extract, limits, load_rgb, sign_file
from smartdownsample_core.checks import shown_path
from smartdownsample_core.images import as_rgb
from smartdownsample_core.images._decode import Picture, open_picture
from smartdownsample_core.limits import read_file
from tests.core.bombs import BOMBS, MEGABYTES, SECONDS
from tests.core.corpus import encoded, iptc, scene, seeds
from tests.core.odd_files import EXPECTED, SIGNED

_WIDTH, _HEIGHT = 136, 130
_PIXELS = _WIDTH * _HEIGHT


@pytest.fixture(scope="module")
def odd(run_python, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of the odd files, and the folder they are in."""
    folder = tmp_path_factory.mktemp("odd")
    root = Path(__file__).parents[2]
    result = run_python("-W", "ignore", "-m", "tests.core.odd_files", str(folder), cwd=root)
    assert result.returncode == 0, result.stderr
    return {"folder": folder, **json.loads(result.stdout)}


@pytest.mark.parametrize("name", EXPECTED, ids=lambda name: ascii(name)[:40])
def test_odd_file_is_signed_or_refused(odd: dict[str, Any], name: str) -> None:
    """Its reason is the one to expect, and names the path."""
    outcome, expected = odd["outcomes"][name], EXPECTED[name]
    assert expected in outcome
    assert (outcome == SIGNED) == (expected == SIGNED)
    assert outcome == SIGNED or shown_path(str(odd["folder"] / name)) in outcome


def test_odd_files_leave_no_handle(odd: dict[str, Any]) -> None:
    """Every file is closed, whatever became of it."""
    assert odd["leaked_handles"] == 0


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "WEBP", "BMP"])
@pytest.mark.parametrize(
    ("limit", "becomes"),
    [
        pytest.param(_PIXELS // 2 - 1, "refused", id="above twice the limit"),
        pytest.param(_PIXELS // 2, "warned", id="twice the limit"),
        pytest.param(_PIXELS - 1, "warned", id="above the limit"),
        pytest.param(_PIXELS, "signed", id="the limit"),
        pytest.param(None, "signed", id="no limit"),
    ],
)
def test_limit_of_pixels_is_that_of_pillow(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    format_name: str,
    limit: int | None,
    becomes: str,
) -> None:
    """In every format, JPEG through simplejpeg among them, and in both ways of reading."""
    path = tmp_path / "image"
    path.write_bytes(encoded(scene(_WIDTH, _HEIGHT), format_name) or b"")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    for read in (sign_file, load_rgb):
        if becomes == "refused":
            with pytest.raises(OSError, match=rf"image \(Image size \({_PIXELS} pixels\) exceeds"):
                read(str(path))
        elif becomes == "warned":
            with pytest.warns(Image.DecompressionBombWarning):
                read(str(path))
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                read(str(path))


def test_warning_that_is_an_error_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who makes errors of Pillow's warnings gets them as errors of that file."""
    path = tmp_path / "image.png"
    scene(_WIDTH, _HEIGHT).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", _PIXELS - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(OSError, match=r"^Cannot read image file: .*image\.png \(Image size"):
            sign_file(str(path))


@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
@pytest.mark.parametrize(("times", "reduced"), [(16, True), (17, False)])
def test_very_long_images_are_not_reduced(
    tmp_path: Path, format_name: str, times: int, reduced: bool
) -> None:
    """The weights that reduced images need take memory by the long side, and are kept."""
    for size in ((192 * times, 192), (192, 192 * times)):
        path = tmp_path / f"{size[0]}"
        path.write_bytes(encoded(scene(*size), format_name) or b"")
        assert isinstance(open_picture(str(path)), Picture) == reduced
        assert sign_file(str(path))


@pytest.fixture(scope="module")
def bombs(run_python, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What became of the bombs, the seconds and the megabytes that each took."""
    folder = tmp_path_factory.mktemp("bombs")
    for name, (make, _) in BOMBS.items():
        (folder / name).write_bytes(make())
    root = Path(__file__).parents[2]
    result = run_python("-W", "ignore", "-m", "tests.core.bombs", str(folder), cwd=root)
    assert result.returncode == 0, result.stderr
    shutil.rmtree(folder)
    report: dict[str, list[Any]] = json.loads(result.stdout)
    return report


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_little(bombs: dict[str, list[Any]], name: str) -> None:
    """It is refused, or signed, before it has taken much memory or time."""
    outcome, seconds, megabytes = bombs[name]
    assert BOMBS[name][1] in outcome
    assert seconds < SECONDS
    assert megabytes < MEGABYTES


def test_metadata_does_not_matter(tmp_path: Path) -> None:
    """Files are decoded without it, to the same pixels."""
    for name, data in seeds().items():
        path = tmp_path / name
        path.write_bytes(data)
        with Image.open(path) as image:
            if image.format not in limits.FORMATS:
                continue
            try:
                image.load()
                expected = as_rgb(image)
            except OSError:  # which the oldest Pillow raises of some
                continue
        assert load_rgb(str(path)).tobytes() == expected.tobytes(), name


_GHOSTSCRIPT = """#!/bin/sh
touch {flag}
"""

_SIGN = """
import sys
from smartdownsample_core import extract, limits
limits.FORMATS |= set(sys.argv[2].split())
print(*extract(sys.argv[1:2], image_loading_errors="skip").unreadable.values())
"""


@pytest.mark.parametrize("allowed", [False, True], ids=["refused", "allowed"])
@pytest.mark.parametrize("name", ["plain.eps", "holiday.jpg"])
def test_no_program_is_started_unless_allowed(
    tmp_path: Path,
    run_python,
    python_env: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    allowed: bool,
) -> None:
    """Not by PostScript, nor by an IPTC container that holds some, whatever its name."""
    flag, program = tmp_path / "started", tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(_GHOSTSCRIPT.format(flag=flag))
    program.chmod(0o755)
    postscript = encoded(scene(), "EPS") or b""
    path = tmp_path / name
    path.write_bytes(postscript if name == "plain.eps" else iptc(postscript, compression=5))
    monkeypatch.setitem(python_env, "PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    formats = "EPS IPTC" if allowed else ""
    result = run_python("-c", _SIGN, str(path), formats)
    assert result.stdout.startswith(f"Cannot read image file: {path}"), result.stderr
    if not allowed or name == "plain.eps":  # old Pillow never opens what an IPTC file contains
        assert flag.exists() == allowed


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_more_formats_can_be_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    """By their names in Pillow, which the refusal gives, also for worker processes."""
    path = tmp_path / "image.ico"
    path.write_bytes(encoded(scene(), "ICO") or b"")
    options = {"workers": workers, "image_loading_errors": "skip"}
    (refused,) = extract([str(path)], **options).unreadable.values()
    assert "(ICO is not among the formats that are read: AVIF, BMP, GIF, JPEG" in str(refused)
    assert "allow it by smartdownsample_core.limits.FORMATS.add('ICO')" in str(refused)
    monkeypatch.setattr("smartdownsample_core.limits.FORMATS", {"ICO"})
    assert extract([str(path)], **options).readable.all()


def test_a_file_is_read_as_long_as_it_was(tmp_path: Path) -> None:
    """What has no size, as files of /proc, is not read at all."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_file(str(path)) == b"12345"
    if os.path.exists("/proc/self/status"):
        assert read_file("/proc/self/status") == b""
