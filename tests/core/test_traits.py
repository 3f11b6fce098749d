"""What gives a useless frame away, and does not accuse a photograph."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from demo.photos import load_photos
from smartdownsample_core import extract, sign
from smartdownsample_core.signatures._quality import Traits, bright, dark, is_junk, sharpness


def _traits(thumbnails: np.ndarray) -> Traits:
    return Traits(sharpness(thumbnails), dark(thumbnails), bright(thumbnails))


def _is_junk(*images: Image.Image) -> list[bool]:
    return is_junk(_traits(np.stack([sign(image).thumbnail for image in images]))).tolist()


def _noise(level: float, deviation: float, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A flat image with the noise of a sensor."""
    values = np.random.default_rng(0).normal(level, deviation, (size[1], size[0], 3))
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def _fog() -> Image.Image:
    return Image.linear_gradient("L").convert("RGB")


def _slow_traits(thumbnail: np.ndarray) -> tuple[float, float, float]:
    """The definition, pixel by pixel."""
    grey = thumbnail.astype(int).sum(axis=0)
    laplacian = [
        abs(4 * grey[y, x] - grey[y - 1, x] - grey[y + 1, x] - grey[y, x - 1] - grey[y, x + 1])
        for y in range(1, 31)
        for x in range(1, 31)
    ]
    pixels = thumbnail.reshape(3, -1).T.tolist()
    dark = [all(value <= 10 for value in pixel) for pixel in pixels]
    bright = [all(value >= 245 for value in pixel) for pixel in pixels]
    differences = grey - grey.mean()
    beside, below = (
        (differences[:, 1:] * differences[:, :-1]).mean(),
        (differences[1:] * differences[:-1]).mean(),
    )
    sharpness = sum(laplacian) / 900 / 3
    if (beside + below) / 2 < 0.16 * (differences**2).mean() and sharpness < 30:
        sharpness = 0.0  # noise
    return sharpness, sum(dark) / 1024, sum(bright) / 1024


@given(st.integers(0, 2**32), st.sampled_from([0, 3, 250]), st.sampled_from([0, 2, 12, 300]))
def test_traits_equal_a_slow_reference(seed: int, level: int, contrast: int) -> None:
    """Detail in grey levels, and shares of black and white."""
    values = level + contrast * np.random.default_rng(seed).normal(size=(2, 3, 32, 32))
    thumbnails = values.clip(0, 255).astype(np.uint8)
    found = _traits(thumbnails)
    assert {column.dtype for column in found} == {np.dtype(np.float32)}
    for row, thumbnail in enumerate(thumbnails):
        measured = [column[row] for column in found]
        np.testing.assert_allclose(measured, _slow_traits(thumbnail), rtol=1e-6)


def test_no_photograph_is_junk() -> None:
    """Not the dark ones, the smooth ones, the grey ones, nor thumbnails of them."""
    photos = load_photos()
    assert not any(_is_junk(*photos))
    assert not any(_is_junk(*[photo.resize((120, 90)) for photo in photos]))
    assert not any(_is_junk(*[photo.point(lambda level: level // 3) for photo in photos]))


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(partial(Image.new, "RGB", (640, 480)), id="black"),
        pytest.param(partial(Image.new, "RGB", (640, 480), "white"), id="white"),
        pytest.param(partial(Image.new, "RGB", (640, 480), (90, 120, 60)), id="green"),
        pytest.param(_fog, id="fog"),
        pytest.param(partial(_noise, 8, 10), id="noise in the dark"),
        pytest.param(partial(_noise, 128, 25), id="noise on grey"),
        pytest.param(partial(_noise, 128, 400, (4000, 3000)), id="nothing but noise"),
        pytest.param(partial(_noise, 128, 400, (500, 375)), id="noise in a small image"),
    ],
)
def test_frames_with_nothing_on_them_are_junk(frame: Callable[[], Image.Image]) -> None:
    """However bright they are."""
    assert _is_junk(frame()) == [True]


def test_heavily_blurred_photographs_are_junk() -> None:
    """As if something covered the lens; a little blur is none."""
    photos = load_photos()
    heavy = [photo.filter(ImageFilter.GaussianBlur(max(photo.size) / 10)) for photo in photos]
    light = [photo.filter(ImageFilter.GaussianBlur(max(photo.size) / 100)) for photo in photos]
    assert all(_is_junk(*heavy))
    assert not any(_is_junk(*light))


def test_a_black_frame_with_a_time_stamp_is_junk() -> None:
    """Sharp letters do not save it, as they cover next to nothing; a lamp-lit animal does."""
    stamped = Image.new("RGB", (640, 480))
    stamped.paste((255, 255, 255), (0, 465, 220, 475))
    lit = Image.new("RGB", (640, 480))
    lit.paste((255, 255, 255), (200, 200, 330, 300))
    assert _is_junk(stamped, lit) == [True, False]


def test_unread_images_are_not_junk(burst_paths: list[str]) -> None:
    """Nothing is known of them."""
    table = extract([burst_paths[0], "missing.jpg"], image_loading_errors="skip")
    assert is_junk(table.traits).tolist() == [False, False]
    assert np.isnan(table.sharpness).tolist() == [False, True]
