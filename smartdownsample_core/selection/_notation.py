"""Settings that people write as text, such as ``5 min`` or ``camera=50, event=3``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np

from ..checks import is_number, shown, whole_number
from ..errors import ParameterError

_UNITS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_UNITS |= {"d": 86400, "day": 86400}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*?)s?\s*", re.ASCII)
_DIGITS = re.compile(r"\s*(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})\s*", re.ASCII)
_SHARE = re.compile(r"\s*([0-9]{1,20}(?:\.[0-9]{1,20})?)\s*%\s*", re.ASCII)

Pairs = Mapping[str, Any] | str


def duration(name: str, value: Any) -> float:
    """Returns a duration in seconds.

    Args:
        name: the setting
        value: seconds, a timedelta, or text such as ``"30s"``, ``"5 min"``, ``"1.5 h"``

    Raises:
        ParameterError: if it is none of these, or not above 0

    >>> duration("event_gap", "5 min"), duration("event_gap", 2.5), duration("event_gap", "10")
    (300.0, 2.5, 10.0)
    """
    seconds = value
    if isinstance(value, np.timedelta64):
        seconds = float(value / np.timedelta64(1, "s"))
    elif isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, str) and (found := _DURATION.fullmatch(value.lower())):
        unit = found[2] or "s"
        seconds = float(found[1]) * _UNITS[unit] if unit in _UNITS else None
    if is_number(seconds, 0, 1e12) and seconds > 0:
        return float(seconds)
    raise ParameterError(
        name,
        "must be a duration above 0, such as 30 (seconds), '30s', '5 min' or '2 h', got {value}",
        value=shown(value),
    )


def has_unit(value: Any) -> bool:
    """Whether a duration that is valid says in which unit it is.

    >>> has_unit("5 min"), has_unit("300"), has_unit(300)
    (True, False, False)
    """
    if isinstance(value, str):
        found = _DURATION.fullmatch(value.lower())
        return found is not None and value.strip()[-1:].isalpha()
    return isinstance(value, (timedelta, np.timedelta64))


def target_of(name: str, value: Any, n: int | None = None) -> int:
    """Returns how many images to keep.

    Args:
        name: the setting
        value: a number of at least 1, also as text such as ``"1,000"``, or a share of n images
            such as ``"10%"``
        n: number of images; the share of 0 if None

    Raises:
        ParameterError: if it is neither

    >>> target_of("target_count", "12.5%", 100), target_of("target_count", "1%", 10)
    (13, 1)
    >>> target_of("target_count", "500"), target_of("target_count", "1,000")
    (500, 1000)
    """
    if not isinstance(value, str):
        return whole_number(name, value, minimum=1)
    if _DIGITS.fullmatch(value):
        return whole_number(name, int(value.replace(",", "")), minimum=1)
    found = _SHARE.fullmatch(value)
    if found is None or not 0 < (share := Fraction(found[1])) <= 100:
        raise ParameterError(
            name,
            "must be a whole number of at least 1, or a share above 0% up to 100%, got {value}",
            value=shown(value),
        )
    return max(int(share * (n or 0) / 100 + Fraction(1, 2)), 1)


def counts(name: str, value: Any) -> dict[str, int]:
    """Returns a number of images for each of some keys.

    Args:
        name: the setting
        value: a mapping, or text such as ``"camera=50, event=3"``

    Raises:
        ParameterError: if it is neither, or a number is not whole and at least 1

    >>> counts("max_per", "camera=50, event=3")
    {'camera': 50, 'event': 3}
    """
    found = {}
    for key, number in _pairs(name, value, "camera=50, event=3").items():
        if isinstance(number, str) and number.isdecimal():
            number = int(number)
        try:
            found[key] = whole_number(name, number, minimum=1)
        except ParameterError:
            raise ParameterError(
                name,
                "of {key} must be a whole number of at least 1, got {value}",
                key=repr(key),
                value=shown(number),
            ) from None
    return found


def ratios(name: str, value: Any, example: str = "day=0.6, night=0.4") -> dict[str, float]:
    """Returns a share of the target for each of some labels; the shares sum to 1.

    Args:
        name: the setting
        value: a mapping, or text such as ``"day=0.6, night=0.4"``; 60 and 40 do as well
        example: of such a text, for errors

    Raises:
        ParameterError: if it is neither, or a ratio is not a number of at least 0

    >>> ratios("balance", "day=3, night=1")
    {'day': 0.75, 'night': 0.25}
    """
    found = {}
    for key, number in _pairs(name, value, example).items():
        try:
            found[key] = float(number)
        except (TypeError, ValueError):
            found[key] = -1.0
        if not is_number(found[key], 0, 1e9):
            raise ParameterError(
                name,
                "of {key} must be a number of at least 0, got {value}",
                key=repr(key),
                value=shown(number),
            )
    total = sum(found.values())
    if not total:
        raise ParameterError(name, "must have a ratio above 0, got {value}", value=shown(value))
    return {key: number / total for key, number in found.items()}


def labels_by_key(name: str, value: Any) -> dict[str, frozenset[str]]:
    """Returns labels for each of some keys.

    Args:
        name: the setting
        value: a mapping to a label or labels, or text such as ``"species=empty, site=A"``

    Raises:
        ParameterError: if it is neither

    >>> labels_by_key("exclude", "species=empty, species=human") == {
    ...     "species": frozenset(["empty", "human"])
    ... }
    True
    """
    found: dict[str, frozenset[str]] = {}
    for key, labels in _pairs(name, value, "species=empty", several=True).items():
        if isinstance(labels, str) or not isinstance(labels, Iterable):
            labels = [labels]
        found[key] = frozenset(map(str, labels))
    return found


def as_text(value: Any) -> Any:
    """Returns a mapping of keys as text, which databases and forms hold; others as they are.

    >>> as_text({"camera": 50, "event": 3}), as_text({"species": ["empty", "human"]})
    ('camera=50, event=3', 'species=empty, species=human')
    """
    if not isinstance(value, Mapping):
        return value
    several = (
        (key, one)
        for key, many in value.items()
        for one in ([many] if isinstance(many, str) or not isinstance(many, Iterable) else many)
    )
    return ", ".join(f"{key}={one}" for key, one in several)


def _pairs(name: str, value: Any, example: str, several: bool = False) -> dict[str, Any]:
    """Returns what text or a mapping has for each key; with ``several``, lists for text."""
    if isinstance(value, Mapping):
        pairs = [("+".join(key) if isinstance(key, tuple) else key, v) for key, v in value.items()]
    elif isinstance(value, str):
        parts = [part.rpartition("=") for part in value.split(",") if part.strip()]
        pairs = [(key.strip() if equals else None, text.strip()) for key, equals, text in parts]
    else:
        pairs = []
    if not pairs or not all(isinstance(key, str) and key for key, _ in pairs):
        raise ParameterError(
            name,
            "must be text such as {example!r}"
            + ("" if isinstance(value, str) else ", or a dict")  # which a command line has not
            + ", got {value}",
            example=example,
            value=shown(value),
        )
    if several and isinstance(value, str):
        return {key: [text for k, text in pairs if k == key] for key, _ in pairs}
    if len(dict(pairs)) < len(pairs):
        raise ParameterError(name, "names a key twice: {value}; name each once", value=shown(value))
    return dict(pairs)
