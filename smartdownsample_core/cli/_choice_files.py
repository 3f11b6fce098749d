"""The files that say which images to keep: vectors, labels, and lists of images."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..checks import reason
from ..report import ERRORS

#: The word that stands for a table of the folders.
BY_FOLDER = "folder"


def vectors_of(path: str | None) -> object:
    """Returns what ``--features`` names, None for None.

    Raises:
        ValueError: if it cannot be read, or is no ``.npy`` file
    """
    if path is None:
        return None
    try:
        vectors = np.load(path, allow_pickle=False)
    except OSError as error:
        raise ValueError(
            f"--features: cannot read {path} ({reason(error)}); name a .npy file"
        ) from None
    except (ValueError, EOFError):  # NumPy's advice would be to trust the file
        vectors = None
    if not isinstance(vectors, np.ndarray):  # a .npz has several
        raise ValueError(
            f"--features must be a .npy file of numbers, as numpy.save writes it: {path}"
        )
    return vectors


def labels_of(table: str | None, paths: Sequence[str]) -> list[str | None] | None:
    """Returns the label that the table of ``--stratify-by`` has for each path, None for None.

    Raises:
        ValueError: if it cannot be read, or has none for all of them
    """
    if table is None:
        return None
    if table == BY_FOLDER:
        return [os.path.dirname(path) or os.curdir for path in paths]
    remedy = f"name a .csv of paths and labels, or say {BY_FOLDER}"
    rows = _table("--stratify-by", table, remedy)
    labels = {os.path.abspath(path): label for path, label, *_ in (r for r in rows if len(r) > 1)}
    found = [labels.get(os.path.abspath(path)) for path in paths]
    if not any(found):
        raise ValueError(
            f"--stratify-by {table} has a label for none of the images; its first two columns must "
            "be path and label, with paths as seen from here"
        )
    return [label or None for label in found]


def rows_of(listed: str | None, paths: Sequence[str]) -> list[int]:
    """Returns the positions of the images that the file of ``--keep`` lists; of None, none.

    Raises:
        ValueError: if it cannot be read, lists none, or others than these
    """
    if listed is None:
        return []
    rows = {os.path.abspath(path): row for row, path in enumerate(paths)}
    remedy = "name a list of paths"
    if listed.lower().endswith(".csv"):  # such as --output writes
        header, *lines = _table("--keep", listed, remedy) or [[]]
        place = header.index("path") if "path" in header else len(header)
        wanted = [line[place] for line in lines if len(line) > place]
    else:
        wanted = _text("--keep", listed, remedy).split("\n")
    wanted = [path for path in wanted if path.strip()]
    if not wanted:
        raise ValueError(
            f"--keep {listed} lists no images; it must have a path a line, or be a .csv with a "
            "column 'path'"
        )
    missing = [path for path in wanted if os.path.abspath(path) not in rows]
    if missing:
        raise ValueError(
            f"--keep {listed} names {len(missing):,} files that are not among the images, the "
            f"first is {missing[0]}; name them as PATH, too, or take them out of the list"
        )
    return [rows[os.path.abspath(path)] for path in wanted]


def _table(option: str, path: str, remedy: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(_text(option, path, remedy)), strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise ValueError(
            f"{option}: {path} is no CSV table ({error}, in line {reader.line_num:,}); close the "
            'quotes that it opens, and double those that are part of a name, as in "a ""b"".jpg"'
        ) from None


def _text(option: str, path: str, remedy: str) -> str:
    """Reads a text whose lines may end as on Windows."""
    try:
        return Path(path).read_text(encoding="utf-8-sig", errors=ERRORS)
    except (OSError, ValueError) as error:
        raise ValueError(f"{option}: cannot read {path} ({reason(error)}); {remedy}") from None
