"""An image file's preview and capture facts, from the head of the file alone."""

from __future__ import annotations

from typing import NamedTuple

from ._decode import Reduced
from ._errors import named_errors
from ._exif import Capture, Exif, ExifError, capture_of, parse_exif
from ._head import HeadError, Read, read_head
from ._parts import parts_of
from ._preview import NoPreviewError, decode_preview


class Headed(NamedTuple):
    """What the head of an image file gives."""

    capture: Capture
    """when, where and by what it was taken"""
    preview: Reduced | None
    """pixels of the aspect of the image; None if it has none to rely on"""
    reason: str | None
    """why there is no preview"""


def open_preview(path: str) -> Headed:
    """Reads the head of a JPEG file: 64 KB, and a little more where large segments follow.

    Of a URL, the same in ranged requests.

    Args:
        path: the file

    Raises:
        FileNotFoundError, PermissionError, OSError: as
            :func:`smartdownsample_core.images._decode.load_rgb`; that a file has no preview or no
            capture facts is no error
    """
    with named_errors(path), parts_of(path) as read:
        return headed(read)


def headed(read: Read) -> Headed:
    """:func:`open_preview` of what ``read`` returns."""
    try:
        head = read_head(read)
        exif = parse_exif(head.exif) if head.exif else Exif({}, {}, {}, {})
    except (HeadError, ExifError) as error:
        return Headed(Capture(), None, str(error))
    capture = capture_of(exif)
    try:
        return Headed(capture, decode_preview(head, exif), None)
    except NoPreviewError as error:
        return Headed(capture, None, str(error))
