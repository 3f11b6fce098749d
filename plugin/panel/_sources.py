"""What the panel is about: the dataset, a view, or a run; and the parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import fiftyone as fo
import numpy as np
from fiftyone import ViewField as F

from smartdownsample_core import Selection

from .. import names
from ..config import CHARTS, DownsampleConfig
from ..forms import inputs
from ..forms import job_forms as forms
from ..runs import records as runs
from ..targets import flat_views, signature_fields
from ._whatif import Stored

DATASET = "dataset"
VIEW = "view"
_RUN = "run:"

#: Ids that a view may list, so that the App stays quick.
_MAX_LISTED = 100_000


class Source(NamedTuple):
    """What to choose from, and how."""

    key: str
    """:data:`DATASET`, :data:`VIEW`, or that of a run"""
    stages: list[dict[str, Any]] | None
    """of the view to choose from; None for the whole dataset"""
    settings: dict[str, Any]
    """params of the operator"""


def first(dataset: fo.Dataset, view: fo.DatasetView) -> Source:
    """Returns what a panel that was just opened should be about."""
    known = runs.of_samples(dataset)
    shown = runs.of_view(dataset, view)
    shown = shown if shown in known else runs.latest(dataset, known)
    if shown:
        return of_run(dataset, shown)
    return named(dataset, view, VIEW if view._stages and len(view) else DATASET)


def named(dataset: fo.Dataset, view: fo.DatasetView, key: str) -> Source:
    """Returns the source of a key; ``view`` is what the grid shows."""
    if run := run_key(key):
        return of_run(dataset, run)
    base = flat_views.flat(view if key == VIEW else dataset.view())
    field = names.DEFAULT_FIELD
    settings = {
        **inputs.defaults(),
        "target_count": forms.default_target(len(base)),
        "run_key": names.DEFAULT_RUN_KEY,
        "signature_field": field,
        **signature_fields.made_with(dataset, field),
    }
    return Source(key, flat_views.stages_of(base) or None, settings)


def of_run(dataset: fo.Dataset, run: str) -> Source:
    """Returns a run as a source: its samples and its settings."""
    record = runs.load(dataset, run)
    base = flat_views.flat(dataset.load_run_view(run))
    return Source(_RUN + run, flat_views.stages_of(base) or None, settings_of(record))


def run_key(source: str | None) -> str | None:
    """Returns the key of the run that a source is about; None if it is no run."""
    return source.removeprefix(_RUN) if source and source.startswith(_RUN) else None


def offered(dataset: fo.Dataset) -> list[tuple[str, str]]:
    """Returns what the panel can be about: value and label."""
    known = [(_RUN + run, f"Run: {run}") for run in runs.of_samples(dataset)]
    return [(DATASET, "All samples of the dataset"), (VIEW, "The view taken from the grid"), *known]


def settings_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings that a run was made with, without those that are for once."""
    once = ("recompute", *CHARTS)
    wanted = (name for name in DownsampleConfig.__dataclass_fields__ if name not in once)
    settings = {name: record[name] for name in wanted if name in record}
    if settings["tag"] == record["named_after"]:  # the default, which is to follow another key
        settings["tag"] = ""
    if not isinstance(settings.get("balance", ""), str):  # choices of forms are text
        settings["balance"] = str(settings["balance"])
    return {**inputs.defaults(), **settings}


def part(
    base: fo.DatasetView,
    field: str,
    stored: Stored,
    selection: Selection,
    show: str,
    bucket: int | None,
) -> fo.DatasetView:
    """Returns the view of a bucket, or of all of them, or of what of them is kept or excluded.

    Raises:
        ValueError: if more ids would have to be listed than the App can bear
    """
    view = base if bucket is None else base.match(F(f"{field}.bucket") == bucket)
    if show == "all":
        return view
    in_bucket = np.ones(len(stored), bool) if bucket is None else selection.bucket_ids == bucket
    kept = np.flatnonzero(selection.kept & in_bucket)
    if len(kept) > _MAX_LISTED:
        raise ValueError(
            f"{len(kept):,} kept samples are too many to show before they are saved: press Apply, "
            "or choose a bucket"
        )
    ids = stored.ids_of(kept)
    if show == "kept":
        return view.select(ids)
    return signature_fields.in_buckets(view, field).exclude(ids)
