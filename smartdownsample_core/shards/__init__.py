"""Signatures in Parquet files, and selecting from them without holding them."""

from ._origin import Origin, read_origin
from ._select import check_distinct, select_from
from ._shards import Rows, Shards, write_shard

__all__ = [
    "Origin",
    "Rows",
    "Shards",
    "check_distinct",
    "read_origin",
    "select_from",
    "write_shard",
]
