"""Pixels to dHash, aHash and mean colour, each next to its definition."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from PIL import Image

from smartdownsample_core import load_rgb, sign
from smartdownsample_core.signatures._definition import picture

_LANCZOS = Image.Resampling.LANCZOS


@pytest.fixture(scope="module")
def scene(formats: dict[str, str]) -> Image.Image:
    return load_rgb(formats["png_8_bit"])


@pytest.mark.parametrize("hash_size", [4, 5, 6, 7, 8, 9, 12, 16])
def test_hashes_are_those_of_their_definitions(scene: Image.Image, hash_size: int) -> None:
    """dHash: brighter than the left neighbour; aHash: brighter than the mean, at half the size."""
    signature = sign(scene, hash_size)
    grey = scene.convert("L")
    wide = np.asarray(grey.resize((hash_size + 1, hash_size), _LANCZOS)).astype(int)
    small = np.asarray(grey.resize((hash_size // 2, hash_size // 2), _LANCZOS)).astype(int)
    assert (signature.dhash == (np.diff(wide, axis=1) > 0)).all()
    assert (signature.ahash == (small > small.mean())).all()


@pytest.mark.parametrize("hash_size", [4, 8])
def test_hashes_equal_imagehash(scene: Image.Image, hash_size: int) -> None:
    """Both hashes are the ones that the imagehash package computes from the RGB image."""
    signature = sign(scene, hash_size)
    assert imagehash.ImageHash(signature.dhash) == imagehash.dhash(scene, hash_size)
    assert imagehash.ImageHash(signature.ahash) == imagehash.average_hash(scene, hash_size // 2)


def test_mean_colour_is_that_of_the_thumbnail(scene: Image.Image) -> None:
    """The means are exact: integers over the 1024 pixels of a 32x32 Lanczos thumbnail."""
    pixels = np.asarray(scene.resize((32, 32), _LANCZOS)).astype(int)
    assert sign(scene).mean_rgb.tolist() == [pixels[..., c].sum() / 1024 for c in range(3)]


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 2), (500, 20)], ids=str)
def test_any_size_can_be_signed(size: tuple[int, int]) -> None:
    """A flat image of any shape has its own colour and no bit set."""
    signature = sign(Image.new("RGB", size, (12, 200, 7)))
    assert signature.mean_rgb.tolist() == [12, 200, 7]
    assert not signature.dhash.any()
    assert not signature.ahash.any()


def test_mirroring_turns_the_dhash_around(scene: Image.Image) -> None:
    """A bit means left to right: seen in a mirror, no bit can be set at both ends of a row."""
    plain = sign(scene).dhash
    mirrored = sign(scene.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).dhash[:, ::-1]
    assert plain.any()
    assert not (plain & mirrored).any()


def test_picture_shows_a_row_a_line() -> None:
    """A hash is printed as it lies over the image."""
    assert picture(np.array([[1, 0, 0], [0, 1, 1]], dtype=bool)) == "#..\n.##"


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "CMYK"])
def test_other_modes_are_converted(scene: Image.Image, mode: str) -> None:
    """As reading a file does it."""
    image = scene.convert(mode)
    for column, expected in zip(sign(image), sign(image.convert("RGB")), strict=True):
        np.testing.assert_array_equal(column, expected)


@pytest.mark.parametrize("image", ["a.jpg", np.zeros((8, 8, 3), np.uint8), None])
def test_only_images_are_signed(image: object) -> None:
    """The error says what signs a file, and what makes an image of an array."""
    with pytest.raises(ValueError, match=r"^image must be a Pillow image, got .*; use sign_file"):
        sign(image)  # type: ignore[arg-type]
