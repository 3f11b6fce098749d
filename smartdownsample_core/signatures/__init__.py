"""Computes signatures from pixels, and buckets from signatures."""

from ._bits import pack, unpack
from ._buckets import N_BUCKETS, UNREADABLE, assign_buckets, bucket_name
from ._definition import Signature, sign
from ._descriptor import DESCRIPTOR_SIZE, LARGEST_DISTANCE, describe
from ._quality import MAX_CLIPPED, MIN_SHARPNESS, is_junk
from ._sign_files import sign_file, sign_items
from ._table import Signatures
from ._trusted_previews import alike, difference, rows_to_compare
