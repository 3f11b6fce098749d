"""Fields that belong to a run, in a dataset: declared, written, and told from those of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import fiftyone as fo
from fiftyone.core.odm import create_field

from .. import names
from ..run_fields import RUN_FIELDS
from ._items import Samples, note_of


def write(
    dataset: fo.Dataset,
    items: Samples,
    run_key: str,
    ids: Sequence[str],
    columns: Mapping[str, Sequence[Any]],
) -> None:
    """Declares the fields of a run, and writes them all in one pass.

    Args:
        dataset: the dataset
        items: what the fields are of
        run_key: the run; the dataset has no fields of these names yet
        ids: of n items, of which some may be gone
        columns: names of fields of :data:`RUN_FIELDS` to their n values
    """
    fields = [field for field in RUN_FIELDS if field.name in columns]
    if not fields:
        return
    info = {names.METHOD: {"run": run_key}}
    declared = {
        field.of(run_key): create_field(
            field.of(run_key),
            names.FIELD_TYPES[field.kind],
            description=field.about.format(run=run_key),
            info=info,
        )
        for field in fields
    }
    items.add_fields(dataset, declared)
    for field in fields:
        if field.is_indexed:
            items.add_index(dataset, field.of(run_key))
    rows = zip(*(columns[field.name] for field in fields), strict=True)
    values = {
        item: {
            field.name: value for field, value in zip(fields, row, strict=True) if value is not None
        }
        for item, row in zip(ids, rows, strict=True)
        if any(value is not None for value in row)
    }
    put(dataset, items, run_key, values)


def put(
    dataset: fo.Dataset, items: Samples, run_key: str, values: Mapping[str, Mapping[str, Any]]
) -> None:
    """Writes values into fields of a run that are declared.

    Args:
        dataset: the dataset
        items: what the fields are of
        run_key: the run
        values: of each item, by its id: names of fields of :data:`RUN_FIELDS` to values
    """
    fields = {field.name: field for field in RUN_FIELDS}

    def stored(name: str, value: Any) -> tuple[str, Any]:
        is_time = fields[name].kind is datetime and value is not None
        return fields[name].of(run_key), datetime.fromisoformat(value) if is_time else value

    located = items.located(dataset, list(values))
    items.write(
        dataset,
        [item for item, _ in located],
        [document for _, document in located],
        (dict(stored(*one) for one in values[item].items()) for item, _ in located),
        are_plain=True,
    )


def owner(dataset: fo.Dataset | fo.DatasetView, field: str) -> str | None:
    """Returns the run key or mark of the run that a field belongs to; None if it is no run's."""
    note = note_of(dataset, field)
    return note.get("run") or note.get("tag")


def is_of_run(dataset: fo.Dataset, field: str, run_key: str) -> bool:
    """Whether a field of the dataset was made by :func:`write` for a run."""
    return note_of(dataset, field).get("run") == run_key


def of_run(dataset: fo.Dataset, items: Samples, run_key: str) -> dict[str, str]:
    """Returns the fields of a run that are there: name in :data:`RUN_FIELDS` to path."""
    paths = {field.name: items.dataset_path(field.of(run_key)) for field in RUN_FIELDS}
    return {name: path for name, path in paths.items() if is_of_run(dataset, path, run_key)}
