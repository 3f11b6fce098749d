"""Signatures in Parquet files, and selecting from them without holding them."""

from ._local import LOCAL, check_settings
from ._on_cluster import ClusterShards
from ._origin import Origin, fingerprint, read_origin
from ._select import check_distinct, select_from
from ._shards import Shards
from ._write import Rows, write_shard
