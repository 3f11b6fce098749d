"""Splits: tags such as train, val and test, recorded as a custom run that an undo removes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import fiftyone as fo

from smartdownsample_core.errors import ParameterError, refused

from .. import names
from ..targets import Subject
from ..targets import kinds as targets
from .shapes import Splitting


def keys(dataset: fo.Dataset) -> list[str]:
    """Returns the keys of the dataset's splits."""
    return list(dataset.list_runs(method=names.SPLIT_METHOD))


def settings(dataset: fo.Dataset, run_key: str) -> dict[str, Any]:
    """Returns the settings of a split, ``tags`` and ``items`` among them.

    Raises:
        ValueError: if there is no such split
    """
    known = keys(dataset)
    if run_key not in known:
        hint = f"there is {', '.join(known)}" if known else "there are none yet; run split first"
        raise ValueError(f"the dataset has no split {run_key!r}; {hint}")
    found: dict[str, Any] = dataset.get_run_info(run_key).config.serialize()
    return found


def tags(dataset: fo.Dataset) -> set[str]:
    """Returns the tags of all splits."""
    return {tag for key in keys(dataset) for tag in settings(dataset, key)["tags"]}


def problems(subject: Subject, run_key: str, wanted: Sequence[str]) -> Iterator[ParameterError]:
    """Yields an error if the key or a tag is taken, but for those of the split it replaces."""
    dataset, items = subject.dataset, subject.items
    own: Sequence[str] = ()
    if run_key in keys(dataset):
        own = settings(dataset, run_key)["tags"]
    elif dataset.has_run(run_key):
        yield refused("run_key", f"there is another run {run_key!r}; choose another key")
    for tag in wanted:
        if reason := items.refused_tag(tag):
            yield refused("shares", reason)
        elif tag not in own and items.is_marked(dataset, tag):
            yield refused(
                "shares",
                f"{items.noun} are tagged {tag!r} already, and not by the split {run_key!r}; "
                "choose other names, or remove these tags",
            )


def put(dataset: fo.Dataset, view: fo.DatasetView, contents: Splitting) -> None:
    """Tags the items of each split and records it, over what there is of one of its key.

    The settings come first, because they are all that :func:`remove` needs.

    Args:
        dataset: the dataset
        view: the (flat) view that was split
        contents: what to write
    """
    asked, members = contents["settings"], contents["members"]
    run_key, items = asked["run_key"], targets.of_record(asked)
    if run_key in keys(dataset):
        remove(dataset, run_key)
    config = dataset.init_run(method=names.SPLIT_METHOD, **asked, tags=list(members))
    view.register_run(run_key, config)
    for tag, ids in members.items():
        items.mark(dataset, ids, tag)
    results = dataset.init_run_results(run_key, record=contents["record"])
    dataset.save_run_results(run_key, results)


def remove(dataset: fo.Dataset, run_key: str) -> dict[str, int]:
    """Removes the tags of a split, then its record; returns how many items had each tag."""
    asked = settings(dataset, run_key)
    items = targets.of_record(asked)
    untagged = {}
    for tag in asked["tags"]:
        untagged[tag] = items.count_marked(dataset, tag)
        items.unmark(dataset, tag)
    dataset.delete_run(run_key)
    return untagged
