"""The command line's PATHs to image files."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from ._formats import file_endings
from ._remote import find_remote, is_remote

_STATS_AT_A_TIME = 1000
_STAT_THREADS = 16


def find_images(arguments: Sequence[str], stdin: TextIO) -> tuple[list[str], str]:
    """Resolves the command line's PATHs.

    Args:
        arguments: files, folders (searched by :func:`images_below`), globs, URLs of one of these
            (see :func:`smartdownsample_core.images._remote.find_remote`), or ``-``
        stdin: where ``-`` reads one path a line from

    Returns:
        the files, each once, in the order they were named; and the folder that all of them are
        below, which copies keep their structure relative to; URLs do not count for that

    Raises:
        ValueError: if an argument stands for no file
    """
    found: dict[str, str] = {}
    bases: set[str] = set()
    for argument in arguments:
        folder = os.path.isdir(argument)
        files = _files_of(argument, stdin)
        if not files:
            name = "on standard input" if argument == "-" else f"at {argument!r}"
            raise ValueError(f"no images found {name}{_hint(argument)}")
        for path in files:
            found.setdefault(path if is_remote(path) else os.path.abspath(path), path)
        local = (path for path in files if not is_remote(path))
        bases |= {os.path.abspath(argument)} if folder else set(map(_parent, local))
    return list(found.values()), os.path.commonpath(bases or [os.getcwd()])


def _files_of(argument: str, stdin: TextIO) -> list[str]:
    if argument == "-":
        return [line.rstrip("\r\n") for line in stdin if line.strip()]
    if is_remote(argument):
        return find_remote(argument, file_endings())
    if os.path.isdir(argument):
        return images_below(argument)
    if not _is_glob(argument):
        return [argument] if os.path.lexists(argument) else []
    matches = sorted(glob.glob(argument, recursive=True))
    return [path for path in matches if not os.path.isdir(path)]


def images_below(folder: str) -> list[str]:
    """Returns all files below a folder with the extension of a format that is read.

    Raises:
        OSError: if a folder cannot be listed
    """
    readable = file_endings()

    def fail(error: OSError) -> None:
        raise OSError(
            f"cannot list the folder {error.filename} ({error.strerror}); allow it, or name other "
            "folders"
        ) from error

    found = []
    for parent, folders, names in os.walk(folder, onerror=fail):
        folders.sort()  # os.walk goes on in this order
        found += [
            os.path.join(parent, name) for name in sorted(names) if name.lower().endswith(readable)
        ]
    return found


def file_stats(paths: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns sizes in bytes and times of change in ns, ``(n,)`` each; -1 for what is not there."""
    starts = range(0, len(paths), _STATS_AT_A_TIME)
    with ThreadPoolExecutor(_STAT_THREADS) as pool:  # for disks that are far away
        stats = [one for some in pool.map(lambda s: _stats(paths, s), starts) for one in some]
    table = np.array(stats, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _stats(paths: Sequence[str], start: int) -> list[tuple[int, int]]:
    return [_stat(path) for path in paths[start : start + _STATS_AT_A_TIME]]


def _stat(path: str) -> tuple[int, int]:
    try:
        stat = os.stat(path)
    except (OSError, ValueError):  # a null character in its name, for the second
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


def _hint(argument: str) -> str:
    if argument == "-":
        return "; send one path a line, as find photos -name '*.jpg' does"
    if _is_glob(argument):
        return "; upper and lower case differ, as in .jpg and .JPG"
    if os.path.isdir(argument):
        return "; no file in or below that folder ends like an image, such as .jpg"
    return "; there is no such file or folder"


def _is_glob(argument: str) -> bool:
    return glob.has_magic(argument) and not os.path.lexists(argument)


def _parent(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))
