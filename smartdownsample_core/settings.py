"""Settings. Each is declared once, for all code that checks, asks for or describes it.

A setting is a field of a frozen dataclass whose metadata is a :class:`Setting`. How to add one is
shown in docs/architecture.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import wraps
from typing import Any, Literal, TypeVar, get_args

from .checks import did_you_mean, flag, is_number, number, one_of, shown, whole_number
from .errors import ParameterError

_S = TypeVar("_S")

#: How signatures are computed; see :func:`smartdownsample_core.extract`.
Decode = Literal["exact", "fast", "preview", "auto"]
DECODES: tuple[Decode, ...] = get_args(Decode)

#: Those that read the previews of cameras whose previews can be trusted, and other images exactly.
BY_PREVIEW: tuple[Decode, ...] = ("preview", "auto")

#: What reads images at the same time; see :func:`smartdownsample_core.extract`.
Workers = Literal["threads", "processes", "dask"]

#: What to do about unreadable files: stop, or record the error and continue.
LOADING_ERRORS = ("raise", "skip")

Kind = Literal["whole number", "number", "choice", "switch", "text", "name", "value"]
"""A *name* is one of what a dataset or a file has; a *value* is checked by its own module."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting: how it is checked, asked for and described."""

    kind: Kind
    label: str
    """in forms"""
    help: str
    """a sentence without its full stop; may name settings, as :class:`Message` templates do"""
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    """value to description; if there is a maximum, numbers up to that are allowed as well"""
    live: bool = False
    """stored signatures are enough to show its effect, so the panel asks for it"""
    option: str = ""
    """of the command line; that of its name by default"""
    option_help: str = ""
    """of the command line, where a value is given in another way"""
    metavar: str = ""
    reads: Callable[[str, Any], Any] | None = None
    """of a text that means something else, such as a duration: returns what, or raises a
    ParameterError; takes the name of the setting and its value"""
    name: str = ""
    """filled in by :func:`declared`"""

    def check(self, value: Any) -> None:
        """Raises a ParameterError if the setting cannot have this value."""
        low, high = self.minimum, self.maximum
        if value is None and self.default is None:
            return
        is_plain = self.kind == "choice" and high is not None and not _has_pairs(value)
        if self.reads is not None and not is_plain:
            if not isinstance(value, str) or value != self.default:
                self.reads(self.name, value)
        elif self.kind == "whole number":
            bounds = {"minimum": low, "maximum": high}
            whole_number(
                self.name, value, **{k: int(v) for k, v in bounds.items() if v is not None}
            )
        elif self.kind == "number" and low is not None:
            number(self.name, value, low, float("inf") if high is None else high)
        elif self.kind == "choice" and high is not None and not isinstance(value, str):
            if not is_number(value, low or 0, high):
                self._check_choice(value)
        elif self.kind == "choice":
            self._check_choice(value)
        elif self.kind == "switch":
            flag(self.name, value)

    def _check_choice(self, value: Any) -> None:
        if self.maximum is None:
            one_of(self.name, value, tuple(self.choices))
            return
        words = [choice for choice in self.choices if not choice[:1].isdigit()]
        others = f"a number from {self.minimum or 0:g} to {self.maximum:g}"
        one_of(self.name, value, words, others)


def _has_pairs(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, str) and "=" in value)


def setting(**declaration: Any) -> Any:
    """Declares a dataclass field that is a setting; the arguments are those of :class:`Setting`."""
    what = Setting(**declaration)
    return field(default=what.default, metadata={"setting": what})


def redeclared(settings: type[Any], name: str, **changes: Any) -> Any:
    """Declares a field of a base class again, of a narrower type or with another default."""
    return setting(**{**vars(declared(settings)[name]), **changes})


def declared(settings: type[Any]) -> dict[str, Setting]:
    """Returns the settings of a dataclass by name, in the order of their declaration."""
    found = ((each.name, each.metadata.get("setting")) for each in fields(settings))
    return {name: replace(what, name=name) for name, what in found if what is not None}


