"""Files that a run can be saved to: lists of the kept samples, and charts. Existing files stay."""

from __future__ import annotations

import csv
import itertools
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import fiftyone as fo

from smartdownsample_core import bucket_name
from smartdownsample_core.checks import reason
from smartdownsample_core.errors import ParameterError, refused
from smartdownsample_core.partial_files import complete_text

from ..run_fields import RUN_FIELDS
from ..targets import GROUPS, MAX_SELECTED_IDS, Samples
from ..targets import kinds as targets
from . import records as runs
from .shapes import Kept

#: What :func:`save_list` writes: ending and what a person reads.
LISTS = {".csv": "CSV, a line per kept sample", ".json": "JSON, an object per kept sample"}


def expanded(path: str) -> Path:
    """Returns a path with the home for its ``~``; unchanged if there is no such home."""
    try:
        return Path(os.path.expanduser(path))
    except ValueError:  # such as a null character
        return Path(path)


def absolute(path: Any) -> Any:
    """Returns a path from Python as an absolute one; returns other values unchanged."""
    path = os.fspath(path) if isinstance(path, os.PathLike) else path
    return os.path.abspath(expanded(path)) if isinstance(path, str) and path else path


def problem(name: str, path: Any, endings: Sequence[str]) -> ParameterError | None:
    """Returns why a new file cannot be written; None if it can.

    Args:
        name: the setting
        path: its value
        endings: allowed endings of the file name
    """
    text = _problem(path, endings)
    return None if text is None else refused(name, text)


def _problem(path: Any, endings: Sequence[str]) -> str | None:
    if not isinstance(path, str) or not path:
        return f"must be the path of a file, got {path!r}"
    place = expanded(path)
    if not place.is_absolute():
        return f"must be a full path on the server, such as /tmp/kept{endings[0]}, got {path!r}"
    if place.suffix.lower() not in endings:
        return f"must end in {' or '.join(endings)}, got {path!r}"
    try:
        os.lstat(place)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # too long, a null character, a file as its folder
        return f"no file can be named {path!r} ({reason(error)}); choose another name"
    else:
        return f"{place} exists already; choose another name"
    folder = place.parent
    if not folder.is_dir():
        return f"the folder {folder} does not exist; create it, or choose another one"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the server may not write into {folder}; choose another folder"
    return None


def are_same(path: str, other: str) -> bool:
    """Whether two paths are those of one file, which need not exist."""
    return os.path.realpath(expanded(path)) == os.path.realpath(expanded(other))


def free(path: Path) -> Path:
    """Returns the path, or if it is taken the next one that is free: ``a-2.csv`` for ``a.csv``."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
    return next(place for place in itertools.chain([path], numbered) if not os.path.lexists(place))


def save_list(dataset: fo.Dataset, run_key: str, path: str) -> int:
    """Writes what a run kept into a new file, CSV or JSON by its ending.

    It follows the run's record, even if its mark has changed since; for whole groups, of which the
    record has one image each, it follows the mark. Its columns are ``id``, ``filepath``
    (empty for a sample that has been deleted), those of the items (of patches ``label`` and
    ``bounding_box``, and ``sample_id`` if whole samples were chosen, of frames ``video_id`` and
    ``frame_number``), ``bucket`` and ``bucket_name``;
    with ``stratify_by`` also ``stratum``, with the strategy "diverse" ``rank``, 1 for the first
    choice, and with ``near_duplicates`` ``group``, the number of the group of near-duplicates,
    empty for a sample that has none.

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
    if error := problem("path", path, tuple(LISTS)):
        raise error
    kept = runs.kept(dataset, run_key)
    items = targets.of_record(record)
    if kept is None or items is GROUPS:
        columns = _marked(dataset, items, record)
    else:
        columns = _recorded(dataset, items, record, kept)
    rows = list(zip(*columns.values(), strict=True))
    place = expanded(path)
    write = _write_csv if place.suffix.lower() == ".csv" else _write_json
    try:
        with complete_text("path", place) as file:
            write(file, list(columns), rows)
    except OSError as failure:
        cause = failure.__cause__ or failure
        raise ValueError(
            f"{place} could not be written: {reason(cause)}; choose another place"
        ) from failure
    return len(rows)


def more_columns(dataset: fo.Dataset, record: Mapping[str, Any]) -> list[str]:
    """Returns the columns of a run's list besides id, path and bucket."""
    items = targets.of_record(record)
    stratum = ["stratum"] if record.get("stratify_by") and items is not GROUPS else []
    return [*items.columns, *stratum, *_own_fields(dataset, items, record)]


def _recorded(
    dataset: fo.Dataset, items: Samples, record: Mapping[str, Any], kept: Kept
) -> dict[str, Sequence[Any]]:
    """Returns the columns of what a run kept when it was made."""
    ids = kept["ids"]
    own = _own_fields(dataset, items, record)
    read = {"filepath": "filepath", **items.columns, **own}
    found = _values(items.everything(dataset), ids, read)
    own_values = {name: found.pop(name) for name in own}
    strata = {} if kept["strata"] is None else {"stratum": kept["strata"]}
    # The ranks of whole samples are those of the field.
    has_ranks = record["rank_field"] and items.noun == items.kept_noun
    ranks = {"rank": range(1, len(ids) + 1)} if has_ranks else {}
    return {
        "id": ids,
        **found,
        "bucket": kept["buckets"],
        "bucket_name": list(map(bucket_name, kept["buckets"])),
        **strata,
        **own_values,
        **ranks,
    }


def _own_fields(dataset: fo.Dataset, items: Samples, record: Mapping[str, Any]) -> dict[str, str]:
    """Returns the fields of a run that are columns of its list: name to path in views."""
    there = runs.fields_of(dataset, record["run_key"])
    return {
        field.name: items.to_view_path(there[field.name])
        for field in RUN_FIELDS
        if field.is_exported and field.name in there
    }


def _values(
    view: fo.DatasetView, ids: Sequence[str], paths: Mapping[str, str]
) -> dict[str, list[Any]]:
    """Returns fields of the items with these ids, by name; None for those that are gone."""
    found: dict[str, tuple[Any, ...]] = {}
    for start in range(0, len(ids), MAX_SELECTED_IDS):
        some = view.select(ids[start : start + MAX_SELECTED_IDS])
        columns = some.values(["id", *paths.values()])
        found |= {item: values for item, *values in zip(*columns, strict=True)}
    nothing = [None] * len(paths)
    rows = [found.get(item, nothing) for item in ids]
    return {name: [row[place] for row in rows] for place, name in enumerate(paths)}


def _marked(
    dataset: fo.Dataset, items: Samples, record: Mapping[str, Any]
) -> dict[str, Sequence[Any]]:
    """Returns the columns of what has the mark of a run now."""
    field = items.to_view_path(record["signature_field"])
    paths = {"id": "id", "filepath": "filepath", **items.columns}
    if dataset.has_field(record["signature_field"]):
        paths |= {name: f"{field}.{name}" for name in ("bucket", "bucket_name")}
    paths |= _own_fields(dataset, items, record)
    values = items.marked(dataset, record["tag"]).values(list(paths.values()))
    return dict(zip(paths, values, strict=True))


def _write_csv(file: TextIO, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(rows)


def _write_json(file: TextIO, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    json.dump([dict(zip(columns, row, strict=True)) for row in rows], file, indent=1)
