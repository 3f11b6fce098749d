"""Descriptors of thumbnails: a few bytes whose distance shows how different images look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._definition import GREY_WEIGHTS, THUMBNAIL_SIDE

#: Bytes of a descriptor: 64 for edges, 64 for colours.
DESCRIPTOR_SIZE = 128

#: Distance of two descriptors that have nothing in common: both halves have a length of 255.
LARGEST_DISTANCE = 510

_Floats = NDArray[np.float32]
_Doubles = NDArray[np.float64]

_PIXELS = THUMBNAIL_SIDE**2
_AT_A_TIME = 32  # thumbnails whose planes fit into the cache of a core

_CELLS = 4  # per side; a cell is a tent over half of the thumbnail, so neighbours overlap
_CENTERS = THUMBNAIL_SIDE // _CELLS * (2 * np.arange(_CELLS) + 1)
_TENTS = np.maximum(
    THUMBNAIL_SIDE // 2 - np.abs(2 * np.arange(THUMBNAIL_SIDE) + 1 - _CENTERS[:, None]), 0
)[:, 1:-1].astype(np.float32)

_LEVEL, _STEEP = 169, 408  # their ratio is the tangent of 22.5 degrees
_EDGE_FLOOR = 2e5  # keeps noise in flat images from being amplified

# Before colours are counted, the mean of each channel is moved towards a level, and the deviation
# of grey towards another; floors keep dark and flat images from being amplified.
_MEAN, _MEAN_FLOOR = 110, 24
_DEVIATION, _DEVIATION_FLOOR = 50, 20
_LARGEST = 1020  # colours are in quarters of a level

_BINS, _STEP = 4, 16  # of lightness and of two differences of colours; 16 steps from bin to bin
_LAST = _STEP * (_BINS - 1)
_COLORFUL = 96  # the difference of two colours, in levels, from which the outermost bin counts


def _bins_of_differences() -> _Floats:
    """Returns the place among the bins of differences -2040 to 2040, in eighths of a level."""
    eighths = np.arange(-2 * _LARGEST, 2 * _LARGEST + 1)
    size = np.sqrt(np.minimum(np.abs(eighths) / (8 * _COLORFUL * 4 / 3), 0.75) * (4 / 3))
    places = np.rint((np.sign(eighths) * size + 1) * (_STEP * _BINS / 2) - _STEP / 2)
    return np.asarray(np.clip(places, 0, _LAST), np.float32)


_BIN_OF_DIFFERENCE = _bins_of_differences()


def describe(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Computes descriptors whose Euclidean distance shows how different images look.

    Half of the bytes are histograms of edge directions over a 4x4 grid of overlapping cells (after
    Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection", 2005), the other half
    a 4x4x4 histogram of colours after white balance (the grey-world assumption: Buchsbaum, "A
    spatial processor model for object colour perception", 1980) and a normalisation of contrast,
    in which each pixel counts for the bins around it. Both are square roots of shares, so that
    Euclidean distances between them are Hellinger distances (Arandjelovic and Zisserman, "Three
    things everyone should know to improve object retrieval", 2012).

    All sums are of whole numbers that their type holds exactly, and all else are single divisions,
    square roots and roundings, so the result is the same on every machine and in any batch.

    Args:
        thumbnails: ``(n, 3, 32, 32)`` RGB

    Returns:
        ``(n, 128)`` uint8. The distance between two frames of a standing camera is about 20, that
        between two photographs 150 to 500; squares of a row sum to less than 2**18

    >>> flat = np.full((1, 3, 32, 32), 100, np.uint8)
    >>> bool(describe(flat)[0, :64].any())
    False
    """
    found = np.empty((len(thumbnails), DESCRIPTOR_SIZE), np.uint8)
    for first in range(0, len(thumbnails), _AT_A_TIME):
        some = thumbnails[first : first + _AT_A_TIME].reshape(-1, 3, _PIXELS).swapaxes(0, 1)
        channels = some.astype(np.float32)
        shares = np.concatenate([_edges(_grey(channels)), _colors(channels)], axis=1)
        found[first : first + len(shares)] = np.rint(255 * np.sqrt(shares))
    return found


