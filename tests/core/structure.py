"""Damage that knows how files are made: parts put in, sizes that lie, files inside of others."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.core.bombs import chunk, segment, tiff
from tests.core.corpus import iptc

_SIZES = (0, 1, 2, 15, 255, 256, 4096, 16_383, 65_535, 2**31 - 1, 2**32 - 1)
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
_MARKERS = (0xC0, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE)
_CHUNKS = (b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"tEXt", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"prVt")
_MOST_PARTS, _LONGEST_PART = 300, 600


def with_parts(file: bytes, where: int, value: int) -> bytes:
    """Puts up to 300 parts of its own kind into a file, empty ones among them."""
    count, body = 1 + value % _MOST_PARTS, bytes(where % _LONGEST_PART * (value % 3 > 0))
    if file.startswith(_JPEG):
        part, place = segment(_MARKERS[where % len(_MARKERS)], b"Exif\0\0II*\0" + body), 2
        part = segment(part[1], b"") if not body else part
    elif file.startswith(_PNG):
        part, place = chunk(_CHUNKS[where % len(_CHUNKS)], body), 33 * (where % 2) or 8
    elif file.startswith(b"GIF8"):
        block = bytes([len(body[:255])]) + body[:255] if body else b""
        part, place = b"!" + bytes([(0xFE, 0xF9, 0xFF)[where % 3]]) + block + b"\0", 13
        place += 3 << (file[10:11] or b"\0")[0] % 8 + 1 if file[10:11] >= b"\x80" else 0
    elif file.startswith(b"RIFF"):
        part, place = (
            (b"ANMF", b"ALPH", b"EXIF")[where % 3] + struct.pack("<I", len(body)) + body,
            12,
        )
    else:
        part, place = body, where % (len(file) + 1)
    return file[:place] + part * count + file[place:]


#: Where a format has the width and the height of its image, and how they are written.
_PLACES: tuple[tuple[bytes, int, str], ...] = (
    (_PNG, 16, ">II"),
    (b"GIF8", 6, "<HH"),
    (b"BM", 18, "<ii"),
    (b"\xff\x4f\xff\x51", 8, ">II"),
)


def with_size(file: bytes, where: int, value: int) -> bytes:
    """Has the header of a file claim another size."""
    width, height = _SIZES[where % len(_SIZES)], _SIZES[value % len(_SIZES)]
    known = [(place, layout) for start, place, layout in _PLACES if file.startswith(start)]
    if known:
        place, layout = known[0]
    else:
        jpeg_frame, jp2_header = file.find(b"\xff\xc0"), file.find(b"ihdr")
        if file.startswith(_JPEG) and jpeg_frame > 0:
            place, layout = jpeg_frame + 5, ">HH"
        elif jp2_header > 0:
            place, layout = jp2_header + 4, ">II"
        else:
            return _tiff_with(file, 256 + where % 2, width)
    limit = 2 ** (8 * struct.calcsize(layout) // 2 - ("i" in layout)) - 1
    sizes = struct.pack(layout, min(width, limit), min(height, limit))
    return file[:place] + sizes + file[place + len(sizes) :]


def _tiff_with(file: bytes, tag: int, value: int) -> bytes:
    """Changes the value of a tag of a TIFF file, if it is one."""
    for order in "<>":
        for kind in (3, 4):
            place = file.find(struct.pack(order + "HHI", tag, kind, 1))
            if file[:2] in (b"II", b"MM") and place > 0:
                return (
                    file[:place]
                    + struct.pack(order + "HHII", tag, 4, 1, value)
                    + file[place + 12 :]
                )
    return file


def wrapped(file: bytes, where: int, value: int) -> bytes:
    """Puts a file into another one, whose header knows nothing of it."""
    return _CONTAINERS[where % len(_CONTAINERS)](file, value)


def _ico(file: bytes, value: int) -> bytes:
    side = value % 256
    entry = struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(file), 22)
    return b"\0\0\1\0\1\0" + entry + file


def _jp2(file: bytes, value: int) -> bytes:
    header = b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 "
    size = struct.pack(">IIHBBBB", 16, 24, 1 + value % 4, 7, 7, 0, 0)
    box = struct.pack(">I4s", 8 + 8 + len(size), b"jp2h") + struct.pack(
        ">I4s", 8 + len(size), b"ihdr"
    )
    return header + box + size + struct.pack(">I4s", 8 + len(file), b"jp2c") + file


_CONTAINERS: tuple[Callable[[bytes, int], bytes], ...] = (
    lambda file, value: iptc(file[:60_000], compression=value % 6),
    lambda file, value: tiff(24, 16, {259: (1, 5, 6, 7, 8, 34887)[value % 6]}, [file]),
    lambda file, value: tiff(24, 16, {259: 7, 278: 1, 277: 1 + value % 4}, [file] * 16),
    _ico,
    lambda file, value: (
        b"icns" + struct.pack(">I4sI", 16 + len(file), b"ic07", 8 + len(file)) + file
    ),
    _jp2,
    lambda file, value: _JPEG + segment(0xE1, (b"Exif\0\0" + file)[:65_000]) + file,
)
