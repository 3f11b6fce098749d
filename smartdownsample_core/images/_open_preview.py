"""An image file's preview and capture facts, from the head of the file alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from PIL import Image

from ._decode import Reduced
from ._errors import attempt, named_errors
from ._exif import Capture, Exif, ExifError, capture_of, parse_exif
from ._head import Head, HeadError, Read, read_head
from ._items import Part
from ._parts import parts_of
from ._preview import NoPreviewError, decoding


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
        return read_preview(self.path)

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
    with named_errors(path):
        return read_preview(path)


def read_preview(path: str) -> Headed:
    """:func:`open_preview` with the errors as they come."""
    return next(filter(None, _steps(partial(_head_of, path))))


def open_previews(paths: Sequence[str]) -> list[Headed | OSError]:
    """:func:`open_preview` of n files, each step of all before the next one.

    That takes three quarters of the time, because a step's code is in the processor's cache then.

    Returns:
        n, or for each the error that it raises
    """
    found: dict[int, Headed | OSError] = {}
    steps = {place: _steps(partial(_head_of, path)) for place, path in enumerate(paths)}
    while steps:
        for place, those in list(steps.items()):
            result = attempt(paths[place], next, those)
            if result is not None:
                found[place] = result
                del steps[place]
    return [found[place] for place in range(len(paths))]


def headed(read: Read) -> Headed:
    """:func:`open_preview` of what ``read`` returns."""
    return next(filter(None, _steps(partial(read_head, read))))


def _head_of(path: str) -> Head:
    with parts_of(path) as parts:
        return read_head(parts.read)


def _steps(read: Callable[[], Head]) -> Iterator[Headed | None]:
    """Yields None after each step but the last, and then the result."""
    try:
        head = read()
        yield None
        exif = parse_exif(head.exif) if head.exif else Exif({}, {}, {}, {})
        yield None
    except (HeadError, ExifError) as error:
        yield Headed(Capture(), None, str(error))
        return
    capture = capture_of(exif)
    yield None
    try:
        for preview in decoding(head, exif):
            yield Headed(capture, preview, None) if preview else None
    except NoPreviewError as error:
        yield Headed(capture, None, str(error))
