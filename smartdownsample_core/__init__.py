"""Exact-size, diverse subsets of large, redundant image collections.

:func:`sample_diverse` does it all; the other names are its parts, for use on their own. This
package never imports fiftyone.
"""

from .allocate import allocate
from .api import sample_diverse
from .buckets import assign_buckets, bucket_name
from .choice import Choice
from .crops import Crop
from .downsample import downsample
from .extract import extract, extract_batches
from .images import load_rgb
from .order import natural_order
from .select import select
from .selection import Bucket, Selection
from .signature import Signature, sign
from .signing import sign_file
from .table import Signatures

__version__ = "1.0.0"

__all__ = [
    "Bucket",
    "Choice",
    "Crop",
    "Selection",
    "Signature",
    "Signatures",
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
]
