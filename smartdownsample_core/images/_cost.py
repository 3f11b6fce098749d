"""What decoding an image takes, from its header: refused before it is decoded if it is too much.

Measured by ``python -m benchmarks.decoders``, in bytes a pixel above the file itself.
"""

from __future__ import annotations

import struct

from PIL import Image

from .. import limits
from ._depth import is_deep
from ._lean import codestream_start

#: What decoders hold besides the image that they return, in bytes a pixel.
_DECODERS = {"AVIF": 8, "WEBP": 15}

_JPEG_COEFFICIENT = 2  # of a progressive file, for each sample
_JPEG2000_SAMPLE = 6  # of the tile that is decoded
_STRIP_SAMPLE = 2  # of a strip or tile of a TIFF file, at most 16 bits

#: A large JPEG file: RGBX, coefficients of a progressive one, and its greyscale.
LARGE_JPEG = 4 + 3 * _JPEG_COEFFICIENT + 1


def check_cost(image: Image.Image, data: bytes) -> None:
    """Checks an image that is open, but not decoded.

    Args:
        image: as ``PIL.Image.open`` returns it
        data: its file

    Raises:
        RefusedError: if decoding it takes too much memory or time
    """
    pixels = image.width * image.height
    codecs = {tile[0] for tile in getattr(image, "tile", None) or ()}
    if codecs & set(Image.DECODERS):
        limits.check_slow_pixels(pixels)
    bands = len(image.getbands())
    held = 4 if bands > 1 or image.mode in ("I", "F") else 2 if image.mode[:4] == "I;16" else 1
    converted = 1 if image.mode == "RGB" else 5  # greyscale, and RGB
    if is_deep(image.mode):
        converted += held + 1  # its values as an array, and scaled
    limits.check_memory(len(data) + held * pixels + max(_decoding(image, data), converted * pixels))


def _decoding(image: Image.Image, data: bytes) -> int:
    """Returns how many bytes the decoder holds besides the image."""
    pixels, bands = image.width * image.height, len(image.getbands())
    if image.format == "JPEG2000":
        return _jpeg2000_tile(data)
    if image.format in ("JPEG", "MPO"):
        return _JPEG_COEFFICIENT * bands * pixels if "progressive" in image.info else 0
    if image.format == "TIFF":
        return _STRIP_SAMPLE * bands * pixels
    return _DECODERS.get(str(image.format), 0) * pixels


def _jpeg2000_tile(data: bytes) -> int:
    """Returns what the largest tile takes; its header may claim other sizes than that of the file.

    The SIZ segment: ISO/IEC 15444-1, A.5.1.
    """
    try:
        values = struct.unpack_from(">4xIIIIIIIIH", data, codestream_start(data) + 4)
    except struct.error:
        return 0  # cut off, which the decoder says
    right, bottom, left, top, tile_width, tile_height, _, _, components = map(int, values)
    width, height = min(right - left, tile_width), min(bottom - top, tile_height)
    return max(width, 0) * max(height, 0) * components * _JPEG2000_SAMPLE
