"""Whole images chosen by the objects on them, as selections of all objects on those images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..signatures import UNREADABLE
from ._strata import Groups
from ._tally import count_buckets

if TYPE_CHECKING:
    from ._result import Selection

_Rows = NDArray[np.int64]


def with_objects(selection: Selection) -> Selection:
    """Returns a selection in which all readable objects on the kept images are kept.

    In the order of the images; of each, first the object that it is kept for.

    Args:
        selection: of one object for each kept image
    """
    image_of = selection.image_of
    assert image_of is not None  # or these are no objects
    first = selection.indices if selection.ranking is None else selection.ranking
    are_beside = np.isin(image_of.numbers, image_of.numbers[first])
    are_beside &= selection.bucket_ids != UNREADABLE
    are_beside[first] = False
    rows, _ = by_image(np.concatenate([first, np.flatnonzero(are_beside)]), image_of)
    return replace(
        selection,
        indices=np.sort(rows),
        ranking=None if selection.ranking is None else rows,
        n_first=None,
        buckets=count_buckets(selection.bucket_ids, rows),
        kept_for=first,
    )


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
