"""The preview that cameras write into the head of a JPEG file: a small JPEG, mostly 160x120."""

from __future__ import annotations

import math

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ..limits import check_scans
from ._exif import (
    COMPRESSION,
    HEIGHT,
    PREVIEW_AT,
    PREVIEW_LENGTH,
    WIDTH,
    Exif,
    orientation_of,
    whole,
)
from ._head import Head

_JPEG_START = b"\xff\xd8"
_JPEG_COMPRESSION = 6

#: Sides of a preview, in pixels: below, a hash is coarser than that of a whole file; above, it is
#: none of those that cameras write there.
_SHORTEST_SIDE, _LONGEST_SIDE = 60, 1024

#: How far the aspects of preview and image may be apart, of previews rounded to whole pixels.
_ASPECT_TOLERANCE = 0.02

#: Bars are black, but for what compression makes of their edges.
_DARKEST, _BAR_TOLERANCE = 24, 0.02


class NoPreviewError(ValueError):
    """A file whose preview is missing, or may show something else than the image."""


def decode_preview(head: Head, exif: Exif) -> NDArray[np.uint8]:
    """Decodes the preview of an image, without the bars that fill it up.

    Args:
        head: of the file
        exif: of the head's block

    Returns:
        ``(rows, columns, 3)`` RGB, of the aspect of the image

    Raises:
        NoPreviewError: if there is none, or it cannot be of this image as it is now; why, it says
    """
    _check_current(head, exif)
    jpeg = _jpeg_of(head.exif, exif)
    try:
        check_scans(jpeg)
        height, width, colorspace, _ = simplejpeg.decode_jpeg_header(jpeg)
        if not _SHORTEST_SIDE <= min(width, height) <= max(width, height) <= _LONGEST_SIDE:
            raise NoPreviewError(
                f"a preview must have sides of {_SHORTEST_SIDE} to {_LONGEST_SIDE:,} pixels, "
                f"got {width:,} x {height:,}"
            )
        if colorspace not in ("YCbCr", "Gray"):
            raise NoPreviewError(f"a preview must be YCbCr or grey, got {colorspace}")
        pixels = simplejpeg.decode_jpeg(jpeg, "RGB")
    except NoPreviewError:
        raise
    except ValueError as error:
        raise NoPreviewError(f"the preview is damaged: {error}") from None
    return without_bars(pixels, head.width / head.height)


def without_bars(pixels: NDArray[np.uint8], aspect: float) -> NDArray[np.uint8]:
    """Cuts off black bars on two sides, so that a preview has the aspect of its image.

    Args:
        pixels: ``(rows, columns, 3)`` RGB
        aspect: width of the image, divided by its height

    Raises:
        NoPreviewError: if it has another aspect, and is not filled up with bars to have it

    >>> boxed = np.full((120, 160, 3), 200, np.uint8)
    >>> boxed[:15] = boxed[105:] = 0
    >>> without_bars(boxed, 16 / 9).shape
    (90, 160, 3)
    """
    rows, columns = pixels.shape[:2]
    ratio = aspect * rows / columns
    if abs(math.log(ratio)) <= _ASPECT_TOLERANCE:
        return pixels
    if ratio < 1:  # bars at the left and the right
        return without_bars(pixels.swapaxes(0, 1), 1 / aspect).swapaxes(0, 1)
    height = rows / ratio
    first, last = math.ceil((rows - height) / 2), math.floor((rows + height) / 2)
    outside = np.concatenate([pixels[: first - 1], pixels[last + 1 :]])
    if first < 2 or np.count_nonzero(outside > _DARKEST) > _BAR_TOLERANCE * outside.size:
        raise NoPreviewError(
            f"a preview must have the aspect of its image, {aspect:.2f}, or black bars; got "
            f"{columns / rows:.2f}"
        )
    return pixels[first:last]


def _check_current(head: Head, exif: Exif) -> None:
    """Raises a NoPreviewError if the image was rotated, cropped or scaled after it was taken."""
    size = whole(exif.photo, WIDTH), whole(exif.photo, HEIGHT)
    if None not in size and size != (head.width, head.height):
        raise NoPreviewError(
            f"the EXIF block must be that of the image, {head.width:,} x {head.height:,}, got that "
            f"of {size[0]:,} x {size[1]:,}"
        )
    own, whole_image = orientation_of(exif.preview), orientation_of(exif.main)
    if own and whole_image and own != whole_image:
        raise NoPreviewError(f"the preview must be oriented as the image, {whole_image}, got {own}")


def _jpeg_of(block: bytes, exif: Exif) -> bytes:
    start, length = whole(exif.preview, PREVIEW_AT), whole(exif.preview, PREVIEW_LENGTH)
    if not start or not length:
        raise NoPreviewError("no preview: the head of this file has none")
    kind = whole(exif.preview, COMPRESSION)
    if kind not in (None, _JPEG_COMPRESSION):
        raise NoPreviewError(f"a preview must be a JPEG file, got compression {kind}")
    jpeg = block[start : start + length]
    if start + length > len(block) or start < 0 or not jpeg.startswith(_JPEG_START):
        raise NoPreviewError(
            f"a preview must be a JPEG file, got none of {length:,} bytes at byte {start:,}"
        )
    return jpeg
