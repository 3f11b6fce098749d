"""Signatures from reduced pixels: close to the definition, at a fraction of its cost.

The definition (:func:`smartdownsample_core.sign`) shrinks the full image three times
with Lanczos. Here, an image is decoded at reduced size and shrunk with matrix products. This can be
wrong for quantities close to a threshold; in the mode ``"exact"``, those that decide the bucket are
computed again from the full image.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..images import Picture, Reduced, averaged
from ._definition import GREY_WEIGHTS, THUMBNAIL_SIDE, Signature, average_hash, mean_rgb, thumbnail
from ._thresholds import BRIGHTNESS, COLOR_VARIANCE, THEME_LEVEL, structure_bits

_Floats = NDArray[np.float32]


# Quantities within these margins of their thresholds, in grey levels, are uncertain. Chosen on
# 6,600 photographs, most of them with changed light, contrast, noise and compression, and tested on
# 7,000 others, all of which fell into the bucket of the definition.
_DHASH_MARGIN = 1.2
_AHASH_MARGIN = 0.8
# The margin of the means depends on the share of extreme channel values: a full image is clipped to
# 0-255 pixel by pixel, a reduced one after averaging, so dark noise gets darker and glare brighter.
_MEAN_MARGINS = ((0.01, 0.5), (0.05, 0.6), (0.20, 1.0), (1.00, 2.5))
_LARGEST_MEAN_MARGIN = _MEAN_MARGINS[-1][1]
_LOWEST, _HIGHEST = 10, 245
# For means of the full image averaged over squares, at a tenth of the cost of Lanczos.
_AVERAGED_MEAN_MARGIN = 0.2

# All sums are whole numbers below 2**24, which float32 holds exactly, so the result does not depend
# on the order of summation in a BLAS, that is, on the machine and the number of threads.
# Weights are in units of 1/8192, pixels after the first pass in quarters of a grey level.
_UNIT = 2**13
_QUARTERS = 4

# Numbers that each thread holds at most: those of an image of 128 megapixels.
_LARGEST_HELD = 2**23

_GREY_SHARES = GREY_WEIGHTS / np.float32(1024)


def sign_reduced(pictures: Sequence[Picture], hash_size: int, exact: bool) -> list[Signature]:
    """Computes the signatures of pictures of the same size from their reduced pixels.

    All at once, because for small images the calls take longer than the computation.

    Args:
        pictures: n, as :func:`smartdownsample_core.images.open_picture` returns them; the shape of
            their reduced pixels and their extent are the same
        hash_size: side of the dHash; the side of the aHash is half of it
        exact: compute what decides the bucket again from the full image wherever the reduced
            pixels leave it uncertain

    Returns:
        n signatures; bits and means that do not decide the bucket are those of the reduced image

    Raises:
        OSError: if the full image is needed and cannot be decoded
    """
    cells, levels, small = _shrink([picture.reduced for picture in pictures], hash_size)
    whole_cells, whole_levels = np.rint(cells), np.rint(levels)
    sums = whole_levels.sum(axis=(1, 2), keepdims=True)
    dhash = whole_cells[:, :, 1:] > whole_cells[:, :, :-1]
    ahash = whole_levels * levels[0].size > sums
    means = _means(small)
    if exact:
        _settle_dhash(pictures, cells, dhash)
        _settle_ahash(pictures, levels, ahash)
        _settle_means(pictures, means, hash_size)
    columns = dhash, ahash, means, small.astype(np.uint8)
    damaged = [picture.damaged for picture in pictures]
    captures = [picture.capture for picture in pictures]
    decode = ["exact" if exact else "fast"] * len(pictures)
    return [Signature(*one) for one in zip(*columns, damaged, captures, decode, strict=True)]


def _settle_dhash(pictures: Sequence[Picture], cells: _Floats, dhash: NDArray[np.bool_]) -> None:
    """Recomputes uncertain deciding bits from the full image, in place."""
    hash_size = cells.shape[1]
    rows, columns = np.divmod(structure_bits(hash_size), hash_size)
    differences = cells[:, rows, columns + 1] - cells[:, rows, columns]
    for place, bit in np.argwhere(np.abs(differences - 0.5) <= _DHASH_MARGIN).tolist():
        row, column = int(rows[bit]), int(columns[bit])
        dhash[place, row, column] = _dhash_bit(pictures[place].full_grey, row, column, hash_size)


def _settle_ahash(pictures: Sequence[Picture], levels: _Floats, ahash: NDArray[np.bool_]) -> None:
    """Recomputes hashes whose first bit is uncertain from the full image, in place."""
    sums = levels.sum(axis=(1, 2), dtype=np.float64)
    differences = levels[:, 0, 0] - sums / levels[0].size
    for place in np.flatnonzero(np.abs(differences) <= _AHASH_MARGIN).tolist():
        ahash[place] = average_hash(pictures[place].full_grey, levels.shape[1])


def _settle_means(pictures: Sequence[Picture], means: NDArray[np.float64], hash_size: int) -> None:
    """Recomputes means that are close to a threshold from the full image, in place."""
    close = np.flatnonzero(_are_close(means, _LARGEST_MEAN_MARGIN))
    if not close.size:
        return
    margins = np.array([_mean_margin(pictures[place]) for place in close.tolist()])
    for place in close[_are_close(means[close], margins)].tolist():
        full = pictures[place].full
        means[place] = _means(_shrink([averaged(full)], hash_size)[2])[0]
        if _are_close(means[place : place + 1], _AVERAGED_MEAN_MARGIN):
            means[place] = mean_rgb(thumbnail(full))


def _means(small: _Floats) -> NDArray[np.float64]:
    """:func:`mean_rgb` of thumbnails of whole numbers, ``(n, 3, 32, 32)``, as ``(n, 3)``."""
    return np.asarray(small.sum(axis=(2, 3)) / np.float64(THUMBNAIL_SIDE**2))


def _dhash_bit(grey: Image.Image, row: int, column: int, hash_size: int) -> bool:
    """Returns one bit of the dHash by the definition, from the two cells it compares."""
    width, height = grey.width / (hash_size + 1), grey.height / hash_size
    box = (column * width, row * height, (column + 2) * width, (row + 1) * height)
    left, right = np.asarray(grey.resize((2, 1), Image.Resampling.LANCZOS, box=box))[0]
    return bool(right > left)


def _mean_margin(picture: Picture) -> float:
    """Returns the margin within which the means of the reduced pixels are uncertain."""
    pixels = picture.reduced.pixels
    # Bytes wrap around, so the lowest ones become the highest.
    extreme = np.count_nonzero(pixels - np.uint8(_LOWEST + 1) >= _HIGHEST - _LOWEST - 1)
    return next(margin for share, margin in _MEAN_MARGINS if extreme <= share * pixels.size)


def _are_close(
    means: NDArray[np.float64], margins: float | NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Returns whether channel means, ``(n, 3)``, are within a margin, ``(n,)``, of a threshold."""
    low, middle, high = np.sort(means, axis=1).T
    brightness = (low + middle + high) / 3
    # Without std(), which takes longer than everything else here (n is 1 for mixed sizes).
    squares = (low - brightness) ** 2 + (middle - brightness) ** 2 + (high - brightness) ** 2
    beyond_grey = np.sqrt(squares / 3) - math.sqrt(COLOR_VARIANCE)
    at_edge = np.minimum(np.abs(beyond_grey), np.abs(brightness - BRIGHTNESS)) <= margins
    may_have_theme = (beyond_grey >= 0) & (high >= THEME_LEVEL - margins)
    theme_at_edge = np.minimum(high - middle, high - THEME_LEVEL) <= margins
    return np.asarray(at_edge | (may_have_theme & theme_at_edge))


