"""Pixels to signatures: the definition, the fast way to it, the table, and its buckets."""

from ._buckets import N_BUCKETS, UNREADABLE, assign_buckets, bucket_name
from ._definition import Signature, sign
from ._descriptor import DESCRIPTOR_SIZE, describe
from ._quality import is_junk, traits
from ._sign_files import sign_file, sign_items
from ._table import Signatures, from_hex, pack, unpack

__all__ = [
    "DESCRIPTOR_SIZE",
    "N_BUCKETS",
    "UNREADABLE",
    "Signature",
    "Signatures",
    "assign_buckets",
    "bucket_name",
    "describe",
    "from_hex",
    "is_junk",
    "pack",
    "sign",
    "sign_file",
    "sign_items",
    "traits",
    "unpack",
]
