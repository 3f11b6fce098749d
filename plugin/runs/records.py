"""Runs: what one downsampling wrote, where it is recorded, how it is found and looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import fiftyone as fo
from fiftyone import ViewField as F

from smartdownsample_core.checks import whole_number
from smartdownsample_core.errors import counted
from smartdownsample_core.signatures import N_BUCKETS

from .. import names
from ..run_fields import DISTANCE, GROUP, KEPT_BY
from ..targets import Samples, flat_views, signature_fields, written_fields
from ..targets import kinds as targets
from . import _journal as journal
from .shapes import Hand, Kept, Results

#: What :func:`browse` shows: value and what a person reads.
SHOWN = {
    "buckets": "All buckets, a tile each",
    "bucket": "One bucket",
    "kept": "What the run kept",
    "excluded": "What the run excluded",
    "stands_for": "What each kept sample stands for, a tile each",
    "near_duplicates": "Groups of near-duplicates, a tile each",
}


#: Ends the description of the views that runs save, by which they are known if the run is gone.
MADE_BY_US = " (smartdownsample)"


def keys(dataset: fo.Dataset) -> list[str]:
    """Returns the keys of the dataset's runs."""
    return list(dataset.list_runs(method=names.METHOD))


def settings(dataset: fo.Dataset, run_key: str) -> dict[str, Any]:
    """Returns the settings of an existing run.

    Its fields and views are named after the ``run_key`` in them, which ``rename_run`` leaves as is.
    """
    config: dict[str, Any] = dataset.get_run_info(run_key).config.serialize()
    return config


def marks(dataset: fo.Dataset) -> set[str]:
    """Returns the tags, label tags and fields by which the runs mark what they kept."""
    return {settings(dataset, key)["tag"] for key in keys(dataset)}


def exists(dataset: fo.Dataset, run_key: str) -> bool:
    """Whether the dataset has a run of ours under this key."""
    return run_key in keys(dataset)


def kept(dataset: fo.Dataset, run_key: str) -> Kept | None:
    """Returns what a run keeps, hand edits included: ``ids``, ``buckets`` and ``strata`` of each.

    In the order of choice, if the run has ranks. ``strata`` is None without labels. Returns
    None for a run that is half written.
    """
    found = journal.results_of(dataset, run_key)
    return getattr(found, "kept", None)


def hand_edits(settings: Mapping[str, Any]) -> str:
    """Words how many hand edits a run of these settings has, as in "3 hand edits"; may be empty."""
    n = settings.get("hand_edits", 0)
    return counted(n, "hand edits") if n else ""


def results(dataset: fo.Dataset, run_key: str) -> Results | None:
    """Returns what a run has recorded; None for a run that is half written."""
    found = journal.results_of(dataset, run_key)
    kept: Kept | None = getattr(found, "kept", None)
    if found is None or kept is None:
        return None
    none: Hand = {"chosen": kept["ids"], "edits": []}
    return Results(found.record, kept, getattr(found, "hand", none))


def require(dataset: fo.Dataset, run_key: str) -> None:
    """Raises a ValueError if the dataset has no run of ours under this key."""
    if exists(dataset, run_key):
        return
    left = left_views(dataset, run_key) if isinstance(run_key, str) else []
    hint = _known(dataset)
    if left:
        hint = (
            f"but one that was deleted by other means left {names.in_words(left)}; run downsample "
            f"with run_key={run_key!r}, which takes over what it left, and undo that"
        )
    raise ValueError(f"the dataset has no smartdownsample run {run_key!r}; {hint}")


def load(dataset: fo.Dataset, run_key: str) -> dict[str, Any]:
    """Returns the record of a run: its settings, and what it found.

    A run that is still being saved has its settings and ``kept`` 0. ``named_after`` is the key that
    it was made under.

    Raises:
        ValueError: if there is no such run
    """
    require(dataset, run_key)
    asked, results = settings(dataset, run_key), journal.results_of(dataset, run_key)
    found = {"kept": 0, **(results.record if results else {})}
    return {**asked, **found, "run_key": run_key, "named_after": asked["run_key"]}


def _known(dataset: fo.Dataset) -> str:
    """Returns which runs there are, as the end of an error message."""
    known = ", ".join(keys(dataset))
    return f"there is {known}" if known else "there are none yet; run downsample first"


