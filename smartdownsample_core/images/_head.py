"""The head of a JPEG file: its size in pixels and its EXIF block, from the first bytes alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

#: Bytes that are read at once: most cameras write everything before the pixels in so many.
HEAD_BYTES = 2**16

#: Bytes that are read at a time of what follows, which are large segments to be passed over.
_MORE_BYTES = 2**9

_MOST_SEGMENTS = 200

_START = b"\xff\xd8"
_EXIF = b"Exif\0\0"
_APP1, _START_OF_SCAN, _END_OF_IMAGE = 0xE1, 0xDA, 0xD9
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_HEADER_BYTES = 10  # of a segment: enough to see what it is, or the size of the image

Read = Callable[[int, int], bytes]
"""Called with a place and a number of bytes; returns fewer only at the end of the file."""


class HeadError(ValueError):
    """A file that does not begin like a JPEG file."""


class Head(NamedTuple):
    """What the head of a JPEG file says."""

    width: int
    """of the image, in pixels"""
    height: int
    exif: bytes
    """its EXIF block, which begins with its byte order; empty if there is none"""
    frame_at: int
    """place of the segment that says its size"""


def read_head(read: Read) -> Head:
    r"""Reads as little of a JPEG file as says how large the image is, and when and where it is of.

    Args:
        read: of the file; called once for 64 KB, and then for what is missing: a few bytes of each
            of the segments that come after that

    Raises:
        HeadError: if it is not the head of a JPEG file
        OSError: as ``read``

    >>> frame = b"\xff\xc0\x00\x0b\x08\x00\x30\x00\x40\x01\x01\x11\x00"
    >>> jpeg = b"\xff\xd8" + frame
    >>> read_head(lambda start, size: jpeg[start : start + size])
    Head(width=64, height=48, exif=b'', frame_at=2)
    """
    return head_of(_Window(read).get)


def head_of(get: Read) -> Head:
    """:func:`read_head` of a file that is in memory, or may be read often."""
    begin = get(0, len(_START))
    if begin != _START:
        raise HeadError(f"a JPEG file must begin with {_START!r}, got {begin!r}")
    place, exif = len(_START), b""
    for _ in range(_MOST_SEGMENTS):
        header = get(place, _HEADER_BYTES)
        if len(header) < _HEADER_BYTES or header[0] != 0xFF:
            raise HeadError(f"a segment must begin at byte {place:,}, got {header!r}")
        marker = header[1]
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        if marker in _WITHOUT_LENGTH:
            place += 2
            continue
        if marker in _FRAMES:
            height, width = (int.from_bytes(header[at : at + 2], "big") for at in (5, 7))
            if not (width and height):
                raise HeadError(f"a JPEG file must have pixels, got {width} x {height}")
            return Head(width, height, exif, place)
        if marker in (_START_OF_SCAN, _END_OF_IMAGE):
            break
        length = int.from_bytes(header[2:4], "big")
        if marker == _APP1 and not exif and header[4:] == _EXIF:
            # Of a block that is cut off, what there is.
            exif = get(place + _HEADER_BYTES, max(length + 2 - _HEADER_BYTES, 0))
        place += 2 + max(length, 2)
    raise HeadError(f"a JPEG file must say its size, got none in {place:,} bytes")


class _Window:
    """The part of a file that is in memory."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._start, self._data = 0, read(0, HEAD_BYTES)

    def get(self, start: int, size: int) -> bytes:
        """Returns bytes of the file, fewer at its end."""
        offset = start - self._start
        if offset + size > len(self._data):
            self._start, self._data = start, self._read(start, max(size, _MORE_BYTES))
            offset = 0
        return self._data[offset : offset + size]
