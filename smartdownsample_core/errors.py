"""Messages that name settings as their reader knows them, in Python, command line or App."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Word = Callable[[str], str]
"""Returns the reader's name of a setting, such as ``--near-duplicates`` for ``near_duplicates``."""

WordChoice = Callable[[str, Any], str]
"""Returns the reader's name of a choice, from that of its setting and its value."""


def quoted(name: str, value: Any) -> str:
    """Returns a choice as Python and the command line know it: its value."""
    return repr(value)


class Message:
    """A sentence that names settings, each as its reader knows it.

    Args:
        template: a format string whose fields are values, names of settings, or those of a choice:
            ``{strategy:diverse}``, or ``{strategy:value}`` for that of the value ``value``
        values: the values

    >>> message = Message("{most:,} images are left by {max_per_group}", most=5000)
    >>> str(message), message.worded(lambda name: "--" + name.replace("_", "-"))
    ('5,000 images are left by max_per_group', '5,000 images are left by --max-per-group')
    >>> str(Message("set {order} to {order:time}, not to {order:value}", value="natural"))
    "set order to 'time', not to 'natural'"
    """

    def __init__(self, template: str, /, **values: Any) -> None:
        self.template = template
        self.values = values

    def worded(self, word: Word, choice: WordChoice = quoted) -> str:
        """Returns the text, with settings and choices as ``word`` and ``choice`` name them."""
        return self.template.format_map(_Fields(self.values, word, choice))

    def __str__(self) -> str:
        return self.worded(str)


class _Fields(dict[str, Any]):
    def __init__(self, values: Mapping[str, Any], word: Word, choice: WordChoice) -> None:
        super().__init__(values)
        self._word, self._choice = word, choice

    def __missing__(self, name: str) -> _Name:
        return _Name(self._word(name), lambda value: self._choice(name, self.get(value, value)))


class _Name:
    """A name of a setting, and what its choices are called."""

    def __init__(self, name: str, choice: Callable[[str], str]) -> None:
        self._name, self._choice = name, choice

    def __format__(self, value: str) -> str:
        return self._choice(value) if value else self._name


class ParameterError(ValueError):
    """An invalid value of a setting.

    Args:
        name: the setting
        reason: what is wrong, as a :class:`Message` template that continues after the name
        remedy: what to do, as a template
        values: the values of the fields of both
    """

    def __init__(
        self,
        name: str,
        reason: str,
        remedy: str = "",
        values: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        self.name, self.reason, self.remedy = name, reason, remedy
        self.values = {**(values or {}), **more}
        super().__init__(name, reason, remedy, self.values)  # for pickling

    def worded(self, word: Word, choice: WordChoice = quoted) -> str:
        """Returns the message, with settings and choices as ``word`` and ``choice`` name them."""
        reason, remedy = (
            Message(part, **self.values).worded(word, choice) for part in (self.reason, self.remedy)
        )
        space = "" if reason.startswith(":") else " "
        return f"{word(self.name)}{space}{reason}" + (f"; {remedy}" if remedy else "")

    def __str__(self) -> str:
        return self.worded(str)


def refused(name: str, text: str) -> ParameterError:
    """Returns an error of a setting from a text that names no other settings.

    >>> str(refused("tag", "must be text, got 5")), str(refused("tag", "'a' is taken"))
    ('tag must be text, got 5', "tag: 'a' is taken")
    """
    goes_on = text.startswith(("must ", "has "))
    return ParameterError(name, "{text}" if goes_on else ": {text}", text=text)


def counted(n: int, noun: str) -> str:
    """Returns a number with a noun, which is given in the plural.

    >>> counted(1, "patches"), counted(2_000, "samples")
    ('1 patch', '2,000 samples')
    """
    one = noun.removesuffix("es" if noun.endswith("ches") else "s")
    return f"{n:,} {one if n == 1 else noun}"


def worded(error: BaseException | Message, word: Word, choice: WordChoice = quoted) -> str:
    """Returns the text of an error or message, with settings and choices as the reader's."""
    if isinstance(error, (ParameterError, Message)):
        return error.worded(word, choice)
    return str(error)
