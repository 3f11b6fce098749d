"""Arguments checked once, at the front doors, with errors that name value, bound and remedy."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def whole_number(
    name: str, value: Any, minimum: int | None = None, maximum: int | None = None
) -> int:
    """Returns ``value`` as an int.

    Raises:
        ValueError: if it is not a whole number, or out of its bounds

    >>> whole_number("target_count", 500)
    500
    """
    try:
        if isinstance(value, bool):  # a flag that slipped into the place of a number
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, got {value!r}") from None
    if minimum is not None and number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}")
    if maximum is not None and number > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {number}")
    return number


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """Returns ``value`` if it is one of the ``choices``, else raises a ValueError."""
    if value not in choices:
        *first, last = (f"'{choice}'" for choice in choices)
        expected = f"{', '.join(first)} or {last}"
        raise ValueError(f"{name} must be {expected}, got {value!r}")
    return str(value)


def path_list(image_paths: Iterable[str | os.PathLike[str]]) -> list[str]:
    """Returns the paths as a list of str, in their order.

    Raises:
        ValueError: if given one path instead of many, or something that is not a path
    """
    if isinstance(image_paths, (str, bytes, os.PathLike)):
        remedy = "put it in a list"
        if os.path.isdir(image_paths):
            remedy = "it is a folder, whose files pathlib.Path(folder).rglob('*.jpg') lists"
        raise ValueError(
            f"image_paths must be a list of paths, got the single path {image_paths!r}; {remedy}"
        )
    try:
        return [str(os.fsdecode(path)) for path in image_paths]  # NumPy has a str of its own
    except TypeError as error:
        raise ValueError(f"image_paths must be a list of str or Path objects: {error}") from None


def new_pngs(wanted: dict[str, Any]) -> list[Path | None]:
    """Returns the paths as places of PNGs that do not exist yet, None for None; makes the folders.

    Args:
        wanted: name of the parameter to what the user gave

    Raises:
        ValueError: if one is no path or does not end in ``.png``, or two are the same file
        FileExistsError: if a file exists
        OSError: if a folder cannot be made; names it
    """
    pngs = [_new_png(name, path) for name, path in wanted.items()]
    places = [png.absolute() for png in pngs if png is not None]
    if len(set(places)) < len(places):
        raise ValueError(f"{' and '.join(wanted)} are the same file: {places[0]}; give them two")
    for name, png in zip(wanted, pngs, strict=True):
        if png is not None:
            make_folder(name, png.parent)
    return pngs


def make_folder(name: str, folder: Path) -> None:
    """Makes a folder for what ``name`` asks for, if it is not there.

    Raises:
        OSError: if it cannot be made; names the folder and the reason
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"{name}: cannot make the folder {folder} ({error.strerror}); choose another one"
        ) from error


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
        raise ValueError(f"{name} must be a .png file path, got: {path}")
    return new_file(name, png)


def new_file(name: str, path: str | os.PathLike[str]) -> Path:
    """Returns ``path`` as a Path; raises FileExistsError rather than let a file be overwritten."""
    if os.path.lexists(path):
        raise FileExistsError(
            f"File already exists: {path}; give {name} another path or delete the file"
        )
    return Path(path)
