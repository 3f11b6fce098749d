"""Small files that take decoders much memory or time, and what is to become of each.

As a program (``python -m tests.core.bombs FOLDER``): signs the files of a folder, and prints what
became of them, as JSON.
"""

from __future__ import annotations

import json
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from smartdownsample_core import sign_file
from tests.core.corpus import encoded, png, scene

SIGNED = "signed"

#: What each may take; what came of files of this size before was 0.6 to 65 GB, or minutes.
MEGABYTES, SECONDS = 500, 10

_MEGABYTE = 2**20


def encoded_scene(format_name: str, mode: str = "RGB", **options: object) -> bytes:
    """The scene as a file; fails if this Pillow does not write the format."""
    data = encoded(scene(mode=mode), format_name, **options)
    assert data is not None, format_name
    return data


def inserted(data: bytes, place: int, parts: bytes) -> bytes:
    """A file with something put in."""
    return data[:place] + parts + data[place:]


def segment(marker: int, body: bytes) -> bytes:
    """A segment of a JPEG file."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _jpeg(parts: bytes) -> bytes:
    return inserted(encoded_scene("JPEG"), 2, parts)


def _png(parts: bytes) -> bytes:
    return inserted(encoded_scene("PNG"), 33, parts)


def _exif_of_many_copies(n_bytes: int) -> bytes:
    """A directory whose entries all name the same bytes."""
    n = n_bytes // 13
    entries = b"".join(
        struct.pack("<HHII", tag, 7, n_bytes - 16, 8) for tag in range(0x9000, 0x9000 + n)
    )
    return b"Exif\0\0" + struct.pack("<2sHIH", b"II", 42, 8, n) + entries


def _tiff_of_many_copies() -> bytes:
    """Sixty thousand tags whose value is the whole file each."""
    pixels = bytes(_MEGABYTE)
    kept = [(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
            (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, 64), (279, 4, 1, 4096)]  # fmt: skip
    tags = [*kept, *((tag, 7, _MEGABYTE, 8) for tag in range(1000, 61_000))]
    tags = sorted(tags)
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return struct.pack("<2sHI", b"II", 42, 8 + len(pixels)) + pixels + directory + bytes(4)


def tiff(width: int, height: int, tags: dict[int, int], strips: list[bytes]) -> bytes:
    """A greyscale TIFF file of strips; ``tags`` change or add some."""
    n = len(strips)
    body = b"".join(strips)
    starts = [8 + sum(map(len, strips[:place])) for place in range(n)]
    counts = [len(strip) for strip in strips]
    arrays = struct.pack(f"<{2 * n}I", *starts, *counts)
    at = 8 + len(body)
    values = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 277: 1, 278: -(-height // n)} | tags
    entries = [(tag, 4, 1, value) for tag, value in values.items()]
    entries += [(273, 4, n, at if n > 1 else 8), (279, 4, n, at + 4 * n if n > 1 else counts[0])]
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return struct.pack("<2sHI", b"II", 42, at + len(arrays)) + body + arrays + directory + bytes(4)


def scans(count: int) -> bytes:
    """A progressive JPEG file whose last scan is repeated."""
    data = encoded(scene(64, 64, "L"), "JPEG", progressive=True) or b""
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * (count - data.count(b"\xff\xda") + 1) + b"\xff\xd9"


def _jpeg2000(width: int, height: int, components: int = 3) -> bytes:
    """A JPEG 2000 file whose headers claim a size."""
    data = bytearray(encoded_scene("JPEG2000"))
    box, siz = data.index(b"ihdr") + 4, data.index(b"\xff\x4f\xff\x51") + 8
    data[box : box + 8] = struct.pack(">II", height, width)
    data[siz : siz + 8] = struct.pack(">II", width, height)
    data[siz + 16 : siz + 24] = struct.pack(">II", width, height)
    data[siz + 32 : siz + 34] = struct.pack(">H", components)
    return bytes(data)


def _gif_comment(n_blocks: int) -> bytes:
    comment = b"!\xfe" + (b"\xff" + b"x" * 255) * n_blocks + b"\0"
    data = encoded_scene("GIF", "P")
    return inserted(data, 13 + (3 << (data[10] & 7) + 1), comment)


def _webp_chunks(count: int) -> bytes:
    data = encoded_scene("WEBP")
    parts = data[12:] + b"JUNK\0\0\0\0" * count
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WEBP" + parts


#: Name to what makes the file, and the reason to expect.
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty segments.jpg": (lambda: _jpeg(segment(0xE5, b"") * 4 * _MEGABYTE), "100,000 segments"),
    "fill bytes.jpg": (lambda: _jpeg(b"\xff" * 32 * _MEGABYTE), SIGNED),
    "exif again and again.jpg": (
        lambda: _jpeg(segment(0xE1, b"Exif\0\0" + bytes(60_000)) * 500),
        SIGNED,
    ),
    "exif of copies.jpg": (lambda: _jpeg(segment(0xE1, _exif_of_many_copies(65_000))), SIGNED),
    "tables.jpg": (lambda: _jpeg(segment(0xDB, bytes(65 * 1000)) * 300), "bytes of tables"),
    "33 scans.jpg": (lambda: scans(33), "more than 32 scans"),
    "empty chunks.png": (lambda: _png(chunk(b"prVt", b"") * _MEGABYTE), "100,000 chunks"),
    "many chunks.png": (lambda: _png(chunk(b"prVt", bytes(99)) * 90_000), SIGNED),
    "comment.gif": (lambda: _gif_comment(90_000), SIGNED),
    "comments.gif": (lambda: _gif_comment(200_000), "100,000 blocks"),
    "copies.tif": (_tiff_of_many_copies, SIGNED),
    "tile.tif": (
        lambda: tiff(64, 64, {322: 40_000, 323: 40_000, 259: 8}, [zlib.compress(bytes(4096))]),
        "tiles of 1,600,000,000 pixels",
    ),
    "overlap.tif": (
        lambda: tiff(8, 3000, {}, [b"x"]).replace(
            struct.pack("<HHII", 279, 4, 1, 1), struct.pack("<HHII", 279, 4, 1, 2**31)
        ),
        "overlap",
    ),
    "33 scans.tif": (lambda: tiff(64, 64, {259: 7}, [scans(33)]), "more than 32 scans"),
    "header.pgm": (lambda: b"P5 #" + b"x" * 32 * _MEGABYTE + b"\n8 8 255\n" + bytes(64), "header"),
    "text.pgm": (lambda: b"P2 8000 8000 255\n" + b"1 " * 1000, "decoded in Python"),
    "13,377.jp2": (lambda: _jpeg2000(13_377, 13_377), "decoding it takes 3,936,7"),
    "channels.jp2": (lambda: _jpeg2000(2000, 2000, 16_384), "Cannot read image file"),
    "chunks.webp": (lambda: _webp_chunks(200_000), "100,000 chunks"),
    "zlib.png": (lambda: png(4000, 4000, zlib.compress(bytes(4001 * 4000))), SIGNED),
}


def main(folder: Path) -> None:
    """Signs the files of a folder; prints what became of them, and what it took."""
    report = {}
    for path in sorted(folder.iterdir()):
        before, start = _peak(), time.process_time()
        try:
            sign_file(path)
            outcome = SIGNED
        except OSError as error:
            outcome = str(error)
        megabytes = max(_peak() - before, 0)
        report[path.name] = [outcome, round(time.process_time() - start, 2), megabytes]
    print(json.dumps(report))


def _peak() -> int:
    """The most memory that this process has had, in MB; ru_maxrss begins with the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]))
