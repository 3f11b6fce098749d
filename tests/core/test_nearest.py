"""Distances to the nearest center: exact, whatever is computed at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from smartdownsample_core.selection import _distances as module
from smartdownsample_core.selection._distances import Nearest, Points

_SEEDS = st.integers(0, 2**32)


@pytest.fixture(
    params=[(8192, 1024), (7, 3), (1, 1)], ids=lambda sizes: f"{sizes[0]} by {sizes[1]}"
)
def _blocks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Large, odd and single-row blocks in turn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROWS", request.param[0])
        patch.setattr(module, "_CENTERS", request.param[1])
        yield


def _points(seed: int, dtype: type, n: int = 25) -> Points:
    """Points of 3 bytes with many ties, or of 60 bytes that use their whole range."""
    rng = np.random.default_rng(seed)
    few = rng.integers(0, 3, (n, 3)).astype(dtype)
    bounds = np.iinfo(dtype)
    many = rng.integers(bounds.min, bounds.max + 1, (n, 60)).astype(dtype)
    return few if seed % 2 else many


def _slow_nearest(points: Points, centers: list[int]) -> tuple[list[int], list[int]]:
    """The definition, in int64: squared distance to the nearest center, and the earliest such."""
    exact = points.astype(np.int64)
    squared = ((exact[:, None] - exact[centers]) ** 2).sum(axis=2)
    return squared.min(axis=1).tolist(), np.array(centers)[squared.argmin(axis=1)].tolist()


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
@given(seed=_SEEDS, calls=st.lists(st.integers(0, 12), min_size=1, max_size=4))
def test_distances_and_owners_equal_brute_force(dtype: type, seed: int, calls: list[int]) -> None:
    """After each call, in whatever blocks, with the earliest of several nearest as the owner."""
    points = _points(seed, dtype)
    nearest = Nearest(points)
    centers = np.random.default_rng(seed).permutation(len(points))
    ends = np.minimum(np.cumsum([1, *calls]), len(points)).tolist()
    for start, end in pairwise([0, *ends]):
        nearest.add(centers[start:end])
        squared, owner = _slow_nearest(points, centers[:end].tolist())
        assert nearest.squared.tolist() == squared
        assert nearest.owner.tolist() == owner
        assert np.flatnonzero(nearest.is_center).tolist() == sorted(centers[:end].tolist())


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
@given(seed=_SEEDS, m=st.integers(0, 12))
def test_distances_between_points_equal_brute_force(dtype: type, seed: int, m: int) -> None:
    """The matrix of all pairs, with zeros where a point meets itself."""
    points = _points(seed, dtype)
    rows = np.random.default_rng(seed).integers(len(points), size=m)
    exact = points[rows].astype(np.int64)
    expected = ((exact[:, None] - exact) ** 2).sum(axis=2)
    assert Nearest(points).between(rows).tolist() == expected.tolist()


def test_the_largest_distances_are_exact() -> None:
    """Opposite points whose squares sum to almost 2**22 are almost 2**24 apart, to the unit."""
    long = np.full(260, 127, np.int8)
    points = np.stack([long, -long, -long + np.eye(260, dtype=np.int8)[0]]).astype(np.int8)
    nearest = Nearest(points)
    nearest.add(np.array([0]))
    assert nearest.squared.tolist() == [0, 260 * 254**2, 259 * 254**2 + 253**2]
    assert nearest.between(np.arange(3))[1].tolist() == [260 * 254**2, 0, 1]


def test_without_centers_all_is_infinitely_far() -> None:
    """Nothing is near, nobody owns, also after no centers were added."""
    nearest = Nearest(np.zeros((4, 2), np.uint8))
    nearest.add(np.empty(0, np.int64))
    assert np.isinf(nearest.squared).all()
    assert nearest.owner.tolist() == [-1] * 4
    assert not nearest.is_center.any()


def test_blas_threads_do_not_change_the_distances() -> None:
    """One thread and several give the same bytes."""
    points = np.random.default_rng(0).integers(0, 200, (3000, 100)).astype(np.uint8)
    answers = []
    for limit in (1, 4):
        nearest = Nearest(points)
        with threadpool_limits(limit, user_api="blas"):
            nearest.add(np.arange(0, 3000, 3))
        answers.append((nearest.squared.tobytes(), nearest.owner.tobytes()))
    assert answers[0] == answers[1]
