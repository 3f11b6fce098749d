"""Farthest-first traversal: in batches, and yet as by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core.selection import _farthest_first as module
from smartdownsample_core.selection._distances import Nearest, Points
from smartdownsample_core.selection._farthest_first import farthest_first
from smartdownsample_core.selection._shots import Shots

_CANDIDATES = pytest.mark.parametrize("candidates", [1, 2, 3, 10, 4096])


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Points, list[int], np.ndarray | None, int, int]:
    """Points on a small grid, so that ties and duplicates abound; some centers; weights or none."""
    n = draw(st.integers(1, 30))
    coordinates = st.lists(
        st.integers(0, draw(st.sampled_from([1, 3, 200]))), min_size=2, max_size=2
    )
    points = np.array(draw(st.lists(coordinates, min_size=n, max_size=n)), np.uint8)
    centers = draw(st.lists(st.integers(0, n - 1), unique=True, max_size=min(4, n)))
    weights = None
    if draw(st.booleans()):
        levels = st.sampled_from([0.25, 0.5, 0.7, 1.0])
        weights = np.array(draw(st.lists(levels, min_size=n, max_size=n)), np.float32)
    count = draw(st.integers(0, n - len(centers)))
    return points, centers, weights, count, draw(st.integers(0, n - 1))


def _nearest(points: Points, centers: list[int]) -> Nearest:
    nearest = Nearest(points)
    nearest.add(np.array(centers, np.int64))
    return nearest


def _slow_ranking(
    points: Points, centers: list[int], weights: np.ndarray | None, count: int, start: int
) -> list[int]:
    """The definition: the farthest that is left, the lowest row of several, and over again."""
    exact = points.astype(np.int64)
    scale = np.ones(len(points), np.float32) if weights is None else weights
    ranking: list[int] = []
    while len(ranking) < count:
        taken = centers + ranking
        if not taken:
            ranking.append(start)
            continue
        squared = ((exact[:, None] - exact[taken]) ** 2).sum(axis=2).min(axis=1)
        farness = squared.astype(np.float32) * scale
        farness[taken] = -1
        ranking.append(int(farness.argmax()))
    return ranking


@_CANDIDATES
@given(case=_cases())
def test_the_ranking_equals_the_naive_one(
    candidates: int, case: tuple[Points, list[int], np.ndarray | None, int, int]
) -> None:
    """With ties, duplicates, weights and given centers, however many candidates there are."""
    points, centers, weights, count, start = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CANDIDATES", candidates)
        ranking = farthest_first(_nearest(points, centers), count, start, weights)
    assert ranking.dtype == np.int64
    assert ranking.tolist() == _slow_ranking(points, centers, weights, count, start)


def _step(farness: float) -> tuple[int, bool]:
    """Returns the step of a squared distance: 1, 1.5, 2, 3, 4, 6 ..."""
    mantissa, exponent = math.frexp(farness)
    return (exponent, mantissa >= 0.75) if farness else (-(10**6), False)


@_CANDIDATES
@given(case=_cases(), data=st.data())
def test_levels_decide_between_points_that_are_almost_as_far(
    candidates: int,
    case: tuple[Points, list[int], np.ndarray | None, int, int],
    data: st.DataObject,
) -> None:
    """Equal to the naive ranking, by steps, levels, distances and rows; and nested."""
    points, centers, weights, count, start = case
    n = len(points)
    levels = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CANDIDATES", candidates)
        nearest = _nearest(points, centers)
        ranking = farthest_first(nearest, count, start, weights, levels=levels).tolist()
    exact = points.astype(np.int64)
    scale = np.ones(n, np.float32) if weights is None else weights
    expected = [] if centers or not count else [start]
    while len(expected) < count:
        taken = centers + expected
        squared = ((exact[:, None] - exact[taken]) ** 2).sum(axis=2).min(axis=1)
        farness = (squared.astype(np.float32) * scale).tolist()
        left = [row for row in range(n) if row not in taken]
        expected.append(
            max(left, key=lambda row: (_step(farness[row]), levels[row], farness[row], -row))
        )
    assert ranking == expected


@_CANDIDATES
@given(case=_cases(), shorter=st.integers(0, 30))
def test_the_ranking_is_nested(
    candidates: int,
    case: tuple[Points, list[int], np.ndarray | None, int, int],
    shorter: int,
) -> None:
    """The first k of a longer ranking are the ranking of k, and nothing is ranked twice."""
    points, centers, weights, count, start = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CANDIDATES", candidates)
        long = farthest_first(_nearest(points, centers), count, start, weights).tolist()
        k = min(shorter, count)
        short = farthest_first(_nearest(points, centers), k, start, weights).tolist()
    assert short == long[:k]
    assert len({*long, *centers}) == count + len(centers)


@_CANDIDATES
@given(case=_cases())
def test_progress_rises_to_the_count(
    candidates: int, case: tuple[Points, list[int], np.ndarray | None, int, int]
) -> None:
    """It is called with rising numbers, and last with the count."""
    points, centers, weights, count, start = case
    calls: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CANDIDATES", candidates)
        farthest_first(_nearest(points, centers), count, start, weights, calls.append)
    assert calls == sorted(set(calls))
    assert calls[-1:] == ([count] if count else [])


def test_the_ranked_become_centers() -> None:
    """Whoever goes on has the distances to all of them."""
    nearest = Nearest(np.array([[0], [3], [9], [200]], np.uint8))
    farthest_first(nearest, 2, start=0)
    assert nearest.is_center.tolist() == [True, False, False, True]
    assert nearest.squared.tolist() == [0, 9, 81, 0]


@pytest.mark.parametrize("n_shots", [1, 40, 3000])
def test_a_large_ranking_in_shots_equals_the_naive_one(n_shots: int) -> None:
    """More points than candidates, several batches, and shots that are not in one piece."""
    rng = np.random.default_rng(5)
    points = rng.integers(0, 256, (6000, 8)).astype(np.uint8)
    weights = rng.uniform(0.3, 1, 6000).astype(np.float32)
    shot_of = rng.integers(0, n_shots, 6000)
    ranking = farthest_first(Nearest(points, [Shots(shot_of)]), 60, 17, weights)
    expected = [17]
    squared = np.full(6000, np.inf, np.float32)
    while len(expected) < 60:
        last = expected[-1]
        apart = ((points.astype(np.float32) - points[last]) ** 2).sum(axis=1)
        apart[shot_of == shot_of[last]] *= 0.5
        squared = np.minimum(squared, apart)
        farness = squared * weights
        farness[expected] = -1
        expected.append(int(farness.argmax()))
    assert ranking.tolist() == expected


def test_a_large_ranking_equals_the_naive_one() -> None:
    """More points than candidates, and several batches."""
    points = np.random.default_rng(5).integers(0, 256, (6000, 8)).astype(np.uint8)
    weights = np.random.default_rng(6).uniform(0.3, 1, 6000).astype(np.float32)
    ranking = farthest_first(Nearest(points), 60, 17, weights)
    assert ranking.tolist() == _slow_ranking(points, [], weights, 60, 17)
