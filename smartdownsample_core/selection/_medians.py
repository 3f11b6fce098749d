"""Medians of many small groups at once, by comparing whole planes of numbers.

Groups of a few numbers are too small for :func:`numpy.median`, which sorts them one by one. A
sorting network compares the same two places of all groups in one vectorised step.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


def median_of_planes(planes: NDArray[Any]) -> NDArray[Any]:
    """Returns the median along the first axis, the lower of the two for an even number.

    Args:
        planes: ``(m, ...)``, m at least 1; its values are changed

    Returns:
        the middle plane, of the same dtype: whole numbers stay whole

    >>> median_of_planes(np.array([[9, 1], [5, 2], [7, 8]])).tolist()
    [7, 2]
    """
    spare = np.empty_like(planes[0])
    places = list(planes)
    for low, high, needs in _network(len(planes)):
        a, b = places[low], places[high]
        if needs == "both":
            np.minimum(a, b, out=spare)
            np.maximum(a, b, out=b)
            places[low], spare = spare, a
        elif needs == "low":
            np.minimum(a, b, out=a)
        else:
            np.maximum(a, b, out=b)
    return np.asarray(places[(len(planes) - 1) // 2])


@cache
def _network(m: int) -> tuple[tuple[int, int, str], ...]:
    """Returns the comparisons that bring the median of m numbers to place ``(m - 1) // 2``.

    K. E. Batcher, "Sorting networks and their applications" (1968), as "merge exchange" in
    D. E. Knuth, The Art of Computer Programming, volume 3, 5.2.2, algorithm M; without the
    comparisons that do not affect the median.

    Returns:
        ``(low, high, needs)``: the smaller number goes to place ``low``, the larger one to place
        ``high``; ``needs`` says which of them is needed: ``"low"``, ``"high"`` or ``"both"``
    """
    comparisons = []
    top = p = 1 << max((m - 1).bit_length() - 1, 0)
    while p > 0 and m > 1:
        q, r, d = top, 0, p
        while True:
            comparisons += [(i, i + d) for i in range(m - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q // 2, p
        p //= 2
    needed = {(m - 1) // 2}
    kept = []
    for low, high in reversed(comparisons):
        if low in needed or high in needed:
            both = low in needed and high in needed
            kept.append((low, high, "both" if both else "low" if low in needed else "high"))
            needed |= {low, high}
    return tuple(reversed(kept))
