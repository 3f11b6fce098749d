"""The definition of a signature: dHash, aHash, mean colour and thumbnail of one image."""

from __future__ import annotations

from typing import NamedTuple

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..checks import shown
from ..images import Capture, as_rgb, capture_of_image, is_damaged
from ..settings import check_hash_size

#: Side of the thumbnail, which also gives the mean colour, as in smartdownsample 1.9.
THUMBNAIL_SIDE = 32

#: Weights of R, G and B in greyscale: ITU-R 601-2, as in Pillow, in units of 1/1024.
GREY_WEIGHTS = np.array([306, 601, 117], np.float32)


class Signature(NamedTuple):
    """The signature of one image; h is the hash size."""

    dhash: NDArray[np.bool_]
    """``(h, h)``; True where the h+1 by h grey thumbnail is brighter than its left neighbour"""
    ahash: NDArray[np.bool_]
    """``(h // 2, h // 2)``; True where the grey thumbnail is brighter than its mean"""
    mean_rgb: NDArray[np.float64]
    """``(3,)``; mean of each channel in the thumbnail, 0-255"""
    thumbnail: NDArray[np.uint8]
    """``(3, 32, 32)`` RGB, shrunk with Lanczos; used for the descriptor"""
    damaged: bool = False
    """whether the decoder found the file cut off or corrupt, but decoded it"""
    capture: Capture = Capture()
    """when, where and by what camera it was taken"""
    decode: str = "exact"
    """how it was read: ``"exact"``, ``"fast"`` or ``"preview"``"""


def sign(image: Image.Image, hash_size: int = 8) -> Signature:
    """Reduces an image to its signature.

    dHash: Neal Krawetz, "Kind of Like That" (2013), hackerfactor.com; aHash: the same author's
    "Looks Like It" (2011); both as the ``imagehash`` package computes them.

    Args:
        image: an image of any size; modes other than ``"RGB"`` are converted as in
            :func:`smartdownsample_core.load_rgb`
        hash_size: side of the dHash, 4 to 64; the side of the aHash is half of it

    Returns:
        a :class:`Signature`

    Raises:
        ValueError: if it is not a Pillow image, or the hash size is out of bounds

    An image that gets brighter to the right has every dHash bit set; a uniform grey one has no bit
    set at all:

    >>> ramp = Image.fromarray(np.tile(np.arange(0, 250, 10, dtype=np.uint8), (20, 1)))
    >>> print(picture(sign(ramp.convert("RGB"), hash_size=4).dhash))
    ####
    ####
    ####
    ####
    >>> flat = sign(Image.new("RGB", (64, 48), (7, 7, 7)))
    >>> bool(flat.dhash.any() or flat.ahash.any()), flat.mean_rgb.tolist()
    (False, [7.0, 7.0, 7.0])
    """
    if not isinstance(image, Image.Image):
        raise ValueError(
            f"image must be a Pillow image, got {shown(image)}; use sign_file for a file, and "
            "PIL.Image.fromarray for an array"
        )
    check_hash_size(hash_size)
    image = as_rgb(image)
    grey = image.convert("L")
    small = thumbnail(image)
    return Signature(
        dhash=np.asarray(imagehash.dhash(grey, hash_size).hash),
        ahash=average_hash(grey, hash_size // 2),
        mean_rgb=mean_rgb(small),
        thumbnail=small,
        damaged=is_damaged(image),
        capture=capture_of_image(image),
    )


def average_hash(grey: Image.Image, hash_size: int) -> NDArray[np.bool_]:
    """Returns the aHash, ``(hash_size, hash_size)``, of an image of mode ``"L"``."""
    return np.asarray(imagehash.average_hash(grey, hash_size).hash)


def thumbnail(
    image: Image.Image, box: tuple[float, float, float, float] | None = None
) -> NDArray[np.uint8]:
    """Returns the thumbnail, ``(3, 32, 32)``, of an image of mode ``"RGB"`` or ``"RGBX"``.

    Args:
        image: of any size
        box: left, upper, right and lower edge of the part that it shows
    """
    size = THUMBNAIL_SIDE, THUMBNAIL_SIDE
    small = image.resize(size, Image.Resampling.LANCZOS, box)
    return np.asarray(small).transpose(2, 0, 1)[:3]


def mean_rgb(thumbnail: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Returns the mean of each channel of a thumbnail, ``(3,)``."""
    return np.asarray(thumbnail.reshape(3, -1).mean(axis=1))


def picture(bits: NDArray[np.bool_]) -> str:
    """Draws a hash, ``(rows, columns)`` bool, as text: ``#`` for set bits, ``.`` for others.

    >>> print(picture(np.eye(3, dtype=bool)))
    #..
    .#.
    ..#
    """
    return "\n".join("".join("#" if bit else "." for bit in row) for row in bits)
