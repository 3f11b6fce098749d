"""Path to RGB pixels, and every way in which a file can be unreadable."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smartdownsample_core import Crop, downsample, extract, load_rgb, natural_order, sign, sign_file
from smartdownsample_core.images import as_rgb
from smartdownsample_core.report._thumbnails import save_thumbnails
from tests.cluster import Cluster
from tests.core.fatal import raiser

_ORIENTATION = 0x0112

# As root no file is unreadable, so the check becomes the user nobody, once all is imported.
_READ_AS_NOBODY = """
import os, sys
from smartdownsample_core import extract, load_rgb
os.chdir(sys.argv[1])
load_rgb("open.png")
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
load_rgb("open.png")
try:
    load_rgb("locked.png")
except PermissionError as error:
    print(error)
print(extract(["locked.png", "open.png"], image_loading_errors="skip").unreadable)
extract(["open.png", "locked.png"])
"""


def test_every_format_loads_as_rgb(formats: dict[str, str], format_name: str) -> None:
    """Whatever the file holds, 8-bit RGB pixels of its size come out, and the picture is known."""
    image = load_rgb(formats[format_name])
    assert (image.mode, image.size) == ("RGB", (96, 72))
    blurred, expected = (
        np.asarray(each.convert("L").reduce(8), dtype=int)
        for each in (image, load_rgb(formats["png_8_bit"]))
    )
    assert np.abs(blurred - expected).mean() < 8


@pytest.mark.parametrize(
    ("factor", "kind"),
    [
        pytest.param(257, np.uint16, id="16 bits"),
        pytest.param(4095 / 255, np.uint16, id="12 bits in 16"),
        pytest.param(1023 / 255, np.int32, id="10 bits in 32"),
        pytest.param(1 / 255, np.float32, id="floats up to 1"),
        pytest.param(1, np.float32, id="floats up to 255"),
    ],
)
def test_a_picture_is_the_same_at_every_depth(
    formats: dict[str, str], tmp_path: Path, factor: float, kind: type
) -> None:
    """One that uses all of its levels comes out as its 8-bit version."""
    levels = np.asarray(load_rgb(formats["png_8_bit"]).convert("L")).astype(float)
    levels = (levels - levels.min()) * 255 / np.ptp(levels)
    path = tmp_path / "deep.tif"
    Image.fromarray((np.rint(levels) * factor).astype(kind)).save(path)
    got = np.asarray(load_rgb(str(path))).astype(int)
    assert np.abs(got[..., 0] - np.rint(levels)).max() <= 1
    assert (got == got[..., :1]).all()
    assert sign_file(path).mean_rgb.tolist() == sign(Image.open(path)).mean_rgb.tolist()


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_a_thermal_image_is_not_flat(tmp_path: Path, extension: str) -> None:
    """Levels that span little of 16 bits are stretched; a hot pixel does not matter."""
    levels = np.tile(np.arange(28_000, 28_400, dtype=np.uint16), (300, 1))
    levels[0, 0], levels[9, 9] = 65_535, 0
    path = tmp_path / f"thermal.{extension}"
    Image.fromarray(levels).save(path)
    row = np.asarray(load_rgb(str(path)))[150, :, 0].astype(int)
    assert (row[0], row[-1]) == (0, 255)
    assert (np.diff(row) >= 0).all()


@pytest.mark.parametrize("level", [0, 1, 300, 40_000, np.nan, np.inf, -3.5])
def test_a_flat_deep_image_has_one_colour(level: float) -> None:
    """Whatever its level."""
    image = Image.fromarray(np.full((8, 8), level, np.float32))
    assert len(as_rgb(image).getcolors()) == 1


def test_file_is_closed(formats: dict[str, str], format_name: str, tmp_path: Path) -> None:
    """The pixels are there when the file is gone, and no handle on it is left."""
    path = tmp_path / Path(formats[format_name]).name
    path.write_bytes(Path(formats[format_name]).read_bytes())
    image = load_rgb(str(path))
    path.unlink()
    assert getattr(image, "fp", None) is None
    assert np.asarray(image).shape == (72, 96, 3)


def test_first_frame_stands_for_an_animation(formats: dict[str, str]) -> None:
    """An animated GIF reads as its first frame."""
    still, animated = (np.asarray(load_rgb(formats[name])) for name in ("gif", "gif_animated"))
    assert Image.open(formats["gif_animated"]).n_frames == 3
    assert (still == animated).all()


def test_transparency_is_dropped_not_blended(tmp_path: Path) -> None:
    """The colour below a fully transparent pixel counts."""
    path = tmp_path / "clear.png"
    Image.new("RGBA", (4, 4), (200, 30, 60, 0)).save(path)
    assert load_rgb(str(path)).getpixel((1, 1)) == (200, 30, 60)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_exif_orientation_is_ignored(
    formats: dict[str, str], tmp_path: Path, orientation: int
) -> None:
    """A tag that says "rotated" changes neither size nor pixels."""
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    plain, tagged = tmp_path / "plain.jpg", tmp_path / "tagged.jpg"
    image = Image.open(formats["png_8_bit"])
    image.save(plain)
    image.save(tagged, exif=exif)
    assert Image.open(tagged).getexif()[_ORIENTATION] == orientation
    assert (np.asarray(load_rgb(str(tagged))) == np.asarray(load_rgb(str(plain)))).all()


@pytest.mark.parametrize("workers", ["threads", "processes", "dask"])
@pytest.mark.usefixtures("fatal_format")
def test_whatever_is_raised_is_the_error_of_one_image(
    burst_paths: list[str], tmp_path: Path, cluster: Cluster, workers: str
) -> None:
    """An exception that no list of known ones holds, in each kind of worker, also of a crop."""
    bad = str(raiser(tmp_path / "bad.jpg"))
    items = [burst_paths[0], bad, Crop(bad, (0, 0, 1, 1)), Crop(burst_paths[1], (0, 0, 1, 1))]
    scheduler = cluster.address if workers == "dask" else None
    table = extract(items, workers=workers, scheduler=scheduler, image_loading_errors="skip")
    words = f"Cannot read image file: {bad} (StrangeError: out of cheese)"
    assert {row: str(error) for row, error in table.unreadable.items()} == {1: words, 2: words}
    assert table.readable.tolist() == [True, False, False, True]


@pytest.mark.usefixtures("fatal_format")
def test_an_interrupt_is_no_error_of_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a file is decoded ends the run, also when errors are skipped."""
    bad = str(raiser(tmp_path / "bad.jpg"))
    monkeypatch.setattr("tests.core.fatal.StrangeError", KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        extract([bad], image_loading_errors="skip")


@pytest.mark.usefixtures("fatal_format")
def test_an_image_that_cannot_be_drawn_is_a_gap(burst_paths: list[str], tmp_path: Path) -> None:
    """Whatever becomes of a file after it was signed, the grid of thumbnails is saved."""
    paths = [str(tmp_path / "copy.jpg"), *burst_paths[1:4]]
    Path(paths[0]).write_bytes(Path(burst_paths[0]).read_bytes())
    selection = downsample(extract(paths), natural_order(paths), 2)
    raiser(Path(paths[0]))
    save_thumbnails(selection, paths, tmp_path / "grid.png")
    assert Image.open(tmp_path / "grid.png").size[0] >= 480


def test_unreadable_file_is_a_named_error(broken: tuple[str, type[OSError], str]) -> None:
    """Each kind raises exactly its error, begins with the contract's words and names its cause."""
    path, expected, words = broken
    with pytest.raises(OSError, match=re.escape(words)) as caught:
        load_rgb(path)
    assert type(caught.value) is expected
    assert caught.value.__cause__ is not None
    if expected is OSError:
        reason = str(caught.value).removeprefix(f"{words} (")
        assert reason.removesuffix(")") not in ("", str(caught.value))
    else:
        assert str(caught.value) == words


def test_file_without_permission_is_a_named_error(tmp_path: Path, run_python) -> None:
    """A file that the user may not read is told apart from one that is damaged."""
    for name in ("open.png", "locked.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "locked.png").chmod(0)
    tmp_path.chmod(0o755)
    result = run_python("-c", _READ_AS_NOBODY, str(tmp_path))
    assert result.stdout.splitlines() == [
        "Permission denied: locked.png",
        "{0: PermissionError('Permission denied: locked.png')}",
    ]
    assert result.stderr.splitlines()[-1] == (
        "PermissionError: Permission denied: locked.png. "
        "Use image_loading_errors='skip' to continue with the remaining images"
    )
