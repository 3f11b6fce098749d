"""Measures that reveal blank images: no detail, all black, all white."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: An image with less detail is blank: black, white, noise, fog, a covered or moved camera.
MIN_SHARPNESS = 3.0

#: An image with a larger share of black, or of white, is blank.
MAX_CLIPPED = 0.98

_DARK, _BRIGHT = 10, 245

# In 390 photographs and camera trap images, the correlation of neighbouring pixels was at least
# 0.17 (gravel); in pure noise it is 0.10, and the thumbnails are faint.
_LEAST_CORRELATION, _LOUDEST_NOISE = 0.16, 30.0


class Traits(NamedTuple):
    """Measures of how much images show."""

    sharpness: NDArray[np.float32]
    """``(n,)``; mean absolute Laplacian of the grey thumbnail, in grey levels; 0 for pure noise"""
    dark: NDArray[np.float32]
    """``(n,)``; share of the thumbnail with all channels at most 10, 0-1"""
    bright: NDArray[np.float32]
    """``(n,)``; share of the thumbnail with all channels at least 245, 0-1"""


def sharpness(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measures the detail of thumbnails, ``(n, 3, 32, 32)`` RGB.

    The Laplacian of 4 neighbours is a common measure of focus: Pech-Pacheco et al., "Diatom
    autofocusing in brightfield microscopy" (2000).

    Returns:
        ``(n,)``; see :class:`Traits`
    """
    grey = thumbnails.sum(axis=1, dtype=np.int32)  # three times the grey level
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    laplacian = np.abs(4 * grey[:, 1:-1, 1:-1] - around).mean(axis=(1, 2)) / 3
    return np.where(_is_noise(grey, laplacian), 0, laplacian).astype(np.float32)


def dark(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measures the share of black pixels in thumbnails, ``(n, 3, 32, 32)`` RGB."""
    return np.asarray((thumbnails.max(axis=1) <= _DARK).mean(axis=(1, 2), dtype=np.float32))


def bright(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measures the share of white pixels in thumbnails, ``(n, 3, 32, 32)`` RGB."""
    return np.asarray((thumbnails.min(axis=1) >= _BRIGHT).mean(axis=(1, 2), dtype=np.float32))


def _is_noise(grey: NDArray[np.int32], laplacian: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Returns whether neighbouring pixels are almost uncorrelated, ``(n,)``."""
    differences = grey - grey.mean(axis=(1, 2), keepdims=True)
    beside = (differences[:, :, 1:] * differences[:, :, :-1]).mean(axis=(1, 2))
    below = (differences[:, 1:] * differences[:, :-1]).mean(axis=(1, 2))
    variance = (differences**2).mean(axis=(1, 2))
    correlation = (beside + below) / 2 / np.maximum(variance, 1e-9)
    return np.asarray((correlation < _LEAST_CORRELATION) & (laplacian < _LOUDEST_NOISE))


def is_junk(measured: Traits) -> NDArray[np.bool_]:
    """Returns which images are blank, ``(n,)``; False for unread ones."""
    return np.asarray(
        (measured.sharpness < MIN_SHARPNESS)
        | (measured.dark > MAX_CLIPPED)
        | (measured.bright > MAX_CLIPPED)
    )
