"""Tables of settings in docs/parameters.md; ``python -m tests.parameter_tables`` writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from plugin.config import DownsampleConfig
from smartdownsample_core import Choice
from smartdownsample_core.cli import option_of
from smartdownsample_core.errors import Message
from smartdownsample_core.selection import RANDOM_SEED, SplitSettings
from smartdownsample_core.settings import Reading, Setting, declared

DOCUMENT = Path(__file__).parents[1] / "docs" / "parameters.md"


def _row(what: Setting, option: Callable[[str], str] | None) -> str:
    text = Message(what.help).worded(lambda name: f"`{name}`")
    name = f"`{what.name}`" + (f" (`{option(what.name)}`)" if option else "")
    default = what.default if isinstance(what.default, (bool, int)) else repr(what.default)
    return f"| {name} | `{default}` | {text} |".replace("'", '"')


def _table(settings: Iterable[Setting], option: Callable[[str], str] | None = None) -> str:
    rows = [_row(what, option) for what in settings]
    return "\n".join(["| setting | default | meaning |", "| --- | --- | --- |", *rows])


def _options() -> list[Setting]:
    explicit = ("hash_size", "n_workers")  # positional parameters, documented above
    reading = [what for name, what in declared(Reading).items() if name not in explicit]
    return [RANDOM_SEED, *reading, *declared(Choice).values()]


TABLES = {
    "operators": lambda: _table(declared(DownsampleConfig).values()),
    "function": lambda: _table(_options(), option_of),
    "split": lambda: _table(declared(SplitSettings).values(), option_of),
}


def with_tables(text: str) -> str:
    """Returns the document with its tables as the code declares the settings."""
    for name, table in TABLES.items():
        begin, end = f"<!-- table: {name} -->\n", "\n<!-- end -->"
        before, rest = text.split(begin)
        text = before + begin + table() + end + rest.split(end, 1)[1]
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
