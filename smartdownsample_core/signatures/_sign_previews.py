"""Signatures of previews, which are images that the camera has reduced."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice

from ..images import Headed, PreviewMissingError, open_preview, open_previews
from ..settings import check_hash_size
from ._definition import Signature
from ._reduced import sign_pixels

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
    return None if head.preview is None else sign_previews([head], hash_size)[0]


def sign_previews_of(paths: Iterable[str], hash_size: int) -> list[Signature | OSError]:
    """Returns the signatures of the previews of n files, or for each the reason for which not.

    That is a :class:`smartdownsample_core.images.PreviewMissingError` if it has none.

    Args:
        paths: n files, or fewer: an iterator may end early
        hash_size: as in :func:`smartdownsample_core.sign_file`
    """
    rest = iter(paths)
    signed: list[Signature | OSError] = []
    while some := list(islice(rest, _AT_A_TIME)):
        heads = open_previews(some)
        good = [head for head in heads if isinstance(head, Headed) and head.preview]
        signatures = iter(sign_previews(good, hash_size))
        for head in heads:
            if isinstance(head, OSError):
                signed.append(head)
            elif head.preview is None:
                signed.append(PreviewMissingError(head.reason))
            else:
                signed.append(next(signatures))
    return signed


def sign_previews(heads: Sequence[Headed], hash_size: int) -> list[Signature]:
    """Returns the signatures of n heads that have previews; equal sizes are signed together."""
    alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
    previews = [head.preview for head in heads if head.preview]
    for place, preview in enumerate(previews):
        alike[preview.size].append(place)
    signed: dict[int, Signature] = {}
    for places in alike.values():
        for some in (places[at : at + _AT_A_TIME] for at in range(0, len(places), _AT_A_TIME)):
            pixels = sign_pixels([previews[place] for place in some], hash_size)
            for place, one in zip(some, pixels, strict=True):
                signed[place] = Signature(*one, False, heads[place].capture, "preview")
    return [signed[place] for place in range(len(heads))]
