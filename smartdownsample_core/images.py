"""Path to RGB pixels: the only module that opens image files."""

from __future__ import annotations

import struct
import zlib

from PIL import Image, UnidentifiedImageError

# Besides OSError, what Pillow's decoders are known to raise on damaged files.
_DECODER_ERRORS = (
    Image.DecompressionBombError,
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    RuntimeError,
    SyntaxError,  # Pillow's own word for a broken PNG, GIF, TIFF or JPEG structure
    TypeError,
    ValueError,
    ZeroDivisionError,
    struct.error,
    zlib.error,
)


def load_rgb(path: str) -> Image.Image:
    """Reads the first frame of an image file as 8-bit RGB.

    Whatever is not RGB goes through Pillow's ``convert("RGB")``: transparency is dropped, not
    blended. EXIF orientation is ignored, as in smartdownsample 1.9, so that signatures equal its.

    Args:
        path: the file

    Returns:
        a fully loaded ``PIL.Image.Image`` of mode ``"RGB"``; the file is closed

    Raises:
        FileNotFoundError: ``File not found: PATH``
        PermissionError: ``Permission denied: PATH``
        OSError: ``Cannot read image file: PATH (reason)``; also for a directory, a damaged or
            truncated file, and one with more pixels than twice ``PIL.Image.MAX_IMAGE_PIXELS``
    """
    try:
        with Image.open(path) as image:
            image.load()
            return image if image.mode == "RGB" else image.convert("RGB")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"File not found: {path}") from error
    except PermissionError as error:
        raise PermissionError(f"Permission denied: {path}") from error
    except (OSError, *_DECODER_ERRORS) as error:
        raise OSError(f"Cannot read image file: {path} ({_reason(error)})") from error


def _reason(error: BaseException) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "empty, or not an image format that Pillow knows"
    if isinstance(error, IsADirectoryError):
        return "it is a directory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
