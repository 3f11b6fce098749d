"""Feature vectors of users, such as embeddings, to points that can be compared exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import shown
from ..errors import ParameterError

_LARGEST = 127
_LARGEST_FLOAT = float(np.finfo(np.float32).max)
_LONGEST = 2047  # longest vector whose squares sum to less than 2**22


def unit_features(features: Any, n: int) -> NDArray[np.float32]:
    """Returns feature vectors scaled to length 1, so that distances follow the cosine.

    Args:
        features: ``(n, d)`` numbers
        n: number of images

    Raises:
        ValueError: for another shape, or values that are not finite numbers
    """
    try:
        with np.errstate(over="ignore"):  # float64 values that become infinite are refused below
            table = np.asarray(features, np.float32)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(
            "features",
            "must be an array of numbers with {n:,} rows, one for each image, got {value}",
            "give every image a vector of the same length",
            n=n,
            value=f"an array of {features.dtype}"
            if hasattr(features, "dtype")
            else shown(features),
        ) from None
    if table.ndim != 2 or len(table) != n or not table.shape[1]:
        raise ParameterError(
            "features",
            "must have the shape ({n}, d), one row for each of the {n:,} images, got {shape}",
            "drop rows of other images, and compute missing ones",
            n=n,
            shape=table.shape,
        )
    bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(bad):
        row = np.asarray(features)[bad[0]]
        raise ParameterError(
            "features",
            "must be finite numbers up to {largest:.1e}, but {bad:,} of {n:,} rows are not; the "
            "first is row {row} with {value}",
            "recompute these rows, or remove their images",
            largest=_LARGEST_FLOAT,
            bad=len(bad),
            n=n,
            row=bad[0],
            value=row[~np.isfinite(table[bad[0]])][0],
        )
    if n and not table.any():
        raise ParameterError(
            "features",
            "must have a direction, but all {n:,} rows are zeros",
            "compute the embeddings, or name those of another model",
            n=n,
        )
    # Divide by the largest value first: squares of tiny or huge numbers exceed float32.
    table = table / _or_one(np.abs(table).max(axis=1, keepdims=True, initial=0))
    return np.asarray(table / _or_one(np.linalg.norm(table, axis=1, keepdims=True)))


def quantized(features: NDArray[np.float32]) -> NDArray[np.int8]:
    """Rounds feature vectors of length 1, ``(n, d)``, to bytes on a common scale."""
    largest = max(float(np.abs(features).max(initial=0)), 1e-12)
    # Rounding makes a vector longer by at most half the diagonal of a unit cube.
    scale = min(_LARGEST / largest, _LONGEST - features.shape[1] ** 0.5 / 2)
    return np.asarray(np.rint(features * scale).astype(np.int8))


def mean_squared_length(points: NDArray[np.int8]) -> float:
    """Returns the mean squared length of the nonzero quantized vectors, ``(n, d)``."""
    squares = np.einsum("ij,ij->i", points, points, dtype=np.int64)
    squares = squares[squares > 0]
    return float(squares.mean()) if len(squares) else 1.0


def _or_one(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(values > 0, values, np.float32(1))
