"""Which samples to prefer: by a measure of their signatures, or by the numbers of a field."""

from __future__ import annotations

from typing import Any

import fiftyone as fo
import fiftyone.core.fields as fof
import numpy as np
from numpy.typing import NDArray

from smartdownsample_core.errors import refused
from smartdownsample_core.selection import MEASURES, numbers_of, split_prefer

from .. import names
from ..targets import Subject, signature_fields, written_fields

_NUMBERS = (fof.IntField, fof.FloatField, fof.BooleanField)

#: Fields of images that FiftyOne knows, but does not list in the schema.
_OF_METADATA = ("metadata.size_bytes", "metadata.width")


def check(subject: Subject, prefer: Any) -> None:
    """Raises a ParameterError if there is no such measure or field, or it holds no numbers."""
    if not isinstance(prefer, str):
        raise refused(
            "prefer",
            f"must name a measure or a field, got a {type(prefer).__name__}; write numbers into a "
            "field with dataset.set_values('my_score', numbers)",
        )
    name, _ = split_prefer(prefer)
    field = subject.view.get_field(name)
    if field is None and name not in MEASURES:
        known = [value for value, _ in options(subject.view)]
        raise refused(
            "prefer",
            f"the dataset has no field {name!r}{names.closest(name, known)}; measures are "
            f"{', '.join(MEASURES)}",
        )
    if field is not None and not isinstance(field, _NUMBERS):
        raise refused(
            "prefer",
            f"{name!r} is of type {type(field).__name__} and holds no numbers; choose a field of "
            "numbers",
        )


def options(view: fo.Dataset | fo.DatasetView) -> list[tuple[str, str]]:
    """Returns what can be preferred: value and label."""
    found = [
        ("sharpness", "sharpness"),
        ("-clipped", "-clipped (few black and white pixels)"),
        ("brightness", "brightness"),
    ]
    for name, field in view.get_field_schema().items():
        is_own = signature_fields.is_ours(view, name) or written_fields.owner(view, name)
        if isinstance(field, _NUMBERS[:2]) and not is_own:
            found.append((name, name))
    return found + [(name, name) for name in _OF_METADATA if view.get_field(name) is not None]


def read(subject: Subject, prefer: str) -> str | NDArray[np.float64]:
    """Returns a number for each sample, of which more is preferred; or the name of a measure."""
    check(subject, prefer)
    name, sign = split_prefer(prefer)
    if subject.view.get_field(name) is None:
        return prefer
    return sign * numbers_of(subject.view.values(name), len(subject.view))
