"""Quotas: exact in sum, one for each bucket first, then in proportion."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import allocate
from smartdownsample_core.selection._allocation import top_up

_LARGE = st.integers(0, 2**57)  # so many of them are summed in 64 bits, but not multiplied
_SIZES = st.lists(st.integers(0, 40) | st.integers(0, 10**6) | _LARGE, max_size=30)
_SEEDS = st.integers(0, 2**63 - 1)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[list[int], int]:
    sizes = draw(_SIZES)
    near = len(sizes) + 3
    target = draw(st.integers(-2, near) | st.integers(0, sum(sizes) + 5))
    return sizes, target


def _slow_quotas(sizes: list[int], target: int, seed: int) -> list[int]:
    """The definition, a bucket at a time, in fractions."""
    target = min(max(target, 0), sum(sizes))
    rank = np.random.default_rng(seed).permutation(len(sizes)).tolist()
    occupied = [bucket for bucket, size in enumerate(sizes) if size]
    if target < len(occupied):
        first = sorted(occupied, key=lambda bucket: (-sizes[bucket], rank[bucket]))[:target]
        return [int(bucket in first) for bucket in range(len(sizes))]
    quotas = [int(size > 0) for size in sizes]
    spare = sum(size - 1 for size in sizes if size)
    rest = target - len(occupied)
    exact = {bucket: Fraction(rest * (sizes[bucket] - 1), spare or 1) for bucket in occupied}
    for bucket, share in exact.items():
        quotas[bucket] += share.numerator // share.denominator
    by_remainder = sorted(exact, key=lambda bucket: (-(exact[bucket] % 1), rank[bucket]))
    for bucket in by_remainder[: target - sum(quotas)]:
        quotas[bucket] += 1
    return quotas


@given(_cases(), _SEEDS)
def test_quotas_equal_a_slow_reference(case: tuple[list[int], int], seed: int) -> None:
    """The vectorised integers agree with the definition in fractions, ties included."""
    sizes, target = case
    assert allocate(sizes, target, seed).tolist() == _slow_quotas(sizes, target, seed)


@given(_cases(), _SEEDS)
def test_quotas_sum_to_the_target(case: tuple[list[int], int], seed: int) -> None:
    """The sum is the target, clipped to what there is, and no quota exceeds its bucket."""
    sizes, target = case
    quotas = allocate(sizes, target, seed)
    assert quotas.dtype == np.int64
    assert quotas.shape == (len(sizes),)
    assert quotas.sum() == min(max(target, 0), sum(sizes))
    assert (quotas >= 0).all()
    assert (quotas <= sizes).all()


@given(_cases(), _SEEDS)
def test_every_bucket_is_represented_or_the_largest_are(
    case: tuple[list[int], int], seed: int
) -> None:
    """Enough for all: at least one each; too few: one each for the largest buckets."""
    sizes, target = case
    quotas = allocate(sizes, target, seed)
    occupied = np.asarray(sizes, dtype=int) > 0
    if target >= occupied.sum():
        assert (quotas[occupied] >= 1).all()
        return
    assert set(quotas.tolist()) <= {0, 1}
    kept, left = (np.asarray(sizes)[mask] for mask in (quotas == 1, (quotas == 0) & occupied))
    assert kept.min(initial=2**60) >= left.max(initial=0)


@given(_cases(), _SEEDS)
def test_quotas_are_proportional(case: tuple[list[int], int], seed: int) -> None:
    """Beyond the first image, a quota is less than one away from its exact share."""
    sizes, target = case
    target = min(target, sum(sizes))
    occupied = sum(size > 0 for size in sizes)
    spare = sum(sizes) - occupied
    if target < occupied or not spare:
        return
    for size, quota in zip(sizes, allocate(sizes, target, seed).tolist(), strict=True):
        if size:
            assert abs(quota - 1 - Fraction((target - occupied) * (size - 1), spare)) < 1


@given(_cases(), _SEEDS)
def test_a_larger_bucket_never_gets_less(case: tuple[list[int], int], seed: int) -> None:
    """Sorted by size, the quotas of different sizes are sorted too."""
    sizes, target = case
    pairs = sorted(zip(sizes, allocate(sizes, target, seed).tolist(), strict=True))
    for (smaller, low), (larger, high) in pairwise(pairs):
        assert smaller == larger or low <= high


def test_the_seed_decides_ties_and_only_ties() -> None:
    """Equal buckets take turns from seed to seed; a larger one is never passed over."""
    few = [allocate([5, 5, 5, 5, 9], 2, seed).tolist() for seed in range(40)]
    many = [allocate([4, 4, 4], 4, seed).tolist() for seed in range(40)]
    assert {tuple(quotas) for quotas in few} == {
        (1, 0, 0, 0, 1), (0, 1, 0, 0, 1), (0, 0, 1, 0, 1), (0, 0, 0, 1, 1)
    }  # fmt: skip
    assert {tuple(quotas) for quotas in many} == {(2, 1, 1), (1, 2, 1), (1, 1, 2)}
    assert allocate([100, 50], 30, 1).tolist() == allocate([100, 50], 30, 2).tolist()


@pytest.mark.parametrize(
    ("sizes", "target", "seed", "message"),
    [
        pytest.param([3, -1], 2, 0, "whole numbers of at least 0", id="negative size"),
        pytest.param([2**62, 2**62], 2, 0, "sizes must sum to at most 9,223,", id="sum"),
        pytest.param([3], 1.5, 0, "target_count must be a whole number, got 1.5", id="fraction"),
        pytest.param([3], "2", 0, "target_count must be a whole number, got '2'", id="text"),
        pytest.param(
            [3],
            2,
            -1,
            "random_seed must be a whole number of at least 0, got -1",
            id="negative seed",
        ),
        pytest.param([3], 2, None, "random_seed must be a whole number", id="no seed"),
    ],
)
def test_bad_arguments_are_refused(
    sizes: list[int], target: object, seed: object, message: str
) -> None:
    """The error names the argument, its bound and its value."""
    with pytest.raises(ValueError, match=message):
        allocate(sizes, target, seed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 0], r"weights must be whole numbers of at least 1, got \[1, 0\]"),
        ([1], "weights must have one value for each of the 2 buckets, got 1$"),
    ],
)
def test_bad_weights_are_refused(weights: list[int], message: str) -> None:
    """A bucket without weight could not be filled."""
    with pytest.raises(ValueError, match=message):
        allocate([10, 10], 15, weights=np.array(weights))


@st.composite
def _weighted(draw: st.DrawFn) -> tuple[np.ndarray, int, np.ndarray]:
    sizes = draw(
        st.lists(st.integers(0, 40) | st.integers(0, 10**5) | _LARGE, min_size=1, max_size=12)
    )
    n = len(sizes)
    weights = draw(st.lists(st.integers(1, 9) | st.integers(1, 2**57), min_size=n, max_size=n))
    target = draw(st.integers(0, n + 3) | st.integers(0, sum(sizes)))
    return np.array(sizes), min(target, sum(sizes)), np.array(weights)


@given(_weighted(), _SEEDS)
def test_weighted_quotas_sum_to_the_target(
    case: tuple[np.ndarray, int, np.ndarray], seed: int
) -> None:
    """Exactly, none above its bucket; one each where it is enough, the heaviest where not."""
    sizes, target, weights = case
    quotas = allocate(sizes, target, seed, weights)
    occupied = sizes > 0
    assert quotas.sum() == target
    assert ((quotas >= 0) & (quotas <= sizes)).all()
    if target >= occupied.sum():
        assert (quotas[occupied] >= 1).all()
        return
    kept, left = weights[quotas == 1], weights[(quotas == 0) & occupied]
    assert kept.min(initial=2**60) >= left.max(initial=0)


@given(_weighted(), _SEEDS)
def test_weighted_quotas_are_proportional_where_there_is_room(
    case: tuple[np.ndarray, int, np.ndarray], seed: int
) -> None:
    """Beyond the first image, buckets that are not full share in proportion to their weights."""
    sizes, target, weights = case
    quotas = allocate(sizes, target, seed, weights)
    if target < (sizes > 0).sum():
        return
    has_room = np.flatnonzero(quotas < sizes)
    rest = int((quotas[has_room] - 1).sum())
    total = int(weights[has_room].sum())
    for bucket in has_room.tolist():
        share = Fraction(rest * int(weights[bucket]), total)
        # Where a remainder filled a bucket, what is left for the others is less by that one.
        assert abs(int(quotas[bucket]) - 1 - share) < 1 + np.count_nonzero(quotas == sizes)
    for bucket in np.flatnonzero(quotas == sizes).tolist():
        for other in has_room.tolist():
            assert Fraction(int(sizes[bucket]) - 2, int(weights[bucket])) <= Fraction(
                int(quotas[other]), int(weights[other])
            )


def test_equal_weights_give_equal_shares() -> None:
    """What a small bucket cannot take, the others share."""
    ones = np.ones(4, np.int64)
    assert allocate([1000, 50, 200, 80], 80, 0, ones).tolist() == [20, 20, 20, 20]
    assert allocate([1000, 5, 200, 80], 80, 0, ones).tolist() == [25, 5, 25, 25]
    assert allocate([1000, 5, 21, 80], 80, 0, ones).tolist() == [27, 5, 21, 27]
    assert allocate([9, 0, 9, 9], 2, 0, np.array([1, 7, 2, 3])).tolist() == [0, 0, 1, 1]


def test_tempered_weights_lie_between_proportional_and_equal() -> None:
    """The square root takes from the largest and gives to the smallest."""
    sizes = np.array([10_000, 400, 25])
    answers = [
        allocate(sizes, 301, 0, np.rint(sizes**power * 1024).astype(np.int64))
        for power in (1.0, 0.5, 0.0)
    ]
    assert [quotas.tolist() for quotas in answers] == [[287, 12, 2], [239, 49, 13], [138, 138, 25]]


@st.composite
def _top_ups(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int, np.ndarray | None]:
    n = draw(st.integers(1, 10))
    sizes, taken = (
        np.array(draw(st.lists(st.integers(0, 30) | _LARGE, min_size=n, max_size=n)))
        for _ in range(2)
    )
    weights = draw(
        st.none() | st.lists(st.integers(1, 50) | st.integers(1, 2**57), min_size=n, max_size=n)
    )
    count = draw(st.integers(0, int(sizes.sum())))
    return sizes, taken, count, None if weights is None else np.array(weights)


@given(_top_ups(), _SEEDS)
def test_a_top_up_is_exact_and_fills_up_to_the_shares(
    case: tuple[np.ndarray, np.ndarray, int, np.ndarray | None], seed: int
) -> None:
    """It sums to the count within the sizes, and no bucket gets more than its share of all."""
    sizes, taken, count, weights = case
    more = top_up(sizes, taken, count, seed, weights)
    assert more.sum() == count
    assert ((more >= 0) & (more <= sizes)).all()
    shares = allocate(sizes + taken, count + int(taken.sum()), seed, weights)
    assert (more <= np.maximum(shares - taken, 0)).all()
    if (taken <= shares).all():
        assert (more + taken).tolist() == shares.tolist()


@given(_cases(), _SEEDS)
def test_a_top_up_of_nothing_is_an_allocation(case: tuple[list[int], int], seed: int) -> None:
    """Where nothing is taken, the quotas are those of allocate."""
    sizes, target = case
    target = min(max(target, 0), sum(sizes))
    more = top_up(np.array(sizes, int), np.zeros(len(sizes), int), target, seed)
    assert more.tolist() == allocate(sizes, target, seed).tolist()
