"""An image file's preview and capture facts, from the head of the file alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image

from ._decode import Reduced
from ._errors import named_errors
from ._exif import Capture, Exif, ExifError, capture_of, parse_exif
from ._head import HeadError, Read, read_head
from ._items import Part
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


class PreviewMissingError(OSError):
    """An image that has no preview to rely on, whether or not it can be read whole; says why."""


@dataclass(frozen=True)
class Preview(Part):
    """The preview of an image file, to be signed instead of the image."""

    path: str
    """of the image file"""

    def source(self) -> Headed:
        """Reads the head of the file."""
        return open_preview(self.path)

    def pixels(self, source: Headed) -> Image.Image:
        """Returns the preview without its bars; raises a PreviewMissingError if there is none."""
        if source.preview is None:
            raise PreviewMissingError(source.reason)
        return Image.fromarray(source.preview.pixels)

    def at(self, path: str) -> Preview:
        """Returns the preview of another file."""
        return Preview(path)


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
    with named_errors(path), parts_of(path) as parts:
        return headed(parts.read)


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
