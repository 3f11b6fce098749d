"""What the App shows on thumbnails without a press: fields of the latest run, in fixed colours.

The App shows the dataset's ``active_fields`` - all labels, if there are none - in all its views: a
saved view has none of its own. Values have colours of their own only where all fields are coloured
by value, which is changed only in datasets without labels, whose boxes it would colour, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import fiftyone as fo

from .. import names
from ..run_fields import RUN_FIELDS, RunField
from ..targets import kinds as targets
from . import records as runs


def shown(dataset: fo.Dataset, run_key: str) -> dict[str, RunField]:
    """Returns the fields of a run that the App is to show, by their paths in its views."""
    there = runs.fields_of(dataset, run_key)
    return {path: field for path, field in _named(dataset, run_key).items() if field.name in there}


def visible(dataset: fo.Dataset, run_key: str, active: Sequence[str]) -> list[str]:
    """Returns what the App is to show now: a run's fields, and others that it showed already."""
    ours = {path for key in runs.keys(dataset) for path in _named(dataset, key)}
    return [*shown(dataset, run_key), *(path for path in active if path not in ours)]


def show_latest(dataset: fo.Dataset, without: str | None = None) -> None:
    """Makes the App show fields of the latest run; if there is none, as before the first one.

    Fields and colours of others in the dataset's settings stay as they are.

    Args:
        dataset: the dataset
        without: the key of a run that is being removed
    """
    keys = runs.keys(dataset)
    ours = {path for key in keys for path in _named(dataset, key)}
    latest = runs.latest(dataset, (key for key in keys if key != without))
    fields = {} if latest is None else shown(dataset, latest)
    config = dataset.app_config
    plugins = dict(config.plugins or {})
    labels = fo.DatasetAppConfig.default_active_fields(dataset)
    active, scheme = config.active_fields or labels, config.color_scheme or fo.ColorScheme()
    before = {
        "active_fields": config.active_fields is None,
        "color_by": scheme.color_by is None and not labels.paths,
    }
    was_default = plugins.pop(names.METHOD, before)
    active.paths = [path for path in active.paths or () if path not in ours]
    scheme.fields = [entry for entry in scheme.fields or () if entry["path"] not in ours]
    if fields:
        plugins[names.METHOD] = was_default
        active.paths = active.paths if active.exclude else [*fields, *active.paths]
        scheme.fields += [_colored(path, field) for path, field in fields.items() if field.colors]
    elif was_default["active_fields"] and set(active.paths) <= set(labels.paths):
        active = None
    if was_default["color_by"]:  # only values have colours of their own
        scheme.color_by = "value" if fields else None
    is_blank = not any(value for name, value in scheme.to_dict().items() if name != "_id")
    config.plugins, config.active_fields = plugins, active
    config.color_scheme = None if is_blank else scheme
    dataset.save()


def _colored(path: str, field: RunField) -> dict[str, Any]:
    colors = [{"value": value, "color": color} for value, color in field.colors.items()]
    return {"path": path, "valueColors": colors}


def _named(dataset: fo.Dataset, run_key: str) -> dict[str, RunField]:
    """Returns the fields that the App would show if a run wrote them all, by path."""
    settings = runs.settings(dataset, run_key)
    items, made_as = targets.of_record(settings), settings["run_key"]
    return {items.view_path(field.of(made_as)): field for field in RUN_FIELDS if field.is_shown}
