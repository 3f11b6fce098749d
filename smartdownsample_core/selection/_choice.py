"""How to choose: the strategy, and constraints on the kept images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set, Sized
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from ..checks import listed, number, shown, whole_number
from ..errors import ParameterError
from ..settings import Setting, Settings, raise_first, redeclared, setting
from ._cover import COVERABLE, NOTHING, cover_keys
from ._features import quantized, unit_features
from ._notation import counts, duration, labels_by_key, ratios, target_of
from ._path_labels import FOLDER, is_of_path, labels_of_paths
from ._strata import Label, texts_of
from ._strategies import DEFAULT_STRATEGY, RECOMMENDED_STRATEGY, STRATEGIES, Strategy, StrategyName
from ._times import read_times

_LARGEST_COSINE = 2

#: Settings that can decide how many images are kept, so that the target can be left out.
LIMITS = (
    "duplicate_distance",
    "near_duplicates",
    "max_per_group",
    "max_per_event",
    "max_per",
    "max_distance",
    "min_interval",
)

#: Keys that need no labels of their own.
BUILT_IN = ("camera", "event", "day", "daynight", "bucket", "label")

_OF_TIME = ("event", "day", "daynight")

TARGET_COUNT = Setting(
    name="target_count",
    kind="whole number",
    label="Images to keep",
    help="Exact number of images to keep, or (in Python and on the command line) a share such as "
    "10%; optional with {duplicate_distance} or {max_per_group}",
    minimum=1,
    live=True,
    reads=target_of,
)

RANDOM_SEED = Setting(
    name="random_seed",
    kind="whole number",
    label="Random seed",
    help="Runs with the same seed keep the same images, on any machine",
    default=42,
    minimum=0,
    live=True,
    option="--seed",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class ChoiceSettings(Settings):
    """How to choose. Subclasses narrow the types of three settings that refer to data."""

    strategy: StrategyName = setting(
        kind="choice",
        label="What the images are for",
        help="How images are chosen; see docs/strategies.md. Default of the command line: diverse",
        option_help="; ".join(f"{name}: {how.label}" for name, how in STRATEGIES.items()),
        default=RECOMMENDED_STRATEGY,
        choices={name: strategy.label for name, strategy in STRATEGIES.items()},
        live=True,
    )
    duplicate_distance: float | None = setting(
        kind="number",
        label="Near-duplicates within",
        help="Exclude images that look like an earlier one, by a distance from 0 (identical) to "
        "100 (nothing in common): try 10, or 20 to keep about one image of each scene",
        minimum=0,
        maximum=100,
        live=True,
        metavar="DISTANCE",
    )
    cover: Any = setting(
        kind="choice",
        label="First keep one of",
        help="What is covered before images that differ most are kept, the largest first: each "
        "{camera}, each visual bucket, both, or nothing",
        default=",".join(COVERABLE),
        choices={
            "camera,bucket": "Each camera and each visual bucket",
            "camera": "Each camera",
            "bucket": "Each visual bucket",
            NOTHING: "Nothing",
        },
        reads=cover_keys,
        live=True,
        metavar="WHAT",
    )
    near_duplicates: float | None = setting(
        kind="number",
        label="Near-duplicates by hash or embedding",
        help="Exclude images whose dHash differs from that of an earlier image by at most this "
        "many bits, which tells less than {duplicate_distance}. With {features}, a cosine distance "
        "from 0 to 2: try 0.05",
        live=True,
        metavar="BITS",
    )
    leave_out_junk: bool = setting(
        kind="switch",
        label="Exclude blank images",
        help="Exclude blank images: black, white, or blurred beyond use, but not empty scenes",
        default=False,
        live=True,
    )
    stratify_by: Any = setting(
        kind="name",
        label="Stratify by",
        help="A label for each image; each label gets its share of the images to keep",
        live=True,
        option_help="a CSV table of paths and labels, the word 'folder' to use the folders as "
        "labels, or keys of {max_per}, such as site+daynight; every label gets its share",
        metavar="CSV",
    )
    balance: Any = setting(
        kind="choice",
        label="Shares",
        help='Shares of the labels: "proportional" to their numbers of images, "equal", a number '
        "between 0 (equal) and 1 (proportional), or the share of each, such as day=0.6, night=0.4",
        reads=ratios,
        default="proportional",
        minimum=0,
        maximum=1,
        choices={
            "proportional": "Proportional to sizes",
            "0.5": "In between: proportional to the square roots of sizes",
            "equal": "Equal",
        },
        live=True,
        metavar="HOW",
    )
    max_per_group: int | None = setting(
        kind="whole number",
        label="Maximum per group",
        help="Maximum number of images per label or, without {stratify_by}, per visual bucket",
        minimum=1,
        live=True,
    )
    max_distance: float | None = setting(
        kind="number",
        label="Keep until within",
        help="Keep the fewest images so that no other image is farther than this from the kept "
        "ones, and at most {target_count}: from 0, identical, to 100, nothing in common. With "
        "{features}, a cosine distance from 0 to 2. Needs {strategy} 'diverse'",
        minimum=0,
        live=True,
        metavar="DISTANCE",
    )
    keep: Any = setting(
        kind="name",
        label="Always keep",
        help="Images that are always kept and count towards the target; others are chosen to "
        "differ from them",
        live=True,
        option_help="a list of images that are always kept: one path per line, or a file that "
        "--output wrote",
        metavar="FILE",
    )
    features: Any = setting(
        kind="name",
        label="Compare by",
        help="Embeddings to compare images by, instead of the built-in descriptor",
        live=True,
        option_help="an .npy file of vectors to compare images by, with one row per image",
        metavar="NPY",
    )

    camera: Any = setting(
        kind="name",
        label="Camera",
        help="What took each image; each has its own events and intervals, and is covered",
        option_help="what took each image: 'folder' (the default), or a CSV table of paths and "
        "cameras; each has its own events and intervals, and is covered",
        metavar="CSV",
    )
    time: Any = setting(
        kind="name",
        label="Time",
        help="When each image was taken: a date and time, or seconds (default: what its file says)",
        option_help="a CSV table of paths and times (default: what the files say)",
        metavar="CSV",
    )
    order: Literal["natural", "time"] = setting(
        kind="choice",
        label="Order",
        help="Order of the images, along which a stride picks: natural order of their paths, or, "
        "inside each {camera}, by when they were taken",
        default="natural",
        choices={"natural": "Natural: by their paths", "time": "By time inside each camera"},
    )
    event_gap: str | float | None = setting(
        kind="text",
        label="Events end after",
        help="Number the events: images of one {camera}, each taken less than this after the one "
        "before, such as 60 (seconds) or 5 min",
        reads=duration,
        metavar="TIME",
    )
    min_interval: str | float | None = setting(
        kind="text",
        label="Least time between images",
        help="Keep no two images of one {camera} that were taken less than this apart, such as 10 "
        "(seconds) or 1 min",
        reads=duration,
        metavar="TIME",
    )
    fixed_cameras: str | bool = setting(
        kind="choice",
        label="Standing cameras",
        help="Cameras that stand still, of whose frames {strategy} diverse prefers those that show "
        'more than the background: "auto" finds out which images share one, "all" takes every '
        '{camera} for one, and "none" does not compare; in Python also True and False',
        option_help="cameras that stand still, of whose frames --strategy diverse prefers those "
        "that show more than the background: find them (auto), each {camera} is one (all), or none",
        default="auto",
        choices={
            "auto": "Automatic: images that share a background",
            "all": "All: every camera stands still",
            "none": "None",
        },
    )
    leave_out_quiet: float = setting(
        kind="number",
        label="Exclude quiet frames below",
        help="Exclude frames of standing cameras with less activity than this: try 0.02, but look "
        "at what it excludes, as animals of low contrast can be as quiet as empty frames",
        default=0,
        minimum=0,
        metavar="ACTIVITY",
    )

    @property
    def finds_standing(self) -> bool:
        """Whether it matters which cameras stand still."""
        uses = self.how.relates or self.leave_out_quiet > 0
        return uses and self.fixed_cameras not in ("none", False)

    exclude: Any = setting(
        kind="text",
        label="Exclude labels",
        help="Exclude images with some labels, such as species=empty; keys are those of {max_per}",
        reads=labels_by_key,
        option="--exclude-label",
        metavar="KEY=LABEL",
    )
    max_per_event: int | None = setting(
        kind="whole number",
        label="Maximum per event",
        help="Maximum number of images per event; needs {event_gap}",
        minimum=1,
    )
    max_per: Any = setting(
        kind="text",
        label="Maximum per",
        help="Maximum number of images for each group of some keys, such as camera=50, day=20. "
        "Keys are camera, event, day, daynight, bucket, label (of {stratify_by}) and those in "
        "{keys}; site+day stands for each day of each site",
        reads=counts,
        metavar="KEY=N",
    )
    min_per: Any = setting(
        kind="text",
        label="Minimum per",
        help="Number of images that each group of some keys gets first, if it has as many and the "
        "maximums allow it, such as species=20",
        reads=counts,
        metavar="KEY=N",
    )

    @property
    def how(self) -> Strategy:
        """The strategy as an object."""
        return STRATEGIES[self.strategy]

    @property
    def gap(self) -> float | None:
        """``event_gap`` in seconds."""
        return None if not is_given(self.event_gap) else duration("event_gap", self.event_gap)

    @property
    def interval(self) -> float | None:
        """``min_interval`` in seconds."""
        given = is_given(self.min_interval)
        return duration("min_interval", self.min_interval) if given else None

    @property
    def caps(self) -> dict[str, int]:
        """The most images that each group of a key may have, by key."""
        caps = counts("max_per", self.max_per) if is_given(self.max_per) else {}
        if self.max_per_event is not None:
            caps["event"] = min(self.max_per_event, caps.get("event", self.max_per_event))
        return caps

    @property
    def excluded(self) -> dict[str, frozenset[str]]:
        """The labels that are excluded, by key."""
        return labels_by_key("exclude", self.exclude) if is_given(self.exclude) else {}

    @property
    def floors(self) -> dict[str, int]:
        """The images that each group of a key gets first, by key."""
        return counts("min_per", self.min_per) if is_given(self.min_per) else {}

    @property
    def used_keys(self) -> set[str]:
        """The single keys that limits refer to."""
        named = (*self.caps, *self.floors, *self.excluded, *self.strata_keys)
        return {part for name in named for part in name.split("+")}

    @property
    def strata_keys(self) -> tuple[str, ...]:
        """The keys that ``stratify_by`` names instead of labels."""
        return ()

    @property
    def covered(self) -> tuple[str, ...]:
        """What is covered first, such as ``("camera", "bucket")``."""
        covers = self.strategy in STRATEGIES and self.how.covers
        return cover_keys("cover", self.cover) if covers else ()

    @property
    def uses_time(self) -> bool:
        """Whether it matters when images were taken."""
        given = is_given(self.event_gap) or is_given(self.min_interval) or self.order == "time"
        return given or not self.used_keys.isdisjoint(_OF_TIME)

    @property
    def uses_camera(self) -> bool:
        """Whether it matters by which camera images were taken."""
        given = is_given(self.event_gap) or is_given(self.min_interval) or self.order == "time"
        keys = self.used_keys.union(self.covered)
        stands = self.fixed_cameras in ("all", True)
        return given or stands or not keys.isdisjoint(("camera", "event"))

    @property
    def exponent(self) -> float:
        """Exponent of the sizes of strata to which their shares are proportional."""
        if isinstance(self.balance, (str, Mapping)):
            return float(self.balance == "proportional")
        return float(self.balance)

    @property
    def ratios(self) -> dict[str, float] | None:
        """The share of each label, if ``balance`` gives them."""
        by = self.balance
        has_pairs = isinstance(by, Mapping) or (isinstance(by, str) and "=" in by)
        return ratios("balance", by) if has_pairs else None

    @property
    def excludes_duplicates(self) -> bool:
        """Whether near-duplicates are excluded, by whichever distance."""
        return self.near_duplicates is not None or self.duplicate_distance is not None

    def contradictions(self) -> Iterator[ParameterError]:
        """Yields an error for settings that conflict or would have no effect."""
        if self.near_duplicates is not None and self.duplicate_distance is not None:
            yield ParameterError(
                "near_duplicates",
                "cannot be combined with {duplicate_distance}: both define near-duplicates",
                "set one of them",
            )
        if self.near_duplicates is not None:
            yield from _of_radius(self.near_duplicates, is_given(self.features))
        if not is_given(self.stratify_by) and self.balance != "proportional":
            yield ParameterError(
                "balance",
                "{value} has no effect without {stratify_by}",
                "set both or neither",
                value=shown(self.balance),
            )
        yield from self._problems_of_limits()
        yield from self._problems_of_distance()
        is_known = self.strategy in STRATEGIES
        if is_known and self.cover != ChoiceSettings.cover and not self.how.covers:
            yield ParameterError(
                "cover",
                "{value} has no effect with {strategy} {given}",
                "choose {strategy} "
                + " or ".join(repr(name) for name, how in STRATEGIES.items() if how.covers),
                value=shown(self.cover),
                given=repr(self.strategy),
            )
        compares = not is_known or self.how.compares
        if _has_no_cameras(self):
            yield ParameterError(
                "leave_out_quiet",
                "{value} has no effect without standing cameras",
                "set {fixed_cameras} to 'auto' or 'all'",
                value=shown(self.leave_out_quiet),
            )
        if is_given(self.features) and not compares and self.near_duplicates is None:
            others = " or ".join(repr(name) for name, how in STRATEGIES.items() if how.compares)
            yield ParameterError(
                "features",
                "would not be used: {strategy} {value} does not compare images",
                f"choose {{strategy}} {others}, or set {{near_duplicates}}",
                value=repr(self.strategy),
            )

    def _problems_of_limits(self) -> Iterator[ParameterError]:
        try:
            caps, floors, used = self.caps, self.floors, self.used_keys
            uses = {"camera": self.uses_camera, "time": self.uses_time}
        except ParameterError:  # yielded already
            return
        for name, is_used in uses.items():
            if is_given(getattr(self, name)) and not is_used:
                yield ParameterError(
                    name,
                    "has no effect without {event_gap}, {min_interval}, {max_per} or {order} "
                    "'time', got {value}",
                    f"set one that depends on it, or omit {{{name}}}",
                    value=shown(getattr(self, name)),
                )
        if "event" in used and not is_given(self.event_gap):
            yield ParameterError(
                "event_gap",
                "is missing, and {max_per} event needs it",
                "set it to how long nothing happens between two events, such as 5 min",
            )
        if "label" in used and not is_given(self.stratify_by):
            yield ParameterError(
                "stratify_by", "is missing, and {max_per} label needs it", "set it to the labels"
            )
        for name in floors:
            if floors[name] > caps.get(name, floors[name]):
                yield ParameterError(
                    "min_per",
                    "of {key} is {least:,}, more than the {most:,} of {max_per}",
                    "lower {min_per} or raise {max_per}",
                    key=repr(name),
                    least=floors[name],
                    most=caps[name],
                )

    def _problems_of_distance(self) -> Iterator[ParameterError]:
        """Yields errors if no smaller number is nested in a larger one, which could be cut."""
        if self.max_distance is None or self.strategy not in STRATEGIES:
            return
        if not self.how.ranks:
            others = " or ".join(repr(name) for name, how in STRATEGIES.items() if how.ranks)
            yield ParameterError(
                "max_distance",
                "needs a strategy that ranks images, not {value}",
                f"set {{strategy}} to {others}",
                value=repr(self.strategy),
            )
        for name in ("stratify_by", "max_per_group", "max_per_event", "max_per", "min_per"):
            if is_given(getattr(self, name)):
                yield ParameterError(
                    "max_distance", "does not go with {" + name + "}", "set one of them"
                )

    def target_problems(self, target_count: Any) -> Iterator[ParameterError]:
        """Yields an error if nothing decides how many images to keep."""
        if target_count is None and not any(is_given(getattr(self, name)) for name in LIMITS):
            yield ParameterError(
                "target_count",
                "is missing",
                "set how many images to keep, or set {duplicate_distance}, {max_per_group}, "
                "{max_per}, {max_distance} or {min_interval}",
            )

    def radius_problems(self, hash_size: int) -> Iterator[ParameterError]:
        """Yields an error if ``near_duplicates`` is not below the number of bits of the hash."""
        bits = hash_size**2
        radius = self.near_duplicates
        if radius is not None and not is_given(self.features) and radius >= bits:
            yield ParameterError(
                "near_duplicates",
                "{value:g} bits exceed the {bits:,} bits of the hash",
                f"set {{near_duplicates}} from 0 to {bits - 1}",
                value=radius,
                bits=bits,
            )


def _has_no_cameras(settings: ChoiceSettings) -> bool:
    quiet = settings.leave_out_quiet
    is_wanted = isinstance(quiet, (int, float)) and quiet > 0
    return is_wanted and settings.fixed_cameras in ("none", False)


class PlainOptions(TypedDict, total=False):
    """The plain-valued fields of :class:`Choice` as keywords, for editors."""

    strategy: StrategyName
    duplicate_distance: float | None
    cover: str | Sequence[str]
    near_duplicates: float | None
    leave_out_junk: bool
    balance: str | float | Mapping[str, float]
    max_per_group: int | None
    max_distance: float | None
    order: Literal["natural", "time"]
    event_gap: str | float | None
    min_interval: str | float | None
    exclude: Mapping[str, str | Sequence[str]] | str | None
    max_per_event: int | None
    max_per: Mapping[str, int] | str | None
    min_per: Mapping[str, int] | str | None
    fixed_cameras: str | bool
    leave_out_quiet: float


class ChoiceOptions(PlainOptions, total=False):
    """The fields of :class:`Choice` as keywords, for editors; a test compares them."""

    stratify_by: Sequence[Label] | str | None
    keep: Sequence[int]
    features: Any
    camera: Sequence[Label] | str | None
    time: Any
    keys: Mapping[str, Sequence[Label]] | None


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
    camera: Sequence[Label] | str | None = redeclared(
        ChoiceSettings,
        "camera",
        help="What took each image, a label for each, or folder for its folder (the default where "
        "there are paths); each has its own events and intervals, and is covered",
    )
    fixed_cameras: str | bool = redeclared(ChoiceSettings, "fixed_cameras", default="none")

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
        _check_keys(self.keys, self.used_keys)
        if not (self.stratify_by is None or self.strata_keys or is_of_path(self.stratify_by)):
            _check_labels("stratify_by", self.stratify_by)
        if not (self.camera is None or is_of_path(self.camera)):
            _check_labels("camera", self.camera)
        object.__setattr__(self, "keep", _positions(self.keep))
        object.__setattr__(self, "leave_out_junk", bool(self.leave_out_junk))

    def check(self, n: int, target_count: int | None, hash_size: int) -> None:
        """Raises a ParameterError if the choice does not fit n images, the target or the hash."""
        raise_first(self.target_problems(target_count))
        raise_first(self.radius_problems(hash_size))
        if self.features is not None:
            self.points(n)
        if self.stratify_by is not None and not isinstance(self.stratify_by, str):
            _check_fit("stratify_by", self.stratify_by, n)
        if not isinstance(self.camera, (str, type(None))):
            _check_fit("camera", self.camera, n)
        if self.time is not None:
            read_times(self.time, n)
        for labels in (self.keys or {}).values():
            _check_fit("keys", labels, n)
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
        compares = self.how.compares and self.features is None
        given = self.leave_out_junk or self.duplicate_distance is not None
        return compares or given or "daynight" in self.used_keys


def is_given(value: Any) -> bool:
    """Whether a setting has a value other than None or an empty text."""
    return value is not None and not (isinstance(value, str) and not value)


def standing_cameras(value: Any) -> Any:
    """Returns True as ``"all"`` and False as ``"none"``, and other values as they are."""
    return ("all" if value else "none") if isinstance(value, bool) else value


def _of_radius(radius: Any, of_features: bool) -> Iterator[ParameterError]:
    try:
        if of_features:
            number("near_duplicates", radius, 0, _LARGEST_COSINE)
        else:
            whole_number("near_duplicates", radius, minimum=0)
    except ParameterError:
        unit = "a cosine distance of {features}, 0 to 2" if of_features else "a number of bits"
        yield ParameterError(
            "near_duplicates",
            f"must be {unit}, got {{value}}",
            "" if of_features else "with {features} it is a cosine distance",
            value=shown(radius),
        )


def _check_keys(keys: Any, used: Set[str]) -> None:
    if keys is not None and not isinstance(keys, Mapping):
        raise ParameterError(
            "keys",
            "must be a dict of names, each with a label per image, got {keys}",
            "such as {{'species': labels}}",
            keys=shown(keys),
        )
    for name, labels in (keys or {}).items():
        if not isinstance(name, str) or not name or name in BUILT_IN or "+" in name:
            raise ParameterError(
                "keys",
                "has the name {key}, but names must be text without '+', and other than {known}",
                key=shown(name),
                known=", ".join(BUILT_IN),
            )
        _check_labels("keys", labels)
    for name in sorted(used - {*BUILT_IN, *(keys or {})}):
        raise ParameterError(
            "max_per",
            "or another limit names the key {key}, which is not in {keys}",
            "keys are {known}, and those in {keys}",
            key=repr(name),
            known=", ".join(BUILT_IN),
        )


def _check_labels(name: str, labels: Any) -> None:
    is_list = isinstance(labels, Sized) and not isinstance(labels, (str, Mapping, Set))
    if is_list and not hasattr(labels, "columns") and getattr(labels, "shape", None) != ():
        return
    raise ParameterError(
        name,
        "must be a list of one label per image, in the order of the images, got {labels}",
        "[os.path.dirname(path) for path in image_paths] uses the folders as labels",
        labels=shown(labels),
    )


def _check_fit(name: str, labels: Sequence[Label], n: int) -> None:
    if len(labels) != n:
        raise ParameterError(
            name,
            "must have a label for each of the {n:,} images, got {labels:,}",
            "use None for images without one",
            n=n,
            labels=len(labels),
        )
    if n and not any(map(texts_of, labels)):
        raise ParameterError(
            name, "has no label for any of the {n:,} images", "label some or omit it", n=n
        )


def _positions(keep: Any) -> tuple[int, ...]:
    expected = "a list of indices in the list of images"
    remedy = (
        "image_paths.index(path) is the index of a path, numpy.flatnonzero(mask) those of a mask"
    )
    rows = listed("keep", keep, expected, remedy)
    wrong = [row for row in rows if isinstance(row, bool) or not hasattr(row, "__index__")]
    if wrong:
        raise ParameterError(
            "keep",
            "must be {expected}, got {value}",
            remedy,
            expected=expected,
            value=shown(wrong[0]),
        )
    return tuple(sorted({whole_number("keep", row) for row in rows}))
