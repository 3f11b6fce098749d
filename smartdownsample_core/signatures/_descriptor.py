"""Descriptors of thumbnails: a few bytes whose distance shows how different images look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._definition import GREY_WEIGHTS, THUMBNAIL_SIDE

#: Bytes of a descriptor: 64 for edges, 16 for light, 32 for colour, 3 for means.
DESCRIPTOR_SIZE = 115

_Floats = NDArray[np.float32]

_CELLS = 4  # per side; a cell is a tent over half of the thumbnail, so neighbours overlap
_CENTERS = THUMBNAIL_SIDE // _CELLS * (2 * np.arange(_CELLS) + 1)
_TENTS = np.maximum(
    THUMBNAIL_SIDE // 2 - np.abs(2 * np.arange(THUMBNAIL_SIDE) + 1 - _CENTERS[:, None]), 0
).astype(np.float32)
_INNER_TENTS = _TENTS[:, 1:-1]
_AREA = np.outer(_TENTS.sum(axis=1), _TENTS.sum(axis=1)).ravel()
_N_EDGES, _N_COLORS = 4 * _CELLS**2, 2 * _CELLS**2

_LEVEL, _STEEP = 169, 408  # their ratio is the tangent of 22.5 degrees

# Weights of the parts in a distance, and floors that keep noise in flat images from being
# amplified. Chosen from some 200 variants, on generated and on real bursts: benchmarks/quality.py.
_EDGES, _LIGHT, _COLOR, _MEAN_GREY, _MEAN_COLOR = 400.0, 55.0, 0.88, 0.968, 3.52
_EDGE_FLOOR, _LIGHT_FLOOR = 1e5, 25.0


def describe(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Computes descriptors whose Euclidean distance shows how different images look.

    Histograms of edge directions (after Dalal and Triggs, "Histograms of Oriented Gradients for
    Human Detection", 2005) and mean colours over a 4x4 grid of overlapping cells. Light and
    contrast are normalised, so that frames of one scene stay close when the sun comes out.

    All sums are whole numbers that their type holds exactly, so the result is the same on every
    machine.

    Args:
        thumbnails: ``(n, 3, 32, 32)`` RGB

    Returns:
        ``(n, 115)`` uint8. The distance between two frames of a generated burst is about 80, and
        between two photographs rarely below 250

    >>> flat = np.full((1, 3, 32, 32), 100, np.uint8)
    >>> bool(describe(flat)[0, :64].any())
    False
    """
    red, green, blue = thumbnails.transpose(1, 0, 2, 3).astype(np.float32)
    weights = GREY_WEIGHTS
    grey = np.floor((weights[0] * red + weights[1] * green + weights[2] * blue + 512) / 1024)
    planes = np.stack([grey, red - green, red + green - 2 * blue], axis=1)
    cells = (
        np.rint(_over_cells(planes, _TENTS) * (16 / _AREA)).reshape(len(grey), 3, _CELLS**2) / 16
    )
    cells[:, 2] /= 2
    means = cells.mean(axis=2)
    differences = cells - means[:, :, None]
    light = differences[:, 0]
    deviation = np.sqrt((light**2).mean(axis=1, keepdims=True) + _LIGHT_FLOOR**2)
    parts = [
        _edges(grey),
        128 + _LIGHT * light / deviation,
        128 + _COLOR * differences[:, 1:].reshape(len(grey), _N_COLORS),
        _MEAN_GREY * means[:, :1],
        128 + _MEAN_COLOR * means[:, 1:],
    ]
    levels = np.clip(np.rint(np.concatenate(parts, axis=1)), 0, 255)
    return np.asarray(levels.astype(np.uint8))


def _edges(grey: _Floats) -> NDArray[np.float64]:
    """Returns the normalised strength of edges in 4 directions and 4x4 cells, ``(n, 64)``."""
    across = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]
    down = grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]
    strength = np.rint(np.sqrt(across**2 + down**2))
    level = _LEVEL * np.abs(across) >= _STEEP * np.abs(down)
    steep = (_LEVEL * np.abs(down) >= _STEEP * np.abs(across)) & ~level
    diagonal = ~(level | steep)
    rising = diagonal & (across * down > 0)
    directions = np.stack([level, steep, rising, diagonal & ~rising], axis=1)
    cells = _over_cells(strength[:, None] * directions, _INNER_TENTS).reshape(-1, _N_EDGES)
    norms = np.sqrt((cells**2).sum(axis=1, keepdims=True) + _EDGE_FLOOR**2)
    return np.asarray(_EDGES * cells / norms)


def _over_cells(planes: _Floats, tents: _Floats) -> NDArray[np.float64]:
    """Sums planes, ``(n, p, side, side)``, over the cells: ``(n, p, 16)``."""
    n, n_planes, side, _ = planes.shape
    across = (planes.reshape(-1, side) @ tents.T).reshape(n, n_planes, side, _CELLS)
    down = np.ascontiguousarray(across.swapaxes(2, 3)).reshape(-1, side) @ tents.T
    cells = down.reshape(n, n_planes, _CELLS, _CELLS).swapaxes(2, 3).astype(np.float64)
    return cells.reshape(n, n_planes, _CELLS**2)
