"""Weights that discount distances where neighbors in natural order vary, too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._distances import Points

_ROWS = 512

# In units of descriptor distance; tuned on synthetic and real bursts. See weights().
_WINDOW = 32
_LEAST, _MOST = 20.0, 160.0


def weights(points: Points, order: NDArray[np.int64]) -> NDArray[np.float32]:
    """Returns the factor of each image's squared distance: less where its neighbors vary, too.

    Frames of a busy scene look farther apart than those of a calm one, and farthest-first traversal
    would spend its picks there. So the squared distance is divided by the square root of the
    distance to the closest of the 32 images before and after, clipped to 20-160: a mild form of
    local scaling (Zelnik-Manor and Perona, "Self-Tuning Spectral Clustering", 2004). If the names
    do not reflect the order of the images, the weights do no harm.

    Args:
        points: ``(n, d)``
        order: ``(n,)``; rows in natural order

    Returns:
        ``(n,)``, at most 1
    """
    scale = np.empty(len(points), np.float32)
    scale[order] = np.sqrt(_closest_around(points[order]))
    return np.asarray(1 / np.sqrt(np.clip(scale, _LEAST, _MOST) / _LEAST), np.float32)


def _closest_around(points: Points) -> NDArray[np.float32]:
    """Returns the squared distance to the closest neighbor in the window, ``(n,)``."""
    closest = np.empty(len(points), np.float32)
    for first in range(0, len(points), _ROWS):
        low = max(first - _WINDOW, 0)
        around = points[low : first + _ROWS + _WINDOW].astype(np.float32)
        rows = around[first - low : first - low + _ROWS]
        squared = -2 * rows @ around.T
        squared += (around**2).sum(axis=1)
        squared += (rows**2).sum(axis=1)[:, None]
        steps = np.abs(np.arange(len(rows))[:, None] + (first - low) - np.arange(len(around)))
        squared[(steps == 0) | (steps > _WINDOW)] = np.inf
        closest[first : first + len(rows)] = squared.min(axis=1)
    return closest
