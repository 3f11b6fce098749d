"""Thumbnails to what gives a useless frame away: no detail, all black, all white."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: An image with less detail than this is junk: black, white, noise, fog, a covered or moved camera.
MIN_SHARPNESS = 3.0

#: An image with a larger share of black, or of white, is junk.
MAX_CLIPPED = 0.98

_DARK, _BRIGHT = 10, 245

# Of 390 photographs and camera trap images the correlation of neighbouring pixels was at least 0.17
# (gravel); of images of nothing but noise it is 0.10, and their thumbnails are faint.
_LEAST_CORRELATION, _LOUDEST_NOISE = 0.16, 30.0


class Traits(NamedTuple):
    """How much there is to see in images."""

    sharpness: NDArray[np.float32]
    """``(n,)``; mean absolute Laplacian of the grey thumbnail, in grey levels; 0 in mere noise"""
    dark: NDArray[np.float32]
    """``(n,)``; share of the thumbnail with all channels at most 10, 0-1"""
    bright: NDArray[np.float32]
    """``(n,)``; share of the thumbnail with all channels at least 245, 0-1"""


def sharpness(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measures the detail of thumbnails, ``(n, 3, 32, 32)`` RGB.

    The Laplacian is that of 4 neighbours, a usual measure of focus: Pech-Pacheco et al., "Diatom
    autofocusing in brightfield microscopy" (2000).

    Returns:
        ``(n,)``; see :class:`Traits`, as for the next two
    """
    grey = thumbnails.sum(axis=1, dtype=np.int32)  # three times the grey level
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    laplacian = np.abs(4 * grey[:, 1:-1, 1:-1] - around).mean(axis=(1, 2)) / 3
    return np.where(_is_noise(grey, laplacian), 0, laplacian).astype(np.float32)


def dark(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measures which share of thumbnails, ``(n, 3, 32, 32)`` RGB, is black."""
    return np.asarray((thumbnails.max(axis=1) <= _DARK).mean(axis=(1, 2), dtype=np.float32))


def bright(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measures which share of thumbnails, ``(n, 3, 32, 32)`` RGB, is white."""
    return np.asarray((thumbnails.min(axis=1) >= _BRIGHT).mean(axis=(1, 2), dtype=np.float32))


def _is_noise(grey: NDArray[np.int32], laplacian: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether neighbouring pixels have next to nothing to do with each other, ``(n,)``."""
    differences = grey - grey.mean(axis=(1, 2), keepdims=True)
    beside = (differences[:, :, 1:] * differences[:, :, :-1]).mean(axis=(1, 2))
    below = (differences[:, 1:] * differences[:, :-1]).mean(axis=(1, 2))
    variance = (differences**2).mean(axis=(1, 2))
    correlation = (beside + below) / 2 / np.maximum(variance, 1e-9)
    return np.asarray((correlation < _LEAST_CORRELATION) & (laplacian < _LOUDEST_NOISE))


def is_junk(measured: Traits) -> NDArray[np.bool_]:
    """Says which images are blank, ``(n,)``; False for those that were not read."""
    return np.asarray(
        (measured.sharpness < MIN_SHARPNESS)
        | (measured.dark > MAX_CLIPPED)
        | (measured.bright > MAX_CLIPPED)
    )
