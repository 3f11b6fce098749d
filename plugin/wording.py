"""Figures as the App shows them."""

from __future__ import annotations


def stride(images: float | None) -> str:
    """Returns the step between two kept images of a bucket, as text."""
    return "-" if images is None else f"{images:,.1f}"
