"""Signatures and settings to the images to keep, as pure functions on arrays."""

from ._allocation import allocate, top_up
from ._choice import MISSING_TARGET, STRATEGIES, Choice, Strategy
from ._constraints import Constraints
from ._distances import Nearest
from ._downsample import downsample
from ._farthest_first import farthest_first
from ._order import natural_order, sort_key
from ._result import Bucket, Selection, Stratum, tally
from ._strata import assign_strata
from ._systematic import select
from ._tiers import GOOD

__all__ = [
    "GOOD",
    "MISSING_TARGET",
    "STRATEGIES",
    "Bucket",
    "Choice",
    "Constraints",
    "Nearest",
    "Selection",
    "Strategy",
    "Stratum",
    "allocate",
    "assign_strata",
    "downsample",
    "farthest_first",
    "natural_order",
    "select",
    "sort_key",
    "tally",
    "top_up",
]
