"""Image files to signatures: opened one after the other, and signed some at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from PIL import Image

from .images import Picture, open_picture
from .reduced import sign_reduced
from .rules import Decode
from .signature import Signature, sign

#: What may be held of files until they are signed together: 30 of 256x256, or one of 12 megapixels.
_HELD_BYTES = 2**20

_Opened = Picture | Image.Image | OSError


def sign_file(path: str, hash_size: int = 8, decode: Decode = "exact") -> Signature:
    """Reads one image file and returns its signature.

    Args:
        path: the file; read once
        hash_size: side of the dHash
        decode: what to make of images large enough to be decoded reduced. ``"exact"``: whatever
            decides the bucket is as in the definition, :func:`smartdownsample_core.sign`; the
            other bits and means may differ a little. ``"fast"``: so may those that decide

    Raises:
        FileNotFoundError, PermissionError, OSError: as
            :func:`smartdownsample_core.images.load_rgb`
    """
    (signed,) = sign_files([path], hash_size, decode)
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
    for some in _opened(paths):
        pictures = [image for image in some if isinstance(image, Picture)]
        reduced = iter(_sign_pictures(pictures, hash_size, exact=decode == "exact"))
        for image in some:
            if isinstance(image, Picture):
                signed.append(next(reduced))
            else:
                signed.append(sign(image, hash_size) if isinstance(image, Image.Image) else image)
    return signed


def _opened(paths: Iterable[str]) -> Iterator[list[_Opened]]:
    """Opens files, and yields as many at a time as may be held."""
    held: list[_Opened] = []
    n_bytes = 0
    for path in paths:
        try:
            image = open_picture(path)
        except OSError as error:
            held.append(error)
            continue
        held.append(image)
        n_bytes += image.n_bytes if isinstance(image, Picture) else 4 * image.width * image.height
        if n_bytes > _HELD_BYTES:
            yield held
            held, n_bytes = [], 0
    yield held


def _sign_pictures(
    pictures: Sequence[Picture], hash_size: int, exact: bool
) -> Sequence[Signature | OSError]:
    try:
        return sign_reduced(pictures, hash_size, exact)
    except OSError as error:  # of one of them, when it was decoded in full
        if len(pictures) == 1:
            return [error]
        return [signed for one in pictures for signed in _sign_pictures([one], hash_size, exact)]
