"""Files that options name: vectors, labels, and lists of images."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Container, Sequence
from pathlib import Path

import numpy as np

from ..annotations import ByName
from ..checks import reason, shown_path
from ..selection import BUILT_IN, FOLDER, is_of_path, labels_of_paths
from ..text_files import in_windows_text, looks_binary, names_in, text_of
from ._other_programs import KEY, LABELS_KEY

#: Separators of columns, the most common first.
_SEPARATORS = ",;\t"

#: Keys that other programs' files give, and the options that name these.
_OF_OTHERS = {
    LABELS_KEY: "--coco or --yolo",
    KEY: "--detections",
    **dict.fromkeys(("species", "sequence", "location"), "--camtrap-dp"),
}

#: What a header calls the column of paths.
_HEADERS = ("file", "filename", "filepath", "image", "name", "path")


def vectors_of(path: str | None) -> object:
    """Returns the array of ``--features``, None for None.

    Raises:
        ValueError: if the file cannot be read, or is not an ``.npy`` file
    """
    if path is None:
        return None
    try:
        vectors = np.load(path, allow_pickle=False)
    except OSError as error:
        raise ValueError(
            f"--features: cannot read {path} ({reason(error)}); name an .npy file"
        ) from None
    except (ValueError, EOFError):  # NumPy would advise to trust the file
        vectors = None
    if not isinstance(vectors, np.ndarray):  # a .npz has several
        raise ValueError(
            f"--features must be an .npy file of numbers, as numpy.save writes it, got {path}"
        )
    return vectors


def labels_of(
    option: str, table: str | None, paths: Sequence[str], what: str = "label"
) -> list[str | list[str] | None] | None:
    """Returns the labels that the table of an option has for each path, None for None.

    Warns on standard error about images without a label and lines that name no image.

    Args:
        option: such as ``--stratify-by``
        table: the path of a table, or ``"folder"``
        paths: of n images
        what: what the second column has

    Raises:
        ValueError: if the table cannot be read, or has no label for any image
    """
    if table is None:
        return None
    if is_of_path(table):
        setting = option[2:].replace("-", "_")
        return list(labels_of_paths(table, paths, setting))
    remedy = f"name a .csv of paths and {what}s" + (
        f", or use '{FOLDER}'" if what != "time" else ""
    )
    if (needed := _OF_OTHERS.get(table)) and not os.path.exists(table):
        raise ValueError(f"{option}: the key {table!r} needs {needed}; add it, or {remedy}")
    text = _text(option, table, remedy)
    images = ByName(paths, os.path.dirname(table))
    lines = _rows(
        option,
        table,
        text,
        lambda rows: sum(images.find(row[0]) is not None for row in rows),
    )
    if lines and lines[0][0].casefold() in _HEADERS and images.find(lines[0][0]) is None:
        del lines[0]
    labels, unknown = _labels(lines, images, len(paths))
    unlabelled = [path for path, label in zip(paths, labels, strict=True) if not label]
    if len(unlabelled) == len(paths):
        example = f"it has {shown_path(unknown[0])}" if unknown else "it has no such lines"
        raise ValueError(
            f"{option} {table} has no {what} for any of the images; its first two columns must "
            f"be path and {what}, with paths as seen from here or from its folder: {example}, and "
            "an image is "
            f"{shown_path(paths[0]) if paths else 'missing'}"
        )
    if unlabelled:
        others = f"; {len(unknown):,} of its {len(lines):,} lines name no image" if unknown else ""
        example = f", such as {shown_path(unknown[0])}" if unknown else ""
        print(
            f"Warning: {option} {table} has no {what} for {len(unlabelled):,} of "
            f"{len(paths):,} images, such as {shown_path(unlabelled[0])}{others}{example}",
            file=sys.stderr,
        )
    return labels


def times_of(option: str, table: str | None, paths: Sequence[str]) -> list[str | None] | None:
    """Returns the time that a table has for each path, as text, None for None.

    Raises:
        ValueError: as :func:`labels_of`, or if it has several times for an image
    """
    found = labels_of(option, table, paths, "time")
    if found is None:
        return None
    for path, times in zip(paths, found, strict=True):
        if isinstance(times, list):
            raise ValueError(
                f"{option} {table} has several times for {shown_path(path)}: {', '.join(times)}; "
                "name each image once"
            )
    return [time if isinstance(time, str) else None for time in found]


def is_key(text: str | None, keys: Container[str] | None) -> bool:
    """Whether a text names keys, such as ``site+daynight``, rather than a table of labels."""
    known = (part in BUILT_IN or part in (keys or ()) for part in (text or "").split("+"))
    return bool(text) and text != "label" and all(known)


def keys_of(
    option: str, table: str | None, paths: Sequence[str]
) -> dict[str, list[str | list[str] | None]] | None:
    """Returns the labels that the columns of a table have for each path, None for None.

    The first row names the columns; the first column, or the one named ``path``, has the paths.

    Raises:
        ValueError: if the table cannot be read, or has no row for any image
    """
    if table is None:
        return None
    text = _text(option, table, "name a .csv with a header, of paths and labels")
    images = ByName(paths, os.path.dirname(table))

    def n_found(rows: list[list[str]]) -> int:
        return sum(any(images.find(cell) is not None for cell in row) for row in rows)

    header, *lines = _rows(option, table, text, n_found) or [[]]
    place = header.index("path") if "path" in header else 0
    found: dict[str, list[str | list[str] | None]] = {}
    unknown: list[str] = []
    for column, name in enumerate(header):
        if column != place:
            pairs = [[row[place], row[column]] for row in lines if len(row) > max(place, column)]
            found[name], unknown = _labels(pairs, images, len(paths))
    for name in sorted(found.keys() & set(BUILT_IN)):
        print(
            f"Warning: {option} {table}: its column {name!r} is not used, because {name} has a "
            "meaning of its own here; give the column another name",
            file=sys.stderr,
        )
        del found[name]
    if not any(any(labels) for labels in found.values()):
        example = f"; it has {shown_path(unknown[0])}" if unknown else ""
        raise ValueError(
            f"{option} {table} has no label for any of the images{example}; it must have a header, "
            "and a column of paths as seen from here or from its folder"
        )
    return found


def _labels(
    lines: list[list[str]], images: ByName, n: int
) -> tuple[list[str | list[str] | None], list[str]]:
    """Returns the labels of each of n images, and the paths that match none of them.

    Paths that differ in form alone count only for images that no line names exactly.
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
    """Returns the indices of the images that the file of ``--keep`` lists; empty for None.

    Raises:
        ValueError: if the file cannot be read, lists no images, or lists others
    """
    if listed is None:
        return []
    wanted = list(filter(str.strip, _listed_in(listed)))
    if not wanted:
        raise ValueError(
            f"--keep {listed} lists no images; it must have one path per line, or be a .csv with a "
            "column 'path' or a .json that --output wrote"
        )
    images = ByName(paths, os.path.dirname(listed))
    rows = []
    missing = []
    for path in wanted:
        row = images.find(path)
        if row is None:
            missing.append(path)
        else:
            rows.append(row)
    if missing:
        example = f"; an image is {shown_path(paths[0])}" if paths else ""
        raise ValueError(
            f"--keep {listed} names {len(missing):,} files that are not among the images, the "
            f"first is {shown_path(missing[0])}{example}; add them as PATH, or remove them from "
            "the list"
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
                f"--keep {listed} is not a .json that --output wrote; use a list of paths"
            ) from None
    if listed.lower().endswith((".csv", ".tsv")):
        header, *lines = _rows("--keep", listed, text, lambda rows: "path" in rows[0]) or [[]]
        place = header.index("path") if "path" in header else len(header)
        return [line[place] for line in lines if len(line) > place]
    return list(names_in(text))


def _rows(
    option: str, path: str, text: str, fit: Callable[[list[list[str]]], int]
) -> list[list[str]]:
    """Returns the rows of a table, read with the separator that fits best.

    Rows need two columns, except for ``--keep``.

    Args:
        option: the option that names the table
        path: its path
        text: its content
        fit: scores rows, of which there is at least one; higher is better

    Raises:
        ValueError: if no separator makes it a table; describes the problem with the first
    """
    first, _, rest = text.partition("\n")
    text = rest if first.strip().startswith("sep=") else text  # a hint for spreadsheets
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
            f"{option}: {path} is not a CSV table ({problem}); close all quotes, and double those "
            'that are part of a name, as in "a ""b"".jpg"'
        )
    return best


def _text(option: str, path: str, remedy: str) -> str:
    try:
        text = text_of(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(f"{option}: cannot read {path} ({reason(error)}); {remedy}") from None
    if looks_binary(text):
        raise ValueError(f"{option}: {path} holds binary data, not text; {remedy}")
    return text
