"""Signatures from reduced pixels: close to the definition, at a fraction of its cost.

The definition (:func:`smartdownsample_core.sign`) shrinks the full image three times
with Lanczos. Here, an image is decoded at reduced size and shrunk with matrix products. This can be
wrong for quantities close to a threshold; in the mode ``"exact"``, those that decide the bucket are
computed again from the full image (:mod:`._exact`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..images import Picture, Reduced
from ._definition import GREY_WEIGHTS, THUMBNAIL_SIDE, Signature
from ._exact import settle

_Floats = NDArray[np.float32]

Pixels = tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64], NDArray[np.uint8]]
"""The fields of a :class:`Signature` that its pixels give."""


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
    dhash, ahash, means = _decided(cells, levels, small)
    if exact:
        settle(pictures, cells, levels, dhash, ahash, means)
    columns = dhash, ahash, means, small.astype(np.uint8)
    damaged = [picture.damaged for picture in pictures]
    captures = [picture.capture for picture in pictures]
    decode = ["exact" if exact else "fast"] * len(pictures)
    return [Signature(*one) for one in zip(*columns, damaged, captures, decode, strict=True)]


def sign_pixels(reduced: Sequence[Reduced], hash_size: int) -> Iterator[Pixels]:
    """Computes what the pixels of n reduced images of the same size give."""
    cells, levels, small = _shrink(reduced, hash_size)
    return zip(*_decided(cells, levels, small), small.astype(np.uint8), strict=True)


def _decided(
    cells: _Floats, levels: _Floats, small: _Floats
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
    """Returns dHashes, aHashes and channel means of what :func:`_shrink` returns."""
    whole_cells, whole_levels = np.rint(cells), np.rint(levels)
    sums = whole_levels.sum(axis=(1, 2), keepdims=True)
    dhash = whole_cells[:, :, 1:] > whole_cells[:, :, :-1]
    return dhash, whole_levels * levels[0].size > sums, _means(small)


def _means(small: _Floats) -> NDArray[np.float64]:
    """:func:`mean_rgb` of thumbnails of whole numbers, ``(n, 3, 32, 32)``, as ``(n, 3)``."""
    return np.asarray(small.sum(axis=(2, 3)) / np.float64(THUMBNAIL_SIDE**2))


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
