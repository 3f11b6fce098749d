"""Words, figures and colours as the App shows them."""

from __future__ import annotations

#: What a run did with an image.
KEPT, EXCLUDED = "kept", "excluded"

#: Their colours, legible on the App's dark and light backgrounds alike.
COLORS = {KEPT: "#1aa59d", EXCLUDED: "#8b94a3"}


def stride(images: float | None) -> str:
    """Returns the step between two kept images of a bucket, as text."""
    return "-" if images is None else f"{images:,.1f}"
