"""Groups to splits such as train, val and test: none divided, sizes and labels by their shares."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_Rows = NDArray[np.int64]

#: Rounding of sums of sizes, in images.
_EPSILON = 1e-6


def assign_splits(
    groups: _Rows,
    shares: NDArray[np.float64],
    strata: _Rows | None = None,
    random_seed: int = 42,
) -> _Rows:
    """Assigns each image to a split, those of a group to the same one.

    Greedy: the largest group first, each to the split where it most lowers the sum of (n - e)^2 / e
    over all images and over each stratum (Pearson's chi-squared), with n images there and e due;
    so a split that lacks a larger part of its share comes first. For a stratum, the divisor is at
    least its largest part in one group, because it cannot be divided more finely. K. Sechidis et
    al., "On the Stratification of Multi-label Data" (2011), assign single images so.

    No split ends up farther from its share than the size of the largest group: splits may exceed
    theirs by that in total, and once none can take the next group, the one that lacks most images
    takes it. If that allows, every split gets a group.

    Args:
        groups: ``(n,)``; number of each image's group, from 0
        shares: ``(k,)``; above 0, sum to 1
        strata: ``(n,)``; number of each image's stratum, from 0; a single one by default
        random_seed: decides the order of groups of equal size

    Returns:
        ``(n,)`` splits, 0 to k - 1

    >>> groups = np.array([0, 0, 0, 1, 2, 2, 3, 4, 4, 4])
    >>> assign_splits(groups, np.array([0.7, 0.3])).tolist()
    [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    """
    n = len(groups)
    if not n:
        return np.empty(0, np.int64)
    strata = np.zeros(n, np.int64) if strata is None else strata
    sizes = np.bincount(groups)
    contents = _contents(groups, strata, sizes)
    due = np.concatenate([[n], np.bincount(strata)]) * shares[:, None]
    parts = np.zeros(due.shape[1])
    for content in contents:
        for column, count in content[1:]:
            parts[column] = max(parts[column], count)
    lacks, divisors = due.tolist(), np.maximum(due, parts).tolist()
    largest, overdraft = int(sizes.max()) + _EPSILON, 0.0
    tie_break = np.random.default_rng(random_seed).permutation(len(sizes))
    order = np.lexsort((tie_break, -sizes))
    split_of = np.zeros(len(sizes), np.int64)
    empty = set(range(len(shares)))
    for place, group in enumerate(order[: (sizes > 0).sum()].tolist()):
        size, content = int(sizes[group]), contents[group]
        more = [max(size - max(lack[0], 0.0), 0.0) for lack in lacks]
        able = [s for s in range(len(shares)) if overdraft + more[s] <= largest]
        if len(empty) >= (sizes > 0).sum() - place:
            able = [s for s in able if s in empty] or able
        if able:
            best = max(able, key=lambda s: _gain(lacks[s], divisors[s], content))
        else:
            best = max(range(len(shares)), key=lambda s: lacks[s][0])
        split_of[group] = best
        overdraft += more[best]
        empty.discard(best)
        for column, count in content:
            lacks[best][column] -= count
    return np.asarray(split_of[groups])


def _contents(groups: _Rows, strata: _Rows, sizes: _Rows) -> list[list[tuple[int, int]]]:
    """Returns the size of each group as column 0, and its images of each stratum as others."""
    contents = [[(0, size)] for size in sizes.tolist()]
    width = int(strata.max()) + 1
    if width > 1:
        pairs, counts = np.unique(groups * width + strata, return_counts=True)
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            contents[pair // width].append((pair % width + 1, count))
    return contents


def _gain(lack: list[float], divisor: list[float], content: list[tuple[int, int]]) -> float:
    return sum((2 * lack[column] - count) * count / divisor[column] for column, count in content)


class Leaks(NamedTuple):
    """What dividing groups at random would do, on average."""

    images: float
    """images of which the nearest other of their group would be in another split"""
    grouped: int
    """images that share their group with others"""


def leaks_at_random(groups: _Rows, shares: NDArray[np.float64]) -> Leaks:
    """Returns how many images would leak if they were assigned one by one at random.

    Whichever other image of its group is nearest to one, it is in another split with the chance
    that two random images are.

    Args:
        groups: ``(n,)``; number of each image's group, from 0
        shares: ``(k,)``; of the splits, which sum to 1

    >>> leaks_at_random(np.array([0, 0, 1, 2]), np.array([0.5, 0.5]))
    Leaks(images=1.0, grouped=2)
    """
    grouped = int((np.bincount(groups)[groups] > 1).sum()) if len(groups) else 0
    return Leaks(round(grouped * (1 - float((shares**2).sum())), 6), grouped)
