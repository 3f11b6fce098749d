"""Reduced decoding: it must agree with the definition where that decides, and nearly elsewhere."""

from __future__ import annotations

import builtins
import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from threadpoolctl import threadpool_limits

from demo.photos import load_photos, photo_paths
from smartdownsample_core import assign_buckets, load_rgb, sign, sign_file
from smartdownsample_core.extraction._extract import tabulate
from smartdownsample_core.images import _decode as images
from smartdownsample_core.images._decode import Picture, open_picture
from smartdownsample_core.settings import DECODES
from smartdownsample_core.signatures import _reduced as reduced
from smartdownsample_core.signatures._definition import Signature
from smartdownsample_core.signatures._reduced import lanczos_weights
from smartdownsample_core.signatures._sign_files import sign_items

_SIZES = [(256, 256), (500, 375), (375, 500), (640, 427), (1081, 1919), (203, 211)]


def _buckets(signatures: list[Signature]) -> list[int]:
    return assign_buckets(tabulate(signatures, len(signatures[0].dhash))).tolist()


@pytest.fixture(scope="module")
def resized(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every demo photograph in six sizes, as JPEG of several qualities and samplings, and PNG."""
    folder = tmp_path_factory.mktemp("resized")
    paths = []
    for number, photo in enumerate(load_photos()):
        for place, size in enumerate(_SIZES):
            image = photo.resize(size, Image.Resampling.BICUBIC)
            stem = folder / f"{number}_{place}"
            quality, sampling = 35 + (number * 7 + place * 23) % 60, (number + place) % 3
            image.save(stem.with_suffix(".jpg"), quality=quality, subsampling=sampling)
            paths.append(str(stem.with_suffix(".jpg")))
        image.save(stem.with_suffix(".png"))
        paths.append(str(stem.with_suffix(".png")))
    return [*paths, *map(str, photo_paths())]


@given(
    size=st.integers(1, 300),
    n_out=st.sampled_from([4, 8, 9, 32]),
    missing=st.floats(0, 0.9),
    seed=st.integers(0, 2**32),
)
def test_weights_are_those_of_pillow(size: int, n_out: int, missing: float, seed: int) -> None:
    """A row of pixels becomes what Pillow's Lanczos makes of it, also of a part of its last one."""
    extent = size - missing if size > 1 else float(size)
    row = np.random.default_rng(seed).integers(0, 256, (1, size), dtype=np.uint8)
    box = (0, 0, extent, 1)
    theirs = Image.fromarray(row).resize((n_out, 1), Image.Resampling.LANCZOS, box=box)
    weights = lanczos_weights(size, extent, n_out)
    ours = np.clip(weights @ row[0], 0, 255)
    assert (weights.sum(axis=1) == 1).all()
    assert (weights * 2**13 == np.rint(weights * 2**13)).all()
    assert np.abs(ours - np.asarray(theirs)[0]).max() <= 0.75


def test_most_images_are_reduced(resized: list[str]) -> None:
    """The comparisons below are about something: all but the smallest are decoded reduced."""
    pictures = [open_picture(path) for path in resized]
    reduced = [picture for picture in pictures if isinstance(picture, Picture)]
    assert len(reduced) == len(pictures)
    assert all(64 <= min(picture.reduced.pixels.shape[:2]) < 384 for picture in reduced)


@pytest.mark.parametrize("hash_size", [4, 6, 8, 10])
def test_exact_buckets_are_those_of_the_definition(resized: list[str], hash_size: int) -> None:
    """In every size and format, the bucket is the one of the full image."""
    exact = [sign_file(path, hash_size) for path in resized]
    full = [sign(load_rgb(path), hash_size) for path in resized]
    assert _buckets(exact) == _buckets(full)


def test_fast_signatures_are_close(resized: list[str]) -> None:
    """Few of the bits and little of the means differ."""
    fast = [sign_file(path, decode="fast") for path in resized]
    full = [sign(load_rgb(path)) for path in resized]
    bits = np.mean([ours.dhash != theirs.dhash for ours, theirs in zip(fast, full, strict=True)])
    levels = np.abs([o.mean_rgb - t.mean_rgb for o, t in zip(fast, full, strict=True)])
    assert bits < 0.02
    assert levels.max() < 4
    assert np.median(levels) < 0.2


def test_exact_differs_from_fast_in_what_decides_only(resized: list[str]) -> None:
    """The other dHash bits are those of the reduced image either way."""
    others = np.ones((8, 8), bool)
    others.flat[[27, 36]] = False
    for path in resized:
        exact, fast = sign_file(path), sign_file(path, decode="fast")
        assert (exact.dhash == fast.dhash)[others].all()


def test_reduced_jpeg_is_what_pillow_drafts(resized: list[str]) -> None:
    """Both decode with libjpeg-turbo, to the same pixels."""
    for path in resized:
        if path.endswith(".jpg"):
            picture = open_picture(path)
            with Image.open(path) as image:
                image.draft("RGB", (64, 64))
                assert np.array_equal(picture.reduced.pixels, np.asarray(image.convert("RGB")))
            assert np.array_equal(np.asarray(picture.full), np.asarray(load_rgb(path)))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_signatures_do_not_depend_on_the_threads_of_blas(resized: list[str], threads: int) -> None:
    """In every bit: all sums are exact, so their order is of no account."""
    with threadpool_limits(1, user_api="blas"):
        expected = [sign_file(path, decode="fast").mean_rgb.tolist() for path in resized[::5]]
    with threadpool_limits(threads, user_api="blas"):
        assert [sign_file(p, decode="fast").mean_rgb.tolist() for p in resized[::5]] == expected


def test_files_signed_together_are_signed_as_alone(resized: list[str], tmp_path: Path) -> None:
    """In every bit, in whatever order and among files that cannot be read."""
    paths = [*resized[::3], str(tmp_path / "gone.jpg"), *resized[::-2]]
    for decode in DECODES:
        for path, signed in zip(paths, sign_items(paths, 8, decode), strict=True):
            if isinstance(signed, OSError):
                assert path == str(tmp_path / "gone.jpg")
                continue
            alone = sign_file(path, decode=decode)
            assert all(map(np.array_equal, signed, alone))


def test_one_that_cannot_be_decoded_in_full_costs_no_other(
    resized: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noticed only when the others have been opened, too."""
    paths = [path for path in resized if path.endswith(".jpg")][::6][:5]
    decode, bad = images._decode_jpeg, Path(paths[2]).read_bytes()

    def fail(data: bytes) -> Image.Image:
        if data == bad:
            raise MemoryError
        return decode(data)

    monkeypatch.setattr(images, "_decode_jpeg", fail)
    monkeypatch.setattr(reduced, "_DHASH_MARGIN", 999)  # all are in doubt
    signed = sign_items(paths, 8, "exact")
    assert [isinstance(one, OSError) for one in signed] == [False, False, True, False, False]
    assert str(signed[2]) == f"Cannot read image file: {paths[2]} (MemoryError)"


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_jpeg_modes(tmp_path: Path, mode: str) -> None:
    """Grey and CMYK files are as good as others."""
    paths = []
    for number, photo in enumerate(load_photos()):
        paths.append(str(tmp_path / f"{number}.jpg"))
        photo.resize((400, 300)).convert(mode).save(paths[-1])
    full = [sign(load_rgb(path)) for path in paths]
    assert _buckets([sign_file(path) for path in paths]) == _buckets(full)


def test_slightly_damaged_jpeg_is_read_as_pillow_reads_it(tmp_path: Path) -> None:
    """Stray bytes between markers, which Pillow forgives, do not make a file unreadable."""
    buffer = io.BytesIO()
    load_photos()[0].resize((400, 300)).save(buffer, "JPEG")
    data = buffer.getvalue()
    scan = data.index(b"\xff\xda")
    path = tmp_path / "stray.jpg"
    path.write_bytes(data[:scan] + b"\x00\x00" + data[scan:])
    assert _buckets([sign_file(str(path))]) == _buckets([sign(load_rgb(str(path)))])


def test_a_file_is_opened_once(resized: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the full image has to be decoded after the reduced one."""
    opened = []

    def counting(real):
        def count(file, *arguments, **options):
            opened.append(file)
            return real(file, *arguments, **options)

        return count

    for module in (builtins, os):
        monkeypatch.setattr(module, "open", counting(module.open))
    for path in resized:
        sign_file(path)
    assert opened == resized
