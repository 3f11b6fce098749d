"""Preference: which of images that do equally well is kept, such as the sharpest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import shown
from ..errors import ParameterError
from ..signatures import Signatures

#: Measures of signatures, by the names that settings use.
MEASURES: dict[str, Callable[[Signatures], NDArray[Any]]] = {
    "sharpness": lambda signatures: signatures.sharpness,
    "clipped": lambda signatures: signatures.dark + signatures.bright,
    "brightness": lambda signatures: signatures.brightness,
}

#: Squared distances that differ in their lower 22 bits alone count as almost the same. The other
#: bits of a float32 are its exponent and one of its mantissa, so the steps are 1, 1.5, 2, 3, 4 ...
_STEP_BITS = 22

ALMOST = 1.5
"""Within one step, the largest ratio of two squared distances.

So ``"diverse"`` picks nothing nearer than 0.82 (the root of 2/3) of the distance of the farthest.
With 1.25, 77% of the images kept of bursts are as sharp as most that they stand for; with 1.5, 85%;
with 2, 88%, but of real frames the farthest left out is 1.25 times as far as without a preference
instead of 1.08 times (``benchmarks/prefer.py``).
"""

_LEVEL_BITS = 21


def split_prefer(prefer: str) -> tuple[str, int]:
    """Returns what a preference names, and -1 if less of it is preferred, else 1.

    >>> split_prefer("-clipped"), split_prefer("sharpness")
    (('clipped', -1), ('sharpness', 1))
    """
    name = prefer.strip()
    return (name[1:].strip(), -1) if name.startswith("-") else (name, 1)


def check_prefer(prefer: Any, keys: Mapping[str, Any] | None) -> None:
    """Raises a ParameterError unless a preference is a known name or has a value per image."""
    if isinstance(prefer, str):
        if split_prefer(prefer)[0] not in {*MEASURES, *(keys or {})}:
            raise ParameterError(
                "prefer",
                "must name a measure or a column of {keys}, got {value}",
                "measures are {known}; -clipped prefers less",
                value=shown(prefer),
                known=", ".join(MEASURES),
            )
    elif not hasattr(prefer, "__len__") or isinstance(prefer, (Mapping, set, frozenset)):
        raise ParameterError(
            "prefer",
            "must be the name of a measure or a list of one number per image, got {value}",
            "measures are {known}",
            value=shown(prefer),
            known=", ".join(MEASURES),
        )


def numbers_of(values: Sequence[Any], n: int) -> NDArray[np.float64]:
    """Returns a number for each of n images, NaN for None, NaN and empty text.

    Raises:
        ParameterError: if there are not n of them, one is no number, or all are missing
    """
    if len(values) != n:
        raise ParameterError(
            "prefer",
            "must have a number for each of the {n:,} images, got {given:,}",
            "use None for images without one",
            n=n,
            given=len(values),
        )
    if getattr(values, "dtype", np.dtype(object)).kind in "biuf" and np.ndim(values) == 1:
        found = np.asarray(values, np.float64)
    else:
        found = np.array([_number(value) for value in values], np.float64)
    if n and np.isnan(found).all():
        raise ParameterError(
            "prefer", "has no number for any of the {n:,} images", "give some or omit it", n=n
        )
    return found


def _number(value: Any) -> float:
    if value is None or (isinstance(value, str) and not value.strip()):
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(
            "prefer",
            "must have a number for each image, got {value}",
            "use None for images without one",
            value=shown(value),
        ) from None


def percentiles(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns the rank of each value among the distinct ones, 0 (lowest) to 1; 0 for NaN.

    Ranks do not depend on units, and equal values have equal ranks.

    >>> percentiles(np.array([30.0, 10.0, np.nan, 20.0, 30.0])).tolist()
    [1.0, 0.0, 0.0, 0.5, 1.0]
    """
    known = ~np.isnan(values)
    distinct, ranks = np.unique(values[known], return_inverse=True)
    found = np.zeros(len(values))
    found[known] = ranks.reshape(-1) / max(len(distinct) - 1, 1)
    return found


def preference(
    signatures: Signatures, prefer: Any, keys: Mapping[str, Any] | None
) -> NDArray[np.float64] | None:
    """Returns how much each image is preferred, ``(n,)`` from 0 to 1; None without a preference.

    Args:
        signatures: of n images
        prefer: the setting, checked
        keys: the keys of the choice
    """
    if prefer is None:
        return None
    if not isinstance(prefer, str):
        return percentiles(numbers_of(prefer, len(signatures)))
    name, sign = split_prefer(prefer)
    if name in (keys or {}):  # a column comes before a measure of its name
        values = numbers_of((keys or {})[name], len(signatures))
    else:
        values = np.asarray(MEASURES[name](signatures), np.float64)
    return percentiles(sign * values)


def levels_of(preferred: NDArray[np.float64]) -> NDArray[np.int64]:
    """Returns percentiles, ``(n,)``, as whole numbers of 21 bits."""
    return np.asarray(np.rint(preferred * (2**_LEVEL_BITS - 1)), np.int64)


def keys_of(
    farness: NDArray[np.float32], levels: NDArray[np.int64] | None
) -> NDArray[np.float32] | NDArray[np.int64]:
    """Returns numbers to take the largest of: by steps of farness, then levels, then farness.

    They only shrink if farness does.

    Args:
        farness: ``(m,)`` squared distances; below 0 for points that cannot be taken
        levels: ``(m,)``; how much each is preferred; None if all are alike

    >>> keys_of(np.float32([5.9, 4.1, 6.0, 3.9, -1]), np.array([1, 2, 0, 3, 4])).argsort().tolist()
    [4, 3, 0, 1, 2]
    """
    if levels is None:
        return farness
    bits = farness.view(np.int32).astype(np.int64)
    steps = bits >> _STEP_BITS
    keys: NDArray[np.int64] = steps << (_LEVEL_BITS + 31) | levels << 31 | bits
    keys[farness < 0] = -1
    return keys
