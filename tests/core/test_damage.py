"""Damage that decoders know of: a fact of the image, named in a warning, and never preferred."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from smartdownsample_core import (
    Choice,
    Crop,
    downsample,
    extract,
    load_rgb,
    natural_order,
    sample_diverse,
    sign_file,
)
from smartdownsample_core.report import shortfalls
from smartdownsample_core.selection._strategies import STRATEGIES
from smartdownsample_core.signatures import Signatures
from tests.core.corpus import encoded

_END = b"\xff\xd9"
_DAMAGED = (2, 5)


def _photo(seed: int, size: tuple[int, int] = (400, 300)) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def _cut(data: bytes, n_bytes: int = 60) -> bytes:
    """A JPEG file that lacks its end, closed as if it were all."""
    return data[:-n_bytes] + _END


def _corrupt(data: bytes) -> bytes:
    place = len(data) - 400
    return data[:place] + bytes(range(64)) + data[place + 64 :]


def _with_extraneous_bytes(data: bytes) -> bytes:
    return data[:-2] + b"extraneous" + _END


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Eight photographs, two of them damaged."""
    paths = []
    for number in range(8):
        data = encoded(_photo(number), "JPEG") or b""
        paths.append(str(tmp_path / f"{number}.jpg"))
        Path(paths[-1]).write_bytes(_cut(data, len(data) // 2) if number in _DAMAGED else data)
    return paths


#: Of some bytes of a small file, no decoder knows that they are wrong.
_HARMS = [
    pytest.param(harm, size, id=f"{harm.__name__}-{size[0]}")
    for harm in (_cut, _corrupt, _with_extraneous_bytes)
    for size in ((100, 80), (400, 300))
    if not (harm is _corrupt and size[0] == 100)
]


@pytest.mark.parametrize(("harm", "size"), _HARMS)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True], ids=["sequential", "progressive"])
def test_damage_of_jpeg_files_is_known(
    tmp_path: Path, size: tuple[int, int], mode: str, progressive: bool, harm
) -> None:
    """Cut off, corrupt, or with more data than there should be; not of one that is whole."""
    path = tmp_path / "photo.jpg"
    data = encoded(_photo(1, size).convert(mode), "JPEG", progressive=progressive) or b""
    path.write_bytes(data)
    assert not sign_file(path).damaged
    path.write_bytes(harm(data))
    assert sign_file(path).damaged


def test_a_file_that_is_cut_off_is_damaged_if_the_caller_reads_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pillow's setting lets it be read; without, it is an unreadable file."""
    for format_name in ("PNG", "BMP", "JPEG"):
        path, whole = tmp_path / f"cut.{format_name}", tmp_path / f"whole.{format_name}"
        data = encoded(_photo(1), format_name) or b""
        whole.write_bytes(data)
        path.write_bytes(data[: len(data) * 2 // 3])
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)
        with pytest.raises(OSError, match="truncated"):
            sign_file(path)
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
        assert sign_file(path).damaged
        assert not sign_file(whole).damaged
        assert ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_damage_is_a_column(photos: list[str], workers: str) -> None:
    """Of files and of their crops, from all workers."""
    assert np.flatnonzero(extract(photos, workers=workers).damaged).tolist() == [*_DAMAGED]
    crops = [Crop(path, (0.1, 0.1, 0.5, 0.5)) for path in photos]
    assert np.flatnonzero(extract(crops, workers=workers).damaged).tolist() == [*_DAMAGED]


def test_damage_survives_a_database(photos: list[str]) -> None:
    """A flag that signatures of older versions need not have."""
    table = extract(photos)
    plain = table.to_plain()
    again = Signatures.blank(8, 8)
    assert plain["damaged"] == table.damaged.tolist()
    again.put_plain(list(range(8)), plain)
    assert again.damaged.tolist() == table.damaged.tolist()
    del plain["damaged"]
    assert len(Signatures.blank(8, 8).put_plain(list(range(8)), plain)) == 8


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("leave_out_junk", [False, True])
def test_damaged_images_come_last(photos: list[str], strategy: str, leave_out_junk: bool) -> None:
    """With every strategy; the count is exact, and the caller knows."""
    table, order = extract(photos), natural_order(photos)
    choice = Choice(strategy=strategy, leave_out_junk=leave_out_junk)
    selection = downsample(table, order, 6, choice=choice)
    assert not set(selection.indices.tolist()) & set(_DAMAGED)
    assert str(shortfalls(selection)[-1]).startswith("2 images are damaged")
    assert downsample(table, order, 7, choice=choice).n_damaged_kept == 1


def test_the_whole_one_stands_for_its_damaged_near_duplicate(tmp_path: Path) -> None:
    """Though it comes later in natural order."""
    data = encoded(_photo(1), "JPEG") or b""
    paths = [str(tmp_path / name) for name in ("1.jpg", "2.jpg")]
    Path(paths[0]).write_bytes(_with_extraneous_bytes(data))
    Path(paths[1]).write_bytes(data)
    table = extract(paths)
    selection = downsample(table, natural_order(paths), None, choice=Choice(near_duplicates=0))
    assert selection.indices.tolist() == [1]


def test_damaged_files_are_named(photos: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """In the warnings."""
    sample_diverse(photos, 3, show_summary=False)
    out = capsys.readouterr().err
    assert "Warning: 2 images are damaged (cut off or corrupt)" in out
    assert [line for line in out.splitlines() if "Damaged" in line] == [
        f"  Damaged: {photos[row]}" for row in _DAMAGED
    ]


def test_pixels_of_damaged_files_are_those_of_pillow(photos: list[str]) -> None:
    """They are read as before."""
    for path in photos:
        with Image.open(path) as image:
            assert load_rgb(path).tobytes() == image.convert("RGB").tobytes()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_damaged_images_come_last_from_shards(
    photos: list[str], tmp_path: Path, run, strategy: str
) -> None:
    """As in one run on all images."""
    shard = str(tmp_path / "photos.parquet")
    assert run("extract", str(tmp_path), "-o", shard, "-q")[0] == 0
    code, kept, errors = run("select", shard, "-n", "6", "--strategy", strategy, "-q")
    assert (code, len(kept)) == (0, 6)
    assert not {photos[row] for row in _DAMAGED} & set(kept)
    assert "Warning: 2 images are damaged" in errors
