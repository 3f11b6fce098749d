"""Capture facts of a file that is in memory, whatever its format; no pixel is decoded for them."""

from __future__ import annotations

import io
import re
from contextlib import suppress

from PIL import Image

from ._exif import Capture, ExifError, capture_of, parse_exif
from ._formats import allowed_formats
from ._head import HeadError, head_of

_CAPTURE = "smartdownsample: capture"

_JPEG, _PNG, _RIFF, _WEBP = b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF", b"WEBP"
_TIFF = (b"II*\0", b"MM\0*")
_PREFIX = b"Exif\0\0"

#: How HEIC, AVIF and JPEG XL files begin.
_ISO = re.compile(rb"....ftyp|\xff\x0a|\0\0\0\x0cJXL ", re.DOTALL)

#: Chunks of a PNG or WebP file that are looked at.
_MOST_CHUNKS = 10_000


def capture_in(data: bytes) -> Capture:
    """Returns when, where and by what camera an image was taken, as far as its file says so.

    JPEG, PNG, WebP and TIFF files are parsed here; of others, such as AVIF and HEIC, Pillow and its
    plug-ins find the EXIF block.

    Args:
        data: the whole file; one that is damaged has no capture facts, and raises nothing
    """
    with suppress(HeadError, ExifError):
        block = _block_in(data)
        if block:
            return capture_of(parse_exif(block, preview=False))
    return Capture()


def mark_captured(image: Image.Image, data: bytes) -> None:
    """Notes the capture facts of an image's file; crops and conversions of it have them, too."""
    image.info[_CAPTURE] = capture_in(data)


def capture_of_image(image: Image.Image) -> Capture:
    """Returns the noted capture facts of an image; none if it was not read from a file."""
    capture = image.info.get(_CAPTURE)
    return capture if isinstance(capture, Capture) else Capture()


def _block_in(data: bytes) -> bytes:
    """Returns the EXIF block of a file, empty if there is none."""
    if data.startswith(_JPEG):
        return head_of(lambda start, size: data[start : start + size]).exif
    if data.startswith(_TIFF):
        return data
    if data.startswith(_PNG):
        return _chunk(data, len(_PNG), b"eXIf", "big")
    if data.startswith(_RIFF) and data[8:12] == _WEBP:
        return _chunk(data, 12, b"EXIF", "little").removeprefix(_PREFIX)
    if _ISO.match(data):
        return _block_of_pillow(data).removeprefix(_PREFIX)
    return b""  # such as GIF and BMP, which have none


def _chunk(data: bytes, start: int, name: bytes, order: str) -> bytes:
    """Returns a chunk of a PNG file (of which the length comes first) or of a WebP file."""
    is_png = order == "big"
    for _ in range(_MOST_CHUNKS):
        header = data[start : start + 8]
        if len(header) < 8:
            break
        size, kind = (header[:4], header[4:]) if is_png else (header[4:], header[:4])
        length = int.from_bytes(size, "big" if is_png else "little")
        if kind == name:
            return data[start + 8 : start + 8 + length]
        # A checksum follows in PNG files; chunks of WebP files have an even number of bytes.
        start += 8 + length + (4 if is_png else length % 2)
    return b""


def _block_of_pillow(data: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(data), formats=allowed_formats()) as image:
            block = image.info.get("exif")
    # Plug-ins raise about anything for damaged files. Whether this one can be read at all is said
    # by reading its pixels; here it only has no capture facts.
    except Exception:  # noqa: BLE001
        return b""
    return block if isinstance(block, bytes) else b""
