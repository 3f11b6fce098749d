"""The settings as people see them: rows made of their declarations, for the forms and the panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import fiftyone as fo
import fiftyone.operators.types as types

from smartdownsample_core.errors import Message
from smartdownsample_core.selection import STRATEGIES, ChoiceSettings
from smartdownsample_core.settings import Reading, Setting, declared

from ..config import CHARTS, DownsampleConfig
from ..jobs import keep, labels, preferences, times
from ..setting_labels import labelled
from ..targets import embeddings

_ALL = declared(DownsampleConfig)


def _rows(*names: str) -> tuple[Setting, ...]:
    return tuple(_ALL[name] for name in names)


TARGET_COUNT, STRATEGY, RUN_KEY, GROUP_SLICE, WHOLE_GROUPS, WHOLE_IMAGES = _rows(
    "target_count", "strategy", "run_key", "group_slice", "whole_groups", "whole_images"
)

_TIME = ("order", "event_gap", "min_interval", "camera", "time")
_LIMITS = ("max_per_event", "max_per", "min_per", "exclude")

#: What the kept samples have to satisfy; folded away by default.
CHOICE_ROWS = _rows(
    *(name for name in declared(ChoiceSettings) if name not in ("strategy", *_TIME, *_LIMITS))
)

#: Of the signatures, likewise.
SIGNATURE_ROWS = _rows("signature_field", *declared(Reading), "recompute")

#: The rows that are folded away, under their headings.
SECTIONS = (
    ("Which images", CHOICE_ROWS),
    ("Time", _rows(*_TIME)),
    ("Limits", _rows(*_LIMITS)),
    ("Names and files", _rows("tag", "random_seed", "explain", *CHARTS)),
    ("Signatures", SIGNATURE_ROWS),
)

#: What the panel asks for besides the target count.
WHAT_IF_ROWS = tuple(what for what in _ALL.values() if what.live and what is not TARGET_COUNT)

#: Settings that the panel asks for.
ASKED = tuple(what.name for what in (TARGET_COUNT, *WHAT_IF_ROWS))

#: What rows of names offer for a dataset: value and label.
OFFERS: dict[str, Callable[[fo.Dataset], list[tuple[str, str]]]] = {
    "stratify_by": labels.options,
    "group_by": labels.options,
    "keep": keep.options,
    "features": embeddings.fields,
    "prefer": preferences.options,
    "camera": labels.options,
    "time": times.options,
    "group_slice": lambda dataset: [(name, name) for name in dataset.group_slices or ()],
}


_USE_CAMERA_AND_TIME = ("order", "event_gap", "min_interval", "max_per", "min_per", "exclude")

#: Settings that are asked for only once one of others is given.
_NEEDS = {
    "balance": ("stratify_by",),
    "camera": (*_USE_CAMERA_AND_TIME, "fixed_cameras"),
    "time": _USE_CAMERA_AND_TIME,
    "max_per_event": ("event_gap",),
}


def matters(row: Setting, settings: Mapping[str, Any]) -> bool:
    """Whether to ask for a setting: shares, for example, only with a field to stratify by."""
    covers = STRATEGIES[settings.get("strategy") or STRATEGY.default].covers
    if row.name == "cover":
        return covers
    if row.name == "camera" and covers and "camera" in str(settings.get("cover", "camera")):
        return True
    needed = _NEEDS.get(row.name)
    if needed is None or settings.get(row.name) not in (None, row.default):
        return True
    return any(settings.get(name) not in (None, "", _ALL[name].default) for name in needed)


def suits(row: Setting, noun: str) -> bool:
    """Whether a setting is for what there is to choose from, such as "patches"."""
    return row is not WHOLE_IMAGES or noun == "patches"


def described(what: Setting) -> str:
    """Returns the description of a setting, with other settings and choices by their labels."""
    return labelled(Message(what.help))


def defaults() -> dict[str, Any]:
    """Returns the defaults of what the panel asks for."""
    return {row.name: row.default for row in WHAT_IF_ROWS if row.default not in (None, "")}


def options(dataset: fo.Dataset) -> dict[str, list[tuple[str, str]]]:
    """Returns what rows of names offer for a dataset: setting to values and labels."""
    return {row.name: offered(row, dataset) for row in CHOICE_ROWS if row.name in OFFERS}


def offered(row: Setting, dataset: fo.Dataset) -> list[tuple[str, str]]:
    """Returns what a row offers for a dataset."""
    return OFFERS[row.name](dataset) if row.name in OFFERS else []


def add(
    inputs: types.Object,
    row: Setting,
    offers: Sequence[tuple[str, str]] = (),
    item: dict[str, Any] | None = None,
    given: Any = None,
    **options: Any,
) -> types.Property:
    """Adds a row to a form or a panel.

    Args:
        inputs: where to add it
        row: the row
        offers: of a name, what to choose from
        item: options of its view, such as its place in a panel
        given: what its value is; of a choice, it is offered, too
        options: for the property; those of the row are the default
    """
    options = {"label": row.label, "description": described(row), **options}
    item = item or {}
    if row.default not in (None, ""):  # a default of None in the options stays
        options.setdefault("default", row.default)
    if row.kind == "choice":
        own = () if given in (None, *row.choices) else ((given, str(given)),)
        # One that may be other text, such as a ratio for each label, is typed.
        is_open = row.maximum is not None
        empty = types.AutocompleteView(**item) if is_open else _radio(**item)
        view = _with_choices(empty, (*row.choices.items(), *own))
        return inputs.enum(row.name, view.values(), view=view, **options)
    if row.kind == "name":
        options["view"] = _with_choices(types.AutocompleteView(**item), offers)
    elif item:
        options.setdefault("view", types.View(**item))
    makers: dict[str, Callable[..., types.Property]] = {
        "whole number": inputs.int,
        "number": inputs.float,
        "text": inputs.str,
        "name": inputs.str,
        "switch": inputs.bool,
    }
    return makers[row.kind](row.name, **options)


def _radio(**item: Any) -> types.Choices:
    return types.RadioGroup(orientation="vertical", **item)


def _with_choices(view: types.Choices, choices: Sequence[tuple[str, str]]) -> types.Choices:
    for value, text in choices:
        view.add_choice(value, label=text)
    return view
