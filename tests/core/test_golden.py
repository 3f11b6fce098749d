"""Frozen answers: signatures, buckets and selections that must never change by accident.

People store hashes and bucket ids, and cite seeds. Changing a constant here is a CHANGELOG entry.
All images are made of integers and saved without loss, so that no decoder has a say.
"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from smartdownsample_core import (
    allocate,
    assign_buckets,
    downsample,
    extract,
    sample_diverse,
    select,
)

_Y, _X = np.mgrid[:60, :80]
_PIXELS = {
    "ramp": (_X * 3, _X * 3, _X * 3),
    "rings": (((_X - 40) ** 2 + (_Y - 30) ** 2) // 9, _X * 2, _Y * 3),
    "green": (_X + 20, 100 + (_X // 9 * 37 + _Y // 7 * 59) % 150, _Y),
    "checks": tuple((((_X // 10 + _Y // 12) % 2) * 200 + tint) for tint in (55, 20, 0)),
    "sky": (_Y * 2, 100 + _X // 2, 250 - _Y),
}

#: name: (dHash, aHash, means of R, G and B, bucket id), hash_size 8.
_SIGNATURES = {
    "ramp": ("ffffffffffffffff", "3333", [118.5, 118.5, 118.5], 96),
    "rings": ("3f3f3f3f3f3f3f3f", "1113", [92.0400390625, 79.0, 88.5], 96),
    "green": ("f7dd67ee3355596a", "7133", [59.5, 174.8076171875, 29.5], 9),
    "checks": ("a5a55aa5a55aa5a5", "5885", [153.62109375, 120.0, 101.37890625], 8),
    "sky": ("ffffffffffffffff", "017f", [59.0, 119.5, 220.5], 110),
}

#: name: (dHash, aHash, bucket id), hash_size 6.
_SMALL_SIGNATURES = {
    "ramp": ("fffffffff", "049", 96),
    "rings": ("3cf3cf3cf", "049", 96),
    "green": ("edbc99b5d", "04b", 105),
    "checks": ("b52b6d4ad", "061", 104),
    "sky": ("fffffffff", "00f", 110),
}


@pytest.fixture(scope="module")
def image_paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The five images, and 35 variants of them: darker and shifted ones."""
    folder = tmp_path_factory.mktemp("golden")
    paths = []
    for number in range(40):
        name, planes = list(_PIXELS.items())[number % 5]
        pixels = np.stack(np.broadcast_arrays(*planes), axis=-1).clip(0, 255)
        variant = np.roll(pixels, number // 5 * 7, axis=1) * (60 - number // 5 * 5) // 60
        paths.append(str(folder / f"{name}_{number // 5}.png"))
        Image.fromarray(variant.astype(np.uint8)).save(paths[-1])
    return paths


def test_signatures_are_frozen(image_paths: list[str]) -> None:
    """Hashes, means and bucket ids of hash size 8."""
    table = extract(image_paths[:5])
    ids = assign_buckets(table).tolist()
    rows = zip(table.dhash_hex, table.ahash_hex, table.mean_rgb.tolist(), ids, strict=True)
    assert dict(zip(_PIXELS, rows, strict=True)) == _SIGNATURES


def test_small_signatures_are_frozen(image_paths: list[str]) -> None:
    """Hashes and bucket ids of hash size 6, whose bits do not fill their bytes."""
    table = extract(image_paths[:5], hash_size=6)
    rows = zip(table.dhash_hex, table.ahash_hex, assign_buckets(table).tolist(), strict=True)
    assert dict(zip(_PIXELS, rows, strict=True)) == _SMALL_SIGNATURES


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        pytest.param(42, [1, 4, 7, 8, 13, 14, 15, 20, 21, 22, 32, 33, 35], id="seed 42"),
        pytest.param(7, [0, 6, 11, 12, 16, 18, 19, 21, 22, 27, 28, 31, 36], id="seed 7"),
    ],
)
def test_kept_images_are_frozen(image_paths: list[str], seed: int, expected: list[int]) -> None:
    """From files to indices with a seed."""
    kept = sample_diverse(
        image_paths,
        13,
        random_seed=seed,
        show_progress=False,
        show_summary=False,
        return_indices=True,
    )
    assert kept == expected


def test_quotas_are_frozen() -> None:
    """Remainders, ties and too small a target."""
    sizes = [1000, 313, 313, 313, 40, 7, 7, 1, 0]
    assert allocate(sizes, 100, 42).tolist() == [47, 16, 15, 16, 3, 1, 1, 1, 0]
    assert allocate(sizes, 3, 42).tolist() == [1, 1, 0, 1, 0, 0, 0, 0, 0]
    assert allocate(sizes, 3, 1).tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0]


def test_choices_inside_buckets_are_frozen() -> None:
    """The random starts of the strides, bucket by bucket."""
    bucket_ids = np.repeat([0, 5, 127], [30, 20, 10])
    quotas = np.bincount([0] * 4 + [5] * 3 + [127] * 2, minlength=128)
    order = np.arange(60)[::-1]
    assert select(bucket_ids, quotas, order, 42).tolist() == [6, 14, 21, 29, 34, 41, 48, 54, 59]
    assert select(bucket_ids, quotas, order, 2**40).tolist() == [0, 8, 15, 23, 34, 41, 47, 51, 56]


def test_decision_is_frozen(table_of) -> None:
    """From bucket ids to indices."""
    table = table_of([0, 0, 127, 64, 0, -1, 12, 12, 0, 0, 127, 0, 32, 0, 12, 0])
    assert downsample(table, np.arange(16), 8, 42).indices.tolist() == [0, 2, 3, 4, 6, 11, 12, 14]
    assert downsample(table, np.arange(16), 3, 42).indices.tolist() == [0, 2, 7]
