"""Frozen answers: signatures, buckets and selections that must never change by accident.

People store hashes and bucket ids, and cite seeds. Changing a constant here is a CHANGELOG entry.
All images are made of integers, or are PNG photographs, so that no decoder has a say.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.photos import photo_paths
from smartdownsample_core import (
    Choice,
    allocate,
    assign_buckets,
    downsample,
    extract,
    load_rgb,
    natural_order,
    sample_diverse,
    select,
    sign,
)
from smartdownsample_core.signatures._descriptor import describe

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

#: name: (edges of the first direction, dark and bright colours), (sharpness, black, white).
_DESCRIPTORS = {
    "ramp": (
        (
            "373d3d373d45453d3d45453d373d3d37",
            "00000000003f3f00003f3f0000000000",
            "00000000002525000025250000000000",
        ),
        (1.0, 0.0625, 0.0),
    ),
    "rings": (
        (
            "0a0a2c441f1f434e1313394d00011232",
            "391b15151d0d0b0f190c0b11341d1b33",
            "07080b1a09090b1c090c0e1c060c1420",
        ),
        (0.8878, 0.0, 0.0),
    ),
    "green": (
        (
            "1b21211a212526202423271b2220241d",
            "2713243314111217100405160a070a1f",
            "01060b12010405100103050600010405",
        ),
        (15.6622, 0.0, 0.0),
    ),
    "checks": (
        (
            "293030292b32322b2b32322b29303029",
            "000000000000000000005e4500003e2d",
            "101a00001e3d00000000000000000000",
        ),
        (116.7452, 0.0, 0.0),
    ),
    "sky": (
        (
            "00000000000000000000000000000000",
            "430000000c0100000502000002010000",
            "00000000000000000000000000000011",
        ),
        (0.2919, 0.0, 0.0),
    ),
}

#: Photographs that scikit-image ships without loss: beginning of the SHA-256 of their descriptors.
_PHOTOS = {
    "astronaut.png": "7b099637c9d59351",
    "chelsea.png": "1ec3acf98a72e8ab",
    "coffee.png": "76df1f0ccdd43e4f",
}

#: What is chosen beside the strategy: strategy, constraints, positions of 8 kept of 40.
_CHOICES = [
    pytest.param("stride", "alone", [1, 13, 14, 15, 20, 21, 33, 35], id="stride alone"),
    pytest.param("stride", "constrained", [3, 7, 8, 13, 15, 22, 32, 35], id="stride constrained"),
    pytest.param("stride", "balanced", [4, 7, 11, 13, 14, 20, 21, 32], id="stride balanced"),
    pytest.param("diverse", "alone", [28, 39, 35, 1, 6, 20, 26, 9], id="diverse alone"),
    pytest.param(
        "diverse", "constrained", [3, 37, 10, 33, 22, 35, 7, 32], id="diverse constrained"
    ),
    pytest.param("diverse", "balanced", [7, 21, 14, 13, 0, 32, 1, 4], id="diverse balanced"),
    pytest.param(
        "representative", "alone", [0, 6, 16, 19, 22, 23, 26, 31], id="representative alone"
    ),
    pytest.param(
        "representative",
        "constrained",
        [3, 5, 6, 12, 15, 20, 30, 32],
        id="representative constrained",
    ),
    pytest.param(
        "representative", "balanced", [0, 11, 14, 17, 23, 31, 32, 34], id="representative balanced"
    ),
]


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


def test_descriptors_and_traits_are_frozen(image_paths: list[str]) -> None:
    """Bytes of descriptors, in hexadecimal digits, and what decides about junk."""
    table = extract(image_paths[:5])
    parts = [
        tuple(part.tobytes().hex() for part in np.split(row, [16, 64, 80, 112])[::2])
        for row in table.descriptor
    ]
    measured = np.stack(table.traits, axis=1).round(4).tolist()
    found = zip(parts, map(tuple, measured), strict=True)
    assert dict(zip(_PIXELS, found, strict=True)) == {
        name: (part, pytest.approx(values, abs=2e-4))
        for name, (part, values) in _DESCRIPTORS.items()
    }


def test_descriptors_of_photographs_are_frozen() -> None:
    """All of their bytes."""
    paths = [path for path in photo_paths() if path.name in _PHOTOS]
    found = {
        path.name: sha256(describe(sign(load_rgb(str(path))).thumbnail[None])).hexdigest()[:16]
        for path in paths
    }
    assert found == _PHOTOS


@pytest.mark.parametrize(("strategy", "constraints", "expected"), _CHOICES)
def test_choices_of_strategies_are_frozen(
    image_paths: list[str], strategy: str, constraints: str, expected: list[int]
) -> None:
    """From files to indices; of the diverse ones in the order in which they were chosen."""
    more = {
        "alone": {},
        "constrained": {"near_duplicates": 4, "leave_out_junk": True, "keep": [3]},
        "balanced": {
            "stratify_by": [Path(path).stem.split("_")[0] for path in image_paths],
            "balance": "equal",
        },
    }
    choice = Choice(strategy=strategy, **more[constraints])
    selection = downsample(extract(image_paths), natural_order(image_paths), 8, 42, choice)
    ranking = selection.indices if selection.ranking is None else selection.ranking
    assert ranking.tolist() == expected


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
