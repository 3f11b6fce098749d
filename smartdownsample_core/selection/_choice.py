"""How to choose among given images: the settings, with what they refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..settings import declared, naming_unknown, raise_first, redeclared, setting
from ._choice_settings import ChoiceSettings, PlainOptions
from ._derived import BUILT_IN
from ._features import quantized, unit_features
from ._inputs import check_fit, check_keys, check_labels, positions
from ._path_labels import FOLDER, is_of_path, labels_of_paths
from ._preference import MEASURES, check_prefer, numbers_of, split_prefer
from ._strata import Label
from ._strategies import DEFAULT_STRATEGY, StrategyName
from ._times import check_unit, read_times


class ChoiceOptions(PlainOptions, total=False):
    """The fields of :class:`Choice` as keywords, for editors; a test compares them."""

    stratify_by: Sequence[Label] | str | None
    keep: Sequence[int]
    features: Any
    prefer: str | Sequence[float | None] | None
    camera: Sequence[Label] | str | None
    time: Any
    keys: Mapping[str, Sequence[Label]] | None


@naming_unknown
@dataclass(frozen=True, eq=False, kw_only=True)
class Choice(ChoiceSettings):
    """How to choose among n images; raises a ParameterError for an invalid value.

    ``features`` are ``(n, d)`` numbers; ``stratify_by`` has n labels (each a text, several texts,
    or None), and so has ``camera``; ``keep`` has indices, 0 to n - 1; ``time`` has datetimes or
    numbers of seconds.
    """

    strategy: StrategyName = redeclared(ChoiceSettings, "strategy", default=DEFAULT_STRATEGY)
    stratify_by: Sequence[Label] | str | None = redeclared(
        ChoiceSettings,
        "stratify_by",
        help="A label for each image, or keys of {max_per}, such as camera or site+daynight: each "
        "label gets its share of the images to keep",
    )
    keep: Sequence[int] = redeclared(ChoiceSettings, "keep", default=())
    prefer: str | Sequence[float | None] | None = redeclared(
        ChoiceSettings,
        "prefer",
        help="Of near-duplicates, of an event with {max_per_event}, of images within "
        "{min_interval}, and of those that differ almost as much, keep those with more of a "
        "measure: sharpness, clipped (black and white pixels) or brightness; one of {keys}; or a "
        "number for each image. -clipped prefers less",
    )
    camera: Sequence[Label] | str | None = redeclared(
        ChoiceSettings,
        "camera",
        help="What took each image, a label for each, or folder for its folder (the default where "
        "there are paths); each has its own events and intervals, and is covered",
    )

    fixed_cameras: str | bool = redeclared(
        ChoiceSettings,
        "fixed_cameras",
        help=f"{declared(ChoiceSettings)['fixed_cameras'].help}; "
        "True means all, False none. Default of the command line: auto",
    )

    keys: Mapping[str, Sequence[Label]] | None = setting(
        kind="name",
        label="Keys",
        help="Labels for {max_per}, {min_per} and {stratify_by}: a dict of names, each with a "
        "label per image",
        option_help="a CSV table with a header: paths, then a column of labels for each key of "
        "{max_per} and {min_per}",
        metavar="CSV",
    )

    @property
    def strata_keys(self) -> tuple[str, ...]:
        """The keys that ``stratify_by`` names instead of labels."""
        known = {*BUILT_IN, *(self.keys if isinstance(self.keys, Mapping) else ())} - {"label"}
        by = self.stratify_by
        is_key = isinstance(by, str) and not set(by.split("+")) - known
        return (by,) if is_key and isinstance(by, str) else ()

    def __post_init__(self) -> None:
        if isinstance(self.stratify_by, (list, tuple)) and isinstance(self.keys, Mapping):
            known = {*BUILT_IN, *self.keys}
            if all(isinstance(one, str) and one in known for one in self.stratify_by):
                object.__setattr__(self, "stratify_by", "+".join(map(str, self.stratify_by)))
        object.__setattr__(self, "fixed_cameras", standing_cameras(self.fixed_cameras))
        raise_first(self.problems())
        check_keys(self.keys, self.used_keys)
        if self.prefer is not None:
            check_prefer(self.prefer, self.keys)
        if not (self.stratify_by is None or self.strata_keys or is_of_path(self.stratify_by)):
            check_labels("stratify_by", self.stratify_by)
        if not (self.camera is None or is_of_path(self.camera)):
            check_labels("camera", self.camera)
        object.__setattr__(self, "keep", positions(self.keep))
        object.__setattr__(self, "leave_out_junk", bool(self.leave_out_junk))

    def check(self, n: int, target_count: int | None, hash_size: int) -> None:
        """Raises a ParameterError if the choice does not fit n images, the target or the hash."""
        raise_first(self.target_problems(target_count))
        raise_first(self.radius_problems(hash_size))
        if self.features is not None:
            self.points(n)
        if self.stratify_by is not None and not isinstance(self.stratify_by, str):
            check_fit("stratify_by", self.stratify_by, n)
        if not isinstance(self.camera, (str, type(None))):
            check_fit("camera", self.camera, n)
        if self.time is not None:
            times = read_times(self.time, n)
            for name in ("event_gap", "min_interval"):
                check_unit(name, getattr(self, name), times)
        for labels in (self.keys or {}).values():
            check_fit("keys", labels, n)
        if self.prefer is not None and not isinstance(self.prefer, str):
            numbers_of(self.prefer, n)
        outside = [row for row in self.keep if not 0 <= row < n]
        if outside:
            raise ParameterError(
                "keep",
                "contains index {row:,}, but "
                + ("valid indices are 0 to {last:,}" if n else "there are no images"),
                row=outside[0],
                last=n - 1,
            )
        if target_count is not None and max(target_count, 0) < len(self.keep):
            raise ParameterError(
                "target_count",
                "{target:,} is less than the {n:,} images of {keep}, which count toward it",
                "raise it, or shorten {keep}",
                target=target_count,
                n=len(self.keep),
            )

    def for_paths(self, paths: Sequence[str]) -> Choice:
        """Returns the choice with the folders of n image files where it says so, or nothing.

        Args:
            paths: n paths
        """
        changes: dict[str, Any] = {}
        if self.uses_camera and isinstance(self.camera, (str, type(None))):
            changes["camera"] = labels_of_paths(self.camera or FOLDER, paths)
        if isinstance(self.stratify_by, str) and is_of_path(self.stratify_by):
            changes["stratify_by"] = labels_of_paths(self.stratify_by, paths, "stratify_by")
        return replace(self, **changes) if changes else self

    def points(self, n: int) -> NDArray[np.int8]:
        """Returns the features of n images as bytes to compare, ``(n, d)``; computed once.

        Raises:
            ParameterError: if the features do not fit
        """
        if n not in self._points:
            self._points[n] = quantized(unit_features(self.features, n))
        return self._points[n]

    @cached_property
    def _points(self) -> dict[int, NDArray[np.int8]]:
        return {}

    @property
    def needs_descriptors(self) -> bool:
        """Whether images need descriptors in addition to their buckets."""
        return self.needing_descriptors is not None

    @property
    def needing_descriptors(self) -> str | None:
        """The setting for which images need descriptors in addition to their buckets."""
        name = split_prefer(self.prefer)[0] if isinstance(self.prefer, str) else ""
        needed = {
            "strategy": self.how.compares and self.features is None,
            "leave_out_junk": self.leave_out_junk,
            "duplicate_distance": self.duplicate_distance is not None,
            "prefer": name in MEASURES and name not in (self.keys or {}),
            "max_per": "daynight" in self.used_keys,
        }
        return next((name for name, is_needed in needed.items() if is_needed), None)


def standing_cameras(value: Any) -> Any:
    """Returns True as ``"all"`` and False as ``"none"``, and other values as they are."""
    return ("all" if value else "none") if isinstance(value, bool) else value
