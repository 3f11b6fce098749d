"""What a camera that stands still sees besides its background, from small grey thumbnails.

All frames of such a camera share their background; how light it is changes more of a frame than an
animal does. So a frame is compared with those of its camera that are in the most similar light.

Everything is computed in whole numbers, or in single IEEE operations on them: the same on every
machine, in any number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ._medians import median_of_planes

SIDE = 32
"""of a thumbnail"""

#: Logarithms of grey levels in units of 1/4096; the 16 levels added are the noise of dark pixels.
_UNIT = 4096
LOGARITHMS = np.rint(_UNIT * np.log(np.arange(256) + 16.0)).astype(np.int16)

#: Frames of a camera, evenly spaced, that a background is made of.
CANDIDATES = 128

# Chosen on labelled frames of seven cameras, as was the number above.
_NEAR, _SHARE = 15, 0.34  # of these the 15 in the most similar light, at least 5, at most a third
_NOISE = np.float32(0.04 * _UNIT)  # of a still pixel: 4%
_OWN_VARIATION = np.float32(1.5 * 1.4826)  # how much its own deviation excuses; MAD to sigma
_MOST = 8  # units of noise that one pixel counts at most
_TOP = SIDE * SIDE // 50  # the 2% of the pixels that the activity is the mean of

_STEPS = 256  # per unit of noise
_CELLS = 8  # per side, for the light
_FRAMES = 32  # at a time, so that the planes stay in the processor's cache


def smoothing(times: int) -> NDArray[np.float64]:
    """Returns the matrix ``(32, 32)`` that sums three neighbours, edges repeated, several times."""
    eye = np.eye(SIDE)
    once = eye + np.roll(eye, 1, axis=0) + np.roll(eye, -1, axis=0)
    once[0, -1] = once[-1, 0] = 0
    once[0, 0] = once[-1, -1] = 2
    return np.linalg.matrix_power(once, times)


_WIDE = smoothing(4)


def over(planes: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Applies a matrix to the rows and the columns of planes, ``(n, 32, 32)``; whole numbers."""
    across = planes.reshape(-1, SIDE) @ matrix.T
    return matrix @ across.reshape(-1, SIDE, SIDE)


def evenly_spaced(n: int, count: int) -> NDArray[np.int64]:
    """Returns places of n things, at most ``count``, the first and the last among them."""
    return np.unique(np.linspace(0, n - 1, min(n, count)).round().astype(np.int64))


def residuals(grey: NDArray[np.uint8]) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yields how far each pixel is from its background, a few frames at a time.

    The logarithm of a frame minus its own local mean does not change with exposure and soft shade.
    Its background is the median of the 5 to 15 frames in the most similar light, by medians over
    cells, so that something in the frame does not count. Being off by no more than the background
    next to a pixel is free, because branches sway and cameras shake.

    Args:
        grey: ``(n, 32, 32)`` frames of one camera, in natural order

    Yields:
        the rows, and ``(m, 32, 32)``: 0 where the frame is within the range of its background,
        otherwise how far it is above or below it, in units of the noise; all 0 for fewer than 4
        frames
    """
    n = len(grey)
    candidates = evenly_spaced(n, CANDIDATES)
    m = min(int(np.clip(round(len(candidates) * _SHARE), 5, _NEAR)), len(candidates) - 1)
    m -= m % 2 == 0
    light, textures = _light(grey[candidates]), local_contrast(grey[candidates])
    for first in range(0, n, _FRAMES):
        rows = slice(first, min(first + _FRAMES, n))
        if m < 3:
            yield rows, np.zeros((rows.stop - first, SIDE, SIDE), np.float32)
            continue
        frames = grey[rows]
        far = _difference_of_light(_light(frames), light)
        # Only itself: fewer events were found without its neighbours in time, as light changes.
        far[np.arange(first, rows.stop)[:, None] == candidates] = np.iinfo(np.int16).max
        # A candidate's number breaks ties, so that every sort finds the same.
        keys = far.astype(np.int32) * len(candidates) + np.arange(len(candidates))
        near = np.partition(keys, m - 1, axis=1)[:, :m] % len(candidates)
        yield rows, _off_background(local_contrast(frames), textures[near.T])


def activities(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Returns how much of each frame is not background, ``(n,)``: 0 for a quiet one.

    About 1 for an animal that covers some percent of the frame, up to 7 for a lorry that fills it:
    the mean of the 2% of the area that are farthest from the background, in units of its noise
    beyond the first, at most 8 each.

    Args:
        grey: ``(n, 32, 32)`` frames of one camera, in natural order
    """
    found = [np.empty(0, np.float32)]
    for _, residual in residuals(grey):
        strength = energy(residual).reshape(len(residual), -1)
        strongest = np.partition(strength, -_TOP, axis=1)[:, -_TOP:]
        found.append(strongest.sum(axis=1, dtype=np.int64) / np.float32(9 * _STEPS * _TOP))
    return np.concatenate(found).astype(np.float32)


