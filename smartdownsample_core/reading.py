"""How images can be read: the words for it."""

from __future__ import annotations

from typing import Literal, get_args

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
