"""The command line's PATHs to image files."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from ..checks import reason, shown_path
from ..text_files import looks_binary, names_in, text_of
from ._folders import PassedOver, Rules, images_in
from ._formats import file_endings
from ._names import NOT_LISTED, OTHER, OTHER_NAME, is_video
from ._remote import find_remote, is_remote

_STATS_AT_A_TIME = 1000
_STAT_THREADS = 16


class Found(NamedTuple):
    """What the command line's PATHs stand for."""

    paths: list[str]
    """the files, each once, in the order they were named"""
    base: str
    """the folder that all of them are below, which copies keep their structure relative to; URLs do
    not count for that"""
    passed_over: PassedOver
    """what the folders, patterns and lists hold besides"""


def find_images(
    arguments: Sequence[str],
    stdin: TextIO,
    *,
    skip_errors: bool = False,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    null: bool = False,
) -> Found:
    """Resolves the command line's PATHs.

    Args:
        arguments: files, folders, globs, URLs of one of these, or ``-``; see :func:`images_in` and
            :func:`smartdownsample_core.images._remote.find_remote`
        stdin: where ``-`` reads names from, one a line, or separated by null characters
        skip_errors: pass over folders that cannot be listed
        include: patterns of names that folders are to yield whatever they are
        exclude: patterns of names that folders are not to yield
        null: the names on standard input are separated by null characters

    Raises:
        ValueError: if an argument stands for no file, or names a video
        OSError: if a folder cannot be listed, unless ``skip_errors``
    """
    rules, passed = Rules(file_endings(), include, exclude), PassedOver()
    found: dict[str, str] = {}
    bases: set[str] = set()
    folders: dict[str, str] = {}
    for argument in arguments:
        search = _Search(rules, stdin, skip_errors, null)
        files = search.files_of(argument)
        passed.update(search.passed)
        if not files and not (len(arguments) > 1 and NOT_LISTED in search.passed.paths):
            name = "on standard input" if argument == "-" else f"at {argument!r}"
            hint = _hint(argument, search.passed)
            raise ValueError(f"no images found {name}{hint}")
        is_folder = os.path.isdir(argument)
        for path in files:
            first = found.setdefault(path if is_remote(path) else _real(path, folders), path)
            if first != path and not is_folder:
                passed.add(OTHER_NAME, path)
        local = (path for path in files if not is_remote(path))
        bases |= {os.path.abspath(argument)} if is_folder else set(map(_parent, local))
    passed.drop(found.values())
    if not found:
        raise ValueError(
            f"no images found; passed over {passed.words(may_be_wanted=True)}; name other folders"
        )
    return Found(list(found.values()), os.path.commonpath(bases or [os.getcwd()]), passed)


def images_below(folder: str) -> list[str]:
    """Returns the images in and below a folder, as the command line finds them.

    Raises:
        OSError: if a folder cannot be listed
    """
    return images_in(folder, Rules(file_endings()), PassedOver(), _refuse)


class _Search:
    """Resolves one PATH."""

    def __init__(self, rules: Rules, stdin: TextIO, skip_errors: bool, null: bool) -> None:
        self.passed = PassedOver()
        self._rules = rules
        self._stdin = stdin
        self._skip_errors = skip_errors
        self._null = null

    def files_of(self, argument: str) -> list[str]:
        """Returns the files that a PATH stands for, each as it is named."""
        if argument == "-":
            return self._named([*_listed_on(self._stdin, self._null)])
        if is_remote(argument):
            return find_remote(argument, self._rules.endings, self._takes)
        if os.path.isdir(argument):
            return self._below(argument)
        if not _is_glob(argument):
            return self._named([argument]) if os.path.lexists(argument) else []
        return self._matching(argument)

    def _named(self, paths: list[str]) -> list[str]:
        """Returns files that were named one by one; refuses videos before anything is read."""
        video = None if self._skip_errors else next(filter(is_video, paths), None)
        if video is not None and not is_remote(video):
            raise ValueError(
                f"{shown_path(video)} is a video, and images are read: extract its frames, as with "
                "ffmpeg, or leave it out; of a folder, videos are passed over"
            )
        return paths

    def _matching(self, pattern: str) -> list[str]:
        """Returns what a shell would make of a pattern, with the folders among it searched."""
        files = []
        for path in sorted(glob.glob(pattern, recursive=True)):
            if not os.path.isdir(path):
                kind = self._rules.kind_of([os.path.basename(path)])
                if kind in (None, OTHER):  # what it is, reading will tell
                    files.append(path)
                else:
                    self.passed.add(kind, path)
            elif "**" not in pattern:  # which has matched all that is in it
                files += self._below(path)
        return files

    def _below(self, folder: str) -> list[str]:
        return images_in(folder, self._rules, self.passed, self._not_listed)

    def _takes(self, folder: str, name: str) -> bool:
        """Whether a file below a folder at a URL is taken."""
        kind = self._rules.kind_below([part for part in name.split("/") if part])
        if kind:
            self.passed.add(kind, f"{folder.rstrip('/')}/{name.lstrip('/')}")
        return kind is None

    def _not_listed(self, folder: str, error: OSError) -> None:
        if not self._skip_errors:
            _refuse(folder, error)
        self.passed.add(NOT_LISTED, folder, reason(error))


def _refuse(folder: str, error: OSError) -> None:
    raise OSError(
        f"cannot list the folder {shown_path(folder)} ({reason(error)}); allow it, or name other "
        "folders. Use image_loading_errors='skip' to pass it over"
    ) from error


def _listed_on(stdin: TextIO, null: bool) -> list[str]:
    """Returns the names on standard input, whose lines may end as on Windows."""
    data: Any = getattr(stdin, "buffer", stdin).read()
    text = text_of(data) if isinstance(data, bytes) else data
    names = [_without_return(name) for name in names_in(text, null)]
    if looks_binary(text) and not os.path.lexists(names[0]):
        raise ValueError(
            f"standard input holds binary data, such as an image, in its {len(text):,} characters; "
            "send the paths of images, one a line"
        )
    return names


def _without_return(name: str) -> str:
    is_end_of_line = name.endswith("\r") and not os.path.lexists(name)
    return name[:-1] if is_end_of_line else name


def _real(path: str, folders: dict[str, str]) -> str:
    """Returns a path that is the same however a file is named; links to the file stay apart."""
    folder, name = os.path.split(path)
    if folder not in folders:
        folders[folder] = os.path.realpath(folder)
    return os.path.join(folders[folder], name)


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


def _hint(argument: str, passed: PassedOver) -> str:
    others = [passed.words(wanted) for wanted in (True, False)]
    if argument == "-":
        return "; send one path a line, as find photos -name '*.jpg' does"
    if any(others):
        return f"; passed over {', '.join(filter(None, others))}; --include NAME takes others"
    if _is_glob(argument):
        return "; upper and lower case differ, as in .jpg and .JPG"
    if os.path.isdir(argument):
        return "; no file in or below that folder ends like an image, such as .jpg"
    return "; there is no such file or folder"


def _is_glob(argument: str) -> bool:
    return glob.has_magic(argument) and not os.path.lexists(argument)


def _parent(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))
