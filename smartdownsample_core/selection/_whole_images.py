"""Whole images chosen by the objects on them: all objects on those images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._strata import Groups

_Rows = NDArray[np.int64]


def with_objects(first: _Rows, image_of: Groups, readable: NDArray[np.bool_]) -> _Rows:
    """Returns the objects that images are kept for, ``(m,)``, and all others on these images.

    Args:
        first: ``(m,)``; of each image one
        image_of: of n objects, their images
        readable: ``(n,)``; the others that can be kept
    """
    are_beside = np.isin(image_of.numbers, image_of.numbers[first]) & readable
    are_beside[first] = False
    return np.concatenate([first, np.flatnonzero(are_beside)])


def by_image(rows: _Rows, image_of: Groups) -> tuple[_Rows, _Rows]:
    """Returns objects, ``(k,)``, image by image, and the first object of each image, ``(m,)``."""
    _, firsts, images = np.unique(image_of.numbers[rows], return_index=True, return_inverse=True)
    order = np.argsort(firsts[images.reshape(-1)], kind="stable")
    return rows[order], rows[np.sort(firsts)]


def ends_of_images(ranking: _Rows, image_of: Groups | None) -> _Rows:
    """Returns how many of a ranking are kept with its first m images, ``(m + 1,)`` from 0.

    Args:
        ranking: ``(k,)``; images, or objects image by image
        image_of: of objects, their images
    """
    if image_of is None:
        return np.arange(len(ranking) + 1)
    starts = np.flatnonzero(np.diff(image_of.numbers[ranking], prepend=-1))
    return np.append(starts, len(ranking))
