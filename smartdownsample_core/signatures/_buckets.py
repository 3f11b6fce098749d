"""Bucket ids of signatures, and readable names of buckets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..checks import whole_number
from ._bits import unpack
from ._table import Signatures
from ._thresholds import BRIGHTNESS, COLOR_VARIANCE, THEME_LEVEL, structure_bits

#: Bucket ids are below this; 80 of them can occur, because a grey image has no theme.
N_BUCKETS = 128

#: The bucket id of an image that could not be read.
UNREADABLE = -1

_RED, _GREEN, _BLUE, _NEUTRAL = range(4)
_THEME_NAMES = {
    _RED: "warm",
    _GREEN: "greenish",
    _BLUE: "bluish",
    _NEUTRAL: "subdued",
}
_PATTERNS = "ABCD"


def assign_buckets(signatures: Signatures) -> NDArray[np.int16]:
    """Assigns every image to its bucket: the 7 deciding bits of smartdownsample 1.9, packed.

    ====== ========= ==================================================================
    bit    value     meaning
    ====== ========= ==================================================================
    6, 5   structure dHash flat indices 27 and 36 (5 and 10 if ``hash_size`` is below 8)
    4      contrast  aHash flat index 0
    3      colour    1 if the colour variance is >= 100
    2      bright    1 if the brightness is >= 128
    1, 0   theme     colour images: 0 red, 1 green, 2 blue if that channel mean is strictly
                     the largest and > 140, else 3; grey images: 0
    ====== ========= ==================================================================

    Args:
        signatures: the table of n images

    Returns:
        ``(n,)`` int16; ids 0-127, or :data:`UNREADABLE` (-1)
    """
    hash_size = signatures.hash_size
    structure = unpack(signatures.dhash, hash_size**2)[:, structure_bits(hash_size)]
    contrast = unpack(signatures.ahash, (hash_size // 2) ** 2)[:, 0]
    colour = signatures.color_variance >= COLOR_VARIANCE
    bright = signatures.brightness >= BRIGHTNESS
    theme = np.where(colour, _theme(signatures.mean_rgb), 0)
    ids = (
        structure[:, 0] * 64
        + structure[:, 1] * 32
        + contrast * 16
        + colour * 8
        + bright * 4
        + theme
    )
    return np.where(signatures.readable, ids, UNREADABLE).astype(np.int16)


def bucket_name(bucket_id: int | None) -> str:
    """Returns a name that is true of every image in a bucket.

    The most visible properties come first: light; the colour of the average pixel, or none if
    colours balance each other; the top left corner, compared with the mean; and the pattern, A to D
    for the structure bits 00 to 11 (1: brighter than its left neighbour, once just above and once
    just below the middle).

    >>> bucket_name(0b10_1_1_1_01)
    'bright · greenish · light top left · pattern C'
    >>> bucket_name(0)
    'dark · no main colour · dark top left · pattern A'
    >>> bucket_name(UNREADABLE)
    'unreadable'

    Args:
        bucket_id: 0-127; -1 (or None, as in databases) for an image that could not be read

    Raises:
        ValueError: for any other id
    """
    if bucket_id is None or bucket_id == UNREADABLE:
        return "unreadable"
    bucket_id = whole_number("bucket_id", bucket_id, 0, N_BUCKETS - 1)
    theme = bucket_id & 3
    without = f"no main colour (theme {theme})" if theme else "no main colour"  # none has a theme
    return " · ".join(
        [
            "bright" if bucket_id & 4 else "dark",
            _THEME_NAMES[theme] if bucket_id & 8 else without,
            "light top left" if bucket_id & 16 else "dark top left",
            f"pattern {_PATTERNS[bucket_id >> 5]}",
        ]
    )


def _theme(mean_rgb: NDArray[np.float64]) -> NDArray[np.int64]:
    by_level = np.sort(mean_rgb, axis=1)
    dominant = (by_level[:, 2] > by_level[:, 1]) & (by_level[:, 2] > THEME_LEVEL)
    return np.where(dominant, mean_rgb.argmax(axis=1), _NEUTRAL)
