"""Descriptors: small, the same for any batch, and little moved by light."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from demo.photos import load_photos, photo_paths
from smartdownsample_core import extract, sign
from smartdownsample_core.signatures._descriptor import DESCRIPTOR_SIZE, describe

_SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def thumbnails() -> np.ndarray:
    """Those of the demo photographs, ``(13, 3, 32, 32)``."""
    return np.stack([sign(photo).thumbnail for photo in load_photos()])


def _random(seed: int, n: int = 6) -> np.ndarray:
    """Thumbnails from flat to noise, some with nothing but the lowest and the highest level."""
    rng = np.random.default_rng(seed)
    contrast = rng.choice([0, 1, 5, 60, 1000], (n, 1, 1, 1))
    level = rng.integers(0, 256, (n, 3, 1, 1))
    noise = rng.normal(size=(n, 3, 32, 32))
    return np.clip(level + contrast * noise, 0, 255).astype(np.uint8)


def _distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.linalg.norm(one[:, None].astype(float) - other, axis=2)


@given(_SEEDS)
def test_descriptors_are_128_bytes_of_bounded_length(seed: int) -> None:
    """Whatever is on the image; the squares sum to less than 2**18: distances need 2**22."""
    found = describe(_random(seed))
    assert found.dtype == np.uint8
    assert found.shape == (6, DESCRIPTOR_SIZE) == (6, 128)
    assert (found.astype(int) ** 2).sum(axis=1).max() < 2**18


@pytest.mark.parametrize("level", [0, 1, 100, 255])
def test_flat_images_have_light_but_no_edges(level: int) -> None:
    """Only lightness tells them apart; their colour is between the two bins of grey."""
    flat = describe(np.full((1, 3, 32, 32), level, np.uint8))[0]
    assert not flat[:64].any()
    colors = flat[64:].reshape(4, 4, 4)
    assert np.unique(np.argwhere(colors)[:, 1:]).tolist() == [1, 2]
    assert (colors**2.0).sum() == pytest.approx(255**2, rel=0.02)


@settings(max_examples=30)
@given(_SEEDS, st.lists(st.integers(1, 12), unique=True, max_size=5))
def test_batches_do_not_change_a_descriptor(
    thumbnails: np.ndarray, seed: int, cuts: list[int]
) -> None:
    """The same bytes for any split of the images, in any order."""
    order = np.random.default_rng(seed).permutation(len(thumbnails))
    parts = np.split(thumbnails[order], sorted(cuts))
    found = np.concatenate([describe(part) for part in parts])
    assert found.tobytes() == describe(thumbnails)[order].tobytes()


def test_the_input_may_lie_in_memory_in_any_way(thumbnails: np.ndarray) -> None:
    """A view with the channels last gives the same bytes."""
    turned = np.ascontiguousarray(thumbnails.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert describe(turned).tobytes() == describe(thumbnails).tobytes()


def test_no_images_have_no_descriptors() -> None:
    """An empty batch gives an empty table."""
    assert describe(np.empty((0, 3, 32, 32), np.uint8)).shape == (0, 128)


@pytest.mark.parametrize(
    "gain",
    [
        pytest.param(0.8, id="darker"),
        pytest.param(1.15, id="lighter"),
    ],
)
def test_light_moves_a_photograph_less_than_a_fifth_of_the_way_to_another(
    thumbnails: np.ndarray, gain: float
) -> None:
    """The nearest photograph is itself, by far."""
    photos = describe(thumbnails)
    changed = describe(np.clip(thumbnails * gain, 0, 255).astype(np.uint8))
    apart = _distances(photos, photos)
    np.fill_diagonal(apart, np.inf)
    moved = np.linalg.norm(photos.astype(float) - changed, axis=1)
    assert (moved < apart.min(axis=1) / 5).all()


def test_distances_are_as_promised(thumbnails: np.ndarray) -> None:
    """Between two photographs the distance is rarely below 150."""
    photos = describe(thumbnails)
    apart = _distances(photos, photos)[np.triu_indices(len(photos), 1)]
    assert (apart < 150).mean() < 0.1


def test_a_photograph_is_not_its_mirror_image(thumbnails: np.ndarray) -> None:
    """Where things are counts."""
    photos, mirrored = describe(thumbnails), describe(thumbnails[:, :, :, ::-1])
    assert (np.linalg.norm(photos.astype(float) - mirrored, axis=1) > 25).all()


def test_extract_describes_each_image_in_its_row(burst_paths: list[str]) -> None:
    """As one at a time, and not at all if it is told so."""
    paths = burst_paths[:40]
    alone = [extract([path]).descriptor[0].tolist() for path in paths]
    table = extract(paths, n_workers=3)
    assert table.descriptor.tolist() == alone
    without = extract(paths, descriptors=False)
    assert not without.descriptor.any()
    assert np.isnan(without.sharpness).all()
    assert without.dhash.tolist() == table.dhash.tolist()


def test_reduced_decoding_moves_a_photograph_next_to_nothing(thumbnails: np.ndarray) -> None:
    """Descriptors of files are those of the whole images to a fraction of a burst's distances."""
    files = extract([str(path) for path in photo_paths()]).descriptor
    moved = np.linalg.norm(files.astype(float) - describe(thumbnails), axis=1)
    assert moved.max() < 25


def test_frames_of_a_burst_are_closer_than_photographs() -> None:
    """A shifted crop of a photograph is nearer to it than every other photograph."""
    photos = load_photos()
    shifted = [
        photo.crop((photo.width // 40, photo.height // 40, photo.width, photo.height))
        for photo in photos
    ]
    one, other = (
        describe(np.stack([sign(image).thumbnail for image in images]))
        for images in (photos, shifted)
    )
    assert _distances(one, other).argmin(axis=1).tolist() == list(range(len(photos)))


def test_grey_and_colour_of_one_picture_share_their_edges() -> None:
    """The first 64 bytes are about light alone, and grey has only the bins around grey."""
    photo = load_photos()[0]
    grey = Image.merge("RGB", [photo.convert("L")] * 3)
    one, other = describe(np.stack([sign(photo).thumbnail, sign(grey).thumbnail])).astype(int)
    assert np.abs(one[:64] - other[:64]).max() <= 4
    assert not other[64:].reshape(4, 4, 4)[:, [0, 3]].any()
    assert not other[64:].reshape(4, 4, 4)[:, :, [0, 3]].any()
