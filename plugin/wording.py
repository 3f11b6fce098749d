"""Figures as the App words them."""

from __future__ import annotations


def stride(images: float | None) -> str:
    """Words the step between two kept images of a bucket."""
    return "-" if images is None else f"{images:,.1f}"