def _shrink(reduced: Sequence[Reduced], hash_size: int) -> tuple[_Floats, _Floats, _Floats]:
    """Resizes images of one size to the three sizes that a signature needs, with Lanczos.

    Follows the order of the definition, which matters at edges of high contrast: greyscale first,
    then columns, then rows, clipped to 0-255 in between.

    Args:
        reduced: the n images
        hash_size: h

    Returns:
        unrounded grey levels ``(n, h, h + 1)`` and ``(n, h // 2, h // 2)``, and the RGB thumbnails
        ``(n, 3, 32, 32)`` as whole numbers
    """
    width, height = reduced[0].extent
    n = len(reduced)
    rows, columns, channels = reduced[0].pixels.shape
    across_grey, across_colour = _weights_across(columns, width, hash_size)
    down_grey, down_colour = _weights_down(rows, height, hash_size)
    memory = _memory.floats(1 + channels, n * rows * columns)
    grey, planes = memory[0], memory[1:]
    by_image = planes.reshape(channels, n, -1)
    for place, one in enumerate(reduced):
        by_image[:, place] = one.pixels.reshape(-1, channels).T
    np.rint(np.matmul(_GREY_SHARES, planes, out=grey), out=grey)
    narrow_grey = grey.reshape(-1, columns) @ across_grey
    narrow_colour = planes.reshape(-1, columns) @ across_colour
    _round(narrow_grey, 255 * _QUARTERS)
    _round(narrow_colour, 255 * _QUARTERS)
    small_grey = down_grey @ narrow_grey.reshape(n, rows, -1)
    small_grey.clip(0, 255, out=small_grey)
    small = down_colour @ narrow_colour.reshape(channels, n, rows, -1)
    _round(small, 255)
    cells = small_grey[:, :hash_size, : hash_size + 1]
    levels = small_grey[:, hash_size:, hash_size + 1 :]
    return cells, levels, small.swapaxes(0, 1)


