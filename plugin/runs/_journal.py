"""A write-ahead journal: what is about to be done to a run is written down before it is begun.

MongoDB changes many documents one after the other, so a process that is killed may have tagged half
of the samples. With the journal, the next process can complete the work.

An entry is a custom run of the dataset under a name of its own: FiftyOne finds it, it may be of any
size, and it is deleted with the dataset. It takes effect with the last document that is written.
"""

from __future__ import annotations

import fiftyone as fo
from fiftyone.core.odm.database import patch_runs, patch_saved_views
from gridfs.errors import GridFSError

from ._refresh import refresh
from .shapes import Editing, Splitting, Undoing, Writing

Contents = Writing | Splitting | Editing | Undoing

#: ``method`` of the custom runs that are entries.
METHOD = "smartdownsample_journal"

_SUFFIX = "_unfinished"


def enter(
    dataset: fo.Dataset, view: fo.DatasetView | None, run_key: str, contents: Contents
) -> str:
    """Writes an entry and returns its key.

    Args:
        dataset: the dataset
        view: kept with the entry, see :func:`view_of`
        run_key: the run that the entry is about
        contents: plain values
    """
    key = run_key + _SUFFIX
    while dataset.has_run(key):  # a user's run of this name
        key += "_"
    config = dataset.init_run(method=METHOD, run_key=run_key)
    (dataset if view is None else view).register_run(key, config)
    results = dataset.init_run_results(key, contents=contents)
    dataset.save_run_results(key, results, cache=False)
    return key


def entries(dataset: fo.Dataset) -> dict[str, str]:
    """Returns the keys of the entries, each with the key of the run that it is about."""
    keys = dataset.list_runs(method=METHOD)
    return {key: dataset.get_run_info(key).config.run_key for key in keys}


def contents(dataset: fo.Dataset, key: str) -> Contents | None:
    """Returns the contents of an entry; None if it is half written or half removed."""
    results = results_of(dataset, key)
    return results.contents if results else None


def results_of(dataset: fo.Dataset, key: str) -> fo.RunResults | None:
    """Returns the results of a custom run; None if there are none, or none any more."""
    try:
        return dataset.load_run_results(key, cache=False, load_view=False)
    except (AttributeError, GridFSError):
        # FiftyOne deletes the file of the results before the run, and does not expect it gone.
        return None


def view_of(dataset: fo.Dataset, key: str) -> fo.DatasetView:
    """Returns the view that an entry was given."""
    return dataset.load_run_view(key)


def strike(dataset: fo.Dataset, key: str) -> None:
    """Removes an entry, if there is one."""
    if dataset.has_run(key):
        dataset.delete_run(key)


def repair_references(dataset: fo.Dataset) -> None:
    """Repairs references to runs and saved views that a killed process left broken.

    FiftyOne deletes a document first and the dataset's reference to it afterwards.
    """
    patch_runs(dataset.name)
    patch_saved_views(dataset.name)
    refresh(dataset)
