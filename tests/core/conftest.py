"""Fixtures of the core tests: camera bursts, one image per format, broken files, tables."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from demo.bursts import make_bursts
from demo.photos import load_photos
from smartdownsample_core.cli._main import main
from smartdownsample_core.images import _formats
from smartdownsample_core.signatures import Signatures, pack
from tests.core.corpus import png
from tests.patience import PATIENCE

_ROOT = Path(__file__).parents[2]

RunPython = Callable[..., "subprocess.CompletedProcess[str]"]
TableOf = Callable[..., Signatures]


@pytest.fixture(scope="session", autouse=True)
def without_plugins() -> Iterator[None]:
    """No package for HEIC, AVIF and JPEG XL, whatever is installed; their tests are processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_formats, "load_plugins", lambda: None)
        yield


@pytest.fixture(scope="session")
def burst_paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """60 JPEG files of several cameras and days, by day and by night."""
    frames = make_bursts(load_photos(), tmp_path_factory.mktemp("bursts"), 60, seed=3)
    return [str(frame.path) for frame in frames]


@pytest.fixture(scope="session")
def same() -> Callable[[Signatures, Signatures], bool]:
    """``same(table, table)``: whether they are equal in every bit."""

    def equal(one: Signatures, other: Signatures) -> bool:
        columns = Signatures.columns()
        pairs = [(getattr(one, name), getattr(other, name)) for name in columns]
        return all(
            a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes()
            for a, b in pairs
        )

    return equal


@pytest.fixture(scope="session")
def run_python(python_env: dict[str, str]) -> RunPython:
    """``run_python(*arguments, cwd=..., input=...)``: runs this interpreter in a subprocess."""

    def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env=python_env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            **options,
        )

    return run


def _scene() -> Image.Image:
    """A colourful, noisy 96x72 RGB image of integers only."""
    y, x = np.mgrid[:72, :96]
    texture = (x * x * 7 + y * 13 + x * y) % 61
    channels = [90 + x + texture, 40 + 2 * y + texture // 2, 200 - x - y // 2 + texture // 3]
    return Image.fromarray(np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.uint8))


