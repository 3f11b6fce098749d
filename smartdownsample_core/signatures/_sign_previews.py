"""Signatures of previews, which are images that the camera has reduced."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence

from PIL import Image

from ..images import Headed, Picture, PreviewMissingError, Reduced, attempt, open_preview
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
    head = open_preview(os.fsdecode(path))
    return None if head.preview is None else _signed([head], hash_size)[0]


def sign_previews_of(paths: Iterable[str], hash_size: int) -> list[Signature | OSError]:
    """Returns the signatures of the previews of n files, or for each the reason for which not.

    That is a :class:`smartdownsample_core.images.PreviewMissingError` if it has none.

    Args:
        paths: n files, or fewer: an iterator may end early
        hash_size: as in :func:`smartdownsample_core.sign_file`
    """
    errors: dict[int, OSError] = {}
    heads: list[Headed] = []
    for place, path in enumerate(paths):
        head = attempt(path, open_preview, path)
        if isinstance(head, OSError):
            errors[place] = head
        elif head.preview is None:
            errors[place] = PreviewMissingError(head.reason)
        else:
            heads.append(head)
    signed = iter(_signed(heads, hash_size))
    return [
        errors[place] if place in errors else next(signed)
        for place in range(len(errors) + len(heads))
    ]


def _signed(heads: Sequence[Headed], hash_size: int) -> list[Signature]:
    """Returns the signatures of n heads with previews."""
    signed = sign_previews([head.preview for head in heads if head.preview], hash_size)
    each = zip(signed, heads, strict=True)
    return [one._replace(decode="preview", capture=head.capture) for one, head in each]


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
