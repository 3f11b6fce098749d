"""Runs: what one downsampling wrote, where it is recorded, how it is found and undone."""

from __future__ import annotations

from typing import Any

import fiftyone as fo
from fiftyone import ViewField as F

from smartdownsample_core.checks import whole_number

from . import names, samples

#: What :func:`browse` shows: value and what a person reads.
SHOWN = {
    "buckets": "All buckets, a tile each",
    "bucket": "One bucket",
    "kept": "What the run kept",
    "excluded": "What the run left out",
}


_FIRST_IN_SIDEBAR = ("bucket_name", "brightness", "color_variance")


def keys(dataset: fo.Dataset) -> list[str]:
    """Returns the keys of the dataset's runs."""
    return list(dataset.list_runs(method=names.METHOD))


def exists(dataset: fo.Dataset, run_key: str) -> bool:
    """Whether the dataset has a run of ours under this key."""
    return run_key in keys(dataset)


def load(dataset: fo.Dataset, run_key: str) -> dict[str, Any]:
    """Returns the record of a run: its settings, and what :func:`save` was given.

    Of a run that was interrupted while it was saved, there are the settings and ``kept`` 0.

    Raises:
        ValueError: if there is no such run
    """
    if not exists(dataset, run_key):
        known = ", ".join(keys(dataset)) or "none"
        raise ValueError(f"the dataset has no smartdownsample run {run_key!r}; it has: {known}")
    settings = dataset.get_run_info(run_key).config.serialize()
    results = dataset.load_run_results(run_key, load_view=False)
    return {**settings, "kept": 0, **(results.record if results else {})}


def of_view(dataset: fo.Dataset, view: fo.DatasetView) -> str | None:
    """Returns the key of the run whose kept samples a view shows; None if it is another view."""
    stages = view._serialize(include_uuids=False)
    for run_key in keys(dataset):
        name = names.kept_view(run_key)
        if dataset.has_saved_view(name):
            saved = dataset.load_saved_view(name)
            if saved._serialize(include_uuids=False) == stages:
                return run_key
    return None


def save(
    dataset: fo.Dataset,
    view: fo.DatasetView,
    kept_ids: list[str],
    settings: dict[str, Any],
    record: dict[str, Any],
) -> None:
    """Writes a run: its settings, the tag, the two saved views, and at last the record.

    The settings come first, because they are all that :func:`delete` needs to undo the rest.

    Args:
        dataset: the dataset
        view: the (flat) view that the run was asked for; "excluded" is relative to it
        kept_ids: ids of the kept samples
        settings: plain values, with ``run_key``, ``tag`` and ``signature_field`` among them
        record: plain values
    """
    run_key, tag, field = settings["run_key"], settings["tag"], settings["signature_field"]
    view.register_run(run_key, dataset.init_run(method=names.METHOD, **settings))
    samples.tag(dataset, kept_ids, tag)
    dataset.save_view(
        names.kept_view(run_key),
        samples.all_slices(dataset).match_tags(tag),
        description=f"The {len(kept_ids):,} samples that the run {run_key} kept",
    )
    dataset.save_view(
        names.buckets_view(run_key),
        by_bucket(view, field),
        description=f"The samples of the run {run_key}, grouped by visual bucket",
    )
    dataset.save_run_results(run_key, dataset.init_run_results(run_key, record=record))


def delete(dataset: fo.Dataset, run_key: str, keep_signatures: bool = False) -> dict[str, Any]:
    """Undoes a run: its tag, saved views, record, and the signatures that nothing else uses.

    Args:
        dataset: the dataset
        run_key: the run
        keep_signatures: leave the signature field in any case

    Returns:
        what was removed: ``run_key``, ``tag``, ``untagged`` (samples), ``saved_views``, and
        ``signature_field`` (None if it stays)

    Raises:
        ValueError: if there is no such run
    """
    record = load(dataset, run_key)
    tagged = samples.all_slices(dataset).match_tags(record["tag"])
    untagged = len(tagged)
    tagged.untag_samples(record["tag"])
    views = [
        name
        for name in (names.kept_view(run_key), names.buckets_view(run_key))
        if dataset.has_saved_view(name)
    ]
    for name in views:
        dataset.delete_saved_view(name)
    dataset.delete_run(run_key)
    field = record["signature_field"]
    removable = not keep_signatures and samples.is_ours(dataset, field)
    if removable and not _is_used(dataset, field):
        dataset.delete_sample_field(field)
    return {
        "run_key": run_key,
        "tag": record["tag"],
        "untagged": untagged,
        "saved_views": views,
        "signature_field": None if dataset.has_field(field) else field,
    }


def by_bucket(view: fo.DatasetView, field: str) -> fo.DatasetView:
    """Groups a view by bucket: one tile per bucket, its samples in it."""
    return samples.in_buckets(view, field).group_by(f"{field}.bucket", order_by="filepath")


def browse(
    dataset: fo.Dataset,
    show: str = "buckets",
    run_key: str | None = None,
    bucket: int | None = None,
    signature_field: str = names.DEFAULT_FIELD,
) -> fo.DatasetView:
    """Returns a view to look at: by bucket, one bucket, or what a run kept or excluded.

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
        raise ValueError("show='bucket' needs the id of a bucket, 0-127")
    if show in ("kept", "excluded") and run_key is None:
        known = ", ".join(keys(dataset)) or "none"
        raise ValueError(f"show={show!r} needs the key of a run; the dataset has: {known}")
    record = load(dataset, run_key) if run_key else {"signature_field": signature_field}
    field = record["signature_field"]
    if not samples.is_ours(dataset, field):
        raise ValueError(f"the field {field!r} has no signatures; run compute_signatures first")
    view = samples.flat(dataset.load_run_view(run_key) if run_key else dataset.view())
    if bucket is not None:
        whole_number("bucket", bucket, minimum=0)
        view = view.match(F(f"{field}.bucket") == bucket)
        if not view:
            raise ValueError(f"there is no image in bucket {bucket}")
    if show in ("kept", "excluded"):
        view = view.match_tags(record["tag"], bool=show == "kept")
    return by_bucket(view, field) if show == "buckets" else samples.in_buckets(view, field)


def group_in_sidebar(dataset: fo.Dataset, fields: list[str]) -> None:
    """Puts signature fields into a sidebar group of their own; other groups stay as they are."""
    paths = [f"{field}.{name}" for field in fields for name in _FIRST_IN_SIDEBAR]
    paths += [
        path
        for field in fields
        for path in (f"{field}.{name}" for name, _, _ in names.SUBFIELDS)
        if path not in paths
    ]
    groups = dataset.app_config.sidebar_groups
    if groups is None:
        groups = fo.DatasetAppConfig.default_sidebar_groups(dataset)
    others = [group for group in groups if group.name not in (names.SIDEBAR_GROUP, *fields)]
    for group in others:
        group.paths = [path for path in group.paths if path not in paths]
    ours = fo.SidebarGroupDocument(name=names.SIDEBAR_GROUP, paths=paths, expanded=True)
    dataset.app_config.sidebar_groups = [*others, ours]


def _is_used(dataset: fo.Dataset, field: str) -> bool:
    others = (load(dataset, key)["signature_field"] for key in keys(dataset))
    return samples.is_wanted_by_user(dataset, field) or field in others
