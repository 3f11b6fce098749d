"""Flat views: all fields, and no groups, of what a user looks at."""

from __future__ import annotations

import json
from typing import Any

import fiftyone as fo
from bson import json_util
from fiftyone.core.stages import ExcludeFields, GroupBy, SelectFields

_HIDING = (SelectFields, ExcludeFields)


def flat(view: fo.DatasetView, group_slice: str = "") -> fo.DatasetView:
    """Returns the view with all fields and without groups.

    Of a grouped dataset that is one slice; of a view that groups samples dynamically, as our bucket
    view does, all of its samples. Fields that the view hides are shown, because ours may be among
    them.

    Args:
        view: the view
        group_slice: the slice; that which is active if there is none of this name
    """
    stages = [stage for stage in view._stages if not isinstance(stage, _HIDING)]
    if stages and isinstance(stages[-1], GroupBy):
        stages.pop()
    # Patches, frames and clips are left as they are, to be refused: they are no views of samples.
    if len(stages) < len(view._stages) and type(view) is fo.DatasetView:
        view = fo.load_dataset(view.dataset_name).view()
        for stage in stages:
            view = view.add_stage(stage)
    if view._is_dynamic_groups:
        view = view.flatten()
    if view.media_type == "group" and view.group_slices is None:
        view._set_media_type(_ungrouped(view).media_type)
    if view.media_type != "group":
        return view
    known = group_slice in view.group_slices
    return view.select_group_slices(group_slice if known else view.group_slice)


def rebuild(dataset: fo.Dataset, stages: list[dict[str, Any]] | None) -> fo.DatasetView:
    """Returns the flat view that these stages, of :func:`stages_of`, describe."""
    return flat(fo.DatasetView._build(dataset, stages or []))


def stages_of(view: fo.DatasetView) -> list[dict[str, Any]]:
    """Returns a view's stages as plain values, which a browser or a request can hold."""
    stages: list[dict[str, Any]] = json.loads(json_util.dumps(view._serialize()))
    return stages


def _ungrouped(view: fo.DatasetView) -> fo.DatasetView:
    """Returns what a view grouped dynamically.

    FiftyOne (1.22.1) takes what was flattened for grouped samples again if the dataset is of
    groups, also where one slice of them had been selected before.
    """
    grouped = next(place for place, stage in enumerate(view._stages) if isinstance(stage, GroupBy))
    return fo.DatasetView._build(fo.load_dataset(view.dataset_name), view._serialize()[:grouped])
