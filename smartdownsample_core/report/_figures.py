"""How figures are worded."""

from __future__ import annotations


def share(rate: float | None) -> str:
    """Formats a share, 0-1: "0%" and "100%" are exact, and "-" is for None.

    >>> [share(rate) for rate in (0, 1 / 3000, 1 / 3, 1999 / 2000, 1)]
    ['0%', '<0.1%', '33.3%', '>99.9%', '100%']
    """
    if rate is None:
        return "-"
    if rate in (0, 1):
        return f"{rate:.0%}"
    return "<0.1%" if rate < 0.0005 else ">99.9%" if rate >= 0.9995 else f"{rate:.1%}"