def view_of(dataset: fo.Dataset, run_key: str) -> fo.DatasetView:
    """Returns the flat view that a run chose from.

    Raises:
        ValueError: if it cannot be loaded because a field or slice that it filters by is gone
    """
    try:
        return flat_views.flat(dataset.load_run_view(run_key))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"the view that the run {run_key!r} chose from cannot be loaded any more ({error}); "
            "show what it kept, which needs its mark only, or run downsample again"
        ) from error


def of_view(dataset: fo.Dataset, view: fo.DatasetView) -> str | None:
    """Returns the key of the run whose kept samples a view shows; None if it is another view."""
    if journal.entries(dataset):  # saved views may be half written
        return None
    stages = view._serialize(include_uuids=False)
    for run_key in keys(dataset):
        name = names.kept_view(settings(dataset, run_key)["run_key"])
        with suppress(ValueError):  # there is none, or none any more
            saved = dataset.load_saved_view(name)
            if saved._serialize(include_uuids=False) == stages:
                return run_key
    return None


def latest(dataset: fo.Dataset, among: Iterable[str]) -> str | None:
    """Returns the key of the run that was made last; None if there are none."""
    return max(among, key=lambda key: dataset.get_run_info(key).timestamp, default=None)


def current(dataset: fo.Dataset, view: fo.DatasetView) -> str | None:
    """Returns the key of the run that a view shows, else of the latest; None if there is none."""
    return of_view(dataset, view) or latest(dataset, keys(dataset))


def left_views(dataset: fo.Dataset, run_key: str) -> list[str]:
    """Returns the saved views that FiftyOne's own ``delete_run`` left behind of a run."""
    if dataset.has_run(run_key):
        return []
    made = (
        names.kept_view,
        names.buckets_view,
        names.near_duplicates_view,
        names.events_view,
        names.stands_for_view,
    )
    found = [name(run_key) for name in made]
    return [name for name in found if _description(dataset, name).endswith(MADE_BY_US)]


def left_tag(dataset: fo.Dataset, items: Samples, run_key: str, tag: str) -> bool:
    """Whether a run that FiftyOne's own ``delete_run`` has deleted marked what it kept by a tag."""
    if dataset.has_run(run_key):
        return False
    return _description(dataset, names.kept_view(run_key)).endswith(tag_note(items, tag))


def tag_note(items: Samples, tag: str) -> str:
    """Returns the mark of what a run kept, as the end of its saved view's description."""
    return f"the {items.tag_kind} {items.mark_name(tag)}{MADE_BY_US}"


def _description(dataset: fo.Dataset, view: str) -> str:
    infos = dataset.list_saved_views(info=True)  # as get_saved_view_info may give another's
    return next((info["description"] or "" for info in infos if info["name"] == view), "")


def views_of(record: Mapping[str, Any]) -> list[str]:
    """Returns the names of the views that a run of this record or these settings has saved."""
    run_key = record.get("named_after", record["run_key"])
    views = [names.kept_view(run_key), names.buckets_view(run_key)]
    limits = ("duplicate_distance", "near_duplicates")
    has_groups = any(record.get(name) is not None for name in limits)
    has_events = record.get("event_gap") is not None
    views += [names.near_duplicates_view(run_key)] * has_groups
    views += [names.events_view(run_key)] * has_events
    return views + [names.stands_for_view(run_key)] * bool(record.get("explain"))


def fields_of(dataset: fo.Dataset, run_key: str) -> dict[str, str]:
    """Returns the fields of its own that a run has written and that are still there.

    Returns:
        names in :data:`run_fields.RUN_FIELDS` to paths in the dataset
    """
    record = settings(dataset, run_key)
    return written_fields.of_run(dataset, targets.of_record(record), record["run_key"])


def has_groups(dataset: fo.Dataset, run_key: str) -> bool:
    """Whether a run has numbered groups of near-duplicates, and the numbers are still there."""
    return GROUP.name in fields_of(dataset, run_key)


def is_explained(dataset: fo.Dataset, run_key: str) -> bool:
    """Whether a run has written what stands for each sample, and it is still there."""
    return {KEPT_BY.name, DISTANCE.name} <= set(fields_of(dataset, run_key))


def by_bucket(view: fo.DatasetView, field: str) -> fo.DatasetView:
    """Groups a view by bucket: one tile per bucket, its samples in it."""
    grouped = signature_fields.in_buckets(view, field)
    return grouped.group_by(f"{field}.bucket", order_by=f"{field}.sort_key", create_index=False)


