"""Path to RGB pixels: the only module that opens image files."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from .. import limits
from ..limits import check_scans, check_sides, read_file
from ._capture import capture_in, capture_of_image, mark_captured
from ._cost import LARGE_JPEG, check_cost
from ._damage import is_damaged, is_jpeg_damaged, load, mark_damaged
from ._depth import as_rgb
from ._errors import named_errors
from ._exif import Capture
from ._formats import allowed_formats, unidentified
from ._lean import lean
from ._remote import is_remote, read_remote
from ._scans import without_details

#: The shorter side of an image that the decoder reduced has at least this many pixels.
_SHORT_SIDE = 64

#: And of one that is averaged over squares, which blurs more.
_AVERAGED_SHORT_SIDE = 192

#: Images with a shorter side below this are not reduced: there is little to gain.
_SMALLEST_TO_REDUCE = 192

#: Nor are those that are more times as long as wide: the weights of a long side take much memory.
_LONGEST_TO_REDUCE = 16

_LARGEST_FACTOR = 8

_JPEG_START = b"\xff\xd8"


class Reduced(NamedTuple):
    """A reduced image."""

    pixels: NDArray[np.uint8]
    """``(rows, columns, 3)`` RGB"""
    extent: tuple[float, float]
    """width and height of the image in these pixels; may end within the last ones"""

    @property
    def size(self) -> tuple[object, ...]:
        """Is the same for images that the same weights resize."""
        return *self.pixels.shape, *self.extent


@dataclass(eq=False)
class Picture:
    """An image file, read once: a reduced image at hand, the full one if it is asked for."""

    reduced: Reduced
    decode: Callable[[], Image.Image]
    """returns the full image, of mode ``"RGB"`` or ``"RGBX"``"""
    n_bytes: int
    """what is held of the file for that"""
    damaged: bool = False
    """whether the decoder found it so"""
    capture: Capture = Capture()
    """when, where and by what camera it was taken"""
    scale: int = 0
    """the decoder left out all that is finer than so many pixels; 0: nothing, averaged later"""

    @cached_property
    def full(self) -> Image.Image:
        """The full image, mode ``"RGB"`` or ``"RGBX"``; its file is not read again."""
        return self.decode()

    @cached_property
    def full_grey(self) -> Image.Image:
        """The full image, mode ``"L"``."""
        return self.full.convert("L")


def load_rgb(path: str) -> Image.Image:
    """Reads the first frame of an image file as 8-bit RGB.

    Transparency is dropped, not blended. Images of more than 8 bits are scaled by the rules of
    :mod:`smartdownsample_core.images._depth`. EXIF orientation is ignored, as in smartdownsample
    1.9, so that signatures equal its.

    Args:
        path: the file

    Returns:
        a fully loaded ``PIL.Image.Image`` of mode ``"RGB"``; the file is closed

    Raises:
        FileNotFoundError: ``File not found: PATH``
        PermissionError: ``Permission denied: PATH``
        OSError: ``Cannot read image file: PATH (reason)``; also for a directory, a damaged or
            truncated file, and one beyond the limits of :mod:`smartdownsample_core.limits`
    """
    with named_errors(path):
        return decode_rgb(path)


def decode_rgb(path: str) -> Image.Image:
    """:func:`load_rgb` with the errors as they come."""
    return _load(_read(path))


def open_picture(path: str) -> Picture | Image.Image:
    """Reads an image file once, and decodes it reduced if it is large enough for that.

    JPEG files are decoded at 1/2, 1/4 or 1/8: libjpeg-turbo scales in its inverse transform, which
    saves most of the work. Others are decoded whole and averaged over squares.

    Args:
        path: the file

    Returns:
        a :class:`Picture`, or the full image, as :func:`load_rgb` returns it, if it is small

    Raises:
        FileNotFoundError, PermissionError, OSError: as :func:`load_rgb`
    """
    with named_errors(path):
        return decode_picture(path)


def decode_picture(path: str) -> Picture | Image.Image:
    """:func:`open_picture` with the errors as they come."""
    data = _read(path)
    image = _whole_jpeg(data)
    if image is not None:
        return image
    full = _load(data)
    if not _is_worth_reducing(*full.size):
        return full
    n_bytes = 4 * full.width * full.height
    capture = capture_of_image(full)
    return Picture(averaged(full), lambda: full, n_bytes, is_damaged(full), capture)


def _read(path: str) -> bytes:
    return read_remote(path) if is_remote(path) else read_file(path)


def averaged(full: Image.Image) -> Reduced:
    """Reduces an image by averaging over squares, to a shorter side of at least 192 pixels."""
    factor = max(min(full.size) // _AVERAGED_SHORT_SIDE, 1)
    extent = full.width / factor, full.height / factor
    return Reduced(np.asarray(full.reduce(factor)), extent)


def _is_worth_reducing(width: int, height: int) -> bool:
    short, long = sorted((width, height))
    return short >= _SMALLEST_TO_REDUCE and long <= _LONGEST_TO_REDUCE * short


def _whole_jpeg(data: bytes) -> Picture | Image.Image | None:
    """Decodes a JPEG file that is not damaged; None if Pillow has to see to it.

    Warnings of libjpeg are errors here, so what is decoded has no damage; of a large progressive
    file, that is some of its scans. Small images are decoded
    in full, to the pixels that Pillow would return, in half of the time.
    """
    if not data.startswith(_JPEG_START):
        return None
    check_scans(data)
    try:
        height, width, colorspace, _ = simplejpeg.decode_jpeg_header(data)
        if colorspace not in ("YCbCr", "Gray"):
            return None
        if Image.MAX_IMAGE_PIXELS is not None and width * height > Image.MAX_IMAGE_PIXELS:
            return None
        if len(data) + LARGE_JPEG * width * height > limits.MAX_MEMORY_BYTES:
            return None
        if not _is_worth_reducing(width, height):
            check_sides(width, height)
            full = as_rgb(_decode_jpeg(lean(data)))
            mark_captured(full, data)
            return full
        factor = max(f for f in (2, 4, _LARGEST_FACTOR) if f * _SHORT_SIDE <= min(width, height))
        rows, columns = -(-height // factor), -(-width // factor)
        needed = without_details(data) if factor == _LARGEST_FACTOR else data
        reduced = simplejpeg.decode_jpeg(needed, "RGB", min_height=rows, min_width=columns)
    except ValueError:  # damaged; Pillow forgives some damage, and words the rest
        return None
    return Picture(
        Reduced(reduced, (width / factor, height / factor)),
        decode=partial(_decode_jpeg if needed is data else _decode_progressive, data),
        n_bytes=len(data),
        scale=factor,
        capture=capture_in(data),
    )


def _decode_jpeg(data: bytes) -> Image.Image:
    pixels = simplejpeg.decode_jpeg(data, "RGBX")
    # Pillow keeps RGB in four bytes as well, so that it need not copy these.
    return Image.frombuffer("RGBX", pixels.shape[1::-1], pixels, "raw", "RGBX", 0, 1)


def _decode_progressive(data: bytes) -> Image.Image:
    """Decodes a file of which only some scans are known to be without damage."""
    try:
        return _decode_jpeg(data)
    except ValueError:
        return _load(data)


def _load(data: bytes) -> Image.Image:
    image = _load_pixels(lean(data))
    mark_captured(image, data)
    return image


def _load_pixels(data: bytes) -> Image.Image:
    is_jpeg = data.startswith(_JPEG_START)
    if is_jpeg:
        check_scans(data)
    try:
        image = Image.open(io.BytesIO(data), formats=allowed_formats())
    except UnidentifiedImageError:
        raise unidentified(data) from None
    with image:
        check_cost(image, data)
        load(image)
        if is_jpeg and is_jpeg_damaged(data):
            mark_damaged(image)
        check_sides(*image.size)  # not before: that of an icon is known only now
        return as_rgb(image)
