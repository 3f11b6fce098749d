"""What FiftyOne's brain holds of a run: a map of its images, and an index to search them by."""

from __future__ import annotations

from collections.abc import Sequence

import fiftyone as fo
import numpy as np
from numpy.typing import NDArray

from .. import names
from ..targets import Patches
from ..targets import kinds as targets
from . import records as runs
from ._lock import held

#: What can be registered of a run; ends its brain key, such as ``RUN_map``.
MAP, SEARCH = "map", "search"


def keys(dataset: fo.Dataset, run_key: str) -> list[str]:
    """Returns the brain keys of what was registered of a run, by the key it was made under."""
    return list(dataset.list_brain_runs(**{names.METHOD: run_key}))


def key_of(dataset: fo.Dataset, run_key: str, what: str) -> str:
    """Returns the brain key that a run's map or index has, or is to have.

    Raises:
        ValueError: if there is no such run, it is of frames, or the brain key is someone else's
    """
    runs.require(dataset, run_key)
    settings = runs.settings(dataset, run_key)
    if targets.of_record(settings) is targets.FRAMES:
        raise ValueError(
            f"the run {run_key!r} is of frames of videos, which FiftyOne neither maps nor "
            "searches; save them as a dataset of images, frames.clone(), and choose from that"
        )
    key = f"{settings['run_key']}_{what}"
    if dataset.has_brain_run(key) and key not in keys(dataset, settings["run_key"]):
        raise ValueError(
            f"the dataset has a brain run {key!r} that smartdownsample did not make; rename it "
            f"with dataset.rename_brain_run({key!r}, ...)"
        )
    return key


def register(
    dataset: fo.Dataset,
    run_key: str,
    what: str,
    view: fo.DatasetView,
    ids: Sequence[str],
    vectors: NDArray[np.float32],
) -> str:
    """Registers the map or the index of a run, in the place of an earlier one.

    Args:
        dataset: the dataset
        run_key: the run
        what: :data:`MAP` or :data:`SEARCH`
        view: the flat view that the run chose from
        ids: of n of its items
        vectors: ``(n, 2)`` places on the map, or ``(n, d)`` to compare by Euclidean distance

    Returns:
        the brain key

    Raises:
        ValueError: as :func:`key_of` and :func:`lock.held`
    """
    import fiftyone.brain as fob  # it imports scikit-learn

    with held(dataset):
        key = key_of(dataset, run_key, what)
        settings = runs.settings(dataset, run_key)
        if dataset.has_brain_run(key):
            dataset.delete_brain_run(key)
        items, source, field = targets.of_record(settings), view, None
        if isinstance(items, Patches):
            source, field = view._source_collection, items.field
        # FiftyOne keeps what it does not know in the config: by this mark, an undo finds it.
        known = {"brain_key": key, "patches_field": field, names.METHOD: settings["run_key"]}
        if what == MAP:
            fob.compute_visualization(source, points=dict(zip(ids, vectors, strict=True)), **known)
            return key
        index = fob.compute_similarity(
            source, embeddings=False, backend="sklearn", metric="euclidean", **known
        )
        document_of = dict(items.located(dataset, ids))
        rows = [row for row, item in enumerate(ids) if item in document_of]
        there = [ids[row] for row in rows]
        documents = [document_of[item] for item in there]
        index.add_to_index(vectors[rows], documents, label_ids=there if field else None)
        index.save()
    return key
