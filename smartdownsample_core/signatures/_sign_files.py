"""Signatures of image files, which are opened one by one and signed in batches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import groupby

from ..checks import one_of
from ..images import Item, Picture, Preview, attempt, open_items, path_of
from ..settings import BY_PREVIEW, DECODES, Decode, check_hash_size
from ._definition import Signature, sign
from ._reduced import sign_reduced
from ._sign_previews import sign_preview, sign_previews_of

#: Limit of the pixels held until files of the same size are signed together, so that they stay in
#: the processor's cache: 8 files of 256x256, or one large file.
_HELD_BYTES = 2**17


def sign_file(
    path: str | os.PathLike[str], hash_size: int = 8, decode: Decode = "exact"
) -> Signature:
    """Reads one image file and returns its signature.

    Args:
        path: the file; read once
        hash_size: side of the dHash, at least 4
        decode: how to read images that are large enough to be decoded at reduced size.
            ``"exact"``: whatever decides the bucket is as in the definition,
            :func:`smartdownsample_core.sign`; the other bits and means may differ slightly.
            ``"fast"``: all of them may. ``"preview"`` and ``"auto"``: only its preview, if it has
            one to rely on, else exactly; whether the preview shows what the image shows is not
            checked, as :func:`smartdownsample_core.extract` does

    Raises:
        ValueError: if an argument is out of bounds
        FileNotFoundError, PermissionError, OSError: as
            :func:`smartdownsample_core.images._decode.load_rgb`
    """
    check_hash_size(hash_size)
    one_of("decode", decode, DECODES)
    if decode in BY_PREVIEW and (preview := sign_preview(path, hash_size)):
        return preview
    (signed,) = sign_items([os.fsdecode(path)], hash_size, decode)
    if isinstance(signed, OSError):
        raise signed
    return signed


def sign_items(items: Iterable[Item], hash_size: int, decode: Decode) -> list[Signature | OSError]:
    """Signs image files and parts of them; returns a signature or an error for each.

    Files are decoded at reduced size where that helps. Parts, which are small, are decoded in full
    and signed by the definition, :func:`smartdownsample_core.sign`; previews as they are.

    Args:
        items: n items, or fewer: an iterator may end early
        hash_size: as in :func:`sign_file`
        decode: ``"fast"``, or whatever else for ``"exact"``
    """
    signed: list[Signature | OSError] = []
    for are_previews, some in groupby(items, lambda item: isinstance(item, Preview)):
        if are_previews:
            signed += sign_previews_of(map(path_of, some), hash_size)
        else:
            signed += _sign_pixels(some, hash_size, decode != "fast")
    return signed


def _sign_pixels(items: Iterable[Item], hash_size: int, exact: bool) -> list[Signature | OSError]:
    signed: list[Signature | OSError] = []
    held: list[Picture] = []  # of one size
    paths: list[str] = []  # of those held
    n_bytes = 0

    def sign_held() -> None:
        nonlocal n_bytes
        signed.extend(_sign_alike(paths, held, hash_size, exact))
        held.clear()
        paths.clear()
        n_bytes = 0

    for path, image in open_items(items):
        if held and not (isinstance(image, Picture) and image.reduced.size == held[0].reduced.size):
            sign_held()
        if isinstance(image, Picture):
            held.append(image)
            paths.append(path)
            n_bytes += image.n_bytes
            if n_bytes > _HELD_BYTES:
                sign_held()
        elif isinstance(image, OSError):
            signed.append(image)
        else:
            signed.append(attempt(path, sign, image, hash_size))
    sign_held()
    return signed


def _sign_alike(
    paths: Sequence[str], pictures: Sequence[Picture], hash_size: int, exact: bool
) -> Sequence[Signature | OSError]:
    """Signs pictures of the same size."""
    if not pictures:
        return []
    signed = attempt(paths[0], sign_reduced, pictures, hash_size, exact)
    if not isinstance(signed, OSError):
        return signed
    if len(pictures) == 1:
        return [signed]
    # One of them failed when it was decoded in full; sign each separately to find out which.
    each = zip(paths, pictures, strict=True)
    return [
        one for path, picture in each for one in _sign_alike([path], [picture], hash_size, exact)
    ]
