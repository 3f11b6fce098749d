"""Systematic sampling inside the buckets."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import select
from smartdownsample_core.selection._systematic import systematic_positions

_SEEDS = st.integers(0, 2**63 - 1)
_RANGES = st.integers(1, 10**12).flatmap(
    lambda size: st.tuples(st.just(size), st.integers(1, min(size, 200)), st.integers(0, size - 1))
)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    bucket_ids = np.array(draw(st.lists(st.integers(-1, 6), max_size=60)), dtype=np.int16)
    sizes = np.bincount(bucket_ids[bucket_ids >= 0], minlength=8)
    quotas = np.array([draw(st.integers(0, int(size))) for size in sizes])
    order = np.array(draw(st.permutations(range(len(bucket_ids)))), dtype=np.int64)
    return bucket_ids, quotas, order


def _places(kept: np.ndarray, bucket_ids: np.ndarray, order: np.ndarray, bucket: int) -> np.ndarray:
    """Where in the natural order of its bucket each kept image is."""
    return np.flatnonzero(np.isin(order[bucket_ids[order] == bucket], kept))


@given(_RANGES)
def test_positions_equal_a_slow_reference(case: tuple[int, int, int]) -> None:
    """The integers are floor((i + u) * size / count) in exact fractions, u = start / size."""
    size, count, start = case
    u = Fraction(start, size)
    expected = [floor((i + u) * Fraction(size, count)) for i in range(count)]
    assert systematic_positions(size, count, start).tolist() == expected


@given(_RANGES)
def test_positions_are_increasing_and_in_range(case: tuple[int, int, int]) -> None:
    """No position repeats, none lies outside."""
    size, count, start = case
    positions = systematic_positions(size, count, start)
    assert len(positions) == count
    assert positions[0] >= 0
    assert positions[-1] < size
    assert (np.diff(positions) > 0).all()


@given(st.integers(1, 40).flatmap(lambda size: st.tuples(st.just(size), st.integers(1, size))))
def test_every_position_is_equally_likely(case: tuple[int, int]) -> None:
    """Over all starts each position is chosen ``count`` times: no image is favoured."""
    size, count = case
    chosen = Counter(
        position
        for start in range(size)
        for position in systematic_positions(size, count, start).tolist()
    )
    assert chosen == dict.fromkeys(range(size), count)


@given(_cases(), _SEEDS)
def test_quotas_are_met_exactly(case: tuple[np.ndarray, np.ndarray, np.ndarray], seed: int) -> None:
    """The indices are sorted and unique, and each bucket keeps its quota."""
    bucket_ids, quotas, order = case
    kept = select(bucket_ids, quotas, order, seed)
    assert kept.dtype == np.int64
    assert (np.diff(kept) > 0).all()
    assert (bucket_ids[kept] >= 0).all()
    assert np.bincount(bucket_ids[kept], minlength=len(quotas)).tolist() == quotas.tolist()


@given(_cases(), _SEEDS)
def test_kept_images_are_evenly_spread(
    case: tuple[np.ndarray, np.ndarray, np.ndarray], seed: int
) -> None:
    """In natural order the gaps of a bucket differ by one at most, its two ends joined too."""
    bucket_ids, quotas, order = case
    kept = select(bucket_ids, quotas, order, seed)
    for bucket in np.flatnonzero(quotas):
        places = _places(kept, bucket_ids, order, int(bucket))
        around = np.diff([*places, places[0] + np.count_nonzero(bucket_ids == bucket)])
        assert np.ptp(around) <= 1


@given(_cases(), _SEEDS)
def test_buckets_are_independent(
    case: tuple[np.ndarray, np.ndarray, np.ndarray], seed: int
) -> None:
    """Emptying every other bucket leaves what a bucket keeps as it was."""
    bucket_ids, quotas, order = case
    kept = select(bucket_ids, quotas, order, seed)
    for bucket in range(len(quotas)):
        alone = np.where(bucket_ids == bucket, bucket_ids, -1)
        only = np.where(np.arange(len(quotas)) == bucket, quotas, 0)
        expected = kept[bucket_ids[kept] == bucket]
        assert select(alone, only, order, seed).tolist() == expected.tolist()


@given(_cases(), _SEEDS)
def test_the_same_seed_gives_the_same_images(
    case: tuple[np.ndarray, np.ndarray, np.ndarray], seed: int
) -> None:
    """Nothing but the arguments decides."""
    assert select(*case, seed).tolist() == select(*case, seed).tolist()


def test_another_seed_gives_other_images() -> None:
    """Each bucket starts at random in its first stride, and not all buckets at the same place."""
    bucket_ids = np.repeat([0, 1], 1000)
    answers = [select(bucket_ids, np.array([10, 10]), np.arange(2000), s) for s in range(20)]
    assert len({tuple(kept) for kept in answers}) == 20
    assert any((kept[:10] + 1000 != kept[10:]).any() for kept in answers)


def test_the_natural_order_decides_not_the_input_order() -> None:
    """Half of a bucket is every other image of the natural order."""
    order = np.array([3, 1, 4, 5, 0, 2])
    kept = select(np.zeros(6, dtype=int), np.array([3]), order)
    assert _places(kept, np.zeros(6), order, 0).tolist() in ([0, 2, 4], [1, 3, 5])


@pytest.mark.parametrize(
    ("quotas", "seed", "message"),
    [
        pytest.param([3, 0], 0, "the quota of bucket 0 must be 0 to 2, got 3", id="too many"),
        pytest.param(
            [0, 0, 1], 0, "the quota of bucket 2 must be 0 to 0, got 1", id="empty bucket"
        ),
        pytest.param([-1, 0], 0, "the quota of bucket 0 must be 0 to 2, got -1", id="negative"),
        pytest.param(
            [1, 1], -3, "random_seed must be a whole number of at least 0, got -3", id="seed"
        ),
    ],
)
def test_bad_arguments_are_refused(quotas: list[int], seed: int, message: str) -> None:
    """A quota that its bucket cannot meet is an error, not fewer images."""
    with pytest.raises(ValueError, match=message):
        select(np.array([0, 0, 1]), np.array(quotas), np.arange(3), seed)
