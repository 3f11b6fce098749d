"""Images beside each other in natural order: how much they vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._distances import Points

_ROWS = 512

# Found on bursts made of photographs and on real ones, in units of a descriptor: see weights().
_WINDOW = 32
_LEAST, _MOST = 20.0, 160.0


def weights(points: Points, order: NDArray[np.int64]) -> NDArray[np.float32]:
    """Says how much a distance counts for each image: less where the images around it vary anyway.

    In a scene full of motion frames look farther apart than in a calm one, and farthest-first
    traversal would spend its picks there. So the squared distance is divided by the square root of
    the distance to the closest of the 32 images before and after, clipped to 20-160: local scaling
    (Zelnik-Manor and Perona, "Self-Tuning Spectral Clustering", 2004), much weakened. If the names
    say nothing about the order, the weights do no harm.

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
    """Returns the squared distance to the closest of the points around, ``(n,)``."""
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
