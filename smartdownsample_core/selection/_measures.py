"""How well some kept images cover others, and how alike they are, however they were chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signatures import Signatures
from ._distances import Nearest
from ._explanation import Evidence

_Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Measured:
    """Distances of descriptors, on the scale of ``duplicate_distance``: 0 to 100."""

    away: NDArray[np.float32]
    """``(n,)``; of each image to the nearest kept one; 0 for kept images, infinity if none is"""
    apart: NDArray[np.float32]
    """``(k,)``; of each kept image to the nearest other one; infinity if there is none"""
    left_out: NDArray[np.float32]
    """``(n - k,)``; of each image left out, ascending"""

    @property
    def farthest(self) -> float:
        """Distance of the farthest image left out; 0 if none is left out."""
        return float(self.left_out[-1]) if len(self.left_out) else 0.0

    @property
    def median(self) -> float:
        """Distance that half of the images left out have at most; 0 if none is left out."""
        return float(self.left_out[(len(self.left_out) - 1) // 2]) if len(self.left_out) else 0.0

    def n_alike(self, distance: float) -> int:
        """Returns how many kept images have another kept one within a distance."""
        return int((self.apart <= distance).sum())


def measure(signatures: Signatures, rows: _Rows, kept: _Rows) -> Measured:
    """Compares images with those of them that are kept, whatever settings have kept them.

    Other than in a :class:`Coverage`, near-duplicates and blank images count. Takes
    2 (n + 2 k) k d floating-point operations.

    Args:
        signatures: with descriptors
        rows: ``(n,)``; the images, all of them readable
        kept: ``(k,)``; places in ``rows``, different ones
    """
    points = signatures.descriptor[rows]
    evidence = Evidence(points, np.ones(len(points), bool))
    _, squared = evidence.nearest(kept)
    away = evidence.distance(squared)
    of_kept = Nearest(points[kept])
    forward = np.arange(len(kept))
    before, after = (of_kept.apart(order) for order in (forward, forward[::-1]))
    is_left_out = np.ones(len(rows), bool)
    is_left_out[kept] = False
    return Measured(
        away, evidence.distance(np.minimum(before, after[::-1])), np.sort(away[is_left_out])
    )
