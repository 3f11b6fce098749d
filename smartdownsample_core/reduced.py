"""Reduced pixels to signature: nearly the definition, at a fraction of its cost.

The definition (:func:`smartdownsample_core.signature.sign`) shrinks the full image three times
with Lanczos. Here an image is decoded reduced, and shrunk with float32 matrix products. What that
gets wrong are quantities close to their threshold; in the mode ``"exact"`` those that decide the
bucket are computed again from the full image.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .images import Picture
from .rules import BRIGHTNESS, COLOR_VARIANCE, THEME_LEVEL, structure_bits
from .signature import THUMBNAIL_SIDE, Signature, average_hash, mean_rgb

_Floats = NDArray[Any]  # float32; numpy's stubs make float64 of their products

# How near to its threshold a quantity leaves a doubt, in grey levels. Chosen on several thousand
# photographs with changed light, contrast, noise and compression, none of which then fell into
# another bucket than by the definition; well resolved images are nearer to it.
_DHASH_MARGIN = 2.0
_DHASH_MARGIN_RESOLVED = 1.4
_RESOLVED = 128
_AHASH_MARGIN = 1.0
_MEAN_MARGIN = 0.5

# Pillow's weights of R, G and B for greyscale: ITU-R 601-2.
_GREY_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)


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
    small, smaller, thumbnail = _shrink(picture.reduced, picture.extent, hash_size)
    levels = np.rint(smaller)
    signature = Signature(
        dhash=np.diff(np.rint(small)) > 0,
        ahash=levels > levels.mean(),
        mean_rgb=thumbnail.mean(axis=(0, 2), dtype=np.float64),
    )
    return _settle(picture, signature, small, smaller) if exact else signature


def _settle(picture: Picture, signature: Signature, small: _Floats, smaller: _Floats) -> Signature:
    """Computes again what is close to its threshold, from the full image."""
    dhash, ahash, mean = signature
    hash_size = len(dhash)
    resolved = min(picture.extent) >= _RESOLVED
    margin = _DHASH_MARGIN_RESOLVED if resolved else _DHASH_MARGIN
    for bit in structure_bits(hash_size):
        row, column = divmod(bit, hash_size)
        difference = small[row, column + 1] - small[row, column]
        if abs(difference - 0.5) <= margin:
            dhash[row, column] = _dhash_bit(picture.full_grey, row, column, hash_size)
    if abs(smaller[0, 0] - smaller.mean()) <= _AHASH_MARGIN:
        ahash = average_hash(picture.full_grey, hash_size // 2)
    if _is_close(mean):
        mean = mean_rgb(picture.full)
    return Signature(dhash, ahash, mean)


def _dhash_bit(grey: Image.Image, row: int, column: int, hash_size: int) -> bool:
    """Returns one bit of the dHash: the definition, restricted to the two cells that matter."""
    width, height = grey.width / (hash_size + 1), grey.height / hash_size
    box = (column * width, row * height, (column + 2) * width, (row + 1) * height)
    left, right = np.asarray(grey.resize((2, 1), Image.Resampling.LANCZOS, box=box))[0]
    return bool(right > left)


def _is_close(mean: NDArray[np.float64]) -> bool:
    """Whether a threshold on the channel means is within the margin."""
    deviation, brightness = mean.std(), mean.mean()
    if abs(deviation - COLOR_VARIANCE**0.5) <= _MEAN_MARGIN:
        return True
    if abs(brightness - BRIGHTNESS) <= _MEAN_MARGIN:
        return True
    _, second, largest = np.sort(mean)
    return bool(
        deviation > COLOR_VARIANCE**0.5
        and largest > THEME_LEVEL - _MEAN_MARGIN
        and (largest - second <= _MEAN_MARGIN or abs(largest - THEME_LEVEL) <= _MEAN_MARGIN)
    )


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
        grey ``(h, h + 1)``, grey ``(h // 2, h // 2)``, and ``(32, 3, 32)``: rows, channels, columns
    """
    rows, columns, channels = pixels.shape
    across_grey, across_colour = _weights_across(columns, extent[0], hash_size)
    down = _weights_down(rows, extent[1], hash_size)
    narrow = down @ pixels.reshape(rows, -1).astype(np.float32)
    np.clip(narrow, 0, 255, out=narrow)
    planes = narrow.reshape(-1, columns, channels).transpose(0, 2, 1)
    n_grey = hash_size + hash_size // 2
    grey = np.clip((_GREY_WEIGHTS @ planes[:n_grey]) @ across_grey, 0, 255)
    thumbnail = np.clip(planes[n_grey:].reshape(-1, columns) @ across_colour, 0, 255)
    return (
        grey[:hash_size, : hash_size + 1],
        grey[hash_size:, hash_size + 1 :],
        thumbnail.reshape(THUMBNAIL_SIDE, channels, THUMBNAIL_SIDE),
    )


# Cameras make few sizes; a weight matrix takes some 20 KB.
@lru_cache(maxsize=512)
def _weights_down(rows: int, height: float, hash_size: int) -> _Floats:
    """Returns the weights for the rows of all three sizes, one below the other."""
    sizes = (hash_size, hash_size // 2, THUMBNAIL_SIDE)
    return np.concatenate([lanczos_weights(rows, height, n) for n in sizes])


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
        ``(n_out, size)`` float32; every row sums to 1
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
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights, np.float32)
