"""Writes and removes runs, each as one step: a process that is killed leaves none of them half."""

from __future__ import annotations

from typing import Any, NamedTuple

import fiftyone as fo

from .. import names
from ..targets import Samples, number_fields, signature_fields
from ..targets import kinds as targets
from . import _journal as journal
from . import records as runs
from ._lock import held


class Written(NamedTuple):
    """What a run writes on samples."""

    kept_ids: list[str]
    """the samples to tag, in the order of choice if there is one"""
    is_ranked: bool = False
    """whether to number them by that order"""
    groups: dict[str, int] | None = None
    """id to number of its group of near-duplicates; None if these were not looked for"""


def save(
    dataset: fo.Dataset,
    view: fo.DatasetView,
    written: Written,
    settings: dict[str, Any],
    record: dict[str, Any],
) -> int:
    """Writes a run: its settings, tag, fields, saved views and record; replaces one of its key.

    Args:
        dataset: the dataset
        view: the (flat) view that the run was asked for; "excluded" is relative to it
        written: what to write on the samples
        settings: plain values, those of a :class:`DownsampleConfig`
        record: plain values

    Returns:
        how many samples were tagged; fewer than were kept if some have been deleted meanwhile

    Raises:
        ValueError: as :func:`lock.held`
    """
    run_key = settings["run_key"]
    contents = {"settings": settings, "record": record, "written": written._asdict()}
    with held(dataset):
        _recover(dataset)
        key = journal.enter(dataset, view, run_key, contents)
        _put(dataset, key, contents)
        journal.strike(dataset, key)
        return targets.of_record(settings).count_kept(dataset, settings["tag"])


def delete(dataset: fo.Dataset, run_key: str, keep_signatures: bool = False) -> dict[str, Any]:
    """Undoes a run: its tag, saved views, record, and the signatures that nothing else uses.

    Args:
        dataset: the dataset
        run_key: the run
        keep_signatures: leave the signature field in any case

    Returns:
        what was removed: ``run_key``, ``tag``, ``items`` (what it was about), ``untagged``
        (count), ``saved_views``, ``fields`` (of numbers), and ``signature_field`` (None if it
        stays); and what stays: ``kept_field`` (None if it does not) and ``why_kept``

    Raises:
        ValueError: if there is no such run; or as :func:`lock.held`
    """
    with held(dataset):
        _recover(dataset)
        runs.load(dataset, run_key)
        key = journal.enter(dataset, None, run_key, {"keep_signatures": keep_signatures})
        removed = _remove(dataset, run_key, keep_signatures)
        journal.strike(dataset, key)
    return removed


def unfinished(dataset: fo.Dataset) -> list[str]:
    """Returns the keys of the runs whose writing or undoing was interrupted, or is going on."""
    return list(journal.entries(dataset).values())


def recover(dataset: fo.Dataset) -> dict[str, str]:
    """Brings to an end what was interrupted.

    Args:
        dataset: the dataset

    Returns:
        the keys of the runs, each with what was done: ``"written"``, ``"removed"``, or
        ``"nothing"`` if the run is as it was before, because there had been no time to begin, or
        as it was to be

    Raises:
        ValueError: as :func:`lock.held`
    """
    with held(dataset):
        return _recover(dataset)


def _recover(dataset: fo.Dataset) -> dict[str, str]:
    journal.mend_references(dataset)
    outcomes = {}
    for key, run_key in journal.entries(dataset).items():
        contents = journal.contents(dataset, key)
        if contents is None:
            outcomes[run_key] = "nothing"
        elif "written" in contents:
            _put(dataset, key, contents)
            outcomes[run_key] = "written"
        else:
            if runs.exists(dataset, run_key):
                _remove(dataset, run_key, contents["keep_signatures"])
            outcomes[run_key] = "removed"
        journal.strike(dataset, key)
    return outcomes


