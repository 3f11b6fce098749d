"""How good a selection is: four numbers per set, method and budget."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .methods import Indices, nearest_distance
from .redundant import JUNK


class Scores(NamedTuple):
    """Of one selection, or the mean of several."""

    coverage: float
    """share of the scenes that are kept, of those that the budget has room for"""
    duplicates: float
    """share of the kept that the judge holds for near-duplicates of others that are kept"""
    mean_distance: float
    """of all images to the nearest kept one, cosine distance of the judge, 0-2"""
    far_distance: float
    """the 95th percentile of that"""
    junk: float
    """share of the kept that show nothing"""


def score(
    kept: Indices,
    count: int,
    scenes: NDArray[np.intp],
    features: NDArray[np.float32],
    radius: float,
) -> Scores:
    """Scores a selection; junk counts for no scene and no distance.

    Args:
        kept: positions
        count: how many were asked for
        scenes: ``(n,)`` labels
        features: ``(n, d)`` unit vectors of the judge
        radius: cosine distance below which two images are near-duplicates
    """
    real = scenes != JUNK
    shown = np.unique(scenes[kept][real[kept]])
    possible = min(count, len(np.unique(scenes[real])))
    targets = features[kept]
    distance = nearest_distance(features[real], targets) ** 2 / 2
    return Scores(
        len(shown) / possible,
        near_duplicates(targets, radius),
        float(distance.mean()),
        float(np.percentile(distance, 95)),
        float(1 - real[kept].mean()),
    )


def near_duplicates(features: NDArray[np.float32], radius: float) -> float:
    """Returns the share of images that could go, each for an image before it that is close enough.

    >>> near_duplicates(np.float32([[1, 0], [1, 0], [0, 1], [1, 0]]), 0.1)
    0.5
    """
    close = features @ features.T > 1 - radius
    gone = np.zeros(len(features), bool)
    for row in range(1, len(features)):
        gone[row] = (close[row, :row] & ~gone[:row]).any()
    return float(gone.mean())


def mean_scores(several: list[Scores]) -> Scores:
    """Returns the mean of each number."""
    return Scores(*np.mean(several, axis=0).tolist())
