"""Distances and weights of frames of standing cameras."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from smartdownsample_core.selection import Nearest, farthest_first
from smartdownsample_core.selection import _still_frames as module
from smartdownsample_core.selection._standing import Standing
from smartdownsample_core.selection._still_frames import UNIT, StillFrames, weigh

_Ints = NDArray[np.int64]


def _standing(rng: np.random.Generator, n: int, n_cameras: int) -> Standing:
    camera = rng.integers(-1, n_cameras, n)
    camera[:n_cameras] = np.arange(n_cameras)
    activity = rng.gamma(0.3, 1, n).astype(np.float32)
    return Standing(camera, np.where(camera < 0, np.float32(np.nan), activity))


def naive(standing: Standing, order: _Ints, points: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Distances in float64 by the definition, pair by pair."""
    members: dict[int, list[int]] = {}
    for row in order.tolist():
        members.setdefault(int(standing.camera[row]), []).append(row)
    n = len(points)
    found = ((points[:, None].astype(int) - points) ** 2).sum(axis=2) / UNIT
    for one in range(n):
        for other in range(n):
            camera, second = int(standing.camera[one]), int(standing.camera[other])
            if camera < 0 and second < 0:
                found[one, other] += 0.4 * min(1, found[one, other] / 0.44)
            elif camera == second and found[one, other]:
                frames = members[camera]
                apart = abs(frames.index(one) - frames.index(other))
                found[one, other] *= 1 - np.exp(-apart / 10) if apart < 120 else 1
                found[one, other] += 0.6 * (apart / len(frames)) ** 0.25
            elif camera != second:
                found[one, other] += 0.4
    return found * UNIT


@pytest.mark.parametrize("rows_at_a_time", [3, 1024])
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_distances_are_those_of_the_definition(
    rows_at_a_time: int, seed: int, n_cameras: int
) -> None:
    rng = np.random.default_rng(seed)
    n = 30
    standing, order = _standing(rng, n, n_cameras), rng.permutation(n)
    points = rng.integers(0, 256, (n, 6)).astype(np.uint8)
    points[rng.integers(0, n, 5)] = points[0]  # copies
    rows = rng.permutation(n)[:20]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROWS", rows_at_a_time)
        between = Nearest(points[rows], [StillFrames.of(standing, order).take(rows)]).between(
            np.arange(20)
        )
    expected = naive(standing, order, points)[np.ix_(rows, rows)]
    np.testing.assert_allclose(between, expected, rtol=1e-3, atol=UNIT / 1000)
    np.testing.assert_array_equal(between, between.T)


@given(st.integers(0, 2**32))
def test_the_ranking_is_that_of_one_pick_after_the_other_and_nested(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 60
    standing, order = _standing(rng, n, 2), rng.permutation(n)
    points = rng.integers(0, 256, (n, 4)).astype(np.uint8)
    relation, weights = StillFrames.of(standing, order), weigh(standing)
    start = int(weights.argmax())

    def rank(count: int) -> list[int]:
        return farthest_first(Nearest(points, [relation]), count, start, weights).tolist()

    between = Nearest(points, [relation]).between(np.arange(n)) * weights
    expected, left = [start], between[start].copy()
    while len(expected) < 25:
        left[expected] = -1
        expected.append(int(left.argmax()))
        left = np.minimum(left, between[expected[-1]])
    assert rank(25) == expected
    assert rank(11) == expected[:11]


def test_quiet_frames_count_next_to_nothing() -> None:
    activity = np.array([0, 2, 0.1, np.nan, np.nan], np.float32)
    standing = Standing(np.array([0, 0, 0, -1, -2]), activity)
    assert weigh(standing).tolist() == pytest.approx([1e-4, 0.5, 1 / 21, 0.1, 0.05])


def test_quiet_frames_of_a_busy_camera_count_like_an_animal_of_another() -> None:
    activity = np.array([0, 0.2, 3.6, 0, 0.2, np.nan], np.float32)
    standing = Standing(np.array([0, 0, 0, 1, 1, -1]), activity)
    assert weigh(standing).tolist() == pytest.approx([0.39, 0.39, 0.585, 1e-4, 1 / 11, 0.1])
