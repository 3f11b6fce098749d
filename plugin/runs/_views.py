"""The views that a run saves."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import fiftyone as fo

from .. import names
from ..run_fields import EVENT, GROUP, KEPT_BY
from ..targets import Samples
from ..targets import kinds as targets
from . import records as runs


def _kept(items: Samples, n_kept: int) -> str:
    of = "" if items.noun == items.kept_noun else f"{items.noun} of the "
    return f"{of}{n_kept:,} {items.kept_noun}"


def put_views(
    dataset: fo.Dataset,
    view: fo.DatasetView,
    settings: dict[str, Any],
    n_kept: int,
    fields: Container[str],
) -> None:
    """Saves the views of a run.

    Args:
        dataset: the dataset
        view: the (flat) view that the run chose from
        settings: of the run
        n_kept: how many it keeps
        fields: names in :data:`run_fields.RUN_FIELDS` of what it has written
    """
    run_key, items = settings["run_key"], targets.of_record(settings)
    field, view = items.to_view_path(settings["signature_field"]), targets.fresh(view)
    views = {
        names.kept_view(run_key): (
            items.kept(dataset, settings["tag"]),
            f"The {_kept(items, n_kept)} that the run {run_key} kept: "
            + runs.tag_note(items, settings["tag"]),
        ),
        names.buckets_view(run_key): (
            runs.by_bucket(view, field),
            f"The {items.noun} of the run {run_key}, grouped by visual bucket" + runs.MADE_BY_US,
        ),
    }
    if GROUP.name in fields:
        views[names.near_duplicates_view(run_key)] = (
            runs.by_group(view, items.view_path(GROUP.of(run_key)), field),
            f"The near-duplicates that the run {run_key} found, in their groups" + runs.MADE_BY_US,
        )
    if EVENT.name in fields:
        views[names.events_view(run_key)] = (
            runs.by_group(view, items.view_path(EVENT.of(run_key)), field),
            f"The {items.noun} of the run {run_key}, grouped by event" + runs.MADE_BY_US,
        )
    if KEPT_BY.name in fields:
        views[names.stands_for_view(run_key)] = (
            runs.by_representative(view, items, run_key),
            f"A tile for each of the {items.noun} that the run {run_key} kept, and behind it all "
            "that it stands for" + runs.MADE_BY_US,
        )
    for name, (content, description) in views.items():
        dataset.save_view(name, content, description=description, overwrite=True)
