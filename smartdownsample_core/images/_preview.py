"""The preview that cameras write into the head of a JPEG file: a small JPEG, mostly 160x120."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ..limits import check_scans
from ._decode import Reduced
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

#: Pixels of the shorter side that are enough for a signature of 32 x 32.
_ENOUGH = 40

#: How far the aspects of preview and image may be apart, of previews rounded to whole pixels.
_ASPECT_TOLERANCE = 0.02

#: Mean level of a row of a black bar, to which compression adds of the picture below it; and how
#: many rows a bar may be off: a trap camera makes one of 15 rows and one of 17.
_BRIGHTEST_BAR, _BAR_TOLERANCE = 12, 2.5

#: Values of a row that are looked at for bars, 1 in so many: all channels in turn.
_EVERY = 7

#: A row that is darker than the next by this factor is partly of the bar.
_PARTLY_BAR = 0.75


class NoPreviewError(ValueError):
    """A file whose preview is missing, or may show something else than the image."""


def decode_preview(head: Head, exif: Exif, is_reduced: bool = True) -> Reduced:
    """Decodes the preview of an image, without the bars that fill it up.

    At 1/2, 1/4 or 1/8 where that leaves enough: it is signed in a third of the time, and the
    signature is as near to that of the whole file.

    Args:
        head: of the file
        exif: of the head's block
        is_reduced: whether to decode it reduced at all

    Returns:
        pixels of the aspect of the image

    Raises:
        NoPreviewError: if there is none, or it cannot be of this image as it is now; says why
    """
    return next(filter(None, decoding(head, exif, is_reduced)))


def decoding(head: Head, exif: Exif, is_reduced: bool = True) -> Iterator[Reduced | None]:
    """:func:`decode_preview` in steps: yields None after each but the last, then the pixels."""
    _check_current(head, exif)
    jpeg = _jpeg_of(head.exif, exif)
    aspect = head.width / head.height
    try:
        check_scans(jpeg)
        height, width, colorspace, _ = simplejpeg.decode_jpeg_header(jpeg)
        _check_form(width, height, colorspace)
        shown = min(width, height, width / aspect, height * aspect)  # without bars
        fitting = [factor for factor in (2, 4, 8) if factor * _ENOUGH <= shown]
        factor = max(fitting) if fitting and is_reduced else 1
        size = {"min_height": -(-height // factor), "min_width": -(-width // factor)}
        yield None
        reduced = simplejpeg.decode_jpeg(jpeg, "RGB", **size if factor > 1 else {})
        yield None
        pixels = without_bars(reduced, aspect, factor)
    except NoPreviewError:
        raise
    except ValueError as error:
        raise NoPreviewError(f"the preview is damaged: {error}") from None
    rows, columns = pixels.shape[:2]
    yield Reduced(
        pixels,
        (
            width / factor if columns == reduced.shape[1] else columns,
            height / factor if rows == reduced.shape[0] else rows,
        ),
    )


def _check_form(width: int, height: int, colorspace: str) -> None:
    if not _SHORTEST_SIDE <= min(width, height) <= max(width, height) <= _LONGEST_SIDE:
        raise NoPreviewError(
            f"a preview must have sides of {_SHORTEST_SIDE} to {_LONGEST_SIDE:,} pixels, got "
            f"{width:,} x {height:,}"
        )
    if colorspace not in ("YCbCr", "Gray"):
        raise NoPreviewError(f"a preview must be YCbCr or grey, got {colorspace}")


def _has_aspect(width: int, height: int, aspect: float) -> bool:
    return abs(math.log(aspect * height / width)) <= _ASPECT_TOLERANCE


def without_bars(pixels: NDArray[np.uint8], aspect: float, factor: int = 1) -> NDArray[np.uint8]:
    """Cuts off black bars on two sides, so that a preview has the aspect of its image.

    Args:
        pixels: ``(rows, columns, 3)`` RGB
        aspect: width of the image, divided by its height
        factor: by which the preview was reduced

    Raises:
        NoPreviewError: if it has another aspect, and is not filled up with bars to have it

    >>> boxed = np.full((120, 160, 3), 200, np.uint8)
    >>> boxed[:15] = boxed[105:] = 0
    >>> without_bars(boxed, 16 / 9).shape
    (90, 160, 3)
    """
    rows, columns = pixels.shape[:2]
    if _has_aspect(columns, rows, aspect):
        return pixels
    ratio = aspect * rows / columns
    if ratio < 1:  # bars at the left and the right
        return without_bars(pixels.swapaxes(0, 1), 1 / aspect, factor).swapaxes(0, 1)
    expected = (rows - rows / ratio) / 2
    tolerance = _BAR_TOLERANCE / factor + (factor > 1) / 2  # a row may be partly of a bar
    near = math.ceil(expected + tolerance) + 2
    some = pixels.reshape(rows, -1)[:, ::_EVERY]
    sums = some[:near].sum(axis=1).tolist(), some[: -near - 1 : -1].sum(axis=1).tolist()
    n = some.shape[1]
    top, bottom = (_bar([one / n for one in edge], expected, tolerance) for edge in sums)
    if top is None or bottom is None:
        raise NoPreviewError(
            f"a preview must have the aspect of its image, {aspect:.2f}, or black bars; got "
            f"{columns / rows:.2f}"
        )
    return pixels[top : rows - bottom]


def _bar(levels: Sequence[float], expected: float, tolerance: float) -> int | None:
    """Returns how many rows are a bar, None if there is none of about the number expected.

    Args:
        levels: of the rows from the edge inwards, more than could be a bar
        expected: rows
        tolerance: rows

    >>> _bar([0, 0, 1, 4, 150, 160, 170], 4.4, 2.5), _bar([0, 0, 140, 150, 150], 6, 2.5)
    (4, None)

    A row of a reduced preview may be partly of the bar, and goes with it:

    >>> _bar([0, 0, 1, 70, 150, 160, 170], 3.4, 1.2)
    4
    """
    rows = range(len(levels) - 1)
    found = next((row for row in rows if levels[row] > _BRIGHTEST_BAR), len(levels))
    if found in rows:
        found += levels[found] < _PARTLY_BAR * levels[found + 1]
    if found < expected - tolerance:
        return None
    # Of a picture that is dark at its edge, no more is cut off than should be a bar.
    return found if found <= expected + tolerance else math.ceil(expected)


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
        raise NoPreviewError("the head of this file has no preview")
    kind = whole(exif.preview, COMPRESSION)
    if kind not in (None, _JPEG_COMPRESSION):
        raise NoPreviewError(f"a preview must be a JPEG file, got compression {kind}")
    jpeg = block[start : start + length]
    if start + length > len(block) or start < 0 or not jpeg.startswith(_JPEG_START):
        raise NoPreviewError(
            f"a preview must be a JPEG file, got none of {length:,} bytes at byte {start:,}"
        )
    return jpeg
