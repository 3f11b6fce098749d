"""How the App shows a dataset: what is ours in one sidebar group, a colour per bucket."""

from __future__ import annotations

import fiftyone as fo

from .. import names
from ..runs import records as runs

_FIRST = ("bucket_name", "brightness", "color_variance")


def group_fields(dataset: fo.Dataset, fields: list[str]) -> None:
    """Puts our fields into a sidebar group of their own; other groups stay as they are.

    Args:
        dataset: the dataset; save it
        fields: its fields of signatures
    """
    subfields = [*_FIRST, *(name for name, _, _ in names.SUBFIELDS if name not in _FIRST)]
    paths = [f"{field}.{name}" for field in fields for name in subfields]
    paths += [path for key in runs.keys(dataset) for path in runs.fields_of(dataset, key).values()]
    groups = dataset.app_config.sidebar_groups
    if groups is None:
        groups = fo.DatasetAppConfig.default_sidebar_groups(dataset)
    others = _others(groups, fields)
    for group in others:
        group.paths = [path for path in group.paths if path not in paths]
    ours = fo.SidebarGroupDocument(name=names.SIDEBAR_GROUP, paths=paths, expanded=True)
    dataset.app_config.sidebar_groups = [*others, ours]


def ungroup_fields(dataset: fo.Dataset, fields: list[str]) -> None:
    """Moves our fields back to their default groups; see :func:`group_fields`."""
    groups = dataset.app_config.sidebar_groups
    if groups is None:
        return
    default = fo.DatasetAppConfig.default_sidebar_groups(dataset)
    others = _others(groups, fields)
    if [group.name for group in others] == [group.name for group in _others(default, fields)]:
        dataset.app_config.sidebar_groups = None
    else:
        own = [group for group in default if group.name in fields]
        dataset.app_config.sidebar_groups = [*others, *own]


def color_by(dataset: fo.Dataset, what: str) -> None:
    """Has the App colour by ``"value"``, so that each bucket has its colour, or by ``"field"``."""
    scheme = dataset.app_config.color_scheme or fo.ColorScheme()
    scheme.color_by = what
    dataset.app_config.color_scheme = scheme


def _others(
    groups: list[fo.SidebarGroupDocument], fields: list[str]
) -> list[fo.SidebarGroupDocument]:
    return [group for group in groups if group.name not in (names.SIDEBAR_GROUP, *fields)]
