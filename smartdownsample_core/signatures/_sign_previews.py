"""Previews to signatures: a preview is an image that the camera has reduced."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..images import Picture, Reduced, open_preview
from ..settings import check_hash_size
from ._definition import Signature
from ._reduced import sign_reduced


def sign_preview(path: str | os.PathLike[str], hash_size: int = 8) -> Signature | None:
    """Returns the signature of a file's preview, None if it has none to rely on.

    Raises:
        ValueError: for a hash size out of its bounds
        FileNotFoundError, PermissionError, OSError: as
            :func:`smartdownsample_core.images._decode.load_rgb`
    """
    check_hash_size(hash_size)
    preview = open_preview(os.fsdecode(path)).preview
    return None if preview is None else sign_previews([preview], hash_size)[0]


def sign_previews(previews: Sequence[NDArray[np.uint8]], hash_size: int) -> list[Signature]:
    """Returns the signatures of n previews, ``(rows, columns, 3)`` RGB each; one size at once."""
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for place, preview in enumerate(previews):
        alike[preview.shape].append(place)
    signed: dict[int, Signature] = {}
    for (rows, columns, _), places in alike.items():
        pictures = [_picture(previews[place], (columns, rows)) for place in places]
        signed |= zip(places, sign_reduced(pictures, hash_size, exact=False), strict=True)
    return [signed[place] for place in range(len(previews))]


def _picture(preview: NDArray[np.uint8], extent: tuple[float, float]) -> Picture:
    return Picture(Reduced(preview, extent), lambda: Image.fromarray(preview), preview.nbytes)
