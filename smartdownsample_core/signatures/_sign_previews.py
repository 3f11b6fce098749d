"""Signatures of previews, which are images that the camera has reduced."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence

from PIL import Image

from ..images import Picture, Reduced, open_preview
from ..settings import check_hash_size
from ._definition import Signature
from ._reduced import sign_reduced

#: Previews signed at once, so that their pixels stay in the processor's cache.
_AT_A_TIME = 32


def sign_preview(path: str | os.PathLike[str], hash_size: int = 8) -> Signature | None:
    """Returns the signature of a file's preview, or None if there is no reliable one.

    Raises:
        ValueError: if the hash size is out of bounds
        FileNotFoundError, PermissionError, OSError: as
            :func:`smartdownsample_core.images._decode.load_rgb`
    """
    check_hash_size(hash_size)
    preview = open_preview(os.fsdecode(path)).preview
    return None if preview is None else sign_previews([preview], hash_size)[0]


def sign_previews(previews: Sequence[Reduced], hash_size: int) -> list[Signature]:
    """Returns the signatures of n previews; those of the same size are signed together."""
    alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for place, preview in enumerate(previews):
        alike[preview.size].append(place)
    signed: dict[int, Signature] = {}
    for places in alike.values():
        for some in (places[at : at + _AT_A_TIME] for at in range(0, len(places), _AT_A_TIME)):
            pictures = [_picture(previews[place]) for place in some]
            signed |= zip(some, sign_reduced(pictures, hash_size, exact=False), strict=True)
    return [signed[place] for place in range(len(previews))]


def _picture(preview: Reduced) -> Picture:
    return Picture(preview, lambda: Image.fromarray(preview.pixels), preview.pixels.nbytes)
