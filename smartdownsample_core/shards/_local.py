"""What can be chosen part by part: settings that need no more than the images of a camera."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import ParameterError
from ..selection import BUILT_IN, FOLDER, STRATEGIES, Choice, is_given, labels_of_paths
from ..settings import declared

#: All others must have their defaults.
LOCAL = (
    *("strategy", "cover", "camera", "order", "event_gap", "min_interval", "exclude"),
    *("max_per_event", "max_per", "fixed_cameras", "leave_out_quiet", "leave_out_junk"),
)

#: Of values that can be compared with a default.
_PLAIN = (str, int, float, bool, tuple, type(None))

_KEYS = set(BUILT_IN) - {"label"}

_OF_TIME = ("event", "day")


def check_settings(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Raises a ParameterError for settings of a choice that need all images.

    Args:
        values: of all settings, before files are read that they name
        defaults: of them
    """
    for name in declared(Choice):
        value, default = values[name], defaults[name]
        is_default = value is default or (isinstance(value, _PLAIN) and value == default)
        if name not in LOCAL and not is_default:
            raise ParameterError(name, "does not go with {scheduler}", "omit one of them")
    if values["strategy"] not in STRATEGIES or not STRATEGIES[values["strategy"]].covers:
        raise ParameterError(
            "strategy",
            "{value} does not go with {scheduler}",
            "use diverse, or omit {scheduler}",
            value=repr(values["strategy"]),
        )
    camera = values["camera"]
    if not (camera is None or (isinstance(camera, str) and (camera == FOLDER or "(?P<" in camera))):
        raise ParameterError(
            "camera",
            "does not go with {scheduler} unless each path tells by itself which camera it is of",
            "use 'folder' or a pattern such as '(?P<camera>cam[0-9]+)', or omit {scheduler}",
        )


def check_choice(choice: Choice) -> None:
    """Raises a ParameterError for a choice that needs all images at once."""
    defaults = {name: what.default for name, what in declared(Choice).items()}
    values = {name: getattr(choice, name) for name in defaults}
    check_settings(values, defaults)
    for key in choice.caps:
        singles = key.split("+")
        if not {"camera", "event"}.intersection(singles) or not set(singles) <= _KEYS:
            raise ParameterError(
                "max_per",
                "of {key} does not go with {scheduler}: cameras are counted by different workers",
                "cap event, camera, or a key with one of them, such as camera+day",
                key=repr(key),
            )
    for key in choice.excluded:
        if not set(key.split("+")) <= _KEYS - {"event"}:
            raise ParameterError(
                "exclude",
                "of {key} does not go with {scheduler}",
                "exclude camera, day, daynight or bucket, or omit one of them",
                key=repr(key),
            )


def needs_whole_cameras(choice: Choice) -> bool:
    """Whether all images of a camera must be in one part."""
    return choice.finds_standing or choice.uses_time or bool(choice.caps)


def needs_times(choice: Choice) -> bool:
    """Whether a time must be known of some images."""
    given = is_given(choice.event_gap) or is_given(choice.min_interval) or choice.order == "time"
    return given or not choice.used_keys.isdisjoint(_OF_TIME)


def cameras_of(choice: Choice, paths: Sequence[str]) -> list[str | None]:
    """Returns the camera of each of n images."""
    camera = choice.camera
    return labels_of_paths(camera if isinstance(camera, str) else FOLDER, paths)


def without_time(choice: Choice) -> Choice:
    """Returns what a choice means for images whose times are all unknown, which have no events."""
    caps = {
        key: most
        for key, most in choice.caps.items()
        if not set(_OF_TIME).intersection(key.split("+"))
    }
    excluded = {
        key: sorted(labels)
        for key, labels in choice.excluded.items()
        if not set(_OF_TIME).intersection(key.split("+"))
    }
    found = replace(
        choice,
        order="natural",
        event_gap=None,
        min_interval=None,
        max_per_event=None,
        max_per=caps or None,
        exclude=excluded or None,
        camera=None,
    )
    return replace(found, camera=choice.camera) if found.uses_camera else found
