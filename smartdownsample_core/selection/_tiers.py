"""The order in which images are picked: good, near-duplicate, quiet, blank, damaged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: The tier of an image that cannot be picked: unreadable, or already kept.
NEVER = -1

#: Tiers of readable images that cannot be picked either: taken too soon after another, or with a
#: label that is excluded.
TOO_SOON, EXCLUDED = -2, -3

#: Good images of an event that has enough preferred ones are LESS_PREFERRED.
GOOD, NEAR_DUPLICATE, JUNK, DAMAGED, QUIET, LESS_PREFERRED = range(6)

#: Later tiers are used only when the earlier ones do not reach the target.
TIERS = (GOOD, LESS_PREFERRED, NEAR_DUPLICATE, QUIET, JUNK, DAMAGED)


def are_good(tiers: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Whether images, ``(n,)`` tiers, have nothing against them."""
    return np.asarray((tiers == GOOD) | (tiers == LESS_PREFERRED))
