"""What was kept, for people: summary, charts, lists and copies."""

from ._lists import ERRORS, VERBS, dropped_if_it_fails, new_list, place, write_list, write_text
from ._report import save_charts, shortfalls, summary, totals

__all__ = [
    "ERRORS",
    "VERBS",
    "dropped_if_it_fails",
    "new_list",
    "place",
    "save_charts",
    "shortfalls",
    "summary",
    "totals",
    "write_list",
    "write_text",
]
