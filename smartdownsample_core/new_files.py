"""Places to write to: looked at before any work is done, and written as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from .checks import reason


def new_pngs(wanted: dict[str, Any]) -> list[Path | None]:
    """Returns the paths as places of PNGs that do not exist yet, None for None; makes the folders.

    Args:
        wanted: name of the parameter to what the user gave

    Raises:
        ValueError: if one is no path or does not end in ``.png``, or two are the same file
        FileExistsError: if a file exists
        OSError: if a folder cannot be made, or written to; names it
    """
    pngs = [new_path(name, path, (".png",)) for name, path in wanted.items()]
    places: dict[str, str] = {}
    for name, png in zip(wanted, pngs, strict=True):
        if png is not None:
            other = places.setdefault(os.path.realpath(png), name)
            if other != name:
                raise ValueError(f"{other} and {name} are the same file: {png}; give them two")
    for name, png in zip(wanted, pngs, strict=True):
        if png is not None:
            make_folder(name, png.parent)
    return pngs


def are_same(path: Path, other: Path) -> bool:
    """Whether two paths are those of one file, which need not exist."""
    return os.path.realpath(path) == os.path.realpath(other)


def make_folder(name: str, folder: Path) -> None:
    """Makes a folder for what ``name`` asks for, if it is not there, and tries to write to it.

    Raises:
        OSError: if that cannot be done; names the folder and the reason
    """
    verb = "make the folder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        verb = "write to the folder"
        # Tried, because permissions do not reveal read-only file systems, nor apply to root.
        with TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:  # a null character in its name, for the second
        raise OSError(
            f"{name}: cannot {verb} {folder} ({reason(error)}); choose another one"
        ) from error


@contextmanager
def writing(name: str, path: object) -> Iterator[None]:
    """Names the parameter, the file and the reason in the error of what cannot be written."""
    try:
        yield
    except (BrokenPipeError, FileExistsError):
        raise
    except OSError as error:
        raise OSError(
            f"{name}: cannot write {path} ({reason(error)}); choose another place"
        ) from error


def new_path(name: str, path: Any, endings: Sequence[str]) -> Path | None:
    """Returns what a user gave as the path of a file that does not exist yet, None for None.

    Raises:
        ValueError: if it is no path, or has none of the endings
        FileExistsError: if the file exists
    """
    if path is None:
        return None
    if not isinstance(path, (str, os.PathLike)):
        kind = "a boolean" if isinstance(path, bool) else repr(path)
        what, example = ("chart", "chart.png") if ".png" in endings else ("table", "why.csv")
        raise ValueError(
            f"{name} must be a file path string or None, not {kind}: {name}='{example}' "
            f"saves the {what}, None does not"
        )
    given = Path(path)
    if given.suffix.lower() not in endings:
        raise ValueError(
            f"{name} must be a {' or '.join(endings)} file path, got {os.fspath(path)!r}"
        )
    return new_file(name, given)


def new_file(name: str, path: str | os.PathLike[str]) -> Path:
    """Returns ``path`` as a Path.

    Raises:
        FileExistsError: rather than let a file be overwritten
        ValueError: if no file can have this name
    """
    try:
        with suppress(FileNotFoundError, PermissionError):
            os.lstat(os.path.basename(path))  # the folder may still have to be made
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return Path(path)
    except (OSError, ValueError) as error:  # too long, or a null character
        raise ValueError(
            f"{name}: no file can be named {os.fspath(path)!r} ({reason(error)}); choose another "
            "name"
        ) from None
    what = "folder" if os.path.isdir(path) else "file"
    raise FileExistsError(
        f"{what.capitalize()} already exists: {path}; give {name} another path or delete the {what}"
    )
