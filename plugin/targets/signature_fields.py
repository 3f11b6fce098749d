"""Signature fields of a dataset: their declaration, and what they say of the samples."""

from __future__ import annotations

import fiftyone as fo
from fiftyone.core.odm import create_field

from .. import names
from ._items import Samples, note_of


def declare(dataset: fo.Dataset, items: Samples, field: str, wanted_by_user: bool) -> None:
    """Declares the signature field with all its sub-fields and the indexes on the bucket.

    Args:
        dataset: the dataset
        items: what the field is of
        field: name of the field; nothing happens if it is declared already
        wanted_by_user: the user asked for the signatures as such, so that no undo removes them
    """
    stored = items.dataset_path(field)
    subfields = [
        {"name": name, "ftype": kind, "description": description}
        for name, kind, description in (*names.SUBFIELDS, *items.subfields)
    ]
    if not dataset.has_field(stored):
        whole = create_field(
            field.rpartition(".")[2],
            fo.EmbeddedDocumentField,
            embedded_doc_type=fo.DynamicEmbeddedDocument,
            fields=[create_field(**subfield) for subfield in subfields],
            description="Visual signature of the image, made by smartdownsample",
            info={names.METHOD: {"wanted_by_user": wanted_by_user}},
        )
        items.add_fields(dataset, {field: whole})
    elif wanted_by_user and not is_wanted_by_user(dataset, stored):
        declared = dataset.get_field(stored)
        declared.info = {**declared.info, names.METHOD: {"wanted_by_user": True}}
        declared.save()
    missing = {  # of a field that an older version declared
        f"{field}.{subfield['name']}": create_field(**subfield)
        for subfield in subfields
        if not dataset.has_field(f"{stored}.{subfield['name']}")
    }
    items.add_fields(dataset, missing)
    for indexed in ("bucket", "bucket_name", "taken", "model"):  # what people filter by
        items.add_index(dataset, f"{field}.{indexed}")


def is_ours(dataset: fo.Dataset, field: str) -> bool:
    """Whether a field of the dataset was made by :func:`declare`."""
    return "wanted_by_user" in note_of(dataset, field)


def is_wanted_by_user(dataset: fo.Dataset, field: str) -> bool:
    """Whether the user asked for the signatures as such."""
    return bool(note_of(dataset, field)["wanted_by_user"])


def in_buckets(view: fo.DatasetView, field: str) -> fo.DatasetView:
    """Returns the samples of the view that have a bucket."""
    return view.exists(f"{field}.bucket")


def unreadable_ids(view: fo.DatasetView, items: Samples, field: str) -> set[str]:
    """Returns the ids of the items whose image could not be read when it was tried.

    Args:
        view: a flat view
        items: what it holds
        field: name of the signature field; it need not exist
    """
    error = f"{field}.error"
    if not items.has(view, error):
        return set()
    ids, _, errors = items.read(view, [error])
    return {item for item, reason in zip(ids, errors, strict=True) if reason}
