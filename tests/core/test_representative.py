"""Representatives: many in crowds, few in corners, in the middle of what they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core.selection._distances import Nearest, Points
from smartdownsample_core.selection._representatives import _medoids, representatives


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Points, list[int], int, int]:
    """Points with duplicates, some centers, how many to choose, and a seed."""
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    points = rng.integers(0, draw(st.sampled_from([1, 3, 250])), (n, 3)).astype(np.uint8)
    centers = draw(st.lists(st.integers(0, n - 1), unique=True, max_size=max(min(5, n - 1), 0)))
    return points, centers, draw(st.integers(1, n - len(centers))), draw(st.integers(0, 2**40))


def _nearest(points: Points, centers: list[int]) -> Nearest:
    nearest = Nearest(points)
    nearest.add(np.array(centers, np.int64))
    return nearest


def _crowds(n: int, seed: int) -> Points:
    """Points around 60 places, few around most of them and many around some."""
    rng = np.random.default_rng(seed)
    places = rng.integers(40, 215, (60, 12))
    chances = 1 / np.arange(1, 61)
    which = rng.choice(60, n, p=chances / chances.sum())
    return np.clip(places[which] + rng.normal(0, 6, (n, 12)), 0, 255).astype(np.uint8)


def _mean_distance(points: Points, chosen: np.ndarray) -> float:
    return float(np.sqrt(_nearest(points, chosen.tolist()).squared).mean())


@given(_cases())
def test_exactly_the_count_and_no_given_center(case: tuple[Points, list[int], int, int]) -> None:
    """Distinct rows, ascending, none of those that are chosen already."""
    points, centers, count, seed = case
    chosen = representatives(_nearest(points, centers), count, seed)
    assert len(chosen) == count
    assert (np.diff(chosen) > 0).all()
    assert not set(chosen.tolist()) & set(centers)


@given(_cases())
def test_the_same_seed_gives_the_same_points(case: tuple[Points, list[int], int, int]) -> None:
    """Nothing but the arguments decides."""
    points, centers, count, seed = case
    first, again = (representatives(_nearest(points, centers), count, seed) for _ in range(2))
    assert first.tolist() == again.tolist()


def test_another_seed_gives_other_points() -> None:
    """The draw is random."""
    points = _crowds(1000, 0)
    answers = {tuple(representatives(Nearest(points), 30, seed).tolist()) for seed in range(5)}
    assert len(answers) == 5


@given(_cases())
def test_medoids_are_the_members_closest_to_the_mean(
    case: tuple[Points, list[int], int, int],
) -> None:
    """Each center moves to a point that it owns, and none of these is closer to their mean."""
    points, _, count, seed = case
    centers = np.random.default_rng(seed).permutation(len(points))[:count]
    nearest = _nearest(points, centers.tolist())
    owner = nearest.owner.copy()
    owner[centers] = centers
    for center, medoid in zip(centers, _medoids(nearest, centers), strict=True):
        members = np.flatnonzero(owner == center)
        values = points[members].astype(np.int64)
        # Times the number of members, so that all numbers are whole.
        squared = ((values * len(members) - values.sum(axis=0)) ** 2).sum(axis=1)
        assert medoid in members
        assert squared[members == medoid] == squared.min()


@given(_cases(), st.data())
def test_levels_decide_between_members_that_are_almost_as_close(
    case: tuple[Points, list[int], int, int], data: st.DataObject
) -> None:
    """None is preferred of those whose squared distance is at most 1.5 times the least."""
    points, _, count, seed = case
    n = len(points)
    levels = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), np.int64)
    centers = np.random.default_rng(seed).permutation(n)[:count]
    nearest = _nearest(points, centers.tolist())
    owner = nearest.owner.copy()
    owner[centers] = centers
    for center, chosen in zip(centers, _medoids(nearest, centers, levels), strict=True):
        members = np.flatnonzero(owner == center)
        values = points[members].astype(np.int64)
        squared = ((values * len(members) - values.sum(axis=0)) ** 2).sum(axis=1)
        assert squared[members == chosen] <= 1.5 * squared.min() + 1e-6
        clearly = members[squared < 1.5 * squared.min() - 1e-6]
        assert levels[chosen] >= levels[[*clearly, members[squared.argmin()]]].max()


@pytest.mark.parametrize("percent", [1, 3, 10, 30])
@pytest.mark.parametrize("seed", [0, 1])
def test_all_points_are_nearer_than_with_a_random_choice(percent: int, seed: int) -> None:
    """On crowds of points the mean distance to the nearest chosen one is smaller."""
    points = _crowds(3000, seed)
    count = len(points) * percent // 100
    random = np.random.default_rng(seed).permutation(len(points))[:count]
    chosen = representatives(Nearest(points), count, seed)
    assert _mean_distance(points, chosen) < 0.97 * _mean_distance(points, random)


def test_crowds_get_more_than_corners() -> None:
    """Of equally wide groups the larger one gets more."""
    rng = np.random.default_rng(2)
    groups = [rng.normal(center, 8, (n, 6)) for center, n in ((60, 900), (190, 100))]
    points = np.concatenate(groups).clip(0, 255).astype(np.uint8)
    chosen = representatives(Nearest(points), 40, 3)
    assert (chosen < 900).sum() > 2 * (chosen >= 900).sum() > 0


def test_one_of_very_many_points_is_in_their_middle() -> None:
    """Also where there are fewer representatives than chunks of points."""
    points = np.repeat(np.array([[0], [10], [20]], np.uint8), [100, 100_000, 100], axis=0)
    chosen = representatives(Nearest(points), 1, 0)
    assert points[chosen].tolist() == [[10]]


def test_none_are_chosen_where_none_are_asked_for() -> None:
    """A count of 0 gives no rows, with centers and without."""
    points = np.arange(5, dtype=np.uint8)[:, None]
    assert representatives(_nearest(points, [2]), 0, 0).tolist() == []
    assert representatives(Nearest(points), 0, 0).tolist() == []
