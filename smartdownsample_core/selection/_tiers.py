"""Who is taken first: good images, then near-duplicates of others, then images of nothing."""

from __future__ import annotations

#: Of an image that cannot be picked: it could not be read, or is taken already.
NEVER = -1

GOOD, NEAR_DUPLICATE, JUNK = range(3)

#: Images are taken from the first tier that has any.
TIERS = (GOOD, NEAR_DUPLICATE, JUNK)
