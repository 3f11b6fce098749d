"""Files that are no plain images, and what is to become of each; prints what does, as JSON.

As a program (``python -m tests.core.odd_files FOLDER``), so that a test can end it if it hangs.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import struct
import sys
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from smartdownsample_core import extract
from smartdownsample_core.limits import MAX_FILE_BYTES
from tests.core.corpus import encoded, png, scene, seeds

SIGNED = "signed"
_MEMORY = 4 * 2**30
_BOMB = "exceeds limit of 178956970 pixels"
_SIDE = "a side above 1,000,000 is not read"

_SEEDS = seeds()
_PNG = _SEEDS["png_rgb"]


def _jpeg(width: int, height: int) -> bytes:
    """A JPEG file whose header claims a size."""
    data = _SEEDS["jpeg_large"]
    frame = data.index(b"\xff\xc0") + 5
    return data[:frame] + struct.pack(">HH", height, width) + data[frame + 4 :]


def _tiff(width: int, height: int) -> bytes:
    """A TIFF file whose header claims a size."""
    data = bytearray(_SEEDS["tiff_l"])
    for tag, value in ((256, width), (257, height)):
        place = next(
            place
            for kind in (3, 4)
            for place in [data.find(struct.pack("<HHI", tag, kind, 1))]
            if place >= 0
        )
        data[place : place + 12] = struct.pack("<HHII", tag, 4, 1, value)
    return bytes(data)


def _webp(width: int, height: int) -> bytes:
    """A lossless WebP file whose header claims a size."""
    bits = (width - 1) | (height - 1) << 14
    stream = b"\x2f" + struct.pack("<I", bits) + bytes(11)
    return b"RIFF" + struct.pack("<I", 12 + len(stream)) + b"WEBPVP8L" + (
        struct.pack("<I", len(stream)) + stream
    )  # fmt: skip


def _gif(width: int, height: int) -> bytes:
    """A GIF file whose header claims a size."""
    return b"GIF89a" + struct.pack("<HH", width, height) + _SEEDS["gif_p"][10:]


def _scans(count: int) -> bytes:
    """A progressive JPEG file whose last scan is repeated."""
    data = _SEEDS["jpeg_large_progressive"]
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * (count - data.count(b"\xff\xda") + 1) + b"\xff\xd9"


#: Name to contents, and the reason to expect.
_CONTENTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty, or not an image format"),
    "zeros": (bytes(4096), "not an image format"),
    "text": (b"hello", "not an image format"),
    "zip": (b"PK\3\4" + bytes(100), "not an image format"),
    "png named jpg.jpg": (_PNG, SIGNED),
    "1x1": (_SEEDS["jpeg_1x1"], SIGNED),
    "1xn": (_SEEDS["png_1xn"], SIGNED),
    "nx1": (_SEEDS["webp_nx1"], SIGNED),
    "not a number.tif": (_SEEDS["tiff_f"], SIGNED),
    "animated.gif": (_SEEDS["gif_animated"], SIGNED),
    "bomb.png": (png(30_000, 30_000, zlib.compress(b"\0")), _BOMB),
    "bomb.jpg": (_jpeg(65_000, 65_000), _BOMB),
    "bomb.tif": (_tiff(30_000, 30_000), _BOMB),
    "bomb.webp": (_webp(16_383, 16_383), _BOMB),
    "bomb.gif": (_gif(65_535, 65_535), _BOMB),
    "long.png": (png(1_000_000, 1, zlib.compress(bytes(1_000_001))), SIGNED),
    "longer.png": (png(1_000_001, 1, zlib.compress(bytes(1_000_002))), _SIDE),
    "longest.png": (png(80_000_000, 1, zlib.compress(bytes(80_000_001))), _SIDE),
    "32 scans.jpg": (_scans(32), SIGNED),
    "33 scans.jpg": (_scans(33), "more than 32 scans"),
    "postscript.jpg": (
        encoded(scene(), "EPS") or b"",
        "EPS is not among the formats that are read: AVIF, BMP",
    ),
    "fits": (_SEEDS["fits"], "FITS is not among the formats that are read"),
    "new\nline.png": (_PNG, SIGNED),
    os.fsdecode(b"not utf-8 \xff\xfe.png"): (_PNG, SIGNED),
    unicodedata.normalize("NFC", "Müller.png"): (_PNG, SIGNED),
    unicodedata.normalize("NFD", "Müller.png"): (_PNG, SIGNED),
    "-n 3.png": (_PNG, SIGNED),
    " .png": (_PNG, SIGNED),
}


def _listening(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's name has at most 107 bytes
    socket.socket(socket.AF_UNIX).bind(path.name)
    os.chdir(here)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)


def _loop(path: Path) -> None:
    path.symlink_to(path.with_suffix(".back"))
    path.with_suffix(".back").symlink_to(path)


def _link_to_pipe(path: Path) -> None:
    os.mkfifo(path.with_suffix(".pipe"))
    path.symlink_to(path.with_suffix(".pipe"))


_MADE: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder.png": (Path.mkdir, "it is a directory"),
    "pipe.png": (os.mkfifo, "it is a named pipe"),
    "link to pipe.png": (_link_to_pipe, "it is a named pipe"),
    "socket.png": (_listening, "it is a socket"),
    "zero.png": (lambda path: path.symlink_to("/dev/zero"), "it is a device"),
    "sparse.png": (_sparse, "it has 1,073,741,825 bytes, and more than 1,073,741,824 are not read"),
    "loop.png": (_loop, "Too many levels of symbolic links"),
    "good link.png": (lambda path: path.symlink_to("1x1"), SIGNED),
    "dangling.png": (lambda path: path.symlink_to("nothing"), "File not found: "),
    "1x1/inside.png": (lambda path: None, "Not a directory"),
    "x" * 300 + ".png": (lambda path: None, "File name too long"),
    "nul\0.png": (lambda path: None, "null "),
    "\ud800 no bytes.png": (lambda path: None, "surrogates not allowed"),
}

#: Name of the file to what is to become of it.
EXPECTED = {name: what for name, (_, what) in (_CONTENTS | _MADE).items()}  # type: ignore[operator]


def main(folder: Path) -> None:
    """Makes the files, reads each of them, and prints what became of them."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for name, (data, _) in _CONTENTS.items():
        (folder / name).write_bytes(data)
    for name, (make, _) in _MADE.items():
        make(folder / name)
    paths = [str(folder / name) for name in EXPECTED]
    extract(paths[:1], image_loading_errors="skip")  # loads what is loaded once
    handles = len(os.listdir("/dev/fd"))
    table = extract(paths, n_workers=2, image_loading_errors="skip")
    report = {
        "outcomes": {
            name: str(table.unreadable.get(row, SIGNED)) for row, name in enumerate(EXPECTED)
        },
        "leaked_handles": len(os.listdir("/dev/fd")) - handles,
        "decoders": sorted(Image.OPEN),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
