"""Who is taken first: good images, near-duplicates of others, blank images, damaged ones."""

from __future__ import annotations

#: Of an image that cannot be picked: it could not be read, or is taken already.
NEVER = -1

GOOD, NEAR_DUPLICATE, JUNK, DAMAGED = range(4)

#: Images are taken from the first tier that has any.
TIERS = (GOOD, NEAR_DUPLICATE, JUNK, DAMAGED)
