"""Patterns that find a label in a path, in bounded time whatever the pattern and the path."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..checks import shown
from ..errors import ParameterError

try:
    from re import _constants as codes  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_constants as codes
    import sre_parse as parser

#: Characters of a path that are searched, its last; and seconds for all paths together.
_LONGEST, _SECONDS = 300, 10.0

#: Ways to match a text of the longest length: a product of the choices that a pattern leaves. Two
#: runs of characters of which either could end anywhere are allowed, three are not.
_MOST_WAYS = 2 * _LONGEST**2

_SINGLE = (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN)
_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    codes.CATEGORY_DIGIT: str.isdigit,
    codes.CATEGORY_NOT_DIGIT: lambda c: not c.isdigit(),
    codes.CATEGORY_SPACE: str.isspace,
    codes.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    codes.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    codes.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}


def labels_by_pattern(name: str, pattern: str, paths: Sequence[str]) -> list[str | None]:
    r"""Returns what a named group of a pattern matches in each path.

    Args:
        name: the setting, whose group is taken if there are several
        pattern: a regular expression with a group such as ``(?P<camera>...)``. Repetitions are of
            single characters, and few of them may be ambiguous, so that no path takes long
        paths: n paths; of long ones, the last 300 characters are searched

    Returns:
        None for paths that do not match

    Raises:
        ParameterError: for a pattern that is no such expression, or takes too long

    >>> labels_by_pattern("camera", r"(?P<camera>cam\d+)_", ["a/cam12_1.jpg", "a/2.jpg"])
    ['cam12', None]
    """
    compiled = _compiled(name, pattern)
    group = name if name in compiled.groupindex else next(iter(compiled.groupindex))
    until = time.monotonic() + _SECONDS
    found: list[str | None] = []
    for path in paths:
        match = compiled.search(path[-_LONGEST:].replace("\\", "/"))
        found.append(match[group] if match else None)
        if time.monotonic() > until:
            raise ParameterError(
                name,
                "{pattern} takes more than {seconds:g} seconds for {n:,} paths",
                "begin it with ^ or a fixed text",
                pattern=shown(pattern),
                seconds=_SECONDS,
                n=len(paths),
            )
    return found


def _compiled(name: str, pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
        atoms = list(_atoms(parser.parse(pattern)))
    except (re.error, RecursionError, OverflowError, _UnboundedError) as error:
        raise ParameterError(
            name,
            "must be a pattern such as {example}, got {pattern} ({error})",
            example=r"(?P<camera>cam\d+)",
            pattern=shown(pattern),
            error=error,
        ) from None
    if not compiled.groupindex or _ways(atoms) > _MOST_WAYS:
        problem = (
            "could match in too many ways" if compiled.groupindex else "has no group (?P<name>...)"
        )
        raise ParameterError(
            name,
            "{pattern} {problem}",
            r"write [^/]+/ rather than .*, as in ^(?P<site>[^/]+)/(?P<camera>[^/]+)/",
            pattern=shown(pattern),
            problem=problem,
        )
    return compiled


class _UnboundedError(ValueError):
    """A pattern with parts whose time to match is not bounded here."""


def _atoms(parsed: Any) -> Iterator[tuple[Any, int, int, int]]:
    """Yields single characters with how often they may repeat, and the ways of optional parts."""
    for code, argument in parsed:
        if code in _SINGLE:
            yield (code, argument), 1, 1, 1
        elif code == codes.SUBPATTERN:
            yield from _atoms(argument[-1])
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            least, most, repeated = argument
            ((inner, value),) = repeated if len(repeated) == 1 else ((None, None),)
            if inner in _SINGLE:
                yield (inner, value), int(least), min(int(most), _LONGEST), 1
            elif most == 1:
                yield None, 1, 1, 2
                yield from _atoms(repeated)
            else:
                raise _UnboundedError("it repeats more than a single character")
        elif code == codes.BRANCH:
            for branch in argument[1]:
                yield None, 1, 1, len(argument[1])
                yield from _atoms(branch)
        elif code != codes.AT:
            raise _UnboundedError("it has references or assertions")


def _ways(atoms: Sequence[tuple[Any, int, int, int]]) -> int:
    """Returns a bound on how many ways a pattern can be tried from one place of a text."""
    ways = 1
    for place, (atom, least, most, choices) in enumerate(atoms):
        ways *= choices
        if most > least and place + 1 < len(atoms):
            after, after_least, _, _ = atoms[place + 1]
            if after is None or not after_least or not _are_disjoint(atom, after):
                ways *= most - least + 1
    return ways


def _are_disjoint(one: Any, other: Any) -> bool:
    tests = _matcher(one), _matcher(other)
    return not any(all(test(chr(code)) for test in tests) for code in range(0x250))


def _matcher(atom: Any) -> Callable[[str], bool]:
    code, argument = atom
    if code == codes.LITERAL:
        return lambda c: ord(c) == argument
    if code == codes.NOT_LITERAL:
        return lambda c: ord(c) != argument
    if code == codes.ANY:
        return lambda c: True
    negated = argument[0][0] == codes.NEGATE

    def matches(c: str) -> bool:
        for kind, value in argument[negated:]:
            if kind == codes.LITERAL and ord(c) == value:
                return True
            if kind == codes.RANGE and value[0] <= ord(c) <= value[1]:
                return True
            if kind == codes.CATEGORY and _CATEGORIES[value](c):
                return True
        return False

    return lambda c: matches(c) != negated