def by_group(view: fo.DatasetView, group: str, field: str) -> fo.DatasetView:
    """Groups a view by a field of groups of near-duplicates: one tile per group."""
    return view.exists(group).group_by(group, order_by=f"{field}.sort_key", create_index=False)


def by_representative(view: fo.DatasetView, items: Samples, run_key: str) -> fo.DatasetView:
    """Groups a view by the kept sample that stands for each; the kept one is the tile."""
    kept_by, distance = (items.view_path(field.of(run_key)) for field in (KEPT_BY, DISTANCE))
    return view.exists(kept_by).group_by(kept_by, order_by=distance, create_index=False)


def signed(dataset: fo.Dataset, run_key: str | None, field: str) -> fo.DatasetView:
    """Returns the flat view of a run, or of the dataset; the field holds its signatures."""
    if not run_key and "." in field:
        raise ValueError(
            f"signature_field {field!r} is not a field of samples; for patches and frames, "
            f"give the key of a run; {_known(dataset)}"
        )
    if not signature_fields.is_ours(dataset, field):
        hint = (
            "they were deleted or renamed; downsample again, or compute_signatures into a field "
            "of that name"
            if run_key
            else f"run compute_signatures first, or give the key of a run; {_known(dataset)}"
        )
        raise ValueError(f"the field {field!r} has no signatures; {hint}")
    view = view_of(dataset, run_key) if run_key else flat_views.flat(dataset.view())
    return targets.fresh(view)


def browse(
    dataset: fo.Dataset,
    show: str = "buckets",
    run_key: str | None = None,
    bucket: int | None = None,
    signature_field: str = names.DEFAULT_FIELD,
) -> fo.DatasetView:
    """Returns a view to look at: by bucket, one bucket, or what a run kept, excluded or grouped.

    Args:
        dataset: the dataset
        show: one of :data:`SHOWN`
        run_key: the run whose samples to show; all samples of the dataset if None
        bucket: show this bucket only
        signature_field: where the signatures are, if no run is given

    Raises:
        ValueError: if there is no such run, bucket or field
    """
    if show not in SHOWN:
        raise ValueError(f"show must be one of {', '.join(SHOWN)}, got {show!r}")
    if show == "bucket" and bucket is None:
        raise ValueError(
            "show='bucket' needs the id of a bucket; set bucket to a number from 0 to 127"
        )
    if show in ("kept", "excluded", "stands_for", "near_duplicates") and not run_key:
        raise ValueError(f"show={show!r} needs the key of a run; {_known(dataset)}")
    if not isinstance(signature_field, str):
        raise ValueError(f"signature_field must be the name of a field, got {signature_field!r}")
    record = load(dataset, run_key) if run_key else {"signature_field": signature_field}
    items, stored = targets.of_record(record), record["signature_field"]
    field = items.to_view_path(stored)
    is_known_by_mark = show == "kept" and bucket is None
    try:
        view = signed(dataset, run_key, stored)
    except ValueError:
        if is_known_by_mark:
            return items.kept(dataset, record["tag"])
        raise
    if bucket is not None:
        bucket = whole_number("bucket, the id of a bucket,", bucket, 0, N_BUCKETS - 1)
        everything, view = view, view.match(F(f"{field}.bucket") == bucket)
        if not view:
            occupied = sorted(set(everything.distinct(f"{field}.bucket")) - {None})
            raise ValueError(
                f"bucket {bucket} has no images; choose one of {', '.join(map(str, occupied))}"
            )
    if show == "stands_for":
        if not run_key or not is_explained(dataset, run_key):
            raise ValueError(
                f"the run {run_key!r} has not written which kept sample stands for which; run it "
                "with explain=True"
            )
        return by_representative(view, items, record["named_after"])
    if show == "near_duplicates":
        if not run_key or not has_groups(dataset, run_key):
            raise ValueError(
                f"the run {run_key!r} has no groups of near-duplicates; run it with "
                "duplicate_distance"
            )
        return by_group(view, items.view_path(GROUP.of(record["named_after"])), field)
    if show in ("kept", "excluded"):
        view = items.with_mark(view, record["tag"], show == "kept")
        if is_known_by_mark and not view:  # it filters by a field that is gone
            return items.kept(dataset, record["tag"])
    return by_bucket(view, field) if show == "buckets" else signature_fields.in_buckets(view, field)
