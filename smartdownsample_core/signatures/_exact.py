"""What decides the bucket, computed from the full image wherever reduced pixels leave it uncertain.

What makes a reduced image differ is mostly that a full one is clipped to 0-255 pixel by pixel, a
reduced one after averaging: dark noise gets darker, and glare brighter. How much that may be shows
in the reduced pixels, and the margins of uncertainty follow it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import le
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..images import Picture
from ._definition import average_hash, mean_rgb, thumbnail
from ._thresholds import BRIGHTNESS, COLOR_VARIANCE, THEME_LEVEL, structure_bits

_Floats = NDArray[np.float32]


class _Margins(NamedTuple):
    """Within how many grey levels of their thresholds quantities are uncertain."""

    first_dhash: float
    """the difference of the two cells of the first deciding bit"""
    second_dhash: float
    ahash: float
    """the first cell less the mean of all"""
    spread: float
    """the standard deviation of the channel means"""
    brightness: float
    level: float
    """the largest channel mean"""
    lead: float
    """by how much it is larger than the others"""


class _Class(NamedTuple):
    """Images of which reduced pixels say about as much; the largest values of the worst channel."""

    near: float
    """share of neighbours that differ by more than one of them is away from black or white"""
    noise: float
    """standard deviation of what no neighbours share, in grey levels of the full image"""
    bend: float
    """median second difference, in grey levels of the full image"""
    margins: _Margins


# The first that fits counts. The margins are 1.25 times the largest error (for the bits, 1.1 times)
# of 2,084 images with changed light, contrast, colour, noise, sharpness, size and compression.
_FAIR = _Margins(1.5, 1.5, 1.2, 0.68, 1.1, 1.2, 0.9)
_CLASSES = (
    _Class(0.08, 8, 70, _Margins(0.95, 0.95, 0.8, 0.2, 0.36, 0.55, 0.48)),
    _Class(0.15, 8, 70, _Margins(0.95, 0.95, 1.25, 0.2, 0.36, 0.55, 0.48)),
    _Class(0.3, 8, math.inf, _FAIR),
    _Class(0.15, 16, math.inf, _FAIR),
    _Class(0.3, math.inf, math.inf, _Margins(1.7, 1.7, 1.2, 1.25, 1.8, 2.6, 1.45)),
    _Class(1, 8, math.inf, _Margins(1.4, 1.4, 1.2, 1.5, 1.9, 1.8, 1.5)),
    _Class(1, math.inf, math.inf, _Margins(1.7, 1.7, 1.2, 3.0, 2.5, 2.8, 3.0)),
)
_LARGEST = tuple(map(max, *(one.margins for one in _CLASSES)))

# In photographs, the squared difference of pixels two apart is about twice that of neighbours; the
# more it falls short of this multiple, the more of it is noise, which averaging has hidden.
_STEEPNESS = 2.3
_SAMPLED = 2**12  # channel values

# Full images are averaged over squares first, as by Pillow's ``reducing_gap``: to a shorter side of
# at least 96 pixels, or over squares of 4x4 if that leaves at least twice as many.
_SIDE, _SQUARE = 96, 4
# The margins of what comes of it: 1.25 times its largest error, which is mostly Pillow's rounding.
_AVERAGED = _Margins(0, 0, 0, 0.12, 0.4, 0.45, 0.3)
_FINELY_AVERAGED = _Margins(0, 0, 0, 0.06, 0.2, 0.2, 0.15)


def settle(
    pictures: Sequence[Picture],
    cells: _Floats,
    levels: _Floats,
    dhash: NDArray[np.bool_],
    ahash: NDArray[np.bool_],
    means: NDArray[np.float64],
) -> None:
    """Recomputes what decides and is uncertain from the full images, in place.

    Args:
        pictures: n
        cells: ``(n, h, h + 1)`` grey levels
        levels: ``(n, h // 2, h // 2)`` grey levels
        dhash: ``(n, h, h)``
        ahash: ``(n, h // 2, h // 2)``
        means: of the channels, ``(n, 3)``

    Raises:
        OSError: if a full image cannot be decoded
    """
    hash_size = cells.shape[1]
    bits = [divmod(bit, hash_size) for bit in structure_bits(hash_size)]
    steps = [(cells[:, row, left + 1] - cells[:, row, left]).tolist() for row, left in bits]
    contrasts = (levels[:, 0, 0] - levels.sum(axis=(1, 2)) / levels[0].size).tolist()
    for place, (first, second, contrast, colour) in enumerate(
        zip(*steps, contrasts, means.tolist(), strict=True)
    ):
        distances = (abs(first - 0.5), abs(second - 0.5), abs(contrast), *_mean_distances(colour))
        if not any(map(le, distances, _LARGEST)):
            continue
        picture = pictures[place]
        uncertain = list(map(le, distances, _margins(picture, distances)))
        for (row, left), is_uncertain in zip(bits, uncertain, strict=False):
            if is_uncertain:
                dhash[place, row, left] = _dhash_bit(picture.full_grey, row, left, hash_size)
        if uncertain[2]:
            ahash[place] = average_hash(picture.full_grey, levels.shape[1])
        if any(uncertain[3:]):
            means[place] = _full_means(picture.full)


def _mean_distances(means: list[float]) -> tuple[float, float, float, float]:
    """Returns how far three channel means are from the thresholds of the last four margins.

    Infinitely for those of the theme of a grey image, which has none. In Python, because calls of
    NumPy would take longer.
    """
    low, middle, high = sorted(means)
    brightness = (low + middle + high) / 3
    squares = (low - brightness) ** 2 + (middle - brightness) ** 2 + (high - brightness) ** 2
    spread = math.sqrt(squares / 3) - math.sqrt(COLOR_VARIANCE)
    level = abs(high - THEME_LEVEL) if spread >= 0 else math.inf
    lead = high - middle if spread >= 0 and high >= THEME_LEVEL else math.inf
    return abs(spread), abs(brightness - BRIGHTNESS), level, lead


def _margins(picture: Picture, distances: tuple[float, ...]) -> _Margins:
    """Returns the margins of the reduced pixels of a picture; wider ones if none is reached."""
    pixels = picture.reduced.pixels
    rows = pixels[:: max(pixels.size // _SAMPLED, 1)]
    planes = rows.transpose(2, 0, 1).astype(np.int16, order="C")
    beside = np.abs(planes[:, :, 1:] - planes[:, :, :-1])
    room = np.minimum(planes, 255 - planes)
    is_near = np.minimum(room[:, :, 1:], room[:, :, :-1]) < beside
    near = max(map(np.count_nonzero, is_near)) / is_near[0].size
    reached = [one for one in _CLASSES if near <= one.near]
    widest = next(one for one in reached if one.noise == math.inf).margins
    if not any(map(le, distances, widest)):
        return widest
    planes = planes[:, ::2]  # medians take long
    across = planes[:, :, 2:] - planes[:, :, :-2]
    bends = planes[:, :, 2:] + planes[:, :, :-2] - 2 * planes[:, :, 1:-1]
    sizes = np.abs(np.concatenate([beside[:, ::2, 1:], across, bends])).reshape(9, -1)
    middle = sizes.shape[1] // 2
    sizes.partition(middle, axis=1)
    one, two, bend = sizes[:, middle].astype(np.float64).reshape(3, 3)
    excess = ((_STEEPNESS * one**2 - two**2) / (2 * (_STEEPNESS - 1))).max()
    noise = picture.scale * math.sqrt(max(excess, 0.0))
    largest = picture.scale * bend.max()
    return next(o.margins for o in reached if noise <= o.noise and largest <= o.bend)


def _dhash_bit(grey: Image.Image, row: int, column: int, hash_size: int) -> bool:
    """Returns one bit of the dHash by the definition, from the two cells it compares."""
    width, height = grey.width / (hash_size + 1), grey.height / hash_size
    box = (column * width, row * height, (column + 2) * width, (row + 1) * height)
    left, right = np.asarray(grey.resize((2, 1), Image.Resampling.LANCZOS, box=box))[0]
    return bool(right > left)


def _full_means(full: Image.Image) -> NDArray[np.float64]:
    """Returns the means of a full image: those of the definition, if they are near a threshold."""
    factor, margins = max(min(full.size) // _SIDE, 1), _AVERAGED
    if factor >= 2 * _SQUARE:
        factor, margins = _SQUARE, _FINELY_AVERAGED
    box = (0, 0, full.width / factor, full.height / factor)
    means = mean_rgb(thumbnail(full.reduce(factor), box))
    if factor > 1 and any(map(le, _mean_distances(means.tolist()), margins[3:])):
        return mean_rgb(thumbnail(full))
    return means
