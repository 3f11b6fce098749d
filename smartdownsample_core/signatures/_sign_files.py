"""Image files to signatures: opened one after the other, and signed some at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from PIL import Image

from ..checks import one_of
from ..images import Picture, open_picture
from ..settings import DECODES, Decode, check_hash_size
from ._definition import Signature, sign
from ._reduced import sign_reduced

#: What is held of files of the same size until they are signed together, so that it stays in the
#: processor's cache: 8 files of 256x256, or one large file.
_HELD_BYTES = 2**17


def sign_file(
    path: str | os.PathLike[str], hash_size: int = 8, decode: Decode = "exact"
) -> Signature:
    """Reads one image file and returns its signature.

    Args:
        path: the file; read once
        hash_size: side of the dHash, at least 4
        decode: what to make of images large enough to be decoded reduced. ``"exact"``: whatever
            decides the bucket is as in the definition, :func:`smartdownsample_core.sign`; the
            other bits and means may differ a little. ``"fast"``: so may those that decide

    Raises:
        ValueError: for an argument out of its bounds
        FileNotFoundError, PermissionError, OSError: as
            :func:`smartdownsample_core.images._decode.load_rgb`
    """
    check_hash_size(hash_size)
    one_of("decode", decode, DECODES)
    (signed,) = sign_files([os.fsdecode(path)], hash_size, decode)
    if isinstance(signed, OSError):
        raise signed
    return signed


def sign_files(paths: Iterable[str], hash_size: int, decode: Decode) -> list[Signature | OSError]:
    """Reads image files; returns the signature of each, or the error for which it has none.

    Args:
        paths: n files, or fewer: an iterator may end early
        hash_size: as in :func:`sign_file`
        decode: as in :func:`sign_file`
    """
    signed: list[Signature | OSError] = []
    held: list[Picture] = []  # of one size
    n_bytes = 0

    def sign_held() -> None:
        nonlocal n_bytes
        signed.extend(_sign_alike(held, hash_size, exact=decode == "exact"))
        held.clear()
        n_bytes = 0

    for path in paths:
        image = _opened(path)
        if held and not (isinstance(image, Picture) and image.reduced.size == held[0].reduced.size):
            sign_held()
        if isinstance(image, Picture):
            held.append(image)
            n_bytes += image.n_bytes
            if n_bytes > _HELD_BYTES:
                sign_held()
        else:
            signed.append(sign(image, hash_size) if isinstance(image, Image.Image) else image)
    sign_held()
    return signed


def _opened(path: str) -> Picture | Image.Image | OSError:
    try:
        return open_picture(path)
    except OSError as error:
        return error


def _sign_alike(
    pictures: Sequence[Picture], hash_size: int, exact: bool
) -> Sequence[Signature | OSError]:
    """Signs pictures of the same size."""
    if not pictures:
        return []
    try:
        return sign_reduced(pictures, hash_size, exact)
    except OSError as error:  # of one of them, when it was decoded in full
        if len(pictures) == 1:
            return [error]
        return [signed for one in pictures for signed in _sign_alike([one], hash_size, exact)]
