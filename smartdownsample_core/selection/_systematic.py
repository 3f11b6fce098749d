"""Systematic sampling inside every bucket: quotas and natural order to the kept images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..checks import whole_number


def select(
    bucket_ids: NDArray[np.integer],
    quotas: NDArray[np.integer],
    order: NDArray[np.integer],
    random_seed: int = 42,
) -> NDArray[np.int64]:
    """Picks each bucket's quota, evenly spaced along the natural order.

    Args:
        bucket_ids: ``(n,)``; the bucket of each image; negative ids are ignored
        quotas: ``(b,)``; how many images bucket 0..b-1 keeps, at most its size
        order: ``(n,)``; the images in natural order
        random_seed: at least 0; draws the start of each bucket within its first stride,
            independently, so that a change in one bucket leaves the others unchanged

    Returns:
        ``(quotas.sum(),)`` int64; sorted unique indices of the kept images

    Raises:
        ValueError: if a quota exceeds its bucket, or the seed is out of its bounds

    >>> buckets = np.array([0, 0, 0, 0, 1, 1])
    >>> select(buckets, np.array([2, 1]), np.arange(6)).tolist()
    [0, 2, 5]
    """
    seed = whole_number("random_seed", random_seed, minimum=0)
    by_bucket = order[np.argsort(bucket_ids[order], kind="stable")]
    sorted_ids = bucket_ids[by_bucket]
    kept = [np.empty(0, dtype=np.int64)]
    edges = np.searchsorted(sorted_ids, np.arange(len(quotas) + 1)).tolist()
    for bucket in np.flatnonzero(quotas).tolist():
        first, last = edges[bucket], edges[bucket + 1]
        size, quota = last - first, int(quotas[bucket])
        if not 0 <= quota <= size:
            raise ValueError(f"the quota of bucket {bucket} must be 0 to {size}, got {quota}")
        start = np.random.default_rng([seed, bucket]).integers(size)
        kept.append(by_bucket[first + systematic_positions(size, quota, int(start))])
    return np.sort(np.concatenate(kept))


def systematic_positions(size: int, count: int, start: int) -> NDArray[np.int64]:
    """Returns ``count`` positions spread evenly over ``range(size)``.

    Systematic sampling with a fractional stride, W. G. Cochran, "Sampling Techniques" (1977),
    8.1: positions floor((i + u) * size / count) with u = start / size, in exact integers.

    Args:
        size: length of the range, at least ``count``
        count: positions to choose, at least 1
        start: 0 <= start < size; the random start, in units of 1/size of a stride

    Returns:
        ``(count,)`` int64; increasing, unique, below ``size``

    >>> systematic_positions(10, 4, 0).tolist()
    [0, 2, 5, 7]
    >>> systematic_positions(10, 4, 9).tolist()
    [2, 4, 7, 9]
    """
    return (np.arange(count, dtype=np.int64) * size + start) // count