class _Memory(threading.local):
    """Memory of each thread for the largest temporary arrays.

    It is reused, because allocating it again would take longer than the arithmetic.
    """

    def __init__(self) -> None:
        self._held = np.empty(0, np.float32)

    def floats(self, rows: int, columns: int) -> _Floats:
        """Returns an array that is valid until the next call."""
        size = rows * columns
        if size > _LARGEST_HELD:
            return np.empty((rows, columns), np.float32)
        if size > len(self._held):
            self._held = np.empty(size, np.float32)
        return self._held[:size].reshape(rows, columns)


_memory = _Memory()


def _round(values: _Floats, largest: int) -> None:
    """Rounds and clips to 0..largest in place."""
    np.rint(values, out=values)
    values.clip(0, largest, out=values)  # np.clip does the same, but takes a microsecond more


# Cameras produce few sizes; a weight matrix takes about 20 KB.
@lru_cache(maxsize=512)
def _weights_across(columns: int, width: float, hash_size: int) -> tuple[_Floats, _Floats]:
    """Returns the weights for columns: both grey sizes side by side, and the colours."""
    sizes = (hash_size + 1, hash_size // 2, THUMBNAIL_SIDE)
    weights = [lanczos_weights(columns, width, n).T * np.float32(_QUARTERS) for n in sizes]
    return np.concatenate(weights[:2], axis=1), weights[2].copy()


@lru_cache(maxsize=512)
def _weights_down(rows: int, height: float, hash_size: int) -> tuple[_Floats, _Floats]:
    """Returns the weights for rows: both grey sizes one below the other, and the colours."""
    sizes = (hash_size, hash_size // 2, THUMBNAIL_SIDE)
    weights = [lanczos_weights(rows, height, n) / np.float32(_QUARTERS) for n in sizes]
    return np.concatenate(weights[:2]), weights[2]


def lanczos_weights(size: int, extent: float, n_out: int) -> _Floats:
    """Returns the weights that compute ``n_out`` pixels from ``size`` pixels.

    As Pillow's ``precompute_coeffs`` (src/libImaging/Resample.c) for Lanczos with support 3.

    Args:
        size: number of input pixels
        extent: input pixels that the image covers, at most ``size``
        n_out: number of output pixels

    Returns:
        ``(n_out, size)`` float32, multiples of 1/8192; every row sums to 1
    """
    scale = extent / n_out
    stretch = max(scale, 1.0)
    centers = (np.arange(n_out)[:, None] + 0.5) * scale
    support = 3 * stretch
    first = np.maximum(np.floor(centers - support + 0.5), 0)
    last = np.minimum(np.floor(centers + support + 0.5), size)
    places = np.arange(size)
    x = (places - centers + 0.5) / stretch
    weights = np.sinc(x) * np.sinc(x / 3)
    weights[(places < first) | (places >= last) | (np.abs(x) >= 3)] = 0
    weights = np.rint(weights * (_UNIT / weights.sum(axis=1, keepdims=True)))
    weights[np.arange(n_out), weights.argmax(axis=1)] += _UNIT - weights.sum(axis=1)
    return np.asarray((weights / _UNIT).astype(np.float32))
