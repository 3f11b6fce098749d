"""Shots: images in a row that look alike, and the distances between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import Choice, Signatures, downsample
from smartdownsample_core.selection import _shots as module
from smartdownsample_core.selection._distances import Nearest
from smartdownsample_core.selection._features import quantized, unit_features
from smartdownsample_core.selection._shots import Shots, shots, squared_gap_of

_SEEDS = st.integers(0, 2**32)


def _points(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points that are sometimes alike, uint8 or int8, and an order of some of them."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 90))
    points = rng.integers(0, 120, (n, 5))[rng.integers(0, n, n)] + rng.integers(0, 8, (n, 5))
    order = rng.permutation(n)[: int(rng.integers(1, n + 1))]
    return points.astype(np.uint8 if seed % 2 else np.int8), order


@pytest.mark.parametrize("rows", [1, 7, 8192])
@given(_SEEDS)
def test_shots_equal_a_slow_reference(rows: int, seed: int) -> None:
    """A new one begins where neighbours are farther apart, however many are compared at a time."""
    points, order = _points(seed)
    exact, expected, shot = points.astype(int), [-1] * len(points), 0
    for place, row in enumerate(order):
        if place and ((exact[row] - exact[order[place - 1]]) ** 2).sum() > 3000:
            shot += 1
        expected[row] = shot
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROWS", rows)
        assert shots(points, order, 3000).number.tolist() == expected


@given(_SEEDS, st.integers(1, 40))
def test_distances_within_a_shot_count_half(seed: int, n_shots: int) -> None:
    """Between points and to centers, whether few or most share a shot; owners are as without."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 256, (40, 6)).astype(np.uint8)
    number = rng.integers(0, n_shots, 60)
    relation, rows = Shots(number), rng.permutation(60)[:40]
    exact = points.astype(np.int64)
    expected = ((exact[:, None] - exact) ** 2).sum(axis=2) * np.where(
        number[rows][:, None] == number[rows], 0.5, 1
    )
    nearest = Nearest(points, [relation.take(rows)])
    assert nearest.between(np.arange(40)).tolist() == expected.tolist()
    centers = rng.permutation(40)[:7]
    nearest.add(centers)
    assert nearest.adjusted.tolist() == expected[:, centers].min(axis=1).tolist()
    squared = ((exact[:, None] - exact[centers]) ** 2).sum(axis=2)
    assert nearest.squared.tolist() == squared.min(axis=1).tolist()
    assert nearest.owner.tolist() == centers[squared.argmin(axis=1)].tolist()


def test_the_gap_of_features_is_a_share_of_their_spread() -> None:
    """It scales with the squared distances, and does not depend on where the points are."""
    rng = np.random.default_rng(3)
    points = rng.integers(-60, 60, (50, 9)).astype(np.int8)
    exact = points.astype(int)
    spread = ((exact[:, None] - exact) ** 2).sum(axis=2).mean()
    assert squared_gap_of(points) == pytest.approx(0.18 * spread)
    assert squared_gap_of((points + 20).astype(np.int8)) == pytest.approx(0.18 * spread)
    assert squared_gap_of(points[:0]) == 0


def _bursts(n_scenes: int, frames: int) -> np.ndarray:
    """Restless and calm bursts in turn, ``(n, 64)``."""
    rng = np.random.default_rng(0)
    scenes = rng.integers(0, 90, (n_scenes, 1, 64))
    noise = np.where(np.arange(n_scenes) % 2, 9, 2)[:, None, None]
    frames_of = scenes + noise * rng.normal(size=(n_scenes, frames, 64))
    return np.clip(frames_of, 0, 127).reshape(-1, 64).astype(np.uint8)


@pytest.mark.parametrize("own_features", [False, True])
def test_a_ranking_in_shots_is_nested_and_equal_to_the_naive_one(own_features: bool) -> None:
    """With images of keep, unreadable ones, and both kinds of points."""
    looks = _bursts(12, 6)
    n = len(looks)
    table = Signatures.blank(n, 8)
    table.mean_rgb[:], table.sharpness[:] = 100.0, 1.0
    order = np.random.default_rng(1).permutation(n)
    table.descriptor[order, :64] = looks
    table.descriptor[order, 64:] = 255 - looks
    table.mean_rgb[order[5]], table.descriptor[order[5]] = np.nan, 0
    table.unreadable[int(order[5])] = OSError("x")
    features = table.descriptor.astype(float) if own_features else None
    choice = Choice(strategy="diverse", keep=[7, 3], features=features)
    found = downsample(table, order, 30, choice=choice)
    assert found.ranking is not None

    points = table.descriptor.astype(np.int64)
    readable = order[table.readable[order]]
    gap = 160.0**2
    if own_features:
        as_bytes = quantized(unit_features(features, n))
        points, gap, readable = as_bytes.astype(np.int64), squared_gap_of(as_bytes), order
    number = np.full(n, -1)
    steps = ((points[readable][1:] - points[readable][:-1]) ** 2).sum(axis=1)
    number[readable] = np.concatenate([[0], np.cumsum(steps > gap)])
    squared = ((points[:, None] - points) ** 2).sum(axis=2) * np.where(
        number[:, None] == number, 0.5, 1
    )
    ranking = [row for row in order if row in (3, 7)]
    pool = [row for row in order if table.readable[row]]
    while len(ranking) < 30:
        left = [row for row in pool if row not in ranking]
        ranking.append(max(left, key=lambda row: squared[row, ranking].min()))
    assert found.ranking.tolist() == ranking
    shorter = downsample(table, order, 11, choice=choice)
    assert shorter.ranking is not None
    assert shorter.ranking.tolist() == ranking[:11]
