"""Reduced pixels to signature: nearly the definition, at a fraction of its cost.

The definition (:func:`smartdownsample_core.signature.sign`) shrinks the full image three times
with Lanczos. Here an image is decoded reduced, and shrunk with matrix products. What that
gets wrong are quantities close to their threshold; in the mode ``"exact"`` those that decide the
bucket are computed again from the full image.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .images import Picture
from .rules import BRIGHTNESS, COLOR_VARIANCE, THEME_LEVEL, structure_bits
from .signature import THUMBNAIL_SIDE, Signature, average_hash, mean_rgb

_Floats = NDArray[np.float64]


class _Margins(NamedTuple):
    """How near to its threshold a quantity leaves a doubt, in grey levels."""

    dhash: float
    ahash: float
    mean: float


# By the share of extreme channel values. These matter most: a full image is clipped to 0-255 pixel
# by pixel, a reduced one after averaging, so dark noise and glare come out darker and brighter.
# Chosen on some 8,000 photographs with changed light, contrast, noise and compression, and tried
# on 5,000 others, all of which fell into the bucket of the definition.
_MARGINS = (
    (0.01, _Margins(1.2, 1.0, 0.5)),
    (0.05, _Margins(2.0, 1.0, 0.6)),
    (0.20, _Margins(3.0, 1.2, 1.0)),
    (1.00, _Margins(7.0, 3.5, 2.5)),
)
_LOWEST, _HIGHEST = 10, 245

# All weights are whole numbers, small enough for float32 to hold the sums over a column of bytes
# exactly, and float64 those of the second pass: so the result does not depend on the order in
# which a BLAS adds up, that is, on the machine and the number of threads.
_UNIT = 2**15

# R, G and B for greyscale: ITU-R 601-2, as Pillow's, in units of 1/1024.
_GREY_WEIGHTS = np.array([306.0, 601.0, 117.0])
_GREY_UNIT = 1024


def sign_reduced(picture: Picture, hash_size: int, exact: bool) -> Signature:
    """Computes the signature of a picture from its reduced pixels.

    Args:
        picture: as :func:`smartdownsample_core.images.open_picture` returns it
        hash_size: side of the dHash; the aHash has half of it
        exact: compute what decides the bucket again from the full image wherever the reduced
            pixels leave a doubt

    Returns:
        a :class:`Signature`; the bits and means that do not decide are those of the reduced image
    """
    small, smaller, means = _shrink(picture.reduced, picture.extent, hash_size)
    cells, levels = np.rint(small), np.rint(smaller)
    signature = Signature(
        dhash=cells[:, 1:] > cells[:, :-1],
        ahash=levels * levels.size > levels.sum(),
        mean_rgb=means,
    )
    return _settle(picture, signature, small, smaller) if exact else signature


def _settle(picture: Picture, signature: Signature, small: _Floats, smaller: _Floats) -> Signature:
    """Computes again what is close to its threshold, from the full image."""
    dhash, ahash, mean = signature
    hash_size = len(dhash)
    margins = _margins(picture.reduced)
    for bit in structure_bits(hash_size):
        row, column = divmod(bit, hash_size)
        difference = small[row, column + 1] - small[row, column]
        if abs(difference - 0.5) <= margins.dhash:
            dhash[row, column] = _dhash_bit(picture.full_grey, row, column, hash_size)
    if abs(smaller[0, 0] - smaller.sum() / smaller.size) <= margins.ahash:
        ahash = average_hash(picture.full_grey, hash_size // 2)
    if _is_close(mean, margins.mean):
        mean = mean_rgb(picture.full)
    return Signature(dhash, ahash, mean)


def _dhash_bit(grey: Image.Image, row: int, column: int, hash_size: int) -> bool:
    """Returns one bit of the dHash: the definition, restricted to the two cells that matter."""
    width, height = grey.width / (hash_size + 1), grey.height / hash_size
    box = (column * width, row * height, (column + 2) * width, (row + 1) * height)
    left, right = np.asarray(grey.resize((2, 1), Image.Resampling.LANCZOS, box=box))[0]
    return bool(right > left)


def _margins(pixels: NDArray[np.uint8]) -> _Margins:
    """Returns the margins for an image, ``(rows, columns, 3)``."""
    # Bytes wrap around: the low ones are the highest after this.
    extreme = np.count_nonzero(pixels - np.uint8(_LOWEST + 1) >= _HIGHEST - _LOWEST - 1)
    return next(margins for share, margins in _MARGINS if extreme <= share * pixels.size)


def _is_close(mean: NDArray[np.float64], margin: float) -> bool:
    """Whether a threshold on the channel means is within the margin."""
    low, middle, high = sorted(mean.tolist())  # plain floats: this runs for every image
    brightness = (low + middle + high) / 3
    deviation = math.dist((low, middle, high), (brightness,) * 3) / math.sqrt(3)
    beyond_grey = deviation - math.sqrt(COLOR_VARIANCE)
    if abs(beyond_grey) <= margin or abs(brightness - BRIGHTNESS) <= margin:
        return True
    if beyond_grey < 0 or high < THEME_LEVEL - margin:
        return False
    return bool(high - middle <= margin or high <= THEME_LEVEL + margin)


def _shrink(
    pixels: NDArray[np.uint8], extent: tuple[float, float], hash_size: int
) -> tuple[_Floats, _Floats, _Floats]:
    """Resizes an image to the three sizes that a signature needs, with Lanczos, unrounded.

    Rows first, for all sizes in one product; greyscale is taken after that, when little is left.

    Args:
        pixels: ``(rows, columns, 3)``
        extent: width and height of the image in these pixels; may end within the last ones
        hash_size: h

    Returns:
        grey ``(h, h + 1)``, grey ``(h // 2, h // 2)``, and ``(3,)``: the channel means of the 32x32
        thumbnail
    """
    rows, columns, channels = pixels.shape
    across_grey, across_colour = _weights_across(columns, extent[0], hash_size)
    down = _weights_down(rows, extent[1], hash_size)
    narrow = down @ pixels.reshape(rows, -1).astype(np.float32)
    _clip(narrow, 255 * _UNIT)
    planes = narrow.reshape(-1, columns, channels).transpose(0, 2, 1).astype(np.float64)
    n_grey = hash_size + hash_size // 2
    grey = (_GREY_WEIGHTS @ planes[:n_grey]) @ across_grey
    thumbnail = planes[n_grey:].reshape(-1, columns) @ across_colour
    _clip(grey, 255 * _GREY_UNIT * _UNIT**2)
    _clip(thumbnail, 255 * _UNIT**2)
    grey /= _GREY_UNIT * _UNIT**2
    means = thumbnail.sum(axis=1).reshape(-1, channels).sum(axis=0)
    return (
        grey[:hash_size, : hash_size + 1],
        grey[hash_size:, hash_size + 1 :],
        means / (_UNIT**2 * THUMBNAIL_SIDE**2),
    )


def _clip(values: NDArray[Any], largest: float) -> None:
    """Clips to 0..largest in place; on arrays this small numpy.clip takes twice as long."""
    np.maximum(values, 0, out=values)
    np.minimum(values, largest, out=values)


# Cameras make few sizes; a weight matrix takes some 20 KB.
@lru_cache(maxsize=512)
def _weights_down(rows: int, height: float, hash_size: int) -> NDArray[np.float32]:
    """Returns the weights for the rows of all three sizes, one below the other."""
    sizes = (hash_size, hash_size // 2, THUMBNAIL_SIDE)
    weights = [lanczos_weights(rows, height, n) for n in sizes]
    return np.concatenate(weights).astype(np.float32)


@lru_cache(maxsize=512)
def _weights_across(columns: int, width: float, hash_size: int) -> tuple[_Floats, _Floats]:
    """Returns the weights for the columns of both grey sizes side by side, and of the colours."""
    grey = [lanczos_weights(columns, width, n).T for n in (hash_size + 1, hash_size // 2)]
    return np.concatenate(grey, axis=1), lanczos_weights(columns, width, THUMBNAIL_SIDE).T.copy()


def lanczos_weights(size: int, extent: float, n_out: int) -> _Floats:
    """Returns the weights with which ``n_out`` pixels are made of ``size`` pixels.

    Pillow's ``precompute_coeffs`` (src/libImaging/Resample.c) for the Lanczos filter of support 3.

    Args:
        size: pixels there are
        extent: pixels that the image covers, at most ``size``
        n_out: pixels to make

    Returns:
        ``(n_out, size)`` float64, whole numbers in units of 1/32768; every row sums to 1
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
    return np.asarray(weights)
