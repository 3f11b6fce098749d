"""The bits and thresholds that decide a bucket, as in smartdownsample 1.9."""

from __future__ import annotations

#: Least variance of the channel means of a colour image; others are grey.
COLOR_VARIANCE = 100.0

#: Least mean of a bright image.
BRIGHTNESS = 128.0

#: A colour image is red, green or blue if that channel mean is the largest and above this level.
THEME_LEVEL = 140.0


def structure_bits(hash_size: int) -> tuple[int, int]:
    """Returns the flat indices of the two deciding dHash bits, near the middle of the image."""
    return (27, 36) if hash_size >= 8 else (5, 10)
