"""Files that get their name once they are complete, and cleanup after processes that died.

A file is written under a hidden temporary name and locked by its process. The lock of a process
that dies is released, so its abandoned file can be told from one that is being written, on this
machine or, where the file system shares locks, on another.
"""

from __future__ import annotations

import errno
import glob
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from .new_files import writing
from .text_files import ERRORS

try:
    import fcntl
except ImportError:  # Windows: no locks, so no file counts as abandoned
    fcntl = None  # type: ignore[assignment]

_SUFFIX = ".partial"

#: Bytes of a file's name in its temporary name, which may have 255 in all.
_LONGEST_BEGINNING = 200


@contextmanager
def complete_file(name: str, path: Path) -> Iterator[BinaryIO]:
    """Opens a new file for writing and reading that appears complete or not at all.

    Args:
        name: of the parameter that asks for the file, for errors
        path: the file

    Yields:
        a stream of bytes; :func:`remove_abandoned` leaves its file alone as long as it is open

    Raises:
        FileExistsError: if there is a file of that name by the time this one is complete; it stays
        OSError: if the file cannot be opened or named, or its last bytes cannot be written
    """
    partial = temporary(path)
    with ExitStack() as cleanup:
        cleanup.callback(_try, partial.unlink)  # first, as a signal may come once the file is there
        with writing(name, path):
            stream = _locked(partial)
        cleanup.callback(_try, stream.close)
        yield stream
        with writing(name, path):
            stream.flush()
            _give_name(partial, path)


@contextmanager
def complete_text(name: str, path: Path) -> Iterator[TextIO]:
    """Opens a new text as :func:`complete_file` does; file names are written as they are."""
    with complete_file(name, path) as file:
        stream = TextIOWrapper(file, encoding="utf-8", errors=ERRORS, newline="")
        with writing(name, path):
            try:
                yield stream
                stream.flush()
            finally:
                with suppress(OSError):  # what could not be written before cannot be now
                    stream.detach()


def remove_abandoned(folder: Path, name: str = "") -> None:
    """Removes temporary files in a folder whose processes have died.

    Args:
        folder: need not exist
        name: remove only temporary files of this name
    """
    beginning = glob.escape(_beginning(name)) if name else "*"
    for partial in folder.glob(f".{beginning}.{'[0-9a-f]' * 8}{_SUFFIX}"):
        with suppress(OSError), partial.open("r+b") as stream:
            if _lock(stream):
                partial.unlink()


def temporary(path: Path) -> Path:
    """Returns a hidden name beside a file or folder, for as long as it is not complete."""
    return path.with_name(f".{_beginning(path.name)}.{secrets.token_hex(4)}{_SUFFIX}")


def _beginning(name: str) -> str:
    return os.fsdecode(os.fsencode(name)[:_LONGEST_BEGINNING])


def _try(cleanup: Callable[[], None]) -> None:
    """Removes or closes a file; one that cannot be, or was never opened, is no second error."""
    with suppress(OSError):
        cleanup()


def _locked(partial: Path) -> BinaryIO:
    """Opens a temporary file and locks it before another process can take it for abandoned."""
    while True:
        stream = partial.open("x+b")
        _lock(stream)
        with suppress(FileNotFoundError):  # removed in between
            if os.path.samestat(os.fstat(stream.fileno()), partial.stat()):
                return stream
        stream.close()


def _lock(stream: BinaryIO) -> bool:
    """Locks a file while it is open; False if another process has, or nothing can be locked."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _give_name(partial: Path, path: Path) -> None:
    try:
        os.link(partial, path)  # unlike renaming, replaces nothing
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, "File exists", str(path)) from None
        partial.rename(path)
