"""Image files without what is not pixels, so that no decoder spends memory or time on it.

Pillow parses all metadata of a file in Python before anything can be refused: 64 MB of empty JPEG
segments took 30 s and 2.3 GB, and every entry of an EXIF directory may name the same megabytes. A
signature needs none of it. So a short walk over the structure keeps what says how pixels are
stored, drops the rest, and refuses files of more than :data:`limits.MAX_PARTS` parts. What it
cannot follow, in damaged files, is left to the decoder.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from .. import limits
from ._lean_tiff import lean_tiff

_Data = bytes | memoryview


def lean(data: bytes) -> bytes:
    """Returns an image file without metadata and further frames; the same pixels are decoded.

    Args:
        data: a file of any format; those whose structure is not known here are returned as they are

    Raises:
        RefusedError: if it has too many parts
    """
    for start, lean_format in _FORMATS.items():
        if data.startswith(start):
            return lean_format(data)
    return data


class _Count:
    """Counts the parts of one file."""

    def __init__(self, noun: str) -> None:
        self._noun, self._parts = noun, 0

    def one_more(self) -> None:
        self._parts += 1
        limits.check_count(self._parts, self._noun)


# All markers with a length, but for those of restarts and the start of the image.
_JPEG_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd9-\xfe])")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_COMMENT, _JFIF, _ADOBE = 0xFE, 0xE0, 0xEE
_JFIF_START, _ADOBE_START = b"JFIF", b"Adobe"


def _lean_jpeg(data: bytes) -> bytes:
    """Keeps tables, frame and scans, and the two segments that say what the colours are."""
    count = _Count("segments")
    kept: list[_Data] = [data[:2]]
    n_tables, place = 0, 2
    while match := _JPEG_MARKER.search(data, place):
        start, marker = match.start(), match[1][0]
        if marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return b"".join([*kept, memoryview(data)[start:]])
        count.one_more()
        place = start + 2 + max(int.from_bytes(data[start + 2 : start + 4], "big"), 2)
        segment = data[start:place]
        if marker == _JFIF:
            is_kept = segment.startswith(_JFIF_START, 4)
        elif marker == _ADOBE:
            is_kept = segment.startswith(_ADOBE_START, 4)
        else:
            is_kept = not 0xE0 <= marker <= _COMMENT
        if is_kept:
            n_tables += len(segment)
            limits.check_tables(n_tables)
            kept.append(segment)
    return b"".join(kept)


_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def _lean_png(data: bytes) -> bytes:
    """Keeps the chunks of the still image."""
    count, view = _Count("chunks"), memoryview(data)
    kept: list[_Data] = []
    first = place = len(b"\x89PNG\r\n\x1a\n")
    kept.append(view[:place])
    n_dropped = 0
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        count.one_more()
        stop = place + 12 + length
        if kind not in _PNG_KEPT:
            kept.append(view[first:place])
            first = stop
            n_dropped += 1
        elif kind != b"IDAT":
            limits.check_tables(length)
        place = stop
        if kind == b"IEND":
            break
    kept.append(view[first:place])
    return b"".join(kept) if n_dropped else data


_GIF_EXTENSION, _GIF_CONTROL, _GIF_IMAGE = 0x21, 0xF9, 0x2C


def _lean_gif(data: bytes) -> bytes:
    """Keeps what comes before the first frame but for comments and the like, which take long."""
    count, view = _Count("blocks"), memoryview(data)
    if len(data) < 13:
        return data
    place = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    kept: list[_Data] = [view[:place]]
    while place + 2 < len(data) and data[place] != _GIF_IMAGE:
        start, is_control = place, data[place + 1] == _GIF_CONTROL
        count.one_more()
        if data[place] != _GIF_EXTENSION:
            place += 1  # junk, which Pillow skips as well
            continue
        place += 2
        while place < len(data) and data[place]:
            count.one_more()
            place += 1 + data[place]
        place += 1
        if is_control and place - start < 64:
            kept.append(view[start:place])
    return b"".join([*kept, view[place:]])


def _checked_webp(data: bytes) -> bytes:
    """Counts the chunks, of which libwebp keeps a list."""
    count, place = _Count("chunks"), 12
    while place + 8 <= len(data):
        count.one_more()
        place += 8 + (int.from_bytes(data[place + 4 : place + 8], "little") + 1 & ~1)
    return data


_PNM_HEADER = 2**16
_PNM_COMMENT = re.compile(rb"#[^\r\n]*")
_PNM_TOKENS = 4


def _checked_pnm(data: bytes) -> bytes:
    """Looks for the end of the header, which Pillow reads byte by byte however far away it is."""
    if len(data) > _PNM_HEADER:
        tokens = _PNM_COMMENT.sub(b"", data[:_PNM_HEADER]).split(maxsplit=_PNM_TOKENS)
        if len(tokens) < _PNM_TOKENS:
            raise limits.RefusedError(f"its header has more than {_PNM_HEADER:,} bytes")
    return data


_SUPERBOX = b"jp2h"
_CODESTREAM, _CODESTREAM_START = b"jp2c", b"\xff\x4f\xff\x51"


def _checked_jp2(data: bytes) -> bytes:
    """Counts boxes, and the segments of the header of the codestream."""
    _checked_codestream(data, codestream_start(data))
    return data


def codestream_start(data: bytes) -> int:
    """Returns where the codestream of a JPEG 2000 file begins.

    Raises:
        RefusedError: if it has none
    """
    if data.startswith(_CODESTREAM_START):
        return 0
    count, place = _Count("boxes"), 0
    while place + 8 <= len(data):
        count.one_more()
        length, kind = struct.unpack_from(">I4s", data, place)
        header = 8
        if length == 1 and place + 16 <= len(data):
            (length,) = struct.unpack_from(">Q", data, place + 8)
            header = 16
        if kind == _CODESTREAM:
            if data.startswith(_CODESTREAM_START, place + header):
                return place + header
            break
        if kind == _SUPERBOX:
            limits.check_tables(length)
            length = header  # and into it
        if length < header:
            break
        place += length
    raise limits.RefusedError("it has no JPEG 2000 codestream")


_START_OF_TILE = b"\xff\x90"


def _checked_codestream(data: bytes, place: int) -> None:
    count = _Count("segments")
    place += 2
    while place + 4 <= len(data) and not data.startswith(_START_OF_TILE, place):
        count.one_more()
        place += 2 + max(int.from_bytes(data[place + 2 : place + 4], "big"), 2)


_FORMATS: dict[bytes | tuple[bytes, ...], Callable[[bytes], bytes]] = {
    b"\xff\xd8": _lean_jpeg,
    b"\x89PNG\r\n\x1a\n": _lean_png,
    (b"GIF87a", b"GIF89a"): _lean_gif,
    (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"): lean_tiff,
    b"RIFF": _checked_webp,
    (b"\0\0\0\x0cjP  ", _CODESTREAM_START): _checked_jp2,
    (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"Pf", b"PF", b"P0", b"Py"): _checked_pnm,
}
