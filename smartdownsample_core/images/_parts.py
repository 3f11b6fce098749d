"""Parts of a file, read where they are: on a disk, or at a URL by ranged requests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ..limits import open_file
from ._head import Read
from ._remote import is_remote, local_place, opened_remote


class Parts(NamedTuple):
    """An open file."""

    read: Read
    size: int
    """in bytes; 0 if a server does not say"""


@contextmanager
def parts_of(path: str) -> Iterator[Parts]:
    """Opens a file to read parts of it.

    Raises:
        OSError: if the file cannot be read, is not a regular one, or too large
    """
    place = local_place(path) if is_remote(path) else path
    if place is None:
        with opened_remote(path) as stream:

            def read_remote(start: int, size: int) -> bytes:
                stream.seek(start)
                return bytes(stream.read(size))

            yield Parts(read_remote, getattr(stream, "size", None) or 0)
        return
    file, n_bytes = open_file(place)
    at = 0

    def read(start: int, size: int) -> bytes:
        nonlocal at
        if start != at:
            os.lseek(file, start, os.SEEK_SET)
        data = os.read(file, size)
        while len(data) < size and (more := os.read(file, size - len(data))):
            data += more  # a network file system may give less than was asked for
        at = start + len(data)
        return data

    try:
        yield Parts(read, n_bytes)
    finally:
        os.close(file)
