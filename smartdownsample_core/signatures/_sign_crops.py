"""Crops of image files to signatures."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from PIL import Image

from ..images import Crop, cut, load_rgb, path_of
from ._definition import Signature, sign


def sign_crops(crops: Iterable[Crop], hash_size: int) -> list[Signature | OSError]:
    """Signs crops; those of one file that are next to each other decode it once.

    A crop's signature is that of the definition, :func:`smartdownsample_core.sign`, applied to
    ``image.crop(box)``. Crops are small, so nothing is decoded reduced.

    Args:
        crops: n crops
        hash_size: side of the dHash

    Returns:
        n signatures; of a crop that cannot be read, the error of
        :func:`smartdownsample_core.load_rgb`, also for a box without pixels
    """
    signed: list[Signature | OSError] = []
    for path, group in groupby(crops, key=path_of):
        try:
            image = load_rgb(path)
        except OSError as error:
            signed += [error for _ in group]
            continue
        signed += [_sign_crop(image, crop, hash_size) for crop in group]
    return signed


def _sign_crop(image: Image.Image, crop: Crop, hash_size: int) -> Signature | OSError:
    try:
        return sign(cut(image, crop), hash_size)
    except OSError as error:
        return error