def energy(residual: NDArray[np.float32]) -> NDArray[np.int16]:
    """Returns how strongly the surroundings of each pixel differ, ``(n, 32, 32)``, 0-18,432.

    Args:
        residual: of :func:`residuals`
    """
    beyond = np.clip(np.abs(residual) - 1, 0, _MOST)
    padded = _padded(np.rint(beyond * _STEPS).astype(np.int16))
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    return np.asarray(rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:])


def strength_of(residual: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns :func:`energy` in units of the noise beyond the first, ``(n, 32, 32)``, 0-8."""
    return np.asarray(energy(residual) / np.float32(9 * _STEPS))


def local_contrast(grey: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Returns the logarithm of frames minus their local mean, ``(n, 32, 32)``, in 1/4096."""
    levels = LOGARITHMS[grey].astype(np.float64)
    n_summed = _WIDE.sum(axis=1)[0] ** 2  # 3 ** 8
    contrast = np.rint((levels * n_summed - over(levels, _WIDE)) / n_summed)
    return np.asarray(contrast.astype(np.int16))


def _light(grey: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Returns the mean logarithm in 8x8 cells, ``(n, 64)``."""
    side = SIDE // _CELLS
    cells = LOGARITHMS[grey].reshape(-1, _CELLS, side, _CELLS, side)
    summed = cells.sum(axis=(2, 4), dtype=np.int32).reshape(-1, _CELLS**2)
    return np.asarray((summed + side**2 // 2) // side**2).astype(np.int16)


def _difference_of_light(light: NDArray[np.int16], others: NDArray[np.int16]) -> NDArray[np.int16]:
    """Returns ``(b, c)``: the median difference of the cells, after that of the exposure."""
    planes = light.T[:, :, None] - others.T[:, None, :]
    planes -= median_of_planes(planes.copy())
    return np.asarray(median_of_planes(np.abs(planes, out=planes)))


def _off_background(frames: NDArray[np.int16], near: NDArray[np.int16]) -> NDArray[np.float32]:
    """Returns how far each of b frames is from the median of m others, ``(m, b, 32, 32)``."""
    background = median_of_planes(near.copy())
    near -= background
    deviation = median_of_planes(np.abs(near, out=near))
    high, low = _of_neighbours(background, np.maximum), _of_neighbours(background, np.minimum)
    above = np.maximum(frames - high, 0) + np.minimum(frames - low, 0)
    noise = _NOISE + _OWN_VARIATION * _of_neighbours(deviation, np.maximum).astype(np.float32)
    return np.asarray(above / noise)


def _of_neighbours(planes: NDArray[np.int16], extreme: np.ufunc) -> NDArray[np.int16]:
    """Returns the extreme of each pixel and its 8 neighbours."""
    padded = _padded(planes)
    rows = extreme(extreme(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    return np.asarray(extreme(extreme(rows[..., :-2], rows[..., 1:-1]), rows[..., 2:]))


def _padded(planes: NDArray[np.int16]) -> NDArray[np.int16]:
    """Repeats the edges of planes, ``(n, 32, 32)``; faster than :func:`numpy.pad`."""
    padded = np.empty((len(planes), SIDE + 2, SIDE + 2), planes.dtype)
    padded[:, 1:-1, 1:-1] = planes
    padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
    padded[..., 0], padded[..., -1] = padded[..., 1], padded[..., -2]
    return padded
