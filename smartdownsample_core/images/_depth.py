"""Images of any mode to 8-bit RGB, also those of more than 8 bits a channel.

Pillow clips 16-bit, 32-bit and float greyscale to 0-255, which makes thermal and depth images all
white. Here they are scaled, by two rules, so that the same picture has about the same signature at
every depth, and pictures that use a small part of their range are still told apart:

1. Full scale is the smallest of 1 (floats only), 255, 1023, 4095, 16383 and 65535 that no value is
   above: a 12-bit image in a 16-bit file is one of 12 bits. If a value is negative or larger, it is
   the range of rule 2.
2. If 99% of the values (without the lowest and highest half percent) span less than an eighth of
   full scale, as those of thermal cameras do, that span becomes 0-255 instead.

Infinity and not-a-number count as 0. Colour images of 16 bits a channel are reduced by Pillow, to
their high bytes. Images of 8 bits are not touched: their signatures equal those of smartdownsample
1.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_FULL_SCALES = (1, 255, 1023, 4095, 16383, 65535)
_SMALL_SHARE = 1 / 8
_TAILS = (0.5, 99.5)  # percent

#: Values that percentiles are taken of, and that are scaled at a time.
_SAMPLE, _AT_A_TIME = 2**18, 2**20


def is_deep(mode: str) -> bool:
    """Whether images of a mode of Pillow's have more than 8 bits.

    >>> [mode for mode in ("1", "L", "I;16", "I;16B", "I", "F", "RGB") if is_deep(mode)]
    ['I;16', 'I;16B', 'I', 'F']
    """
    return mode[0] in "IF"


def as_rgb(image: Image.Image) -> Image.Image:
    """Returns an image of any mode as one of mode ``"RGB"``; transparency is dropped."""
    if is_deep(image.mode):
        image = _scaled(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _scaled(image: Image.Image) -> Image.Image:
    """Returns an image of mode ``"L"``."""
    values = np.asarray(image)
    low, high = value_range(values)
    scaled = np.empty(values.shape, np.uint8)
    for rows, part in _parts(values):
        scaled[rows] = np.clip((part - low) * (255 / (high - low)) + 0.5, 0, 255)
    return Image.fromarray(scaled)


def value_range(values: NDArray[Any]) -> tuple[float, float]:
    """Returns which values become 0 and 255, by the rules above.

    Args:
        values: ``(rows, columns)``, integers or floats

    >>> value_range(np.array([[0, 4000]], np.uint16))
    (0.0, 4095.0)
    >>> value_range(np.array([[21_000, 23_000]], np.uint16))
    (21010.0, 22990.0)
    >>> value_range(np.array([[0.0, 0.9]], np.float32)), value_range(np.array([[-1.0, 1.0]]))
    ((0.0, 1.0), (-0.99, 0.99))
    """
    step = max(int((values.size / _SAMPLE) ** 0.5), 1)
    low, high = np.percentile(_finite(values[::step, ::step]), _TAILS).tolist()
    lowest = min(float(part.min()) for _, part in _parts(values))
    highest = max(float(part.max()) for _, part in _parts(values))
    scales = _FULL_SCALES if values.dtype.kind == "f" else _FULL_SCALES[1:]
    full = next((scale for scale in scales if lowest >= 0 and highest <= scale), None)
    if high <= low:  # flat
        return (0.0, float(full)) if full else (low - 1, low + 1)
    if full is None or high - low < full * _SMALL_SHARE:
        return low, high
    return 0.0, float(full)


def _parts(values: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yields some rows at a time, so that little memory is needed besides that of the image."""
    n_rows = max(_AT_A_TIME // values.shape[1], 1)
    for start in range(0, len(values), n_rows):
        rows = slice(start, start + n_rows)
        yield rows, _finite(values[rows])


def _finite(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.nan_to_num(values.astype(np.float64), nan=0, posinf=0, neginf=0)
