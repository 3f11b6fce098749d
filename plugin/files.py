"""Files that a run can be saved to: lists of the kept samples, and charts. None is overwritten."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import fiftyone as fo

from . import runs, targets

#: What :func:`save_list` writes: ending and what a person reads.
LISTS = {".csv": "CSV, a line per kept sample", ".json": "JSON, an object per kept sample"}

_COLUMNS = ("id", "filepath", "bucket", "bucket_name")


def problem(name: str, path: Any, endings: Sequence[str]) -> str | None:
    """Says why a new file cannot be written; None if it can.

    Args:
        name: of the setting
        path: what the user gave
        endings: that the name may have
    """
    if not isinstance(path, str) or not path:
        return f"{name} must be the path of a file, got {path!r}"
    place = Path(path).expanduser()
    if not place.is_absolute():
        return f"{name} must be a full path on the server, such as /tmp/kept{endings[0]}"
    if place.suffix.lower() not in endings:
        return f"{name} must end in {' or '.join(endings)}, got {path!r}"
    if os.path.lexists(place):
        return f"{place} exists already; choose another name"
    folder = place.parent
    if not folder.is_dir():
        return f"the folder {folder} does not exist; make it, or choose another one"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the server may not write into {folder}; choose another folder"
    return None


def save_list(dataset: fo.Dataset, run_key: str, path: str) -> int:
    """Writes what a run kept into a new file, CSV or JSON by its ending.

    Args:
        dataset: the dataset
        run_key: the run
        path: of the file

    Returns:
        the number of samples in it

    Raises:
        ValueError: if there is no such run, or the file cannot be written
    """
    record = runs.load(dataset, run_key)
    if reason := problem("path", path, tuple(LISTS)):
        raise ValueError(reason)
    items = targets.of_record(record)
    field = items.seen(record["signature_field"])
    kept = items.listed(dataset, record["tag"])
    columns = kept.values(["id", "filepath", f"{field}.bucket", f"{field}.bucket_name"])
    rows = list(zip(*columns, strict=True))
    place = Path(path).expanduser()
    with place.open("x", encoding="utf-8", newline="") as file:
        write = _write_csv if place.suffix.lower() == ".csv" else _write_json
        write(file, rows)
    return len(rows)


def _write_csv(file: TextIO, rows: list[tuple[Any, ...]]) -> None:
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    writer.writerows(rows)


def _write_json(file: TextIO, rows: list[tuple[Any, ...]]) -> None:
    json.dump([dict(zip(_COLUMNS, row, strict=True)) for row in rows], file, indent=1)
