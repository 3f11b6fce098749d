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
from numpy.typing import NDArray
from PIL import Image
from threadpoolctl import threadpool_limits

from demo.photos import load_photos, photo_paths
from smartdownsample_core import assign_buckets, load_rgb, sign, sign_file
from smartdownsample_core.extraction._extract import tabulate
from smartdownsample_core.images import _decode as images
from smartdownsample_core.images._decode import Picture, open_picture
from smartdownsample_core.settings import DECODES
from smartdownsample_core.signatures import _exact as settling
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


def test_exact_buckets_are_those_of_the_definition(resized: list[str]) -> None:
    """In every size and format, the bucket is the one of the full image."""
    full: dict[int, list[Signature]] = {4: [], 6: [], 8: [], 10: []}
    for path in resized:
        image = load_rgb(path)
        for hash_size, signatures in full.items():
            signatures.append(sign(image, hash_size))
    for hash_size, signatures in full.items():
        exact = [sign_file(path, hash_size) for path in resized]
        assert _buckets(exact) == _buckets(signatures), hash_size


def _at_threshold(image: Image.Image, quantity: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Returns pixels of which one quantity is within about a grey level of its threshold."""
    pixels, away = np.asarray(image, np.float32), rng.uniform(-1, 1)
    for _ in range(2):  # clipping moves it
        whole = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        means = sign(whole).mean_rgb
        grey = np.asarray(whole.convert("L").resize((9, 8), Image.Resampling.LANCZOS), np.float32)
        if quantity == "colour":
            colour = means - means.mean() + np.array([0.1, 0, -0.1])
            pixels = pixels + colour * ((10 + away / 2) / colour.std() - 1)
        elif quantity == "brightness":
            pixels = pixels + (128 + away / 2 - means.mean())
        elif quantity == "theme":
            pixels = pixels + (140 + away - means.max())
        else:
            step = grey[3, 4] - grey[3, 3] if quantity == "structure" else grey[0, 0] - grey.mean()
            center = (4.5 / 9, 3.5 / 8) if quantity == "structure" else (1 / 8, 1 / 8)
            y, x = np.mgrid[: image.height, : image.width]
            there = (x / image.width - center[0]) ** 2 + (y / image.height - center[1]) ** 2
            pixels = pixels + (2 * (away - step) * np.exp(-there / 0.01))[:, :, None]
    return pixels.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("quantity", ["colour", "brightness", "theme", "structure", "contrast"])
def test_exact_buckets_of_images_at_a_threshold(tmp_path: Path, quantity: str) -> None:
    """Images that ``"fast"`` gets wrong, some with noise or glare, which reduced pixels hide."""
    rng, full, exact, fast = np.random.default_rng(1), [], [], []
    path = tmp_path / "drawn.jpg"
    for number, photo in enumerate(load_photos() * 2):
        small = photo.resize(_SIZES[number % 4], Image.Resampling.BICUBIC)
        pixels = np.asarray(small) * (1, 1, 2.5)[number % 3]
        pixels = pixels + rng.normal(0, (0, 5, 25, 50)[number % 4], pixels.shape)
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        drawn = Image.fromarray(_at_threshold(image, quantity, rng))
        drawn.save(path, quality=(50, 75, 90)[number % 3], subsampling=(0, 2)[number % 2])
        full.append(sign(load_rgb(str(path))))
        exact.append(sign_file(path))
        fast.append(sign_file(path, decode="fast"))
    assert _buckets(exact) == _buckets(full)
    assert _buckets(fast) != _buckets(full)


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
            full = np.asarray(picture.full)[:, :, :3]
            assert np.array_equal(full, np.asarray(load_rgb(path)))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (17, 9), (191, 400), (3500, 200)])
def test_small_jpegs_have_the_pixels_of_pillow(
    tmp_path: Path, size: tuple[int, int], mode: str
) -> None:
    """Also where they are decoded without it."""
    path, photo = tmp_path / "small.jpg", load_photos()[0].resize(size).convert(mode)
    for number in range(6):
        photo.save(path, quality=60, progressive=number > 2, subsampling=number % 3)
        picture = open_picture(str(path))
        assert isinstance(picture, Image.Image)
        assert picture.mode == "RGB"
        assert np.array_equal(np.asarray(picture), np.asarray(load_rgb(str(path))))


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
    everything = (np.inf,) * 7
    monkeypatch.setattr(settling, "_LARGEST", everything)
    monkeypatch.setattr(settling, "_CLASSES", (settling._Class(1, np.inf, np.inf, everything),))
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
