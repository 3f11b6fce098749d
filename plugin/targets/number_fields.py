"""Fields of whole numbers that belong to a run: ranks, and groups of near-duplicates."""

from __future__ import annotations

from collections.abc import Mapping

import fiftyone as fo

from .. import names
from ._items import Samples, note_of


def write(
    dataset: fo.Dataset,
    items: Samples,
    field: str,
    numbers: Mapping[str, int],
    description: str,
    run_key: str,
) -> None:
    """Declares a field of whole numbers that belongs to a run, and writes it.

    Args:
        dataset: the dataset
        items: what the field is of
        field: name of the field; there is none yet
        numbers: id of an item to its number
        description: of the field
        run_key: the run
    """
    info = {names.METHOD: {"run": run_key}}
    items.add_field(dataset, field, fo.IntField, description=description, info=info)
    items.add_index(dataset, field)
    located = items.located(dataset, list(numbers))
    ids, documents = [item for item, _ in located], [document for _, document in located]
    items.write(dataset, ids, documents, ((field, numbers[item]) for item in ids))


def owner(dataset: fo.Dataset | fo.DatasetView, field: str) -> str | None:
    """Returns the run key or mark of the run that a field belongs to; None if it is no run's."""
    note = note_of(dataset, field)
    return note.get("run") or note.get("tag")


def is_of_run(dataset: fo.Dataset, field: str, run_key: str) -> bool:
    """Whether a field of the dataset was made by :func:`write` for a run."""
    return note_of(dataset, field).get("run") == run_key
