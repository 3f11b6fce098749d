"""Paths to a table of signatures, in parallel and as a stream of batches."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..checks import one_of, path_list, whole_number
from ..images import Item, Part, path_of, spans
from ..images import check as check_remote
from ..settings import (
    DECODES,
    LOADING_ERRORS,
    START_METHODS,
    WORKERS,
    Decode,
    StartMethod,
    Workers,
    check_hash_size,
)
from ..signatures import Signature, Signatures, sign_items
from . import _blas as blas
from ._batches import Pool
from ._inherited import Surroundings
from ._pools import open_pool
from ._processes import worthwhile

if TYPE_CHECKING:
    from distributed import Client

_SECONDS_BETWEEN_REPORTS = 0.1

Progress = Callable[[int, int], None]
"""Called with (images done, images in all), at most ten times a second and at the end."""


class Pace:
    """Says when progress is to be reported: at most ten times a second, and at the end."""

    def __init__(self) -> None:
        self._reported = 0.0

    def is_due(self, done: int, total: int) -> bool:
        """Whether to report now that ``done`` of ``total`` are done; assumes that it is done so."""
        now = time.monotonic()
        if done < total and now - self._reported < _SECONDS_BETWEEN_REPORTS:
            return False
        self._reported = now
        return True


def extract(
    paths: Iterable[Item | os.PathLike[str]],
    hash_size: int = 8,
    n_workers: int = 4,
    image_loading_errors: str = "raise",
    decode: Decode = "exact",
    workers: Workers = "threads",
    progress: Progress | None = None,
    descriptors: bool = True,
    start_method: StartMethod = "spawn",
    scheduler: str | Client | None = None,
) -> Signatures:
    """Reads images and returns their signatures.

    Args:
        paths: n image files, or parts of image files, such as :class:`Crop`; put parts of one file
            next to each other, so that it is decoded once for all of them
        hash_size: side of the dHash, at least 4
        n_workers: how many images are read at the same time; the result does not depend on it
        image_loading_errors: ``"raise"`` stops at the first file that cannot be read, ``"skip"``
            records it in :attr:`Signatures.unreadable` and goes on
        decode: ``"exact"`` decodes reduced, and in full what is close to a threshold of the
            buckets; ``"fast"`` leaves that out; see
            :func:`smartdownsample_core.sign_file`
        workers: ``"threads"``, or ``"dask"`` for those of a Dask cluster, or ``"processes"`` for
            many small images: of each image, some 0.1 ms are Python code, of which threads do one
            at a time. Two threads read 256x256 JPEG files 1.5 times as fast as one, and larger ones
            1.8 times or more; two processes nearly twice, whatever the size.
            Processes take a quarter of a second to start, one for every 16 MB of files at most. If
            one dies, of a damaged file or for want of memory, its files are read again one by one,
            and the one that killed it counts as a file that cannot be read. They do not import the
            caller's script, which needs no guard, but have its limits and Pillow's formats
        progress: called with (images done, images in all), at most ten times a second
        descriptors: compute descriptors and traits too, which takes up to a fifth more time; what
            chooses by buckets alone does not need them
        start_method: how processes start, as of :mod:`multiprocessing`
        scheduler: for ``workers="dask"``, the address of a Dask scheduler, such as
            ``"tcp://10.0.0.1:8786"``, or a ``distributed.Client``; see
            :class:`smartdownsample_core.extraction.Cluster`. ``n_workers`` does not count then

    Returns:
        :class:`Signatures` of n rows

    Raises:
        ValueError: for an argument out of its bounds, or if what URLs need is not installed
        FileNotFoundError, PermissionError, OSError: as
            :func:`smartdownsample_core.images._decode.load_rgb`, unless errors are skipped
        ImportError, ConnectionError: if there is no Dask, or no such cluster
        ChildProcessError: if workers cannot start, or have another version of this package
    """
    one_of("image_loading_errors", image_loading_errors, LOADING_ERRORS)
    items = path_list(paths, "paths", (Part,))
    signatures = Signatures.blank(len(items), check_hash_size(hash_size))
    pace = Pace()
    stream = extract_batches(
        items, hash_size, n_workers, decode, workers, descriptors, start_method, scheduler
    )
    with closing(stream):
        for rows, batch in stream:
            if image_loading_errors == "raise":
                raise_first_error(batch.unreadable)
            signatures.put(rows, batch)
            done = int(rows[-1]) + 1
            if progress and pace.is_due(done, len(items)):
                progress(done, len(items))
    return signatures


def raise_first_error(unreadable: dict[int, OSError]) -> None:
    """Raises the error of the first file that could not be read, with the way out."""
    for error in unreadable.values():
        hint = "Use image_loading_errors='skip' to continue with the remaining images"
        raise type(error)(f"{error}. {hint}") from error


def extract_batches(
    paths: Iterable[Item | os.PathLike[str]],
    hash_size: int = 8,
    n_workers: int = 4,
    decode: Decode = "exact",
    workers: Workers = "threads",
    descriptors: bool = True,
    start_method: StartMethod = "spawn",
    scheduler: str | Client | None = None,
    heartbeat: float | None = None,
) -> Generator[tuple[NDArray[np.int64], Signatures], None, None]:
    """Reads images and yields their signatures as they are computed, in the order of the paths.

    Args:
        paths: as in :func:`extract`
        hash_size: side of the dHash, at least 4
        n_workers: how many images are read at the same time
        decode: as in :func:`extract`
        workers: as in :func:`extract`
        descriptors: as in :func:`extract`
        start_method: as in :func:`extract`
        scheduler: as in :func:`extract`
        heartbeat: seconds after which a table without rows is yielded if there is no other, so
            that who iterates can stop; None to wait

    Yields:
        ``(rows, signatures)``: consecutive row numbers, ``(m,)`` int64, and the table of these m
        images; a file that cannot be read is recorded in :attr:`Signatures.unreadable`

    Raises:
        ValueError: for an argument out of its bounds, or if what URLs need is not installed
    """
    one_of("decode", decode, DECODES)
    one_of("workers", workers, WORKERS)
    one_of("start_method", start_method, START_METHODS)
    sign = _SignFiles(check_hash_size(hash_size), decode, descriptors)
    count = whole_number("n_workers", n_workers, minimum=1)
    items: list[Item] = path_list(paths, "paths", (Part,))
    check_remote(path_of(item) for item in items)
    if not items:
        return  # and start nothing
    prepare: Callable[[], object] = blas.limit
    if workers == "processes":
        count = worthwhile(items, count)
        if start_method != "fork":  # which inherits them
            prepare = partial(_prepare, Surroundings.here())
    with (
        blas.limited,
        closing(open_pool(sign, workers, count, start_method, prepare, scheduler)) as pool,
    ):
        yield from _signed(pool, items, hash_size, heartbeat)


def _signed(
    pool: Pool, items: Sequence[Item], hash_size: int, heartbeat: float | None
) -> Iterator[tuple[NDArray[np.int64], Signatures]]:
    """Keeps a pool busy, and yields what :func:`extract_batches` does."""
    pending: deque[tuple[NDArray[np.int64], Any]] = deque()

    def next_result() -> Iterator[tuple[NDArray[np.int64], Signatures]]:
        rows, ticket = pending.popleft()
        while heartbeat is not None and not pool.is_done(ticket, heartbeat):
            yield rows[:0], Signatures.blank(0, hash_size)
        yield rows, pool.result(ticket)

    # Of few files, fewer: so that no worker waits long for the last batch of another.
    at_a_time = min(pool.batch_size, -(-len(items) // (2 * pool.window)))
    for start, stop in spans(items, at_a_time):
        pending.append((np.arange(start, stop), pool.submit(items[start:stop])))
        while len(pending) > pool.window:
            yield from next_result()
    while pending:
        yield from next_result()


def _prepare(surroundings: Surroundings) -> None:
    """What a new process does first."""
    surroundings.apply()
    blas.limit()


@dataclass(frozen=True)
class _SignFiles:
    """What a worker does with a batch; goes to other processes and machines."""

    hash_size: int
    decode: Decode
    descriptors: bool

    def __call__(self, items: Iterable[Item]) -> Signatures:
        signed = sign_items(items, self.hash_size, self.decode)
        return tabulate(signed, self.hash_size, self.descriptors)


def tabulate(
    signed: Sequence[Signature | OSError], hash_size: int, descriptors: bool = True
) -> Signatures:
    """Returns a table of signatures; of files that could not be read, the error stands for them.

    Args:
        signed: of :func:`smartdownsample_core.signatures._sign_files.sign_items`
        hash_size: that of all of them
        descriptors: as in :func:`extract`
    """
    table = Signatures.blank(len(signed), hash_size)
    rows, good = [], []
    for row, signature in enumerate(signed):
        if isinstance(signature, OSError):
            table.unreadable[row] = signature
        else:
            rows.append(row)
            good.append(signature)
    if not good:
        return table
    thumbnails = np.stack([signature.thumbnail for signature in good])
    for name, column in table.columns().items():
        if column.measure is None:
            values = column.gather([getattr(signature, name) for signature in good])
        elif descriptors:
            values = column.measure(thumbnails)
        else:
            continue
        getattr(table, name)[rows] = values
    return table
