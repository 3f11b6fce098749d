"""The dataset as other processes have left it, without reading its samples again."""

from __future__ import annotations

from typing import Any

import fiftyone as fo
from mongoengine.errors import DoesNotExist


def refresh(dataset: fo.Dataset) -> None:
    """Brings a dataset's runs, saved views and fields up to date.

    ``dataset.reload()`` also reads every sample that the process holds in memory again, one query
    each. That is needed only if the fields have changed.

    Raises:
        ValueError: if the dataset has been deleted
    """
    name, before = dataset.name, _fields(dataset)
    try:
        dataset._doc.reload()  # by its id: it may have another name by now
    except DoesNotExist:
        raise ValueError(f"the dataset {name!r} has been deleted; nothing was written") from None
    if _fields(dataset) != before:
        dataset.reload()


def _fields(dataset: fo.Dataset) -> Any:
    """Returns what the classes of a dataset's samples and frames are made from."""
    document = dataset._doc.to_dict()
    return _timeless([document[name] for name in ("media_type", "sample_fields", "frame_fields")])


def _timeless(fields: Any) -> Any:
    """Leaves out when fields were made: loading a dataset gives those of signatures a new time."""
    if isinstance(fields, dict):
        return {name: _timeless(part) for name, part in fields.items() if name != "created_at"}
    return [_timeless(part) for part in fields] if isinstance(fields, list) else fields
