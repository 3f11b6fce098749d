"""Arguments checked once, at the front doors, with errors that name value, bound and remedy."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from .rules import MAX_HASH_SIZE, MIN_HASH_SIZE

#: The largest whole number that the arrays of numpy hold.
LARGEST = 2**63 - 1

_ANY_PATH = (str, bytes, os.PathLike)
_LONGEST_SHOWN = 100


def whole_number(name: str, value: Any, minimum: int = -LARGEST, maximum: int = LARGEST) -> int:
    """Returns ``value`` as an int.

    Raises:
        ValueError: if it is not a whole number, or out of its bounds

    >>> whole_number("target_count", 500)
    500
    >>> whole_number("hash_size", 3, 4, 64)
    Traceback (most recent call last):
    ValueError: hash_size must be a whole number from 4 to 64, got 3
    """
    try:
        if isinstance(value, bool):  # a flag that slipped into the place of a number
            raise TypeError
        number = value = operator.index(value)
        if minimum <= number <= maximum:
            return number
    except TypeError:
        number = 0
    # The bounds of 64 bits are named to those only who meet them.
    has_minimum = minimum > -LARGEST or number < -LARGEST
    has_maximum = maximum < LARGEST or number > LARGEST
    bounds = {
        (False, False): "",
        (True, False): f" of at least {minimum:,}",
        (False, True): f" of at most {maximum:,}",
        (True, True): f" from {minimum:,} to {maximum:,}",
    }
    words = bounds[has_minimum, has_maximum]
    raise ValueError(f"{name} must be a whole number{words}, got {shown(value)}")


def check_hash_size(hash_size: Any) -> int:
    """Returns ``hash_size`` if it is a whole number from 4 to 64, else raises a ValueError."""
    return whole_number("hash_size", hash_size, MIN_HASH_SIZE, MAX_HASH_SIZE)


def one_of(name: str, value: Any, choices: Sequence[str], others: str = "") -> str:
    """Returns ``value`` if it is one of the ``choices``, else raises a ValueError.

    ``others`` words what the caller takes besides.
    """
    if not isinstance(value, str) or value not in choices:
        *first, last = [*(f"'{choice}'" for choice in choices), *([others] if others else [])]
        raise ValueError(f"{name} must be {', '.join(first)} or {last}, got {shown(value)}")
    return str(value)


def flag(name: str, value: Any) -> bool:
    """Returns ``value`` as a bool, else raises a ValueError: ``"False"`` would count as true."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def shown(value: Any) -> str:
    """Returns a value as it is written in Python; of what takes many lines, the type.

    >>> shown("8"), shown(range(3)), shown([None] * 100)
    ("'8'", 'range(0, 3)', 'a list')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and value.bit_length() > _LONGEST_SHOWN:
        return f"a number of {value.bit_length():,} bits"
    text = repr(value)
    is_short = len(text) <= _LONGEST_SHOWN and "\n" not in text and " at 0x" not in text
    return text if is_short else f"a {type(value).__name__}"


def shown_path(path: str) -> str:
    r"""Returns a path as people see it; as it is written in Python if they would not see all of it.

    >>> shown_path("/a b.jpg"), shown_path("/a.jpg\r"), shown_path("")
    ('/a b.jpg', "'/a.jpg\\r'", "''")
    """
    is_seen = path.isprintable() and path == path.strip() != ""
    return path if is_seen else repr(path)


def unreadable(path: str, why: object) -> OSError:
    """Returns the error of an image file that cannot be read."""
    return OSError(f"Cannot read image file: {shown_path(path)} ({why})")


def listed(name: str, values: Any, expected: str, remedy: str = "") -> list[Any]:
    """Returns what there is several of as a list.

    Args:
        name: of the parameter
        values: what the user gave
        expected: words what a list it must be
        remedy: words what to do about one value

    Raises:
        ValueError: for one value, a dict or a table, each with the way out
    """
    if isinstance(values, Mapping) or hasattr(values, "columns"):
        one = "its keys or of its values" if isinstance(values, Mapping) else "one of its columns"
        raise ValueError(
            f"{name} must be {expected}, got a {type(values).__name__}; make a list of {one}"
        )
    try:
        if not isinstance(values, _ANY_PATH):
            return list(values)
    except TypeError:  # of no dimensions, or no list at all
        pass
    raise ValueError(f"{name} must be {expected}, got {shown(values)}{remedy}")


def path_list(
    image_paths: Iterable[Any], name: str = "image_paths", others: tuple[type, ...] = ()
) -> list[Any]:
    """Returns the paths as a list of str, in their order, and what is of ``others`` as it is.

    Raises:
        ValueError: if given one path instead of many, or something that is not a path
    """
    if isinstance(image_paths, (*_ANY_PATH, *others)):
        remedy = "put it in a list"
        if isinstance(image_paths, _ANY_PATH) and os.path.isdir(image_paths):
            remedy = "it is a folder, whose files pathlib.Path(folder).rglob('*.jpg') lists"
        raise ValueError(
            f"{name} must be a list of paths, got the single path {image_paths!r}; {remedy}"
        )
    paths = listed(name, image_paths, "a list of str or Path objects")
    for place, path in enumerate(paths):
        if type(path) is str:  # nearly all, and each is looked at again on its way
            continue
        if isinstance(path, _ANY_PATH):
            paths[place] = str(os.fsdecode(path))  # NumPy has a str of its own
        elif not isinstance(path, others):
            raise ValueError(
                f"{name} must be a list of str or Path objects, got {shown(path)} at position "
                f"{place:,}; list the files, as pathlib.Path(folder).rglob('*.jpg') does"
            )
    return paths


def new_pngs(wanted: dict[str, Any]) -> list[Path | None]:
    """Returns the paths as places of PNGs that do not exist yet, None for None; makes the folders.

    Args:
        wanted: name of the parameter to what the user gave

    Raises:
        ValueError: if one is no path or does not end in ``.png``, or two are the same file
        FileExistsError: if a file exists
        OSError: if a folder cannot be made, or written to; names it
    """
    pngs = [_new_png(name, path) for name, path in wanted.items()]
    places = [os.path.realpath(png) for png in pngs if png is not None]
    if len(set(places)) < len(places):
        raise ValueError(f"{' and '.join(wanted)} are the same file: {places[0]}; give them two")
    for name, png in zip(wanted, pngs, strict=True):
        if png is not None:
            make_folder(name, png.parent)
    return pngs


def make_folder(name: str, folder: Path) -> None:
    """Makes a folder for what ``name`` asks for, if it is not there, and tries to write to it.

    Raises:
        OSError: if that cannot be done; names the folder and the reason
    """
    verb = "make the folder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        verb = "write to the folder"
        # Tried, as rights alone do not say so: of a file system that is read-only, or of root.
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
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(
            f"{name}: cannot write {path} ({reason(error)}); choose another place"
        ) from error


def reason(error: BaseException) -> str:
    """Words why something failed, without the names that the operating system adds."""
    text = getattr(error, "strerror", None) or " ".join(str(error).split())
    return text or type(error).__name__


def _new_png(name: str, path: Any) -> Path | None:
    if path is None:
        return None
    if not isinstance(path, (str, os.PathLike)):
        kind = "a boolean" if isinstance(path, bool) else repr(path)
        raise ValueError(
            f"{name} must be a file path string or None, not {kind}: {name}='chart.png' "
            "saves the chart, None does not"
        )
    png = Path(path)
    if png.suffix.lower() != ".png":
        raise ValueError(f"{name} must end in .png, got {os.fspath(path)!r}")
    return new_file(name, png)


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
    raise FileExistsError(
        f"File already exists: {path}; give {name} another path or delete the file"
    )
