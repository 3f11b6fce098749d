"""Joint caps and floors: flows against brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartdownsample_core.selection._keys import Groups
from smartdownsample_core.selection._limits import Bound, Room
from smartdownsample_core.selection._repair import repaired


@st.composite
def _problems(draw: st.DrawFn, n_keys: int = 2, with_floors: bool = True):
    n = draw(st.integers(1, 9))
    bounds = []
    for key in range(draw(st.integers(1, n_keys))):
        n_groups = draw(st.integers(1, 4))
        numbers = draw(st.lists(st.integers(-1, n_groups - 1), min_size=n, max_size=n))
        most = draw(st.none() | st.integers(1, 3))
        floors = st.none() | st.integers(1, 3 if most is None else most)
        least = draw(floors) if with_floors else None
        groups = Groups(np.array(numbers), [str(name) for name in range(n_groups)])
        bounds.append(Bound.of(f"key{key}", groups, least, most))
    rows = draw(st.permutations(range(n)))
    n_keep = draw(st.integers(0, 2))
    keep, pool = np.array(rows[:n_keep], np.int64), np.array(rows[n_keep:], np.int64)
    return bounds, keep, pool, draw(st.integers(0, len(pool)))


def _fits(bounds: list[Bound], keep: np.ndarray, rows) -> bool:
    both = np.concatenate([keep, np.array(rows, np.int64)])
    over = [bound.count(both) > np.maximum(bound.most, bound.count(keep)) for bound in bounds]
    return not any(map(np.any, over))


def _shortfall(bounds: list[Bound], keep: np.ndarray, pool: np.ndarray, rows) -> int:
    both, everything = np.concatenate([keep, rows]), np.concatenate([keep, pool])
    return sum(
        int(np.maximum(np.minimum(b.least, b.count(everything)) - b.count(both), 0).sum())
        for b in bounds
    )


def _sets(bounds: list[Bound], keep: np.ndarray, pool: np.ndarray, most: int):
    for size in range(most + 1):
        for rows in combinations(pool.tolist(), size):
            if _fits(bounds, keep, rows):
                yield np.array(rows, np.int64)


@settings(max_examples=300)
@given(_problems(), st.booleans())
def test_plans_are_the_best_there_are(problem, with_floors_first: bool) -> None:
    """Of two keys: no cap broken, all floors met if any set meets them, and the most images."""
    bounds, keep, pool, target = problem
    picked = np.empty(0, np.int64)
    if with_floors_first:
        picked = Room(bounds, keep, floors_only=True).accept(pool)[:target]
    room = Room(bounds, np.concatenate([keep, picked]))
    picked = np.concatenate([picked, room.accept(np.setdiff1d(pool, picked))])[:target]
    plan = repaired(bounds, keep, pool, picked, target)
    assert plan.is_exact
    assert set(plan.rows.tolist()) <= set(pool.tolist())
    assert len(set(plan.rows.tolist())) == len(plan.rows)
    assert _fits(bounds, keep, plan.rows)
    assert not set(plan.rows.tolist()) ^ set(picked.tolist()) or plan.is_changed
    sets = list(_sets(bounds, keep, pool, target))
    largest = max(map(len, sets))
    assert len(plan.rows) == largest
    best = min(_shortfall(bounds, keep, pool, rows) for rows in sets)
    found = _shortfall(bounds, keep, pool, plan.rows)
    assert (found == 0) == (best == 0)
    assert found <= _shortfall(bounds, keep, pool, picked)
    if largest < target:
        limit = sum(binding.groups for binding in plan.bindings)
        assert limit > 0
        full = {bound.name: bound for bound in bounds}
        for binding in plan.bindings:
            bound = full[binding.name]
            counts = bound.count(np.concatenate([keep, plan.rows]))
            assert (counts >= bound.most)[:-1].sum() >= binding.groups


@given(_problems(n_keys=3, with_floors=False))
def test_three_keys_that_cross_are_never_exceeded(problem) -> None:
    """The plan says whether it is the best, and is then."""
    bounds, keep, pool, target = problem
    picked = Room(bounds, keep).accept(pool)[:target]
    plan = repaired(bounds, keep, pool, picked, target)
    assert _fits(bounds, keep, plan.rows)
    if plan.is_exact:
        assert len(plan.rows) == max(map(len, _sets(bounds, keep, pool, target)))


def test_keys_inside_each_other_are_one_chain() -> None:
    """Events in cameras, and buckets across both: still exact."""
    numbers = [np.arange(24) // 12, np.arange(24) // 3, np.arange(24) % 3]
    bounds = [
        Bound.of(name, Groups(groups, [str(i) for i in range(groups.max() + 1)]), None, most)
        for name, groups, most in zip(
            ("camera", "event", "bucket"), numbers, (4, 1, 3), strict=True
        )
    ]
    nothing, pool = np.empty(0, np.int64), np.arange(24)
    plan = repaired(bounds, nothing, pool, nothing, 20)
    assert plan.is_exact
    assert len(plan.rows) == 8
    assert [binding.name for binding in plan.bindings] in (["camera"], ["event"])


@pytest.mark.parametrize("n", [0, 1])
def test_few_images(n: int) -> None:
    """Nothing to choose from is no error."""
    bound = Bound.of("key", Groups(np.zeros(n, np.int64), ["a"]), 1, 1)
    nothing = np.empty(0, np.int64)
    assert len(repaired([bound], nothing, np.arange(n), nothing, n).rows) == n
