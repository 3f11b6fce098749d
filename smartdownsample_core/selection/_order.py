"""Natural order: directory by directory, numbers by value.

The order is that of natsort on the parts of the paths. A natsort key takes about 10 us, so ASCII
names are split into texts and numbers here, thousands at a time; all others go through natsort,
which knows the Unicode rules.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any, cast

import numpy as np
from natsort import natsort_keygen
from numpy.typing import NDArray

_NUMBER = re.compile("[0-9]+")
_CHUNK = 10_000

# In a sort key: the end of a part comes first, then numbers, then all other characters.
_END_OF_PART = "\x01"
_LOW_DIGITS = {ord(digit): chr(2 + value) for value, digit in enumerate("0123456789")}
_DIGITS = 12

#: Rank of a missing part: a path comes before longer paths that begin with it.
_NOTHING = -1

_natsort_key = natsort_keygen()


def natural_order(paths: Sequence[str | os.PathLike[str]]) -> NDArray[np.int64]:
    """Sorts paths part by part in natural order, so that directories are never interleaved.

    Args:
        paths: n paths

    Returns:
        ``(n,)`` int64; the positions of the paths in natural order. For names that natsort treats
        as equal, such as ``1`` and ``01``, the following parts decide, then the input order

    >>> natural_order(["cam10/1.jpg", "cam2/10.jpg", "cam2/9.jpg"]).tolist()
    [2, 1, 0]
    """
    folders: dict[str | tuple[str, ...], int] = {}
    folder_of: list[int] = []
    names: list[str] = []
    for path in map(cast("Callable[[Any], str]", os.fspath), paths):
        cut = path.rfind("/") + 1
        folder: str | tuple[str, ...] = path[:cut]
        name = path[cut:]
        if name in ("", ".") or os.sep != "/":
            *above, name = PurePath(path).parts or ("",)
            folder = tuple(above)
        folder_of.append(folders.setdefault(folder, len(folders)))
        names.append(name)

    parts = [f if isinstance(f, tuple) else PurePath(f).parts for f in folders]
    depths = np.array([len(part) for part in parts], np.int64)
    ranks = _natural_ranks([*names, *(name for part in parts for name in part)])
    folder_ranks = np.full((len(parts), depths.max(initial=0) + 1), _NOTHING)
    folder_ranks[np.arange(folder_ranks.shape[1]) < depths[:, None]] = ranks[len(names) :]
    path_ranks = folder_ranks[folder_of]
    path_ranks[np.arange(len(names)), depths[folder_of]] = ranks[: len(names)]
    return _sort(list(path_ranks.T))


def sort_key(path: str) -> str:
    """Returns a text that sorts in natural order, for databases.

    Equals :func:`natural_order` for ASCII names whose numbers have at most 12 digits.

    >>> sorted(["cam10/1.jpg", "cam2/10.jpg", "cam2/9.jpg"], key=sort_key)
    ['cam2/9.jpg', 'cam2/10.jpg', 'cam10/1.jpg']
    """
    parts = (_NUMBER.sub(_padded, part) for part in PurePath(path).parts)
    return _END_OF_PART.join(parts)


def _padded(number: re.Match[str]) -> str:
    return number[0].lstrip("0").rjust(_DIGITS, "0").translate(_LOW_DIGITS)


def _natural_ranks(names: Sequence[str]) -> NDArray[np.int64]:
    """Ranks names in natural order, ``(n,)``; names that natsort treats as equal share a rank.

    A name is a pattern (``IMG_0.jpg``) and the numbers that replace its zeros.
    """
    patterns, numbers = _patterns_and_numbers(names)
    distinct = {pattern: index for index, pattern in enumerate(dict.fromkeys(patterns))}
    pattern_of = np.array([distinct[pattern] for pattern in patterns], np.int64)
    texts = [pattern.split("0") for pattern in distinct]
    counts = np.array([len(text) - 1 for text in texts], np.int64)[pattern_of]
    starts = np.cumsum(counts) - counts
    columns = []
    for place in range(counts.max(initial=0) + 1):
        columns.append(_text_ranks(texts, place)[pattern_of])
        column = np.full(len(names), _NOTHING)
        there = counts > place
        column[there] = numbers[starts[there] + place]
        columns.append(column)

    order = _sort(columns)
    is_new = np.zeros(len(names), bool)
    for column in columns:
        is_new[1:] |= np.diff(column[order]) != 0
    ranks = np.empty(len(names), np.int64)
    ranks[order] = np.cumsum(is_new)
    return ranks


def _patterns_and_numbers(names: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Returns the pattern of each name, and the numbers of all names concatenated."""
    patterns: list[str] = []
    numbers: list[int] = []
    for start in range(0, len(names), _CHUNK):
        chunk = names[start : start + _CHUNK]
        joined = "\n".join(chunk)
        if joined.isascii() and joined.count("\n") == len(chunk) - 1:
            patterns += _NUMBER.sub("0", joined).split("\n")
            numbers += map(int, _NUMBER.findall(joined))
            continue
        for name in chunk:
            key: tuple[Any, ...] = _natsort_key(name) or ("",)  # text, number, text, ...
            patterns.append("0".join(key[::2]) + ("" if len(key) % 2 else "0"))
            numbers += key[1::2]
    try:
        return patterns, np.array(numbers, np.int64)
    except OverflowError:  # numbers of more than 18 digits: ranks suffice
        values = {value: rank for rank, value in enumerate(sorted(set(numbers)))}
        return patterns, np.array([values[number] for number in numbers], np.int64)


def _text_ranks(texts: list[list[str]], place: int) -> NDArray[np.int64]:
    """Ranks patterns by their text at a place, ``(len(texts),)``."""
    found = [text[place] if place < len(text) else "" for text in texts]
    # An empty text counts before the first number of a name, but not at its end.
    absent = [not t and (place > 0 or len(text) == 1) for t, text in zip(found, texts, strict=True)]
    values = {text: rank for rank, text in enumerate(sorted(set(found)))}
    ranks = np.array([values[text] for text in found], np.int64)
    return np.where(absent, _NOTHING, ranks)


def _sort(columns: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Sorts rows by the first column, then the second, ...; equal rows keep their order."""
    varying = [column for column in columns if len(column) and (column != column[0]).any()]
    return np.lexsort(varying[::-1]) if varying else np.arange(len(columns[0]))
