"""Exact-size, diverse subsets of large, redundant image collections.

:func:`sample_diverse` chooses and :func:`split` splits; the other names are their building blocks.
This package never imports fiftyone.
"""

from .api import sample_diverse
from .extraction import extract, extract_batches
from .images import Crop, load_rgb
from .selection import (
    Bucket,
    Choice,
    Selection,
    Split,
    allocate,
    downsample,
    natural_order,
    select,
)
from .signatures import Signature, Signatures, assign_buckets, bucket_name, sign, sign_file
from .splitting import split

__version__ = "2.0.0"

__all__ = [
    "Bucket",
    "Choice",
    "Crop",
    "Selection",
    "Signature",
    "Signatures",
    "Split",
    "allocate",
    "assign_buckets",
    "bucket_name",
    "downsample",
    "extract",
    "extract_batches",
    "load_rgb",
    "natural_order",
    "sample_diverse",
    "select",
    "sign",
    "sign_file",
    "split",
]