def _grey(channels: _Floats) -> _Floats:
    """Returns whole levels of grey, ``(n, p)``, of whole levels, ``(3, n, p)``."""
    red, green, blue = (
        np.float32(weight) * c for weight, c in zip(GREY_WEIGHTS, channels, strict=True)
    )
    return np.asarray(np.floor((red + green + blue + np.float32(512)) * np.float32(1 / 1024)))


def grey_of(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns thumbnails, ``(n, 3, 32, 32)`` RGB, in grey, ``(n, 1024)``, as Pillow has it."""
    channels = thumbnails.reshape(len(thumbnails), 3, -1).swapaxes(0, 1).astype(np.float32)
    return _grey(channels).astype(np.uint8)


def _edges(grey: _Floats) -> _Doubles:
    """Returns the share of edges in 4 directions and 4x4 cells, ``(n, 64)``."""
    grey = grey.reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    across = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]
    down = grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]
    strength = np.rint(np.sqrt(across**2 + down**2))
    level = _LEVEL * np.abs(across) >= _STEEP * np.abs(down)
    steep = (_LEVEL * np.abs(down) >= _STEEP * np.abs(across)) & ~level
    diagonal = ~(level | steep)
    rising = diagonal & (across * down > 0)
    planes = np.stack([strength * some for some in (level, steep, rising, diagonal & ~rising)])
    sums = np.matmul(_TENTS, planes @ _TENTS.T).astype(np.float64)
    sums = sums.swapaxes(0, 1).reshape(len(grey), -1)
    return np.asarray(sums / (sums.sum(axis=1, keepdims=True) + _EDGE_FLOOR))


def _colors(levels: _Floats) -> _Doubles:
    """Returns the share of each colour, ``(n, 64)``, of whole levels, ``(3, n, 1024)``."""
    red, green, blue = channels = _even_contrast(_white_balanced(levels))
    lightness = _tents(
        np.clip(
            np.rint(_grey(channels) * np.float32(_STEP * _BINS / 1024) - np.float32(_STEP / 2)),
            0,
            _LAST,
        )
    )
    two = (2 * (red - green), red + green - 2 * blue)
    places = [(2 * _LARGEST + difference).astype(np.intp) for difference in two]
    first, second = (_tents(_BIN_OF_DIFFERENCE.take(place)) for place in places)
    pairs = (lightness[:, :, None] * first[:, None]).reshape(-1, _BINS**2, _PIXELS)
    counts = np.matmul(pairs, second.swapaxes(1, 2)).reshape(-1, _BINS**3)
    return np.asarray(counts / np.float64(_PIXELS * _STEP**3))


def _white_balanced(levels: _Floats) -> _Floats:
    """Scales channels to about the same mean, in whole quarters of a level."""
    sums = levels.sum(axis=2, keepdims=True, dtype=np.float64)
    scale = (_MEAN + _MEAN_FLOOR) * _PIXELS / (sums + _MEAN_FLOOR * _PIXELS)
    scale = np.rint(256 * scale) / 256  # so that products are exact
    return np.asarray(np.rint(levels * (4 * scale).astype(np.float32)))


def _even_contrast(channels: _Floats) -> _Floats:
    """Scales channels around the mean of grey to about the same deviation; 0 to 1020."""
    grey = _grey(channels).astype(np.float64)
    total, squares = grey.sum(axis=1), np.einsum("np,np->n", grey, grey)
    deviation = np.sqrt(_PIXELS * squares - total**2) / _PIXELS
    scale = 4 * (_DEVIATION + _DEVIATION_FLOOR) / (deviation + 4 * _DEVIATION_FLOOR)
    scale = np.rint(256 * scale) / 256
    offset = np.rint((1 - scale) * total / _PIXELS).astype(np.float32)
    scaled = np.rint(channels * scale[:, None].astype(np.float32)) + offset[:, None]
    return np.asarray(np.clip(scaled, 0, _LARGEST))


def _tents(places: _Floats) -> _Floats:
    """Returns how much pixels at places, ``(n, p)``, count for each bin: ``(n, 4, p)``, 0 to 16."""
    centers = _STEP * np.arange(_BINS, dtype=np.float32)[:, None]
    return np.asarray(np.maximum(_STEP - np.abs(places[:, None] - centers), 0))
