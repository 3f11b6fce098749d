"""Bucket sizes and a target to quotas that sum to it exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import whole_number


def allocate(sizes: ArrayLike, target_count: int, random_seed: int = 42) -> NDArray[np.int64]:
    """Decides how many images each bucket keeps: one each, the rest in proportion.

    With k images to keep out of B non-empty buckets of sizes s: if k >= B, one each, and the
    remaining k - B in proportion to s - 1 by the largest-remainder method (Hamilton's method of
    apportionment); if k < B, one each for the k largest. Ties go by a permutation drawn from the
    seed.

    Args:
        sizes: ``(b,)`` bucket sizes in images, zeros allowed
        target_count: images to keep; clipped to 0..sum(sizes)
        random_seed: at least 0; decides ties only

    Returns:
        ``(b,)`` int64 quotas; ``quotas.sum() == min(max(target_count, 0), sum(sizes))`` and
        ``0 <= quotas <= sizes``

    Raises:
        ValueError: for sizes that are negative or not whole, or an argument out of its bounds

    >>> allocate([10, 5, 1, 0], 8).tolist()
    [4, 3, 1, 0]
    >>> allocate([10, 5, 1, 0], 2).tolist()
    [1, 1, 0, 0]
    """
    sizes = np.asarray(sizes)
    if sizes.size and (sizes.dtype.kind not in "iu" or sizes.min() < 0):
        raise ValueError(f"bucket sizes must be whole numbers of at least 0, got {sizes.tolist()}")
    sizes = sizes.astype(np.int64)
    target = min(max(whole_number("target_count", target_count), 0), int(sizes.sum()))
    seed = whole_number("random_seed", random_seed, minimum=0)
    tie_break = np.random.default_rng(seed).permutation(len(sizes))

    occupied = sizes > 0
    extra = target - int(occupied.sum())
    if extra < 0:
        return _one_each_for_the_first(np.lexsort((tie_break, -sizes)), target)
    spare = np.maximum(sizes - 1, 0)
    shares, remainders = np.divmod(extra * spare, max(int(spare.sum()), 1))
    left_over = extra - int(shares.sum())
    by_remainder = np.lexsort((tie_break, -remainders))
    quotas: NDArray[np.int64] = occupied + shares + _one_each_for_the_first(by_remainder, left_over)
    return quotas


def _one_each_for_the_first(ranking: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    quotas = np.zeros(len(ranking), dtype=np.int64)
    quotas[ranking[:count]] = 1
    return quotas
