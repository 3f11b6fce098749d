"""Writes and removes runs and splits as one step: what a killed process leaves is completed.

A step that fails however often it is tried must not block other runs for ever: the other steps are
done, the journal's entry is removed, and the failure is reported.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import fiftyone as fo

from .. import names
from ..targets import kinds as targets
from ..targets import written_fields
from . import _journal as journal
from . import app_settings, splits
from . import records as runs
from ._lock import held
from ._removal import PASSING, attempt, clear_left, remove
from ._views import put_views
from .shapes import Editing, Kept, Removed, RunRecord, Splitting, Writing

_logger = logging.getLogger("smartdownsample")


class Saved(NamedTuple):
    """Result of writing a run."""

    tagged: int
    """how many samples; fewer than were kept if some have been deleted meanwhile"""
    impossible: list[str]
    """what of it could not be written, and why"""


class Written(NamedTuple):
    """What a run writes on samples."""

    kept_ids: list[str]
    """the samples to tag, in the order of choice if there is one"""
    buckets: list[int]
    """bucket of each of them"""
    strata: list[str] | None
    """stratum of each of them; None if there are no labels"""
    ids: list[str]
    """the n samples that were chosen from"""
    fields: dict[str, list[Any]]
    """names in :data:`run_fields.RUN_FIELDS` to the n values"""


def save(
    dataset: fo.Dataset,
    view: fo.DatasetView,
    written: Written,
    settings: dict[str, Any],
    record: RunRecord,
) -> Saved:
    """Writes a run: its settings, tag, fields, saved views and record; replaces one of its key.

    Args:
        dataset: the dataset
        view: the (flat) view that the run was asked for; "excluded" is relative to it
        written: what to write on the samples
        settings: plain values, those of a :class:`DownsampleConfig`
        record: plain values

    Raises:
        ValueError: if it cannot be written; or as :func:`lock.held`
    """
    contents: Writing = {
        "settings": settings,
        "record": record,
        "written": written._asdict(),
    }
    with _alone(dataset):
        with _entry(dataset, view, settings["run_key"], contents) as key:
            impossible = _put(dataset, key, contents)
        tagged = targets.of_record(settings).count_kept(dataset, settings["tag"])
    return Saved(tagged, impossible)


def delete(dataset: fo.Dataset, run_key: str, keep_signatures: bool = False) -> Removed:
    """Undoes a run: its tag, saved views, record, and the signatures that nothing else uses.

    Args:
        dataset: the dataset
        run_key: the run
        keep_signatures: always keep the signature field

    Returns:
        what was removed: ``run_key``, ``tag``, ``items`` (what it was about), ``untagged``
        (count), ``saved_views``, ``fields`` (of its own), ``brain_runs``, and ``signature_field``
        (None if it stays); what stays: ``kept_field`` (None if it does not) and ``why_kept``; and
        ``gone``: texts on what could not be removed, as when it was gone already

    Raises:
        ValueError: if there is no such run; or as :func:`lock.held`
    """
    with _alone(dataset):
        runs.require(dataset, run_key)
        with _entry(dataset, None, run_key, {"keep_signatures": keep_signatures}):
            return remove(dataset, run_key, keep_signatures)


def save_split(dataset: fo.Dataset, view: fo.DatasetView, contents: Splitting) -> None:
    """Tags the items of each split and records it; replaces one of its key.

    Args:
        dataset: the dataset
        view: the (flat) view that was split
        contents: what to write

    Raises:
        ValueError: if it cannot be written; or as :func:`lock.held`
    """
    run_key = contents["settings"]["run_key"]
    with _alone(dataset), _entry(dataset, view, run_key, contents) as key:
        _put(dataset, key, contents)


def delete_split(dataset: fo.Dataset, run_key: str) -> dict[str, Any]:
    """Removes the tags and the record of a split.

    Returns:
        ``run_key`` and ``untagged``: how many had each tag

    Raises:
        ValueError: if there is no such split; or as :func:`lock.held`
    """
    with _alone(dataset):
        splits.settings(dataset, run_key)
        with _entry(dataset, None, run_key, {"keep_signatures": True}):
            return {"run_key": run_key, "untagged": splits.remove(dataset, run_key)}


def edit(
    dataset: fo.Dataset, run_key: str, make: Callable[[], Editing]
) -> tuple[Editing, list[str]]:
    """Changes the hand edits of a run.

    Args:
        dataset: the dataset
        run_key: the run
        make: makes out what to write; nobody else changes the dataset's runs meanwhile

    Returns:
        what was to be written, and what of it could not be, and why

    Raises:
        ValueError: if there is no such run, or ``make`` does; or as :func:`lock.held`
    """
    with _alone(dataset):
        runs.require(dataset, run_key)
        contents = make()
        with _entry(dataset, None, run_key, contents):
            return contents, _edit(dataset, run_key, contents)


def _edit(dataset: fo.Dataset, run_key: str, contents: Editing) -> list[str]:
    """Writes a change of hand edits, over what there is of it; returns what is impossible."""
    settings, record = runs.settings(dataset, run_key), contents["record"]
    items, tag, made_as = targets.of_record(settings), settings["tag"], settings["run_key"]

    def mark() -> None:
        items.unmark_some(dataset, contents["unmarked"], tag)
        items.mark(dataset, contents["marked"], tag)

    steps: dict[str, Callable[[], Any]] = {
        f"the {items.tag_kind} `{tag}`": mark,
        "the fields of the run": lambda: written_fields.put(
            dataset, items, made_as, contents["changes"]
        ),
        # Those of patches and frames show what there was when they were saved.
        "the saved views": lambda: put_views(
            dataset,
            dataset.load_run_view(run_key),
            settings,
            record["kept"],
            runs.fields_of(dataset, run_key),
        ),
    }
    impossible: list[str] = []
    for what, step in steps.items():
        attempt(what, step, impossible)
    # Also in the settings, which forms read at every keystroke, while the results may be large.
    config = dataset.get_run_info(run_key).config
    config.hand_edits = len(contents["hand"]["edits"])
    dataset.update_run_config(run_key, config)
    results = dataset.init_run_results(
        run_key, record=record, kept=contents["kept"], hand=contents["hand"]
    )
    dataset.save_run_results(run_key, results, overwrite=True)
    return impossible


@contextmanager
def _alone(dataset: fo.Dataset) -> Iterator[None]:
    """Nobody else changes the dataset's runs, and what was interrupted before is completed."""
    with held(dataset):
        _recover(dataset)
        yield