def _problem(what: Setting, value: Any) -> ParameterError | None:
    try:
        what.check(value)
    except ParameterError as error:
        return error
    return None


def naming_unknown(kind: type[_S]) -> type[_S]:
    """Makes a dataclass of settings suggest the nearest name for an unknown one."""
    construct = kind.__init__

    @wraps(construct)
    def __init__(self: Any, *values: Any, **given: Any) -> None:  # noqa: N807 - it is that
        known = declared(kind)
        for name in given.keys() - known.keys():
            hint = did_you_mean(name, known)
            raise TypeError(f"{kind.__name__}() has no setting {name!r}; {hint}")
        construct(self, *values, **given)

    kind.__init__ = __init__  # type: ignore[method-assign]
    return kind


def raise_first(found: Iterator[ParameterError]) -> None:
    """Raises the first of the problems, if there is one."""
    for error in found:
        raise error


class Settings:
    """Base class of dataclasses of settings."""

    def problems(self) -> Iterator[ParameterError]:
        """Yields what is wrong with each setting, and then with their combinations."""
        found = (_problem(what, getattr(self, name)) for name, what in declared(type(self)).items())
        yield from filter(None, found)
        yield from self.contradictions()

    def contradictions(self) -> Iterator[ParameterError]:
        """Yields which settings do not go together."""
        yield from ()


@dataclass(frozen=True, kw_only=True)
class Reading(Settings):
    """How images are read."""

    hash_size: int = setting(
        kind="whole number",
        label="Hash size",
        help="Side of the difference hash (dHash) in bits, 4 to 64 (usually 8)",
        default=8,
        minimum=4,  # below it the aHash would be smaller than 2x2
        maximum=64,  # a dHash of 512 bytes, as large as all else that is known of an image
    )
    decode: Decode = setting(
        kind="choice",
        label="Reading images",
        help="{decode:exact} gives the buckets of smartdownsample 1.9; {decode:fast} takes less "
        "time but puts a few images in a hundred into a neighbouring bucket; {decode:preview} "
        "reads only the previews in the heads of camera files, for folders where they show what "
        "the images show, and other images exactly; {decode:auto} is the same, but does not warn "
        "of folders without previews",
        default="exact",
        choices={
            "exact": "Exact: the buckets of smartdownsample 1.9",
            "fast": "Fast: some images fall into a neighbouring bucket",
            "preview": "Previews of camera files; warns of folders without",
            "auto": "Automatic: previews of camera files, other images exactly",
        },
    )
    n_workers: int = setting(
        kind="whole number",
        label="Workers",
        help="Number of images read at the same time; it does not affect the result",
        default=4,
        minimum=1,
        option="--workers",
    )
    workers: str = setting(
        kind="choice",
        label="Workers are",
        help="{workers:threads}; {workers:processes}, which are faster for many small images and "
        "survive a file that crashes its reader; or {workers:dask}, the workers of a Dask cluster",
        default="threads",
        choices={
            "threads": "Threads",
            "processes": "Processes: they survive a file that crashes its reader",
            "dask": "Workers of a Dask cluster",
        },
        option="--processes",
    )
    scheduler: Any = setting(
        kind="text",
        label="Dask scheduler",
        help="Address of a Dask scheduler, such as tcp://10.0.0.1:8786, whose workers see the same "
        "files",
    )

    def contradictions(self) -> Iterator[ParameterError]:
        """Yields an error if the workers and the scheduler do not go together."""
        if (self.workers == "dask") != bool(self.scheduler):
            yield ParameterError(
                "scheduler",
                "{value} does not go with {workers} {workers:kind}",
                "{workers} {workers:dask} needs the address of a Dask scheduler, such as "
                "tcp://10.0.0.1:8786; no other kind takes one",
                value=shown(self.scheduler),
                kind=self.workers,
            )


HASH_SIZE = declared(Reading)["hash_size"]


def check_hash_size(hash_size: Any) -> int:
    """Returns ``hash_size`` as an int; raises a ParameterError if it is not allowed."""
    HASH_SIZE.check(hash_size)
    return int(hash_size)
