"""Copies of the kept files and links to them: complete or not at all, never overwriting."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..checks import reason, shown_path
from ..errors import counted
from ..limits import READ_WITHOUT_WAITING
from ..new_files import make_folder
from ..own_files import is_below, note
from ..partial_files import complete_file, remove_abandoned

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Placing(NamedTuple):
    """Where and how to place the kept files."""

    verb: str
    """one of :data:`VERBS`"""
    directory: Path
    base: str
    """the folder above all images, below which the structure is kept"""

    @property
    def option(self) -> str:
        """The command-line option for it."""
        return f"--{self.verb}-to"

    def check(self, paths: Sequence[str]) -> None:
        """Checks what can be checked before images are read; creates the folder.

        Args:
            paths: all images, some of which will be kept

        Raises:
            ValueError: if the target is where the images are, or an image's name leads out of it
            FileExistsError: if there is another file where an image would go
            OSError: if the folder cannot be created or written to
        """
        if os.path.realpath(self.directory) == os.path.realpath(self.base):
            raise ValueError(
                f"{self.option}: {self.directory} is where the images are; choose another folder"
            )
        self._refuse_others(paths)
        make_folder(self.option, self.directory)

    def place(self, kept: Sequence[str]) -> str:
        """Places the kept images; resumes where an earlier call was stopped.

        Returns:
            a sentence that says so

        Raises:
            ValueError: if an image's name leads out of the target
            FileExistsError: before anything is placed, if another file is in the way of one
            OSError: if one cannot be placed; those before it remain, each complete
        """
        self._refuse_others(kept)
        missing = [(path, to) for path, to in self._targets(kept) if not os.path.lexists(to)]
        for folder in dict.fromkeys(to.parent for _, to in missing):
            if not is_below(folder, self.directory):
                raise ValueError(
                    f"{self.option}: {folder} leads out of {self.directory} by a link; remove it"
                )
            make_folder(self.option, folder)
            remove_abandoned(folder)
        if missing and is_below(self.directory, self.base):
            names = (os.path.relpath(to, self.directory) for _, to in missing)
            note(self.directory, "copies", names)
        for path, to in missing:
            self._place_one(path, to)
        done = "Copied" if self.verb == "copy" else "Linked"
        there = f"; {len(kept) - len(missing):,} were there already" * (len(missing) < len(kept))
        return f"{done} {counted(len(missing), 'images')} to {self.directory}{there}"

    def n_others(self, kept: Sequence[str]) -> int:
        """Counts the files in the folder, hidden ones aside, that are not of the kept images."""
        own = {os.path.abspath(to) for _, to in self._targets(kept)}
        return sum(
            not name.startswith(".") and os.path.abspath(os.path.join(folder, name)) not in own
            for folder, _, names in os.walk(self.directory)
            for name in names
        )

    def _targets(self, paths: Iterable[str]) -> Iterator[tuple[str, Path]]:
        for path in paths:
            relative = os.path.relpath(path, self.base)
            if relative.split(os.sep)[0] in (os.pardir, os.curdir) or os.path.isabs(relative):
                raise ValueError(
                    f"{self.option}: {shown_path(path)} is not below {self.base}, and would leave "
                    f"{self.directory}; name images below one folder"
                )
            yield path, self.directory / relative

    def _refuse_others(self, paths: Sequence[str]) -> None:
        names: dict[Path, set[str]] = {}
        if not os.path.lexists(self.directory):
            return
        for path, to in self._targets(paths):
            if to.parent not in names:
                names[to.parent] = _names_in(to.parent)
            if to.name in names[to.parent] and not _is_placed(self.verb, path, to):
                raise FileExistsError(
                    f"File already exists: {to}; it is not what {self.option} would make of "
                    f"{shown_path(path)}: give {self.option} another path or delete the file"
                )

    def _place_one(self, path: str, to: Path) -> None:
        try:
            VERBS[self.verb](path, to)
        except FileExistsError:
            raise FileExistsError(
                f"File already exists: {to}; another program has just created it: delete it, and "
                "run the same command again"
            ) from None
        except OSError as error:
            cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
            raise OSError(
                f"{self.option}: cannot {self.verb} {shown_path(path)} to {to} ({reason(cause)}); "
                f"{_remedy(path, cause)}"
            ) from error


def _names_in(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):  # the latter is reported when it is created
        return set()


def _remedy(path: str, error: OSError) -> str:
    if error.errno in _FULL:
        return "free some space and run the same command again: existing files stay"
    if not os.path.exists(path):
        return "the image was deleted after it was read: run again"
    return "choose another folder, or another one of --copy-to, --symlink-to and --hardlink-to"


def _is_placed(verb: str, path: str, to: Path) -> bool:
    """Returns whether a file is what placing the image there would create."""
    try:
        if verb == "symlink":
            return os.readlink(to) == os.path.abspath(path)
        if to.is_symlink() or os.path.realpath(path) == os.path.realpath(to):
            return False
        return os.path.samefile(path, to) if verb == "hardlink" else filecmp.cmp(path, to)
    except OSError:  # one of them is missing, not a link, or cannot be read
        return False


def _copy(path: str, to: Path) -> None:
    with _opened(path) as source, complete_file("the copy", to) as target:
        shutil.copyfileobj(source, target)
    with suppress(OSError):  # a file system without times or permissions; the copy is complete
        shutil.copystat(path, to)


def _symlink(path: str, to: Path) -> None:
    _opened(path).close()
    os.symlink(os.path.abspath(path), to)


def _hardlink(path: str, to: Path) -> None:
    _opened(path).close()
    os.link(os.path.realpath(path), to)


def _opened(path: str) -> BinaryIO:
    """Opens a regular file; opening a named pipe would block, and a device may never end."""
    file = os.open(path, READ_WITHOUT_WAITING)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(f"{shown_path(path)} is not a regular file: exclude it")
    return os.fdopen(file, "rb")


VERBS: dict[str, Callable[[str, Path], None]] = {
    "copy": _copy,
    "symlink": _symlink,
    "hardlink": _hardlink,
}
