"""Lists of the kept files."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from ..new_files import make_folder, new_file
from ..partial_files import complete_text
from ..selection import NEVER, Reason, Selection
from ..signatures import bucket_name

Columns = Mapping[str, Sequence[Any]]

TEXT = ".txt"
_ENDINGS = (TEXT, ".csv", ".json")


def new_list(path: str | None) -> Path | None:
    """Returns the path of a new list, or None for None; creates its folder."""
    if path is None:
        return None
    if Path(path).suffix.lower() not in _ENDINGS:
        raise ValueError(f"--output must end in {', '.join(_ENDINGS)}, got {path!r}")
    output = new_file("--output", path)
    make_folder("--output", output.parent)
    return output


def write_list(
    output: Path,
    paths: list[str],
    selection: Selection,
    null: bool = False,
    record: Mapping[str, Any] | None = None,
    name: str = "--output",
    columns: Columns | None = None,
) -> None:
    """Writes the kept paths as text, CSV or JSON, depending on the file's ending.

    Args:
        output: the new file
        paths: n image files
        selection: which of them were kept
        null: separate names in a text file by null characters
        record: how they were chosen; written to JSON only
        name: the option that asks for it
        columns: what else is known of all n; not in text
    """
    with complete_text(name, output) as stream:
        if output.suffix.lower() == TEXT:
            write_text(stream, paths, selection, null)
        elif output.suffix.lower() == ".csv":
            write_csv(stream, paths, selection, columns)
        else:
            _write_json(stream, paths, selection, record or {}, columns)


@contextmanager
def dropped_if_it_fails(stream: TextIO) -> Iterator[None]:
    """Discards unwritten output on failure; else Python would retry when the process ends."""
    try:
        yield
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise


def write_text(stream: TextIO, paths: list[str], selection: Selection, null: bool = False) -> None:
    """Writes the kept paths, each followed by a line break or a null character."""
    end = "\0" if null else "\n"
    stream.writelines(f"{paths[index]}{end}" for index in selection.indices)


def with_line_breaks(paths: list[str], selection: Selection) -> list[str]:
    """Returns the kept paths that contain line breaks."""
    return [paths[index] for index in selection.indices if "\n" in paths[index]]


def write_csv(
    stream: TextIO, paths: list[str], selection: Selection, columns: Columns | None = None
) -> None:
    """Writes a table of what was kept, with further columns of n values."""
    records = kept_of(paths, selection, columns)
    writer = csv.DictWriter(stream, list(records[0]) if records else ["path"])
    writer.writeheader()
    writer.writerows(records)


def _write_json(
    stream: TextIO,
    paths: list[str],
    selection: Selection,
    record: Mapping[str, Any],
    columns: Columns | None,
) -> None:
    document = {
        **record,
        "target_count": selection.target_count,
        "random_seed": selection.random_seed,
        "kept": kept_of(paths, selection, columns),
        "buckets": [
            {"bucket": b.id, "bucket_name": b.name, "size": b.size, "kept": b.kept}
            for b in selection.buckets
        ],
        "unreadable": [
            {"path": paths[index], "error": str(error)}
            for index, error in selection.unreadable.items()
        ],
    }
    json.dump(document, stream, indent=2)


def kept_of(
    paths: Sequence[str], selection: Selection, of_all: Columns | None = None
) -> list[dict[str, object]]:
    """Returns what lists say of each kept image; after its path, what is known of all n."""
    kept = selection.indices
    ids = selection.bucket_ids[kept].tolist()
    columns: dict[str, list[object]] = {
        "path": [paths[index] for index in kept],
        **{name: [values[row] for row in kept] for name, values in (of_all or {}).items()},
        "bucket": ids,
        "bucket_name": [bucket_name(bucket_id) for bucket_id in ids],
    }
    if selection.ranking is not None:
        columns["rank"] = (np.argsort(selection.ranking) + 1).tolist()
    if selection.tiers is not None:
        is_old = selection.tiers[kept] == NEVER
        if is_old.any():
            texts = Reason.KEPT.text, Reason.ALWAYS_KEPT.text
            columns["reason"] = [texts[old] for old in is_old.tolist()]
    if selection.strata is not None:
        numbers, names = selection.strata
        columns["stratum"] = [names[number] for number in numbers[kept]]
    if selection.events is not None:
        events = selection.events
        numbers = events.number[kept].tolist()
        columns["event"] = [number + 1 if number >= 0 else None for number in numbers]
        columns["event_start"] = list(events.times.plain(events.start[kept]))
        columns["event_size"] = events.size[kept].tolist()
    if selection.leaders is not None:
        columns["first_of_group"] = [
            paths[leader] if leader >= 0 else None for leader in selection.leaders[kept]
        ]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
