"""Figures as the App words them."""

from __future__ import annotations


def share(rate: float | None) -> str:
    """Words the share of a bucket or label that is kept."""
    return "-" if rate is None else f"{rate:.0%}"


def stride(images: float | None) -> str:
    """Words the step between two kept images of a bucket."""
    return "-" if images is None else f"{images:,.1f}"
