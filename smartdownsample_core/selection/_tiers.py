"""The order in which images are picked: good, near-duplicate, quiet, blank, damaged."""

from __future__ import annotations

#: The tier of an image that cannot be picked: unreadable, or already kept.
NEVER = -1

#: Tiers of readable images that cannot be picked either: taken too soon after another, or with a
#: label that is excluded.
TOO_SOON, EXCLUDED = -2, -3

GOOD, NEAR_DUPLICATE, JUNK, DAMAGED, QUIET = range(5)

#: Later tiers are used only when the earlier ones do not reach the target.
TIERS = (GOOD, NEAR_DUPLICATE, QUIET, JUNK, DAMAGED)
