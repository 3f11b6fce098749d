"""Where images were taken, as a field that FiftyOne's map shows: a companion of signatures."""

from __future__ import annotations

from typing import Any

import fiftyone as fo
import numpy as np
from bson import ObjectId
from fiftyone.core.odm import create_field
from numpy.typing import NDArray

from .. import names
from ._items import Parts, Samples, note_of
from .stored_signatures import Target

FIELD = "location"


def field_of(dataset: fo.Dataset, signature_field: str) -> str | None:
    """Returns the field with the positions that came with signatures; None if there is none."""
    ours = note_of(dataset, FIELD).get("positions_of") == signature_field
    return FIELD if ours else None


def is_to_declare(dataset: fo.Dataset, target: Target) -> bool:
    """Whether some files say where they were taken, and the dataset has no positions yet.

    Only of samples: FiftyOne's map shows no patches and no frames.
    """
    if isinstance(target.items, Parts) or not len(_with_position(target)):
        return False
    kinds = (fo.GeoLocation, fo.GeoLocations)
    schema = dataset.get_field_schema(ftype=fo.EmbeddedDocumentField, embedded_doc_type=kinds)
    return not schema and not dataset.has_field(FIELD)


def declare(dataset: fo.Dataset, items: Samples, signature_field: str) -> None:
    """Declares the field and its index."""
    field = create_field(
        FIELD,
        fo.EmbeddedDocumentField,
        embedded_doc_type=fo.GeoLocation,
        description="Where the image was taken, from its file; made by smartdownsample",
        info={names.METHOD: {"positions_of": signature_field}},
    )
    items.add_fields(dataset, {FIELD: field})
    items.add_index(dataset, f"{FIELD}.point", "2dsphere")  # without it, geo_near() fails


def write(dataset: fo.Dataset, target: Target, rows: NDArray[np.int64] | None = None) -> None:
    """Writes the positions of some rows of the target, or all, into the declared field.

    Those that a file does not say are left as they are: somebody may have added them.
    """
    found = _with_position(target)
    chosen = (found if rows is None else np.intersect1d(rows, found)).tolist()
    signatures = target.signatures
    template = fo.GeoLocation(point=[0, 0]).to_dict()
    places = zip(signatures.longitude[chosen], signatures.latitude[chosen], strict=True)
    target.items.write(
        dataset,
        [target.ids[row] for row in chosen],
        [target.documents[row] for row in chosen],
        ({FIELD: _document(template, *map(float, place))} for place in places),
    )


def _with_position(target: Target) -> NDArray[np.int64]:
    return np.flatnonzero(~np.isnan(target.signatures.latitude + target.signatures.longitude))


def _document(template: dict[str, Any], longitude: float, latitude: float) -> dict[str, Any]:
    point = {**template["point"], "coordinates": [longitude, latitude]}
    return {**template, "_id": ObjectId(), "point": point}
