"""Errors name the value, and the bound or the way out: all that are in the code are looked at."""

from __future__ import annotations

import re

from tests.messages import messages

#: How a bound or a way out is said.
_REMEDY = re.compile(r"; |\bmust\b|: ")

#: Of whole sentences that are made elsewhere, or that only our own code meets.
_EXEMPT = re.compile(
    r"\{(error|reason|problem|beginning|_OF_VERSION_2)\}"
    r"|\{(hint|remedy|loads|_hint\(argument\)|names\.closest\(.*\)|_others\(.*\))\}$"
    r"|^the pool is closed$|^nobody waits for the (frames|embeddings)"
    r"|times on the cluster|_TOO_SLOW|^it(s| has| repeats)\b|has no preview$"
    r"|valid indices are|\{near\}$"
)


def test_each_error_has_a_way_out() -> None:
    """What must be, what to do instead, or why: after a semicolon, a colon or a must."""
    found = list(messages())
    assert len(found) > 140
    without = [
        one for one in found if not _REMEDY.search(one.text) and not _EXEMPT.search(one.text)
    ]
    assert without == []


def test_each_error_names_what_it_got() -> None:
    """But for what is not there at all, of which there is nothing to name."""
    absent = re.compile(r"\bno | is closed|needs |cancelled")
    without = [one for one in messages() if "{" not in one.text and not absent.search(one.text)]
    assert [one for one in without if not _EXEMPT.search(one.text)] == []
