"""Quotas: how many images each bucket keeps, summing exactly to the target."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import LARGEST, shown, whole_number


def allocate(
    sizes: ArrayLike,
    target_count: int,
    random_seed: int = 42,
    weights: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Returns how many images each bucket keeps: one each, the rest in proportion to size.

    With k images to keep from B non-empty buckets of sizes s: if k >= B, one each, and the
    remaining k - B in proportion to s - 1, or to ``weights``, by the largest-remainder method
    (Hamilton's method of apportionment); if k < B, one each for the k largest or heaviest. A
    permutation drawn from the seed breaks ties.

    Args:
        sizes: ``(b,)`` bucket sizes in images, zeros allowed
        target_count: images to keep; clipped to 0..sum(sizes)
        random_seed: at least 0; decides ties only
        weights: ``(b,)``, at least 1; shares are proportional to these instead. A share that
            exceeds its bucket is cut, and the other buckets divide the excess

    Returns:
        ``(b,)`` int64 quotas; ``quotas.sum() == min(max(target_count, 0), sum(sizes))`` and
        ``0 <= quotas <= sizes``

    Raises:
        ValueError: for sizes or weights that are not whole, out of bounds, or sum to more than
            int64 holds, or for another argument out of its bounds

    >>> allocate([10, 5, 1, 0], 8).tolist()
    [4, 3, 1, 0]
    >>> allocate([10, 5, 1, 0], 2).tolist()
    [1, 1, 0, 0]
    """
    sizes = _counts("bucket sizes", sizes)
    if weights is not None:
        weights = _counts("weights", weights, minimum=1)
        if weights.shape != sizes.shape:
            raise ValueError(
                f"weights must have one value for each of the {len(sizes):,} buckets, got "
                f"{len(weights):,}"
            )
    target = min(max(whole_number("target_count", target_count), 0), int(sizes.sum()))
    seed = whole_number("random_seed", random_seed, minimum=0)
    tie_break = np.random.default_rng(seed).permutation(len(sizes))

    occupied = sizes > 0
    extra = target - int(occupied.sum())
    if extra < 0:
        heaviest = np.where(occupied, sizes if weights is None else weights, 0)
        return _one_each_for_the_first(np.lexsort((tie_break, -heaviest)), target)
    spare = np.maximum(sizes - 1, 0)
    return occupied + _apportion(extra, spare, spare if weights is None else weights, tie_break)


def _counts(name: str, values: ArrayLike, minimum: int = 0) -> NDArray[np.int64]:
    counts = np.asarray(values)
    if counts.size and (counts.dtype.kind not in "iu" or counts.min() < minimum):
        raise ValueError(
            f"{name} must be whole numbers of at least {minimum}, got {shown(counts.tolist())}"
        )
    if counts.size * int(counts.max(initial=0)) > LARGEST and sum(counts.tolist()) > LARGEST:
        raise ValueError(f"{name} must sum to at most {LARGEST:,}, got {shown(counts.tolist())}")
    return counts.astype(np.int64)


def top_up(
    sizes: NDArray[np.int64],
    taken: NDArray[np.int64],
    count: int,
    random_seed: int,
    weights: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Returns how many more images each bucket keeps to reach its share, given those it has.

    Args:
        sizes: ``(b,)``; images to choose from
        taken: ``(b,)``; other images of the bucket, already kept
        count: images to choose, at most the sum of the sizes
        random_seed: as in :func:`allocate`
        weights: as in :func:`allocate`

    Returns:
        ``(b,)`` int64 quotas that sum to ``count``, at most ``sizes``
    """
    wanted = allocate(sizes + taken, count + int(taken.sum()), random_seed, weights)
    # Where a bucket has more than its share already, the others get less.
    return allocate(np.maximum(wanted - taken, 0), count, random_seed)


def by_ratio(
    sizes: NDArray[np.int64],
    taken: NDArray[np.int64],
    count: int,
    random_seed: int,
    ratios: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Returns how many more images each group keeps to reach a given share of all.

    Groups that are too small keep all they have, and the others share the rest in the same ratios.
    Groups of a ratio of 0 get what is left then, in proportion to their sizes.

    Args:
        sizes: ``(b,)``; images to choose from
        taken: ``(b,)``; other images of the group, already kept
        count: images to choose, at most the sum of the sizes
        random_seed: as in :func:`allocate`
        ratios: ``(b,)``, at least 0

    Returns:
        ``(b,)`` int64 quotas that sum to ``count``, at most ``sizes``

    >>> by_ratio(np.array([90, 5, 9]), np.zeros(3, int), 20, 0, np.array([0.5, 0.5, 0])).tolist()
    [15, 5, 0]
    """
    tie_break = np.random.default_rng(random_seed).permutation(len(sizes))
    weights = np.rint(ratios / max(float(ratios.max(initial=0)), 1e-300) * 2**20).astype(np.int64)
    room = sizes + taken
    total = count + int(taken.sum())
    wanted = _apportion(total, np.where(weights > 0, room, 0), weights, tie_break)
    if wanted.sum() < total:
        wanted = wanted + allocate(room - wanted, total - int(wanted.sum()), random_seed)
    # Where a group has more than its share already, the others get less.
    more = np.maximum(wanted - taken, 0)
    return more if more.sum() == count else allocate(more, count, random_seed)


def _apportion(
    total: int,
    capacities: NDArray[np.int64],
    weights: NDArray[np.int64],
    tie_break: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Divides a total in proportion to weights, no quota above its capacity."""
    quotas = np.zeros(len(capacities), np.int64)
    is_open = capacities > 0
    while True:
        left = total - int(quotas.sum())
        weight = np.where(is_open, weights, 0)
        shares, remainders = _shared(left, weight)
        is_full = is_open & (shares >= capacities)
        if not is_full.any():
            break
        quotas[is_full] = capacities[is_full]
        is_open &= ~is_full
    quotas += shares
    by_remainder = np.lexsort((tie_break, -np.where(is_open, remainders, -1)))
    left = min(total - int(quotas.sum()), int(is_open.sum()))
    return quotas + _one_each_for_the_first(by_remainder, left)


def _shared(total: int, weights: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divides a total by weights exactly; returns whole shares and remainders."""
    divisor = max(int(weights.sum()), 1)
    if total * int(weights.max(initial=0)) > LARGEST:
        weights = weights.astype(object)  # Python integers, which cannot overflow
    products = total * weights
    return (products // divisor).astype(np.int64), (products % divisor).astype(np.int64)


def _one_each_for_the_first(ranking: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    quotas = np.zeros(len(ranking), dtype=np.int64)
    quotas[ranking[:count]] = 1
    return quotas
