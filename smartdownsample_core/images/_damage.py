"""Damage that a decoder knows of, and decodes in spite of: kept as a fact of the image.

libjpeg fills what is missing with grey, or goes on behind corrupt data, and warns; Pillow drops the
warning, and reads files that are cut off if ``ImageFile.LOAD_TRUNCATED_IMAGES`` is set.
"""

from __future__ import annotations

import re
import threading

import simplejpeg
from PIL import Image, ImageFile

_DAMAGED = "smartdownsample: damaged"

# libjpeg's warnings of lost data, not those of odd but complete headers: JWRN_* of jerror.h.
_LOST_DATA = re.compile("corrupt|premature|inconsistent progression", re.IGNORECASE)

#: Pillow's setting is of the whole process.
_setting = threading.Lock()


def mark_damaged(image: Image.Image) -> None:
    """Notes that an image is damaged; crops of it and conversions are, too."""
    image.info[_DAMAGED] = True


def is_damaged(image: Image.Image) -> bool:
    """Whether the decoder found the file of an image damaged."""
    return _DAMAGED in image.info


def is_jpeg_damaged(data: bytes) -> bool:
    """Decodes a JPEG file at 1/8, and says whether libjpeg warns of lost data."""
    try:
        colorspace = simplejpeg.decode_jpeg_header(data)[2]
        out = "CMYK" if colorspace in ("CMYK", "YCCK") else "RGB"
        simplejpeg.decode_jpeg(data, out, min_height=1, min_width=1)
    except ValueError as warning:
        return _LOST_DATA.search(str(warning)) is not None
    return False


def load(image: Image.Image) -> None:
    """Decodes an image that Pillow has opened, and marks it if it is cut off.

    Raises:
        OSError: if it is cut off, unless ``ImageFile.LOAD_TRUNCATED_IMAGES`` is set
    """
    if not ImageFile.LOAD_TRUNCATED_IMAGES:
        image.load()
        return
    with _setting:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        try:
            image.load()
            return
        except (OSError, SyntaxError):
            ImageFile.LOAD_TRUNCATED_IMAGES = True
            image.load()
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = True
    mark_damaged(image)
