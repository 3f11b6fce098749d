"""What a view holds - samples, groups, patches, frames - and how it is read and written."""

from . import embeddings, kinds, samples
from ._items import GROUPS, SAMPLES, Samples, all_slices

__all__ = [
    "GROUPS",
    "SAMPLES",
    "Samples",
    "all_slices",
    "embeddings",
    "kinds",
    "samples",
]
