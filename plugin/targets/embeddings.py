"""Embeddings of samples, from a field or from a brain run, as an array."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import fiftyone as fo
import fiftyone.core.fields as fof
import numpy as np
from numpy.typing import NDArray

from smartdownsample_core.errors import refused
from smartdownsample_core.images import is_remote

from .. import names
from . import signature_fields
from .subject import Subject

_KINDS = (fof.VectorField, fof.ArrayField)
_BRAIN_TYPES = ("similarity", "visualization")

#: Files that are looked for if their samples have no embedding.
_MAX_LOOKED_FOR = 1000


def fields(dataset: fo.Dataset) -> list[tuple[str, str]]:
    """Returns what can hold embeddings: names of fields and brain keys, and their labels."""
    found = [
        (path, f"Field: {path}")
        for path, field in dataset.get_field_schema(flat=True).items()
        if _is_numbers(field) and "." not in path
    ]
    return found + [(key, f"Brain: {key}") for key in _brain_keys(dataset)]


def check(subject: Subject, name: str) -> None:
    """Raises a ValueError if there are no such embeddings, or not for all of the samples."""
    dataset, view = subject.dataset, subject.view
    field = _field(dataset, view, name)
    if field is None:
        ids = view.values("id")
        _, found = _indexed(_similarity(dataset, name))
        missing = set(ids).difference(found)
    else:
        missing = set(view.exists(field, False).values("id"))
    _require(subject, name, missing)


def load(subject: Subject, ids: Sequence[str], name: str) -> NDArray[np.float32]:
    """Reads embeddings.

    Args:
        subject: what they are of
        ids: of its n samples, in its order
        name: a field, or a brain key

    Returns:
        ``(n, d)``; any values for samples without an embedding whose images cannot be read

    Raises:
        ValueError: if there are none, or not for all samples whose images can be read, or they
            differ in length, or are not finite
    """
    dataset, view = subject.dataset, subject.view
    field = _field(dataset, view, name)
    if field is not None:
        vectors = view.values(field)
    else:
        found, found_ids = _indexed(_similarity(dataset, name))
        vector_of = dict(zip(found_ids, found, strict=True))
        vectors = [vector_of.get(item) for item in ids]
    present = [vector for vector in vectors if vector is not None]
    if len(present) < len(ids):
        missing = {item for item, vector in zip(ids, vectors, strict=True) if vector is None}
        _require(subject, name, missing)
        vectors = [present[0] if vector is None else vector for vector in vectors]
    lengths = {np.size(vector) for vector in vectors}
    if len(lengths) != 1:
        raise refused(
            "features",
            f"the embeddings of {name!r} differ in length, from {min(lengths)} to "
            f"{max(lengths)}; compute them anew with one model",
        )
    with np.errstate(over="ignore"):  # said below
        loaded = np.asarray([np.ravel(vector) for vector in vectors], np.float32)
    bad = np.flatnonzero(~np.isfinite(loaded).all(axis=1))
    if len(bad):
        value = loaded[bad[0]][~np.isfinite(loaded[bad[0]])][0]
        raise refused(
            "features",
            f"{len(bad):,} embeddings in {name!r} are not finite, the first is that of the sample "
            f"{ids[bad[0]]} with {value}; compute them anew, or leave the samples out",
        )
    return loaded


def _field(dataset: fo.Dataset, view: fo.DatasetView, name: str) -> str | None:
    """Returns the path of the field, if that is where they are; None for an index of its own."""
    if not isinstance(name, str):
        raise refused(
            "features",
            f"must be a field or a brain key, got a {type(name).__name__}; write "
            "embeddings into a field with dataset.set_values('embeddings', list(array))",
        )
    field = view.get_field(name)
    if field is not None:
        if not _is_numbers(field):
            raise refused(
                "features",
                f"{name!r} is a {type(field).__name__}, and embeddings are vectors"
                + _others(dataset),
            )
        return name
    if not dataset.has_brain_run(name):
        raise refused(
            "features",
            f"the dataset has no field and no brain key {name!r}{_others(dataset, name)}",
        )
    config = dataset.get_brain_info(name).config
    about, wanted = getattr(config, "patches_field", None), getattr(view, "patches_field", None)
    if about != wanted:
        kinds = (f"patches of {field!r}" if field else "samples" for field in (about, wanted))
        raise refused(
            "features",
            f"the brain run {name!r} is about {', not about '.join(kinds)}{_others(dataset)}",
        )
    path: str | None = getattr(config, "embeddings_field", None)
    if path and wanted:
        path = f"{wanted}.{path}"
    if path is None and config.type != "similarity":
        raise refused(
            "features",
            f"the brain run {name!r} keeps no embeddings, only what it made of them; "
            "compute them into a field, or choose a similarity run",
        )
    return path if path and view.has_field(path) else None


def _similarity(dataset: fo.Dataset, name: str) -> Any:
    index = dataset.load_brain_results(name)
    if index is None or not hasattr(index, "get_embeddings"):
        raise refused("features", f"the brain run {name!r} has no embeddings; compute it anew")
    return index


def _indexed(index: Any) -> tuple[NDArray[Any], list[str]]:
    """Returns the embeddings of an index, and the ids of the samples, or patches, they are of."""
    found, sample_ids, label_ids = index.get_embeddings()
    return found, np.asarray(sample_ids if label_ids is None else label_ids).tolist()


def _require(subject: Subject, name: str, missing: set[str]) -> None:
    """Raises a ValueError if samples without an embedding take part: their images can be read."""
    total = len(subject.view)
    if missing and len(missing) < total:
        missing = missing - _unreadable(subject, missing)
    if missing:
        raise refused(
            "features",
            f"{len(missing):,} of {total:,} samples have no embedding in {name!r}, such as "
            f"{min(missing)}; compute them for all samples, or choose from those that have one "
            "(an image that compute_signatures could not read needs none)",
        )


def _unreadable(subject: Subject, ids: set[str]) -> set[str]:
    """Returns which of some samples have images that are known to be unreadable."""
    dataset, view, items = subject.dataset, subject.view, subject.items
    found: set[str] = set()
    for path in view.get_field_schema(flat=True):
        field, _, subfield = path.rpartition(".")
        name = field.split(".")[-1]
        if subfield == "error" and signature_fields.is_ours(dataset, items.dataset_path(name)):
            found |= signature_fields.unreadable_ids(view, items, name)
    if len(ids - found) > _MAX_LOOKED_FOR:
        return found
    rest = view.select(list(ids - found))
    gone = zip(*rest.values(["id", "filepath"]), strict=True)
    return found | {item for item, path in gone if not path or _is_gone(path)}


def _is_gone(path: str) -> bool:
    return not is_remote(path) and not os.path.exists(path)


def _others(dataset: fo.Dataset, name: str = "") -> str:
    known = [value for value, _ in fields(dataset)]
    return names.closest(name, known) or (
        "; no field and no brain run has embeddings, a vector of numbers for each sample: "
        f"the operator {names.LABELS['compute_embeddings']!r} makes them, or write your own into a "
        "field with dataset.set_values('embeddings', list(array))"
    )


def _is_numbers(field: fof.Field | None) -> bool:
    if isinstance(field, _KINDS):
        return True
    return isinstance(field, fof.ListField) and isinstance(field.field, fof.FloatField)


def _brain_keys(dataset: fo.Dataset) -> list[str]:
    """Returns the brain keys that may hold embeddings: not ours, which hold descriptors."""
    found = [key for kind in _BRAIN_TYPES for key in dataset.list_brain_runs(type=kind)]
    return [key for key in found if not hasattr(dataset.get_brain_info(key).config, names.METHOD)]
