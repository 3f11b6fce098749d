"""The files that say which images to keep: vectors, labels, and lists of images."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..checks import reason, shown_path
from ..text_files import in_windows_text, looks_binary, names_in, text_of
from ._by_name import ByName

#: The word that stands for a table of the folders.
BY_FOLDER = "folder"

#: What columns are separated by, the usual first.
_SEPARATORS = ",;\t"


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


def labels_of(table: str | None, paths: Sequence[str]) -> list[str | list[str] | None] | None:
    """Returns the labels that the table of ``--stratify-by`` has for each path, None for None.

    What is not labelled, and a table of which lines name no image, is said on standard error.

    Raises:
        ValueError: if it cannot be read, or has labels for none of the images
    """
    if table is None:
        return None
    if table == BY_FOLDER:
        return [os.path.dirname(path) or os.curdir for path in paths]
    text = _text("--stratify-by", table, f"name a .csv of paths and labels, or say {BY_FOLDER}")
    images = ByName(paths)
    lines = _rows("--stratify-by", table, text, lambda rows: _n_found(rows, images))
    labels, unknown = _labels(lines, images, len(paths))
    unlabelled = [path for path, label in zip(paths, labels, strict=True) if not label]
    if len(unlabelled) == len(paths):
        example = f"it has {shown_path(unknown[0])}" if unknown else "it has no such lines"
        raise ValueError(
            f"--stratify-by {table} has a label for none of the images; its first two columns must "
            f"be path and label, with paths as seen from here: {example}, and an image is "
            f"{shown_path(paths[0]) if paths else 'missing'}"
        )
    if unlabelled:
        others = f"; {len(unknown):,} of its {len(lines):,} lines name no image" if unknown else ""
        example = f", such as {shown_path(unknown[0])}" if unknown else ""
        print(
            f"Warning: --stratify-by {table} has no label for {len(unlabelled):,} of "
            f"{len(paths):,} images, such as {shown_path(unlabelled[0])}{others}{example}",
            file=sys.stderr,
        )
    return labels


def _labels(
    lines: list[list[str]], images: ByName, n: int
) -> tuple[list[str | list[str] | None], list[str]]:
    """Returns the labels of each of n images, and the paths that are none of them.

    A path that differs in form alone counts for an image that has no line of its own.
    """
    found: list[list[str]] = [[] for _ in range(n)]
    others = []
    for path, label, *_ in lines:
        row = images.row(path)
        if row is None:
            others.append((path, label))
        else:
            found[row].append(label)
    own = [bool(labels) for labels in found]
    unknown = []
    for path, label in others:
        row = images.row_alike(path)
        if row is None:
            unknown.append(path)
        elif not own[row]:
            found[row].append(label)
    named = (sorted({in_windows_text(label) for label in labels if label}) for labels in found)
    return [labels[0] if len(labels) == 1 else labels or None for labels in named], unknown


def rows_of(listed: str | None, paths: Sequence[str]) -> list[int]:
    """Returns the positions of the images that the file of ``--keep`` lists; of None, none.

    Raises:
        ValueError: if it cannot be read, lists none, or others than these
    """
    if listed is None:
        return []
    wanted = list(filter(str.strip, _listed_in(listed)))
    if not wanted:
        raise ValueError(
            f"--keep {listed} lists no images; it must have a path a line, or be a .csv with a "
            "column 'path', or a .json as --output writes"
        )
    images = ByName(paths)
    rows = []
    missing = []
    for path in wanted:
        row = images.row(path)
        row = images.row_alike(path) if row is None else row
        if row is None:
            missing.append(path)
        else:
            rows.append(row)
    if missing:
        example = f"; an image is {shown_path(paths[0])}" if paths else ""
        raise ValueError(
            f"--keep {listed} names {len(missing):,} files that are not among the images, the "
            f"first is {shown_path(missing[0])}{example}; name them as PATH, too, or take them out "
            "of the list"
        )
    return list(dict.fromkeys(rows))


def _listed_in(listed: str) -> list[str]:
    """Returns the paths in a list of any kind that ``--output`` writes."""
    text = _text("--keep", listed, "name a list of paths")
    if listed.lower().endswith(".json"):
        try:
            return [str(image["path"]) for image in json.loads(text)["kept"]]
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f"--keep {listed} is not as --output writes a .json; make a list of paths of it"
            ) from None
    if listed.lower().endswith((".csv", ".tsv")):
        header, *lines = _rows("--keep", listed, text, lambda rows: "path" in rows[0]) or [[]]
        place = header.index("path") if "path" in header else len(header)
        return [line[place] for line in lines if len(line) > place]
    return list(names_in(text))


def _n_found(rows: list[list[str]], images: ByName) -> int:
    return sum(
        images.row(row[0]) is not None or images.row_alike(row[0]) is not None for row in rows
    )


def _rows(
    option: str, path: str, text: str, fit: Callable[[list[list[str]]], int]
) -> list[list[str]]:
    """Returns a table's rows of two columns or more, by the separator that fits best.

    Args:
        option: that names the table
        path: of the table
        text: what it holds
        fit: says of rows, at least one, how well they fit

    Raises:
        ValueError: if it is no table by any separator; of the first one
    """
    first, _, rest = text.partition("\n")
    text = rest if first.strip().startswith("sep=") else text  # which is for spreadsheets
    tables: list[list[list[str]]] = [[]]
    problem = ""
    for separator in _SEPARATORS:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
        try:
            tables.append([row for row in reader if len(row) > (option != "--keep")])
        except csv.Error as error:
            problem = problem or f"{error}, in line {reader.line_num:,}"
    best = max(tables, key=lambda rows: fit(rows) if rows else -1)
    if problem and not (best and fit(best)):
        raise ValueError(
            f"{option}: {path} is no CSV table ({problem}); close the "
            'quotes that it opens, and double those that are part of a name, as in "a ""b"".jpg"'
        )
    return best


def _text(option: str, path: str, remedy: str) -> str:
    try:
        text = text_of(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(f"{option}: cannot read {path} ({reason(error)}); {remedy}") from None
    if looks_binary(text):
        raise ValueError(f"{option}: {path} holds binary data, and no text; {remedy}")
    return text
