"""What the panel is about: the dataset, a view, or a run; and the parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
from fiftyone import ViewField as F
from fiftyone.server.view import get_view
from numpy.typing import NDArray

from smartdownsample_core import Selection

from .. import names
from ..config import CHARTS, DownsampleConfig
from ..forms import inputs
from ..forms import job_forms as forms
from ..jobs.in_memory import Stored
from ..runs import compare
from ..runs import records as runs
from ..targets import SAMPLES, flat_views, signature_fields
from ..targets import kinds as targets
from ._state import Show

DATASET = "dataset"
VIEW = "view"
_RUN = "run:"

#: Ids that a view may list, so that the App stays quick.
_MAX_LISTED = 100_000

#: Samples that are asked how their signatures were made.
_ASKED = 100

#: Stages that :func:`part` adds to a view.
PART_STAGES = ("Match", "Exists", "Select", "Exclude")


class Source(NamedTuple):
    """What to choose from, and how."""

    key: str
    """:data:`DATASET`, :data:`VIEW`, or that of a run"""
    stages: list[dict[str, Any]] | None
    """of the view to choose from; None for the whole dataset"""
    settings: dict[str, Any]
    """params of the operator"""


def of_grid(ctx: foo.ExecutionContext) -> fo.DatasetView:
    """Returns what the grid shows: the view, with the filters of the sidebar.

    Of a saved view, FiftyOne (1.22.1) leaves the filters out of ``ctx.view``.
    """
    name, filters = (ctx.request_params.get(key) for key in ("view_name", "filters"))
    if not (name and filters):
        return ctx.view
    stages = ctx.dataset.load_saved_view(name)._serialize(include_uuids=False)
    extended = ctx.request_params.get("extended")
    return get_view(ctx.dataset, stages=stages, filters=filters, extended_stages=extended)


def first(dataset: fo.Dataset, view: fo.DatasetView) -> Source:
    """Returns what a panel that was just opened should be about."""
    if shown := runs.current(dataset, view):
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
        **_made_with(base, field),
    }
    return Source(key, flat_views.stages_of(base) or None, settings)


def of_run(dataset: fo.Dataset, run: str) -> Source:
    """Returns a run as a source: its samples and its settings."""
    record = runs.load(dataset, run)
    base = flat_views.flat(dataset.load_run_view(run))
    return Source(_RUN + run, flat_views.stages_of(base) or None, settings_of(record))


def _made_with(base: fo.DatasetView, field: str) -> dict[str, Any]:
    """Returns the settings that a view's signatures were made with; empty if there are none."""
    items = targets.of(base)
    settings = [f"{field}.{name}" for name in ("bucket", "hash_size", "decode")]
    if not items.has(base, settings[0]):
        return {}
    _, _, *columns = items.read(base.limit(_ASKED), settings)
    signed = [values for values in zip(*columns, strict=True) if None not in values]
    if not signed:
        return {}
    ways = {decode for _, _, decode in signed}
    decode = next((way for way in ("preview", "fast") if way in ways), "exact")
    return {"hash_size": signed[0][1], "decode": "auto" if decode == "preview" else decode}


#: What a run is compared with that is no other run: see :mod:`plugin.jobs.proposal`.
PROPOSAL = "settings:", "What these settings keep"


def comparable(dataset: fo.Dataset, run: str | None) -> list[tuple[str, str]]:
    """Returns the runs that can be compared with a run: key and label."""
    kinds = {key: targets.of_record(runs.settings(dataset, key)) for key in runs.keys(dataset)}
    mine = kinds.pop(run or "", None)
    keys = [key for key in kinds if mine and compare.are_comparable(mine, kinds[key])]
    return [(key, f"Run: {key}") for key in keys]


def run_key(source: str | None) -> str | None:
    """Returns the key of the run that a source is about; None if it is no run."""
    return source.removeprefix(_RUN) if source and source.startswith(_RUN) else None


def offered(dataset: fo.Dataset) -> list[tuple[str, str]]:
    """Returns what the panel can be about: value and label."""
    known = [(_RUN + run, f"Run: {run}") for run in runs.keys(dataset)]
    return [(DATASET, "All samples of the dataset"), (VIEW, "The view taken from the grid"), *known]


def settings_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings that a run was made with, without those that are for once."""
    once = ("recompute", *CHARTS)
    wanted = (name for name in DownsampleConfig.__dataclass_fields__ if name not in once)
    settings = {name: record[name] for name in wanted if name in record}
    settings["signature_field"] = settings["signature_field"].rpartition(".")[2]
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
    show: Show,
    bucket: int | None,
) -> fo.DatasetView:
    """Returns the view of a part of the samples.

    Args:
        base: the flat view to choose from
        field: name of the signature field
        stored: its signatures
        selection: what is chosen
        show: which part
        bucket: id of the bucket that the part is of; None for all of them

    Raises:
        ValueError: if more ids would have to be listed than the App can bear
    """
    if show == "unreadable":
        return base.select(listed(stored, np.array(sorted(selection.unreadable))))
    in_bucket = selection.bucket_ids >= 0 if bucket is None else selection.bucket_ids == bucket
    if targets.of(base) is not SAMPLES:  # views of patches and frames lack what was written since
        if show in ("all", None) and bucket is None:
            return base
        some = {"kept": selection.kept, "excluded": ~selection.kept}.get(show or "all", in_bucket)
        return base.select(listed(stored, np.flatnonzero(some & in_bucket)))
    view = base if bucket is None else base.match(F(f"{field}.bucket") == bucket)
    if show in ("all", None):
        return view
    ids = listed(stored, np.flatnonzero(selection.kept & in_bucket))
    if show == "kept":
        return view.select(ids)
    return signature_fields.in_buckets(view, field).exclude(ids)


def listed(stored: Stored, rows: NDArray[np.int64]) -> list[str]:
    """Returns the ids of some rows, unless they are too many for the App: a ValueError."""
    if len(rows) > _MAX_LISTED:
        raise ValueError(
            f"{len(rows):,} samples are too many to list before they are saved: press Apply, or "
            "choose a bucket"
        )
    return stored.ids_of(rows)
