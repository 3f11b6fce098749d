"""Near-duplicates: groups around leaders, wherever they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smartdownsample_core.selection import _near_duplicates as module
from smartdownsample_core.selection._distances import Points
from smartdownsample_core.selection._near_duplicates import near_duplicates

_BLOCKS = pytest.mark.parametrize(
    ("rows", "leaders"), [(1024, 8192), (5, 5), (3, 4), (1, 1)], ids=lambda size: str(size)
)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Points, np.ndarray, int]:
    """Points with many ties, some of their rows in any order, and a squared radius."""
    n = draw(st.integers(0, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    spread = draw(st.sampled_from([1, 2, 5, 60]))
    points = rng.integers(-spread, spread + 1, (n, draw(st.sampled_from([1, 2, 6]))))
    order = rng.permutation(n)[: draw(st.integers(0, n))]
    radius = draw(st.sampled_from([0, 1, 2, 4, 9, 500]))
    if draw(st.booleans()):
        return (points + spread).astype(np.uint8), order, radius
    return points.astype(np.int8), order, radius


def _slow_leaders(points: Points, order: np.ndarray, squared_radius: float) -> list[int]:
    """The definition: the nearest leader so far, the earliest of several, or itself."""
    exact = points.astype(np.int64)
    leaders: list[int] = []
    found = []
    for row in order.tolist():
        squared = [int(((exact[row] - exact[leader]) ** 2).sum()) for leader in leaders]
        if not leaders or min(squared) > squared_radius:
            leaders.append(row)
            found.append(row)
        else:
            found.append(leaders[squared.index(min(squared))])
    return found


def _in_blocks(rows: int, leaders: int, find: Callable[[], np.ndarray]) -> np.ndarray:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROWS", rows)
        patch.setattr(module, "_LEADERS", leaders)
        return find()


#: The last point is within the radius of the first 15, and nearer to the one before it.
_LATE_LEADER = (np.array([[0]] * 15 + [[7], [4]], np.uint8), np.arange(17), 25)


@_BLOCKS
@given(case=_cases())
@example(case=_LATE_LEADER)
def test_groups_equal_a_slow_reference(
    rows: int, leaders: int, case: tuple[Points, np.ndarray, int]
) -> None:
    """Each joins the nearest leader before it, the earliest of several, however many at a time."""
    found = _in_blocks(rows, leaders, lambda: near_duplicates(*case))
    assert found.dtype == np.int64
    assert found.tolist() == _slow_leaders(*case)


@_BLOCKS
@given(case=_cases())
def test_leaders_are_apart_and_their_groups_are_near(
    rows: int, leaders: int, case: tuple[Points, np.ndarray, int]
) -> None:
    """Leaders lead themselves and come first; all are within the radius, and no two leaders."""
    points, order, squared_radius = case
    found = _in_blocks(rows, leaders, lambda: near_duplicates(*case)).tolist()
    exact = points.astype(np.int64)
    place = {row: position for position, row in enumerate(order.tolist())}
    for row, leader in zip(order.tolist(), found, strict=True):
        assert found[place[leader]] == leader
        assert place[leader] <= place[row]
        assert ((exact[row] - exact[leader]) ** 2).sum() <= squared_radius
    those = sorted(set(found))
    apart = ((exact[those][:, None] - exact[those]) ** 2).sum(axis=2)
    assert (apart[np.triu_indices(len(those), 1)] > squared_radius).all()


@given(_cases())
def test_a_radius_of_0_groups_what_is_identical(case: tuple[Points, np.ndarray, int]) -> None:
    """Each goes to the first like it."""
    points, order, _ = case
    first: dict[bytes, int] = {}
    expected = [first.setdefault(points[row].tobytes(), row) for row in order.tolist()]
    assert near_duplicates(points, order, 0).tolist() == expected


def test_a_slow_change_does_not_make_one_large_group() -> None:
    """The first of the group is the measure, not the one before."""
    line = np.arange(9, dtype=np.uint8)[:, None]
    assert near_duplicates(line, np.arange(9), 4).tolist() == [0, 0, 0, 3, 3, 3, 6, 6, 6]


def test_more_leaders_than_are_compared_at_a_time() -> None:
    """Each of 9,000 points leads, and finds itself again at the end."""
    points = np.stack([np.arange(9000) // 100, np.arange(9000) % 100], axis=1).astype(np.uint8)
    twice = np.concatenate([points, points[::-1]])
    found = near_duplicates(twice, np.arange(18_000), 0)
    assert found[:9000].tolist() == list(range(9000))
    assert found[9000:].tolist() == list(range(9000))[::-1]
