"""Removing what runs wrote, part by part: a part that is gone already is no reason to stop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import fiftyone as fo
from pymongo.errors import ConnectionFailure, InvalidOperation

from .. import names
from ..targets import Samples, locations, signature_fields, written_fields
from ..targets import kinds as targets
from . import app_settings, brain
from . import records as runs
from .shapes import Removed

Result = TypeVar("Result")

#: Errors that may pass. A step that raises another one raises it each time: what it is about is
#: gone, or a limit of MongoDB is reached.
PASSING = (ConnectionFailure, InvalidOperation, OSError, MemoryError)


def attempt(what: str, step: Callable[[], Result], failed: list[str]) -> Result | None:
    """Tries one of several steps, so that the others are done even if this one is impossible.

    Args:
        what: what the step is about
        step: what to do
        failed: list to append to: what could not be done, and why

    Returns:
        what the step returned; None if it is impossible

    Raises:
        an error that may pass: repeating the step is worthwhile
    """
    try:
        return step()
    except PASSING:
        raise
    except Exception as error:  # noqa: BLE001 (FiftyOne raises all kinds for what is gone)
        failed.append(f"{what} ({error})")
        return None


def remove(dataset: fo.Dataset, run_key: str, keep_signatures: bool) -> Removed:
    """Removes a run, or what there is of it; its settings last. See :func:`writes.delete`."""
    settings = runs.settings(dataset, run_key)
    items, tag, field = targets.of_record(settings), settings["tag"], settings["signature_field"]
    gone: list[str] = []

    def unmark() -> int:
        count = items.count_marked(dataset, tag)
        items.unmark(dataset, tag)
        return count

    untagged = attempt(f"the {items.tag_kind} `{tag}`", unmark, gone)
    views = [
        name
        for name in runs.views_of(settings)
        if dataset.has_saved_view(name)
        and attempt(f"the saved view `{name}`", partial(_delete_view, dataset, name), gone)
    ]
    fields = list(runs.fields_of(dataset, run_key).values())
    # FiftyOne reads all samples in memory again each time, so one after the other only if it must.
    if not attempt("the fields", partial(_delete_fields, dataset, items, fields), []):
        fields = [
            path
            for path in fields
            if attempt(f"the field `{path}`", partial(_delete_fields, dataset, items, [path]), gone)
        ]
    brain_runs = [
        key
        for key in brain.keys(dataset, settings["run_key"])
        if attempt(f"the brain run `{key}`", partial(_delete_brain_run, dataset, key), gone)
    ]
    why_kept, is_deleted = None, None
    if dataset.has_field(field):
        why_kept = _why_kept(dataset, field, run_key, keep_signatures)
        if why_kept is None:
            delete = partial(_delete_fields, dataset, items, [field])
            is_deleted = attempt(f"the field `{field}`", delete, gone)
    place = locations.field_of(dataset, field)
    if place and why_kept is None:
        delete = partial(_delete_fields, dataset, items, [place])
        fields += [place] if attempt(f"the field `{place}`", delete, gone) else []
    attempt("the App's settings", lambda: app_settings.show_latest(dataset, without=run_key), gone)
    dataset.delete_run(run_key)
    return {
        "run_key": run_key,
        "tag": tag,
        "items": items.key,
        "untagged": untagged or 0,
        "saved_views": views,
        "fields": fields,
        "brain_runs": brain_runs,
        "signature_field": field if is_deleted else None,
        "kept_field": field if why_kept else None,
        "why_kept": why_kept,
        "gone": gone,
    }


def _delete_view(dataset: fo.Dataset, name: str) -> bool:
    dataset.delete_saved_view(name)
    return True


def _delete_brain_run(dataset: fo.Dataset, key: str) -> bool:
    dataset.delete_brain_run(key)
    return True


def _delete_fields(dataset: fo.Dataset, items: Samples, paths: list[str]) -> bool:
    items.delete_fields(dataset, paths)
    return True


def clear_left(dataset: fo.Dataset, settings: dict[str, Any]) -> None:
    """Removes what FiftyOne's own ``delete_run`` left behind of a run with this key."""
    run_key, items = settings["run_key"], targets.of_record(settings)
    if runs.left_tag(dataset, items, run_key, settings["tag"]):
        items.unmark(dataset, settings["tag"])
    items.delete_fields(dataset, list(written_fields.of_run(dataset, items, run_key).values()))
    for name in runs.left_views(dataset, run_key):
        dataset.delete_saved_view(name)
    for key in brain.keys(dataset, run_key):
        dataset.delete_brain_run(key)


def _why_kept(dataset: fo.Dataset, field: str, run_key: str, keep_signatures: bool) -> str | None:
    """Returns why a signature field outlives a run; None if nothing else needs it."""
    if keep_signatures:
        return "you chose to keep it"
    if not signature_fields.is_ours(dataset, field):
        return "smartdownsample did not create it"
    if signature_fields.is_wanted_by_user(dataset, field):
        return "its signatures were computed separately"
    keys = (key for key in runs.keys(dataset) if key != run_key)
    users = [key for key in keys if runs.settings(dataset, key)["signature_field"] == field]
    return f"used by {names.in_words(users)}" if users else None
