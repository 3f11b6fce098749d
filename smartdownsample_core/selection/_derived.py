"""What follows from the settings of a choice: parsed values, what is needed, contradictions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..checks import number, shown, whole_number
from ..errors import ParameterError
from ._cover import cover_keys
from ._notation import counts, duration, labels_by_key, ratios
from ._strategies import STRATEGIES, Strategy, StrategyName

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


class Derived:
    """Properties and problems of settings, which :class:`.ChoiceSettings` declares."""

    strategy: StrategyName
    duplicate_distance: float | None
    near_duplicates: float | None
    cover: Any
    stratify_by: Any
    balance: Any
    max_distance: float | None
    features: Any
    prefer: Any
    order: str
    event_gap: str | float | None
    min_interval: str | float | None
    fixed_cameras: str | bool
    leave_out_quiet: float
    exclude: Any
    max_per_event: int | None
    max_per: Any
    min_per: Any

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
    def limited_keys(self) -> set[str]:
        """The single keys that limits refer to."""
        return _parts((*self.caps, *self.floors, *self.excluded))

    @property
    def used_keys(self) -> set[str]:
        """The single keys that limits and strata refer to."""
        return self.limited_keys | _parts(self.strata_keys)

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

    @property
    def finds_standing(self) -> bool:
        """Whether it matters which cameras stand still."""
        uses = self.how.relates or self.leave_out_quiet > 0
        return uses and self.fixed_cameras not in ("none", False)

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
        if is_known and self.cover != type(self).cover and not self.how.covers:
            yield ParameterError(
                "cover",
                "{value} has no effect with {strategy} {strategy:given}",
                "choose {strategy} " + _strategies("covers"),
                value=shown(self.cover),
                given=self.strategy,
            )
        compares = not is_known or self.how.compares
        if _has_no_cameras(self):
            yield ParameterError(
                "leave_out_quiet",
                "{value} has no effect without standing cameras",
                "set {fixed_cameras} to {fixed_cameras:auto} or {fixed_cameras:all}",
                value=shown(self.leave_out_quiet),
            )
        if is_given(self.features) and not compares and self.near_duplicates is None:
            others = _strategies("compares")
            yield ParameterError(
                "features",
                "would not be used: {strategy} {strategy:value} does not compare images",
                f"choose {{strategy}} {others}, or set {{near_duplicates}}",
                value=self.strategy,
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
                    "{order:time}, got {value}",
                    f"set one that depends on it, or omit {{{name}}}",
                    value=shown(getattr(self, name)),
                )
        if "event" in used and not is_given(self.event_gap):
            by_name: dict[str, Iterable[str]] = {
                "max_per": caps,
                "min_per": floors,
                "exclude": self.excluded,
            }
            user = next((by for by in by_name if "event" in _parts(by_name[by])), "stratify_by")
            is_single = is_given(self.max_per_event)
            yield ParameterError(
                "event_gap",
                "is missing, and "
                + ("{max_per_event}" if is_single else f"{{{user}}} 'event'")
                + " needs it",
                "set it to how long nothing happens between two events, such as 5 min",
            )
        if "label" in used and not is_given(self.stratify_by):
            yield ParameterError(
                "stratify_by", "is missing, and {max_per} 'label' needs it", "set it to the labels"
            )
        if is_given(self.prefer) and not (
            self.strategy not in STRATEGIES
            or self.how.compares
            or self.excludes_duplicates
            or "event" in caps
            or is_given(self.min_interval)
        ):
            yield ParameterError(
                "prefer",
                "has no effect with {strategy} {strategy:value}, which keeps every n-th image",
                "choose {strategy} "
                + _strategies("compares")
                + ", or set {duplicate_distance}, {near_duplicates}, {max_per_event} or "
                "{min_interval}",
                value=self.strategy,
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
            others = _strategies("ranks")
            yield ParameterError(
                "max_distance",
                "needs a strategy that ranks images, not {strategy:value}",
                f"set {{strategy}} to {others}",
                value=self.strategy,
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
                # those that every front door shows
                "set how many images to keep, or set {duplicate_distance}, {max_per_group} or "
                "{max_distance}",
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


def _strategies(ability: str) -> str:
    """Returns those that ``covers``, ``compares`` or ``ranks``, as a part of a template."""
    able = (name for name, how in STRATEGIES.items() if getattr(how, ability))
    return " or ".join(f"{{strategy:{name}}}" for name in able)


def _parts(keys: Iterable[str]) -> set[str]:
    """Returns the single keys of combinations such as ``site+daynight``."""
    return {part for key in keys for part in key.split("+")}


def is_given(value: Any) -> bool:
    """Whether a setting has a value other than None or an empty text."""
    return value is not None and not (isinstance(value, str) and not value)


def _has_no_cameras(settings: Derived) -> bool:
    quiet = settings.leave_out_quiet
    is_wanted = isinstance(quiet, (int, float)) and quiet > 0
    return is_wanted and settings.fixed_cameras in ("none", False)


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