@contextmanager
def _entry(
    dataset: fo.Dataset, view: fo.DatasetView | None, run_key: str, contents: journal.Contents
) -> Iterator[str]:
    """Notes in the journal what is to be done, until it is done; after an error it stays there."""
    key = journal.enter(dataset, view, run_key, contents)
    yield key
    journal.strike(dataset, key)


def unfinished(dataset: fo.Dataset) -> list[str]:
    """Returns the keys of runs and splits whose writing or undoing was interrupted, or goes on."""
    return list(journal.entries(dataset).values())


def recover(dataset: fo.Dataset) -> dict[str, str]:
    """Completes the runs, splits and undos that were interrupted.

    Args:
        dataset: the dataset

    Returns:
        the keys of the runs, each with what was done: ``"written"``, ``"removed"``,
        ``"nothing"`` if it had not begun or was already complete, or ``"abandoned"`` if it can no
        longer be written. Steps that failed are logged

    Raises:
        ValueError: as :func:`lock.held`
    """
    with held(dataset):
        return _recover(dataset)


def _recover(dataset: fo.Dataset) -> dict[str, str]:
    journal.repair_references(dataset)
    outcomes = {}
    for key, run_key in journal.entries(dataset).items():
        outcomes[run_key], impossible = _finish(dataset, key, run_key)
        journal.strike(dataset, key)
        for text in impossible:
            _logger.warning("The run %s: skipped %s", run_key, text)
    return outcomes


def _finish(dataset: fo.Dataset, key: str, run_key: str) -> tuple[str, list[str]]:
    """Completes an entry; returns what was done, and which steps failed."""
    contents = journal.contents(dataset, key)
    if contents is None:
        return "nothing", []
    if "settings" in contents:
        try:
            return "written", _put(dataset, key, contents)
        except ImpossibleError as error:
            return "abandoned", [str(error)]
    if "changes" in contents:
        return "written", _edit(dataset, run_key, contents) if runs.exists(dataset, run_key) else []
    return "removed", _remove(dataset, run_key, contents["keep_signatures"])


def _remove(dataset: fo.Dataset, run_key: str, keep_signatures: bool) -> list[str]:
    """Removes a run or split, if there is one; returns what could not be removed, and why."""
    if run_key in splits.keys(dataset):
        splits.remove(dataset, run_key)
    elif runs.exists(dataset, run_key):
        return remove(dataset, run_key, keep_signatures)["gone"]
    return []


class ImpossibleError(ValueError):
    """A run cannot be written, however often that is tried; nothing is left of it."""


def _put(dataset: fo.Dataset, key: str, contents: Writing | Splitting) -> list[str]:
    """Writes the run or split of an entry, over what there is of it and of what it replaces.

    Returns:
        which fields and views could not be written, and why

    Raises:
        ImpossibleError: if the samples cannot be marked, or the run not recorded
    """
    run_key = contents["settings"]["run_key"]
    try:
        if "written" in contents:
            return _write(dataset, key, contents)
        splits.put(dataset, journal.view_of(dataset, key), contents)
        return []
    except PASSING:
        raise
    except Exception as error:  # FiftyOne raises all kinds of errors for what is gone
        _remove(dataset, run_key, keep_signatures=True)
        journal.strike(dataset, key)
        raise ImpossibleError(
            f"the run {run_key!r} cannot be written ({error}), so nothing of it is left; the "
            "signatures are saved: run again"
        ) from error


def _write(dataset: fo.Dataset, key: str, contents: Writing) -> list[str]:
    settings, written = contents["settings"], Written(**contents["written"])
    run_key, tag, field = settings["run_key"], settings["tag"], settings["signature_field"]
    if runs.exists(dataset, run_key):
        old_field = runs.settings(dataset, run_key)["signature_field"]
        remove(dataset, run_key, keep_signatures=old_field == field)
    clear_left(dataset, settings)
    view = journal.view_of(dataset, key)
    # The settings come first, because they are all that remove() needs to undo the rest.
    view.register_run(run_key, dataset.init_run(method=names.METHOD, **settings))
    items = targets.of_record(settings)
    items.mark(dataset, written.kept_ids, tag)
    impossible: list[str] = []
    attempt(
        "the fields of the run",
        lambda: written_fields.write(dataset, items, run_key, written.ids, written.fields),
        impossible,
    )
    attempt(
        "the saved views",
        lambda: put_views(dataset, view, settings, contents["record"]["kept"], written.fields),
        impossible,
    )
    attempt("the App's settings", lambda: app_settings.show_latest(dataset), impossible)
    kept: Kept = {"ids": written.kept_ids, "buckets": written.buckets, "strata": written.strata}
    results = dataset.init_run_results(run_key, record=contents["record"], kept=kept)
    dataset.save_run_results(run_key, results)
    return impossible
