"""Runs: recorded, found, compared, exported and undone, each as one step."""

from . import collisions, compare, files, interrupted, records, writes
from ._lock import held
from .writes import Written

__all__ = [
    "Written",
    "collisions",
    "compare",
    "files",
    "held",
    "interrupted",
    "records",
    "writes",
]