def _with_alpha(image: Image.Image) -> Image.Image:
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def _sixteen_bit(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


def _save(suffix: str, image: Image.Image, **options: object) -> Callable[[Path], Path]:
    def save(stem: Path) -> Path:
        path = stem.with_suffix(suffix)
        image.save(path, **options)
        return path

    return save


_RGB = _scene()
_GREY = _RGB.convert("L")
_PALETTE = _RGB.quantize(64)
_SAVERS = {
    "jpeg_baseline": _save(".jpg", _RGB, quality=85),
    "jpeg_progressive": _save(".jpg", _RGB, quality=85, progressive=True),
    "jpeg_cmyk": _save(".jpg", _RGB.convert("CMYK"), quality=85),
    "jpeg_grey": _save(".jpeg", _GREY, quality=85),
    "png_8_bit": _save(".png", _RGB),
    "png_16_bit": _save(".png", _sixteen_bit(_RGB)),
    "png_grey": _save(".png", _GREY),
    "png_palette": _save(".png", _PALETTE),
    "png_palette_transparent": _save(".png", _PALETTE, transparency=5),
    "png_rgba": _save(".png", _with_alpha(_RGB.copy())),
    "png_la": _save(".png", _with_alpha(_GREY.copy())),
    "png_1_bit": _save(".png", _RGB.convert("1")),
    "webp": _save(".webp", _RGB, quality=80),
    "webp_alpha": _save(".webp", _with_alpha(_RGB.copy()), lossless=True),
    "tiff": _save(".tif", _RGB),
    "tiff_lzw": _save(".tiff", _RGB, compression="tiff_lzw"),
    "bmp": _save(".bmp", _RGB),
    "gif": _save(".gif", _PALETTE),
    "gif_animated": _save(
        ".gif", _PALETTE, save_all=True, append_images=[_PALETTE.rotate(180), _PALETTE.rotate(90)]
    ),
}


@pytest.fixture(scope="session")
def formats(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One picture in every format: name of the format to path."""
    folder = tmp_path_factory.mktemp("formats")
    return {name: str(save(folder / name)) for name, save in _SAVERS.items()}


@pytest.fixture(params=list(_SAVERS))
def format_name(request: pytest.FixtureRequest) -> str:
    """Each name of ``formats`` in turn."""
    return str(request.param)


def _truncated(path: Path) -> None:
    _RGB.save(path, "JPEG")
    path.write_bytes(path.read_bytes()[:1000])


def _damaged_avif(path: Path) -> None:
    _RGB.save(path, "AVIF")
    data = path.read_bytes()
    start = data.index(b"mdat") + 4
    path.write_bytes(data[:start] + bytes(len(data) - start))


_BREAKERS: dict[str, tuple[Callable[[Path], object], type[OSError], str]] = {
    "missing": (lambda path: None, FileNotFoundError, "File not found: "),
    "empty": (Path.touch, OSError, "Cannot read image file: "),
    "not_an_image": (lambda path: path.write_text("hello"), OSError, "Cannot read image file: "),
    "truncated": (_truncated, OSError, "Cannot read image file: "),
    "directory": (Path.mkdir, OSError, "Cannot read image file: "),
    "bomb": (
        lambda path: path.write_bytes(png(30_000, 30_000, zlib.compress(b"\0"))),
        OSError,
        "Cannot read image file: ",
    ),
    "corrupt_png": (
        lambda path: path.write_bytes(png(8, 8, b"not a zlib stream")),
        OSError,
        "Cannot read image file: ",
    ),
    "unknown_dds": (
        lambda path: path.write_bytes(b"DDS " + struct.pack("<I", 124) + bytes(120)),
        OSError,
        "Cannot read image file: ",
    ),
}
if features.check("avif"):  # Pillow below 11.3 does not know it
    _BREAKERS["damaged_avif"] = (_damaged_avif, OSError, "Cannot read image file: ")


@pytest.fixture(params=list(_BREAKERS))
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, type[OSError], str]:
    """Each kind of unreadable file in turn: its path, the error to expect and its wording."""
    break_it, error, words = _BREAKERS[request.param]
    path = tmp_path / f"{request.param}.jpg"
    break_it(path)
    return str(path), error, f"{words}{path}"


def _mean_rgb(bucket_id: int) -> tuple[float, float, float]:
    """A mean colour that has the colour, bright and theme bits of a bucket."""
    colourful, bright, theme = bucket_id & 8, bucket_id & 4, bucket_id & 3
    if not colourful:
        return (200.0, 200.0, 200.0) if bright else (50.0, 50.0, 50.0)
    if theme == 3:
        return (200.0, 200.0, 20.0) if bright else (100.0, 50.0, 20.0)
    level = [120.0] * 3 if bright else [50.0] * 3
    level[theme] = 250.0 if bright else 150.0
    return (level[0], level[1], level[2])


@pytest.fixture(scope="session")
def table_of() -> TableOf:
    """``table_of(bucket_ids, hash_size=8)``: a table of images of just these buckets.

    An id of -1 stands for an image that could not be read. Only the 80 ids that can occur work.
    """

    def table(bucket_ids: Sequence[int], hash_size: int = 8) -> Signatures:
        signatures = Signatures.blank(len(bucket_ids), hash_size)
        structure = [27, 36] if hash_size >= 8 else [5, 10]
        for row, bucket_id in enumerate(bucket_ids):
            if bucket_id < 0:
                signatures.unreadable[row] = FileNotFoundError(f"File not found: {row}.jpg")
                continue
            bits = np.zeros(hash_size**2, bool)
            bits[structure] = bucket_id & 64, bucket_id & 32
            corner = np.zeros((hash_size // 2) ** 2, bool)
            corner[0] = bucket_id & 16
            signatures.dhash[row], signatures.ahash[row] = pack(bits), pack(corner)
            signatures.mean_rgb[row] = _mean_rgb(bucket_id)
        return signatures

    return table


@pytest.fixture(scope="session")
def possible_ids() -> list[int]:
    """The 80 bucket ids that can occur: a grey image has no theme."""
    return [bucket_id for bucket_id in range(128) if bucket_id & 8 or not bucket_id & 3]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """12 images in the current directory, in photos/cam1 and photos/cam 2/day; sorted by name.

    Beside them ``gone.png``, which points to nothing.
    """
    monkeypatch.chdir(tmp_path)
    paths = [f"photos/{folder}/{n}.png" for folder in ("cam 2/day", "cam1") for n in range(6)]
    for number, path in enumerate(paths):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 12), (20 * number, 255 - 20 * number, 90)).save(path)
    Path("photos/notes.txt").write_text("not an image")
    Path("gone.png").symlink_to("nothing")
    return paths


def _by_threads(arguments: Sequence[str]) -> list[str]:
    """Returns arguments with which images are read by threads, unless these say otherwise."""
    says = any(re.match("--$|--(no-)?processes|--scheduler", argument) for argument in arguments)
    if says or arguments[:1] in (("select",), ("verify",)):
        return [*arguments]
    return [*arguments, "--no-processes"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str], str]]:
    """``run(*arguments)``: exit code, lines of standard output, and standard error.

    A process takes a second to start, which says nothing of what its caller tests; those that
    :func:`run_python` runs, and tests of processes, have them.
    """

    def call(*arguments: str) -> tuple[int, list[str], str]:
        code = main(_by_threads(arguments))
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    return call
