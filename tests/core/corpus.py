"""Small image files of every format that Pillow knows here, and ways to damage them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

_MODES = ("RGB", "L", "P", "1", "RGBA", "F")
#: Modes of a scene by format and options to save it with, besides what ``_MODES`` gives.
_VARIANTS: dict[str, tuple[str, str, dict[str, object]]] = {
    "jpeg_progressive": ("JPEG", "RGB", {"progressive": True}),
    "jpeg_cmyk": ("JPEG", "CMYK", {}),
    "jpeg_restart": ("JPEG", "RGB", {"restart_marker_rows": 1}),
    "png_16_bit": ("PNG", "I;16", {}),
    "tiff_lzw": ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    "tiff_deflate": ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
    "tiff_jpeg": ("TIFF", "RGB", {"compression": "jpeg"}),
    "tiff_packbits": ("TIFF", "L", {"compression": "packbits"}),
    "tiff_group4": ("TIFF", "1", {"compression": "group4"}),
    "webp_lossless": ("WEBP", "RGBA", {"lossless": True}),
}
_ANIMATED = ("GIF", "WEBP", "PNG", "TIFF", "AVIF", "MPO")
_RAW_MODE = "I;16"


def scene(width: int = 24, height: int = 16, mode: str = "RGB") -> Image.Image:
    """A colourful gradient; floats hold not-a-number and infinities as well."""
    y, x = np.mgrid[:height, :width]
    channels = [x * 5, y * 9, 255 - 2 * x - 3 * y]
    rgb = Image.fromarray((np.stack(channels, axis=-1) % 256).astype(np.uint8))
    if mode == "F":
        levels = np.asarray(rgb.convert("L")).astype(np.float32)
        levels.flat[:4] = np.nan, np.inf, -np.inf, 1e30
        return Image.fromarray(levels)
    if mode == _RAW_MODE:
        return Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257)
    return rgb.quantize(16) if mode == "P" else rgb.convert(mode)


def encoded(image: Image.Image, format_name: str, **options: object) -> bytes | None:
    """The image as a file of a format; None if Pillow does not write this one so."""
    stream = io.BytesIO()
    try:
        image.save(stream, format_name, **options)
    except (OSError, KeyError, ValueError, AttributeError, RuntimeError, struct.error):
        return None
    return stream.getvalue()


def seeds() -> dict[str, bytes]:
    """Undamaged files by name: every format in every mode that Pillow writes, and some by hand."""
    return {name: data for name, data in _seeds() if data}


def _seeds() -> Iterator[tuple[str, bytes | None]]:
    Image.init()
    for format_name in sorted(set(Image.SAVE) & set(Image.OPEN)):
        for mode in _MODES:
            name = f"{format_name.lower()}_{mode.lower()}"
            yield name, encoded(scene(mode=mode), format_name)
    for name, (format_name, mode, options) in _VARIANTS.items():
        yield name, encoded(scene(mode=mode), format_name, **options)
    for format_name in _ANIMATED:
        frames = {"save_all": True, "append_images": [scene().rotate(180), scene().rotate(90)]}
        yield f"{format_name.lower()}_animated", encoded(scene(), format_name, **frames)
    for format_name in ("JPEG", "PNG"):  # large enough to be decoded reduced
        yield f"{format_name.lower()}_large", encoded(scene(136, 130), format_name)
    yield "jpeg_large_progressive", encoded(scene(136, 130), "JPEG", progressive=True)
    for format_name in ("JPEG", "PNG", "TIFF", "WEBP"):
        yield f"{format_name.lower()}_1x1", encoded(scene(1, 1), format_name)
        yield f"{format_name.lower()}_1xn", encoded(scene(1, 300), format_name)
        yield f"{format_name.lower()}_nx1", encoded(scene(300, 1), format_name)
    yield from _by_hand()


def _by_hand() -> Iterator[tuple[str, bytes | None]]:
    """Formats that Pillow reads but does not write; each as short as it can be."""
    pixels = scene().tobytes()
    grey = scene(mode="L").tobytes()
    yield (
        "xpm",
        b'/* XPM */\nstatic char *a[] = {\n"2 2 2 1",\n"a c #ff0000",\n"b c #0000ff",\n'
        + (b'"ab",\n"ba"\n};\n'),
    )
    cards = ("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 24", "NAXIS2  = 16", "END")
    yield "fits", "".join(f"{card:80}" for card in cards).encode().ljust(2880) + grey
    yield "sun", struct.pack(">8I", 0x59A66A95, 24, 16, 24, len(pixels), 1, 0, 0) + pixels
    yield (
        "psd",
        b"8BPS"
        + struct.pack(">H6xHIIHH", 1, 3, 16, 24, 8, 3)
        + bytes(12)
        + bytes(2)
        + b"".join(channel.tobytes() for channel in scene().split()),
    )
    gimp = struct.pack(">7I", 28 + 2, 2, 24, 16, 1, 0x47494D50, 10)
    yield "gbr", gimp + b"a\0" + grey
    pcx = encoded(scene(), "PCX")
    yield "dcx", struct.pack("<3I", 0x3ADE68B1, 12, 0) + pcx if pcx else None
    icon = encoded(scene(16, 16), "ICO", bitmap_format="bmp", sizes=[(16, 16)])
    yield "cur", b"\0\0\2\0" + icon[4:] if icon else None
    yield (
        "qoi",
        b"qoif"
        + struct.pack(">IIBB", 24, 16, 3, 0)
        + (b"\xfe\x80\x10\x20" + b"\xfd" * 6 + b"\xc0" * 20 + bytes(7) + b"\1"),
    )
    yield "fli", _fli(24, 16, grey)
    yield "pixar", _at({0: b"\x80\xe8\0\0", 416: struct.pack("<HH", 16, 24), 424: b"\x0e\0\2\0"},
                       1024) + pixels  # fmt: skip
    mcidas = [0] * 64
    mcidas[1], mcidas[8:11], mcidas[13] = 4, [16, 24, 1], 1
    mcidas[33] = 256
    yield "mcidas", struct.pack(">64i", *mcidas) + grey
    yield (
        "ftex",
        b"FTEX"
        + struct.pack("<7I", 1, 24, 16, 1, 1, 1, 32)
        + (struct.pack("<I", len(pixels)) + pixels),
    )
    yield "iptc", iptc(grey)


def _at(parts: dict[int, bytes], size: int) -> bytes:
    header = bytearray(size)
    for place, part in parts.items():
        header[place : place + len(part)] = part
    return bytes(header)


def _fli(width: int, height: int, grey: bytes) -> bytes:
    chunk = struct.pack("<IH", 6 + len(grey), 16) + grey
    frame = struct.pack("<IHH8x", 16 + len(chunk), 0xF1FA, 1) + chunk
    header = struct.pack("<IHHHHHHI", 128 + len(frame), 0xAF11, 1, width, height, 8, 3, 5)
    return header.ljust(128, b"\0") + frame


def iptc(contents: bytes, compression: int = 1) -> bytes:
    """An IPTC file of 24 x 16 pixels; with compression 5, its contents are a file of any format."""

    def field(number: int, value: bytes) -> bytes:
        return struct.pack(">BBBH", 0x1C, 3, number, len(value)) + value

    size = field(20, struct.pack(">H", 24)) + field(30, struct.pack(">H", 16))
    return (
        field(60, b"\1\0")
        + size
        + field(65, b"\0")
        + field(120, bytes([compression]))
        + struct.pack(">BBBH", 0x1C, 8, 10, len(contents))
        + contents
    )


def png(width: int, height: int, pixels: bytes) -> bytes:
    """A greyscale PNG with right checksums, whatever its compressed pixel data is."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
