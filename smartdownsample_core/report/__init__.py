"""What was kept, for people: summary, charts, lists and copies."""

from ._lists import (
    TEXT,
    VERBS,
    dropped_if_it_fails,
    new_list,
    place,
    with_line_breaks,
    write_list,
    write_text,
)
from ._report import save_charts, shortfalls, summary, totals

__all__ = [
    "TEXT",
    "VERBS",
    "dropped_if_it_fails",
    "new_list",
    "place",
    "save_charts",
    "shortfalls",
    "summary",
    "totals",
    "with_line_breaks",
    "write_list",
    "write_text",
]