def _put(dataset: fo.Dataset, key: str, contents: dict[str, Any]) -> None:
    """Writes the run of an entry, whatever there is of it, or of the one that it replaces."""
    settings, written = contents["settings"], Written(**contents["written"])
    run_key, tag, field = settings["run_key"], settings["tag"], settings["signature_field"]
    if runs.exists(dataset, run_key):
        old_field = runs.load(dataset, run_key)["signature_field"]
        _remove(dataset, run_key, keep_signatures=old_field == field)
    view = journal.view_of(dataset, key)
    # The settings come first, because they are all that _remove needs to undo the rest.
    view.register_run(run_key, dataset.init_run(method=names.METHOD, **settings))
    items = targets.of_record(settings)
    items.mark(dataset, written.kept_ids, tag)
    _put_fields(dataset, items, run_key, written)
    for name, (content, description) in _views(dataset, view, settings, written).items():
        dataset.save_view(name, content, description=description, overwrite=True)
    results = dataset.init_run_results(run_key, record=contents["record"])
    dataset.save_run_results(run_key, results)


def _put_fields(dataset: fo.Dataset, items: Samples, run_key: str, written: Written) -> None:
    if written.is_ranked:
        number_fields.write(
            dataset,
            items,
            names.rank_field(run_key),
            {sample_id: place for place, sample_id in enumerate(written.kept_ids, 1)},
            f"Place in the order in which the run {run_key} of smartdownsample chose what it kept: "
            "1 is the first. Those from 1 to m are what a run for m samples keeps, without strata",
            run_key,
        )
    if written.groups is not None:
        number_fields.write(
            dataset,
            items,
            names.group_field(run_key),
            written.groups,
            f"Number of the group of near-duplicates that the run {run_key} of smartdownsample "
            "found; None for an image that is alone",
            run_key,
        )


def _views(
    dataset: fo.Dataset, view: fo.DatasetView, settings: dict[str, Any], written: Written
) -> dict[str, tuple[fo.DatasetView, str]]:
    """Returns the views to save, each with its description."""
    run_key, items = settings["run_key"], targets.of_record(settings)
    field, view = items.seen(settings["signature_field"]), targets.fresh(view)
    shown = {
        names.kept_view(run_key): (
            items.kept(dataset, settings["tag"]),
            f"The {len(written.kept_ids):,} {items.noun} that the run {run_key} kept",
        ),
        names.buckets_view(run_key): (
            runs.by_bucket(view, field),
            f"The {items.noun} of the run {run_key}, grouped by visual bucket",
        ),
    }
    if written.groups is not None:
        shown[names.near_duplicates_view(run_key)] = (
            runs.by_group(view, items.shown(names.group_field(run_key)), field),
            f"The near-duplicates that the run {run_key} found, in their groups",
        )
    return shown


def _remove(dataset: fo.Dataset, run_key: str, keep_signatures: bool) -> dict[str, Any]:
    """Removes a run, or what there is of it; its settings last."""
    record = runs.load(dataset, run_key)
    items = targets.of_record(record)
    untagged = items.count_marked(dataset, record["tag"])
    items.unmark(dataset, record["tag"])
    views = [name for name in runs.views_of(record) if dataset.has_saved_view(name)]
    for name in views:
        dataset.delete_saved_view(name)
    numbers = runs.fields_of(dataset, run_key)
    items.delete_fields(dataset, numbers)
    field = record["signature_field"]
    why_kept = None
    if dataset.has_field(field):
        why_kept = _why_kept(dataset, field, run_key, keep_signatures)
        if why_kept is None:
            items.delete_fields(dataset, [field])
    dataset.delete_run(run_key)
    return {
        "run_key": run_key,
        "tag": record["tag"],
        "items": items.key,
        "untagged": untagged,
        "saved_views": views,
        "fields": numbers,
        "signature_field": field if why_kept is None else None,
        "kept_field": None if why_kept is None else field,
        "why_kept": why_kept,
    }


def _why_kept(dataset: fo.Dataset, field: str, run_key: str, keep_signatures: bool) -> str | None:
    """Words why a signature field outlives a run; None if nothing else needs it."""
    if keep_signatures:
        return "it was to be kept"
    if not signature_fields.is_ours(dataset, field):
        return "it is not ours"
    if signature_fields.is_wanted_by_user(dataset, field):
        return "you had it computed as such"
    keys = (key for key in runs.keys(dataset) if key != run_key)
    users = [key for key in keys if runs.load(dataset, key)["signature_field"] == field]
    return f"used by {names.in_words(users)}" if users else None
