"""What can be signed: image files, and whatever else knows how to give its pixels."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from PIL import Image

from ._decode import Picture, decode_picture, decode_rgb
from ._errors import attempt, named_errors
from ._remote import is_remote


class Part(ABC):
    """An image to sign that is not a file of its own, such as a crop.

    To add a kind (an array in memory, a frame of a video), write a subclass: nothing else has to
    know of it. It must be picklable for worker processes, and its pickle small.
    """

    path: str
    """the file that it is in; names it in messages"""

    def source(self) -> Any:
        """Opens what the pixels come from; by default, the decoded image file.

        Called once for consecutive parts of one type and path, which share the result.
        """
        return decode_rgb(self.path)

    @abstractmethod
    def pixels(self, source: Any) -> Image.Image:
        """Returns the pixels of this part of its source, as an image of mode ``"RGB"``."""

    @abstractmethod
    def at(self, path: str) -> Part:
        """Returns the same part of the file at another path."""


Item = str | Part
"""The path of an image file, or a part of one."""


def path_of(item: Item) -> str:
    """Returns the path of the file that an item is in."""
    return item if isinstance(item, str) else item.path


def moved(item: Item, path: str) -> Item:
    """Returns an item of the file at another path."""
    return path if isinstance(item, str) else item.at(path)


def absolute(item: Item) -> Item:
    """Returns an item by its absolute path, for readers with another working directory."""
    path = path_of(item)
    return item if is_remote(path) else moved(item, os.path.abspath(path))


def spans(items: Sequence[Item], least: int) -> Iterator[tuple[int, int]]:
    """Cuts a list into consecutive spans, but never between two parts of one source.

    Args:
        items: n items
        least: minimum length of every span but the last

    Yields:
        ``(start, stop)``
    """
    start = 0
    while start < len(items):
        stop = min(start + least, len(items))
        while stop < len(items) and _share_source(items[stop - 1], items[stop]):
            stop += 1
        yield start, stop
        start = stop


def _share_source(item: Item | None, other: Item) -> bool:
    return isinstance(other, Part) and type(item) is type(other) and path_of(item) == other.path


def open_items(items: Iterable[Item]) -> Iterator[tuple[str, Picture | Image.Image | OSError]]:
    """Opens items one after the other, a source once for all parts of it in a row.

    Yields:
        the item's path, and its pixels or the error for which it has none; files as
        ``decode_picture`` returns them, parts in full
    """
    before: Item | None = None
    source: Any = None
    for item in items:
        if isinstance(item, str):
            source = None
            yield item, attempt(item, decode_picture, item)
        else:
            if not _share_source(before, item):
                source = None  # not two in memory at a time
                source = attempt(item.path, item.source)
            if isinstance(source, OSError):
                yield item.path, source
            else:
                yield item.path, attempt(item.path, item.pixels, source)
        before = item


def load_item(item: Item) -> Image.Image:
    """Returns the pixels of an item; errors are those of :func:`smartdownsample_core.load_rgb`."""
    with named_errors(path_of(item)):
        return decode_rgb(item) if isinstance(item, str) else item.pixels(item.source())


def load_small(item: Item) -> Image.Image:
    """Returns an item to be shown small: as reduced as its file is decoded for a signature.

    Raises:
        OSError: as :func:`smartdownsample_core.load_rgb`
    """
    if not isinstance(item, str):
        return load_item(item)
    with named_errors(item):
        picture = decode_picture(item)
    return Image.fromarray(picture.reduced.pixels) if isinstance(picture, Picture) else picture
