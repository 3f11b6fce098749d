"""How images can be read: the words for it."""

from __future__ import annotations

from typing import Any, Literal, get_args

from .checks import whole_number

#: How signatures are computed; see :func:`smartdownsample_core.extract`.
Decode = Literal["exact", "fast"]
DECODES: tuple[Decode, ...] = get_args(Decode)

#: What reads images at the same time; see :func:`smartdownsample_core.extract`.
Workers = Literal["threads", "processes", "dask"]
WORKERS: tuple[Workers, ...] = get_args(Workers)

#: How processes start. Forking a process that has threads, as FiftyOne's have, can deadlock.
StartMethod = Literal["spawn", "forkserver", "fork"]
START_METHODS: tuple[StartMethod, ...] = get_args(StartMethod)

#: What to do about a file that cannot be read: stop, or record it and go on.
LOADING_ERRORS = ("raise", "skip")

#: The smallest hash size: below it the aHash would be smaller than 2x2.
MIN_HASH_SIZE = 4

#: The largest: a dHash of 512 bytes, as large as all else that is known of an image.
MAX_HASH_SIZE = 64


def check_hash_size(hash_size: Any, name: str = "hash_size") -> int:
    """Returns ``hash_size`` if it is a whole number from 4 to 64, else raises a ValueError."""
    return whole_number(name, hash_size, MIN_HASH_SIZE, MAX_HASH_SIZE)
