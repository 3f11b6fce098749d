"""Settings and their choices by their labels, as messages name them in the App."""

from __future__ import annotations

import re
from typing import Any

from smartdownsample_core.errors import Message, ParameterError, worded
from smartdownsample_core.selection import SplitSettings
from smartdownsample_core.settings import Setting, declared

from .config import DownsampleConfig

_ALL: dict[str, Setting] = {**declared(SplitSettings), **declared(DownsampleConfig)}

_CHOICES = "|".join(re.escape(what.label) for what in _ALL.values() if what.kind == "choice")
_SIDE_BY_SIDE = re.compile(rf"('(?:{_CHOICES})') '")


def label(name: str) -> str:
    """Returns the label of a setting, by which messages name it in the App."""
    return f"'{_ALL[name].label}'" if name in _ALL else name


def choice_label(name: str, value: Any) -> str:
    """Returns the label of a choice without its explanation, by which messages name it there."""
    known = _ALL[name].choices.get(value) if isinstance(value, str) and name in _ALL else None
    return f"'{known.partition(':')[0]}'" if known else repr(value)


def labelled(message: ParameterError | Message | Exception | str) -> str:
    """Returns a message in which settings are named by their labels."""
    if isinstance(message, str):
        return message
    # A setting and its choice, side by side, read as one name in quotes after another.
    return _SIDE_BY_SIDE.sub(r"\1 set to '", worded(message, label, choice_label))
