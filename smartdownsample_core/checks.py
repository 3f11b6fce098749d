"""Checks of arguments, with errors that name the value, the bound and the remedy."""

from __future__ import annotations

import difflib
import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, TypeGuard

import numpy as np

from .errors import ParameterError

#: The largest whole number that numpy arrays hold.
LARGEST = 2**63 - 1

_ANY_PATH = (str, bytes, os.PathLike)
_LONGEST_SHOWN = 100
_LONGEST_PATH_SHOWN = 500


def whole_number(name: str, value: Any, minimum: int = -LARGEST, maximum: int = LARGEST) -> int:
    """Returns ``value`` as an int.

    Raises:
        ValueError: if it is not a whole number, or out of its bounds

    >>> whole_number("target_count", 500)
    500
    """
    try:
        if isinstance(value, bool):  # a flag in the place of a number
            raise TypeError
        number = value = operator.index(value)
        if minimum <= number <= maximum:
            return number
    except TypeError:
        number = 0
    # Bounds of 64 bits are mentioned only to callers that exceed them.
    has_minimum = minimum > -LARGEST or number < -LARGEST
    has_maximum = maximum < LARGEST or number > LARGEST
    bounds = {
        (False, False): "",
        (True, False): f" of at least {minimum:,}",
        (False, True): f" of at most {maximum:,}",
        (True, True): f" from {minimum:,} to {maximum:,}",
    }
    words = bounds[has_minimum, has_maximum]
    raise ParameterError(name, f"must be a whole number{words}, got {{value}}", value=shown(value))


def number(name: str, value: Any, minimum: float, maximum: float) -> float:
    """Returns ``value`` if it is a number within the bounds, else raises a ParameterError."""
    if is_number(value, minimum, maximum):
        return value
    bounds = f"of at least {minimum:g}"
    if maximum < float("inf"):
        bounds = f"from {minimum:g} to {maximum:g}"
    if isinstance(value, float) and value.is_integer():  # the command line reads 200 as 200.0
        value = int(value)
    raise ParameterError(name, f"must be a number {bounds}, got {{value}}", value=shown(value))


def is_number(value: Any, minimum: float, maximum: float) -> TypeGuard[float]:
    """Whether ``value`` is a number within the bounds, which are included."""
    is_real = isinstance(value, Real) and not isinstance(value, bool)
    return is_real and bool(minimum <= value <= maximum)


def one_of(name: str, value: Any, choices: Sequence[str], others: str = "") -> str:
    """Returns ``value`` if it is one of the ``choices``, else raises a ParameterError.

    ``others`` describes further values that the caller accepts.
    """
    if not isinstance(value, str) or value not in choices:
        *first, last = [*(f"'{choice}'" for choice in choices), *([others] if others else [])]
        allowed = f"{', '.join(first)} or {last}" if first else last
        raise ParameterError(
            name, "must be {allowed}, got {value}", allowed=allowed, value=shown(value)
        )
    return str(value)


def flag(name: str, value: Any) -> bool:
    """Returns ``value`` as a bool; raises a ParameterError, as ``"False"`` would count as true."""
    if not isinstance(value, (bool, np.bool_)):
        raise ParameterError(name, "must be True or False, got {value}", value=shown(value))
    return bool(value)


def shown(value: Any) -> str:
    """Returns a value as Python writes it, or its type if that is long.

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
    r"""Returns a path for messages, as Python writes it if it has invisible characters.

    Very long paths are shortened in the middle.

    >>> shown_path("/a b.jpg"), shown_path("/a.jpg\r"), shown_path("")
    ('/a b.jpg', "'/a.jpg\\r'", "''")
    """
    if len(path) > _LONGEST_PATH_SHOWN:
        path = f"{path[: _LONGEST_PATH_SHOWN // 2]}...{path[-_LONGEST_PATH_SHOWN // 2 :]}"
    is_seen = path.isprintable() and path == path.strip() != ""
    return path if is_seen else repr(path)


#: Errors of image files with a type of their own, and the beginning of their messages.
KINDS_OF_ERRORS: dict[type[OSError], str] = {
    FileNotFoundError: "File not found: ",
    PermissionError: "Permission denied: ",
}


def unreadable(path: str, why: object) -> OSError:
    """Returns the error of an image file that cannot be read."""
    return OSError(f"Cannot read image file: {shown_path(path)} ({why})")


def listed(name: str, values: Any, expected: str, remedy: str = "") -> list[Any]:
    """Returns several values as a list.

    Args:
        name: of the parameter
        values: the argument
        expected: description of the list, for errors
        remedy: remedy for a single value, for errors

    Raises:
        ValueError: for a single value, a dict or a table
    """
    if isinstance(values, Mapping) or hasattr(values, "columns"):
        one = "its keys or of its values" if isinstance(values, Mapping) else "one of its columns"
        raise ParameterError(
            name,
            "must be {expected}, got a {kind}",
            f"make a list of {one}",
            expected=expected,
            kind=type(values).__name__,
        )
    try:
        if not isinstance(values, _ANY_PATH):
            return list(values)
    except TypeError:  # an array without dimensions, or not iterable
        pass
    raise ParameterError(
        name, "must be {expected}, got {value}", remedy, expected=expected, value=shown(values)
    )


def path_list(
    image_paths: Iterable[Any], name: str = "image_paths", others: tuple[type, ...] = ()
) -> list[Any]:
    """Returns the paths as a list of str; values of the types ``others`` stay as they are.

    Raises:
        ValueError: for one path instead of several, or for something that is not a path
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
        if type(path) is str:  # nearly all
            continue
        if isinstance(path, _ANY_PATH):
            paths[place] = str(os.fsdecode(path))  # NumPy has a str of its own
        elif not isinstance(path, others):
            raise ValueError(
                f"{name} must be a list of str or Path objects, got {shown(path)} at position "
                f"{place:,}; list the files, as pathlib.Path(folder).rglob('*.jpg') does"
            )
    return paths


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns the known name that is nearest to a wrong one as a hint; else all of them."""
    names = list(known)
    near = nearest_name(name, names)
    return f"did you mean {near!r}?" if near else f"it takes {', '.join(names)}"


def nearest_name(name: str, known: Iterable[str], alike: float = 0.6) -> str | None:
    """Returns the known name that a misspelt one may stand for; None if none is as much alike.

    >>> nearest_name("stratify", ["strategy", "stratify_by"]), nearest_name("photos", ["select"])
    ('stratify_by', None)
    """
    return next(iter(difflib.get_close_matches(name, list(known), 1, alike)), None)


def reason(error: BaseException) -> str:
    """Returns why something failed, without the file names that the operating system adds."""
    text = getattr(error, "strerror", None) or " ".join(str(error).split())
    return text or type(error).__name__
