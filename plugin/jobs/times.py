"""When samples were taken: from a field that a setting names, or from the videos of frames."""

from __future__ import annotations

from typing import Any

import fiftyone.core.fields as fof

from smartdownsample_core.errors import refused

from .. import names
from ..targets import Subject

#: Types of fields whose values are times: dates, text that writes them, and seconds.
_KINDS = (fof.DateTimeField, fof.DateField, fof.StringField, fof.IntField, fof.FloatField)
_NUMBERS = (fof.IntField, fof.FloatField)
_OFFERED = (fof.DateTimeField, fof.DateField)


def check(subject: Subject, path: str) -> None:
    """Raises a ValueError if the dataset has no such field, or its values are no times."""
    field = subject.view.get_field(path) if isinstance(path, str) else None
    if field is None:
        known = [name for name, _ in options(subject.view)]
        raise refused("time", f"the dataset has no field {path!r}{names.closest(str(path), known)}")
    if not isinstance(field, _KINDS):
        raise refused(
            "time",
            f"{path!r} is of type {type(field).__name__} and holds no times; choose a field of "
            "dates or of seconds",
        )


def are_numbers(subject: Subject, path: str) -> bool:
    """Whether the values of a field are numbers, whose unit is not known; False for no field."""
    return bool(path) and isinstance(subject.view.get_field(path), _NUMBERS)


def options(view: Any) -> list[tuple[str, str]]:
    """Returns the fields that are likely to hold times: path and label."""
    found = [
        (name, name)
        for name, field in view.get_field_schema().items()
        if isinstance(field, _OFFERED) and name not in ("created_at", "last_modified_at")
    ]
    is_frames = view.has_field("frame_number")
    return found + [("frame_number", "frame_number (counts frames, not seconds)")] * is_frames


def read(subject: Subject, path: str) -> list[Any]:
    """Returns the values of a field, one per sample."""
    check(subject, path)
    return list(subject.view.values(path))
