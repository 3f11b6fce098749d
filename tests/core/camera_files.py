"""JPEG files as cameras write them: with EXIF blocks and previews, honest or not."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

#: A value with its TIFF type: 1 bytes, 2 text, 3 short, 4 long, 5 rational, 7 undefined.
Entry = tuple[int, Any]

DATE = "2017:07:18 15:31:38"


def text(value: str) -> Entry:
    return 2, value.encode() + b"\0"


def short(value: int) -> Entry:
    return 3, [value]


def rationals(*pairs: tuple[int, int]) -> Entry:
    return 5, [number for pair in pairs for number in pair]


def exif(
    main: Mapping[int, Entry] | None = None,
    photo: Mapping[int, Entry] | None = None,
    gps: Mapping[int, Entry] | None = None,
    preview: bytes | None = None,
    preview_tags: Mapping[int, Entry] | None = None,
    order: str = "<",
) -> bytes:
    """Returns an EXIF block, of the byte order ``"<"`` or ``">"``; pointers are added to it."""
    block = bytearray((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8))
    tags = dict(main or {})
    places = {0x8769: photo, 0x8825: gps}
    tags |= {tag: (4, [0]) for tag, entries in places.items() if entries is not None}
    pointers, next_at = _directory(block, tags, order)
    for tag, entries in places.items():
        if entries is not None:
            struct.pack_into(order + "I", block, pointers[tag], len(block))
            _directory(block, entries, order)
    if preview is not None:
        struct.pack_into(order + "I", block, next_at, len(block))
        own = {0x0103: short(6), 0x0201: (4, [0]), 0x0202: (4, [len(preview)])}
        pointers, _ = _directory(block, {**own, **(preview_tags or {})}, order)
        if 0x0201 not in (preview_tags or {}):
            struct.pack_into(order + "I", block, pointers[0x0201], len(block))
        block += preview
    return bytes(block)


def _directory(
    block: bytearray, tags: Mapping[int, Entry], order: str
) -> tuple[dict[int, int], int]:
    """Appends a directory; returns where its values are, and where the place of the next stands."""
    start = len(block)
    block += struct.pack(order + "H", len(tags)) + bytes(12 * len(tags) + 4)
    places = {}
    for number, (tag, (kind, value)) in enumerate(sorted(tags.items())):
        at = start + 2 + 12 * number
        form = {3: "H", 4: "I", 5: "I"}.get(kind)
        data = struct.pack(f"{order}{len(value)}{form}", *value) if form else bytes(value)
        count = len(value) // 2 if kind == 5 else len(value)
        struct.pack_into(order + "HHI", block, at, tag, kind, count)
        places[tag] = at + 8
        if len(data) > 4:
            struct.pack_into(order + "I", block, at + 8, len(block))
            block += data + bytes(len(data) % 2)
        else:
            block[at + 8 : at + 8 + len(data)] = data
    return places, start + 2 + 12 * len(tags)


def jpeg(image: Image.Image, block: bytes = b"", before: bytes = b"", **options: Any) -> bytes:
    """Returns a JPEG file with an EXIF block, and segments before it."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", **{"quality": 90, **options})
    data = stream.getvalue()
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block
    return data[:2] + before + (segment if block else b"") + data[2:]


def scene(width: int = 640, height: int = 480, seed: int = 1) -> Image.Image:
    """A smooth picture of random colours, so that reducing it loses little."""
    rng = np.random.default_rng(seed)
    cells = Image.fromarray(rng.integers(60, 256, (6, 8, 3), np.uint8))
    return cells.resize((width, height), Image.Resampling.BICUBIC)


def preview_of(image: Image.Image, size: tuple[int, int] = (160, 120)) -> bytes:
    """Returns a preview of this size, with black bars if the image has another aspect."""
    small = image.copy()
    small.thumbnail(size, Image.Resampling.LANCZOS)
    boxed = Image.new("RGB", size)
    boxed.paste(small, ((size[0] - small.width) // 2, (size[1] - small.height) // 2))
    return jpeg(boxed)


def camera_file(image: Image.Image | None = None, order: str = "<", **changes: Any) -> bytes:
    """Returns a file as a camera writes it, or one that differs from it in some arguments."""
    image = image or scene()
    arguments = {
        "main": {0x010F: text("Maker"), 0x0110: text("Model"), 0x0112: short(1)},
        "photo": {
            0x9003: text(DATE),
            0x9291: text("404"),
            0x9011: text("+02:00"),
            0xA002: short(image.width),
            0xA003: short(image.height),
            0xA431: text("SN 1"),
        },
        "gps": {
            1: text("S"),
            2: rationals((32, 1), (11, 1), (3299, 100)),
            3: text("W"),
            4: rationals((53, 1), (45, 1), (6, 1)),
        },
        "preview": preview_of(image),
        **changes,
    }
    return jpeg(image, exif(order=order, **arguments))
