"""Whether the previews of a camera show what its images show: a sample is compared.

A preview can be of another picture than its file: of the frame before an edit cropped, turned or
recoloured it. What a file says of itself does not tell all such edits (see
:mod:`smartdownsample_core.images._preview`), so a few images of every camera are compared: their
tops (:mod:`smartdownsample_core.images._strip`) and, where these differ, the whole images.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ._bits import unpack
from ._table import Signatures

#: Images of a camera that are compared: 1 in 100, and at least 3.
_SHARE, _FEWEST = 100, 3

# Of 99 photographs, by three of them at a time: honest previews pass always (0 bits in the median,
# 3 at most), sharpened ones in 99.7% of the cases; previews of the image before it was cropped to
# 95 / 90 / 80% of its sides in 75 / 2 / 0%; turned, mirrored and of another image (28 bits) never.
# Of 8 files by cameras: 0-2 bits, 0.2-3.0 grey levels.
_MEDIAN_SHARE_OF_BITS, _LARGEST_SHARE_OF_BITS = 5 / 64, 15 / 64
_MEDIAN_OF_MEANS = 8.0


def rows_to_compare(n: int) -> NDArray[np.int64]:
    """Returns which of a camera's n images to read whole as well, evenly spread.

    >>> rows_to_compare(9), rows_to_compare(2), len(rows_to_compare(1000))
    (array([1, 4, 7]), array([0, 1]), 10)
    """
    count = min(max(_FEWEST, math.ceil(n / _SHARE)), n)
    return (2 * np.arange(count) + 1) * n // (2 * max(count, 1))


def alike(previews: Signatures, images: Signatures) -> NDArray[np.bool_]:
    """Returns whether the tops of n previews certainly show what the tops of their images show.

    Of 76 photographs, honest previews do in 100%; those of the image before it was cropped to 95 /
    90 / 80% of its sides in 12 / 1 / 0%; turned, mirrored and of another image never; before it
    became a tenth / a quarter darker in 19 / 1%. What changed only below the top is not seen.

    Args:
        previews: n signatures of strips
        images: those of their images
    """
    n_bits = images.hash_size**2
    differing = unpack(previews.dhash ^ images.dhash, n_bits).sum(axis=1) / n_bits
    levels = np.abs(previews.mean_rgb - images.mean_rgb).max(axis=1)  # NaN if one is missing
    return np.asarray((differing <= _MEDIAN_SHARE_OF_BITS) & (levels <= _MEDIAN_OF_MEANS))


def difference(previews: Signatures, whole: Signatures) -> str | None:
    """Words how the previews of a camera differ from its images, None if they may stand for them.

    Args:
        previews: signatures of m previews of one camera
        whole: those of their images, of the same hash size, in the same order
    """
    both = previews.readable & whole.readable
    if not both.any():
        return "none of the compared images could be read"
    n_bits = whole.hash_size**2
    differing = unpack(previews.dhash[both] ^ whole.dhash[both], n_bits).sum(axis=1) / n_bits
    median, largest = float(np.median(differing)), float(differing.max())
    if median > _MEDIAN_SHARE_OF_BITS or largest > _LARGEST_SHARE_OF_BITS:
        return (
            f"previews differ from their images in {median:.0%} of the hash's bits in the median "
            f"and {largest:.0%} at most; {_MEDIAN_SHARE_OF_BITS:.0%} and "
            f"{_LARGEST_SHARE_OF_BITS:.0%} are the limits"
        )
    levels = float(np.median(np.abs(previews.mean_rgb - whole.mean_rgb)[both].max(axis=1)))
    if levels > _MEDIAN_OF_MEANS:
        return (
            f"previews differ from their images by {levels:.1f} grey levels in the median; "
            f"{_MEDIAN_OF_MEANS:.0f} is the limit"
        )
    return None
