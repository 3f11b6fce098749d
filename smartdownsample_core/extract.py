"""Paths to a table of signatures, in parallel and as a stream of batches."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from .checks import one_of, whole_number
from .crops import Crop, Item, path_of, sign_crops, spans
from .descriptor import describe
from .images import Picture, open_picture
from .reduced import sign_reduced
from .remote import check as check_remote
from .rules import DECODES, MAX_HASH_SIZE, MIN_HASH_SIZE, WORKERS, Decode, Workers
from .signature import Signature, sign
from .table import Signatures, pack
from .traits import traits

#: Images that a worker signs between two hand-overs. Handing 32 over to another process and their
#: signatures back takes 0.1 ms; signing 32 of the smallest takes 5 ms.
BATCH_SIZE = 32

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
    paths: Sequence[Item],
    hash_size: int = 8,
    n_workers: int = 4,
    image_loading_errors: str = "raise",
    decode: Decode = "exact",
    workers: Workers = "threads",
    progress: Progress | None = None,
    descriptors: bool = True,
) -> Signatures:
    """Reads images and returns their signatures.

    Args:
        paths: n image files, or crops of image files; put those of one file next to each other, and
            it is decoded once for all of them
        hash_size: side of the dHash, at least 4
        n_workers: how many images are read at the same time; the result does not depend on it
        image_loading_errors: ``"raise"`` stops at the first file that cannot be read, ``"skip"``
            records it in :attr:`Signatures.unreadable` and goes on
        decode: ``"exact"`` decodes reduced, and in full what is close to a threshold of the
            buckets; ``"fast"`` leaves that out; see :func:`sign_file`
        workers: ``"threads"``, or ``"processes"`` for many small images: of each image, some 0.1 ms
            are Python code, of which threads do one at a time. Two threads read 256x256 JPEG files
            no faster than one, and 500x375 ones 1.8 times as fast; two processes nearly twice.
            Processes take about a second to start, and need the caller's script to guard its
            entry point with ``if __name__ == "__main__":``
        progress: called with (images done, images in all), at most ten times a second
        descriptors: compute descriptors and traits too, which takes up to a fifth more time; what
            chooses by buckets alone does not need them

    Returns:
        :class:`Signatures` of n rows

    Raises:
        ValueError: for an argument out of its bounds, or if what URLs need is not installed
        FileNotFoundError, PermissionError, OSError: as
            :func:`smartdownsample_core.images.load_rgb`, unless errors are skipped
    """
    one_of("image_loading_errors", image_loading_errors, ("raise", "skip"))
    signatures = Signatures.blank(len(paths), check_hash_size(hash_size))
    pace = Pace()
    for rows, batch in extract_batches(paths, hash_size, n_workers, decode, workers, descriptors):
        if image_loading_errors == "raise":
            for error in batch.unreadable.values():
                hint = "Use image_loading_errors='skip' to continue with the remaining images"
                raise type(error)(f"{error}. {hint}") from error
        signatures.put(rows, batch)
        done = int(rows[-1]) + 1
        if progress and pace.is_due(done, len(paths)):
            progress(done, len(paths))
    return signatures


def extract_batches(
    paths: Sequence[Item],
    hash_size: int = 8,
    n_workers: int = 4,
    decode: Decode = "exact",
    workers: Workers = "threads",
    descriptors: bool = True,
) -> Iterator[tuple[NDArray[np.int64], Signatures]]:
    """Reads images and yields their signatures as they are computed, in the order of the paths.

    Args:
        paths: as in :func:`extract`
        hash_size: side of the dHash, at least 4
        n_workers: how many images are read at the same time
        decode: as in :func:`extract`
        workers: as in :func:`extract`
        descriptors: as in :func:`extract`

    Yields:
        ``(rows, signatures)``: consecutive row numbers, ``(m,)`` int64, and the table of these m
        images; a file that cannot be read is recorded in :attr:`Signatures.unreadable`

    Raises:
        ValueError: for an argument out of its bounds, or if what URLs need is not installed
    """
    check_hash_size(hash_size)
    one_of("decode", decode, DECODES)
    one_of("workers", workers, WORKERS)
    check_remote(path_of(item) for item in paths)
    limits = _one_blas_thread()
    pool = _pool(workers, whole_number("n_workers", n_workers, minimum=1))
    pending: deque[tuple[NDArray[np.int64], Future[Signatures]]] = deque()
    try:
        for start, stop in spans(paths, BATCH_SIZE):
            batch = paths[start:stop]
            rows = np.arange(start, stop)
            pending.append((rows, pool.submit(_sign_files, batch, hash_size, decode, descriptors)))
            # Two batches a worker keep all of them busy while the caller handles a result.
            if len(pending) > 2 * n_workers:
                yield _result(pending)
        while pending:
            yield _result(pending)
    finally:
        pool.shutdown(cancel_futures=True)
        limits.restore_original_limits()


def check_hash_size(hash_size: int) -> int:
    """Returns ``hash_size`` if it is a whole number from 4 to 64, else raises a ValueError."""
    return whole_number("hash_size", hash_size, MIN_HASH_SIZE, MAX_HASH_SIZE)


def _pool(workers: Workers, count: int) -> Executor:
    if workers == "threads":
        return ThreadPoolExecutor(count)
    # Forking a process that has threads, as FiftyOne's have, can deadlock the child.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, context, initializer=_one_blas_thread)


def _one_blas_thread() -> Any:
    """The matrix products are so small that BLAS threads would only wait for each other."""
    return _blas().limit(limits=1, user_api="blas")


@cache
def _blas() -> ThreadpoolController:
    """Looking for numpy's BLAS among the loaded libraries takes longer than signing ten images."""
    return ThreadpoolController()


def _result(
    pending: deque[tuple[NDArray[np.int64], Future[Signatures]]],
) -> tuple[NDArray[np.int64], Signatures]:
    rows, future = pending.popleft()
    return rows, future.result()


def sign_file(path: str, hash_size: int = 8, decode: Decode = "exact") -> Signature:
    """Reads one image file and returns its signature.

    Args:
        path: the file; read once
        hash_size: side of the dHash
        decode: what to make of images large enough to be decoded reduced. ``"exact"``: whatever
            decides the bucket is as in the definition, :func:`smartdownsample_core.sign`; the
            other bits and means may differ a little. ``"fast"``: so may those that decide

    Raises:
        FileNotFoundError, PermissionError, OSError: as
            :func:`smartdownsample_core.images.load_rgb`
    """
    image = open_picture(path)
    if isinstance(image, Picture):
        return sign_reduced(image, hash_size, exact=decode == "exact")
    return sign(image, hash_size)


def _sign_files(
    items: Sequence[Item], hash_size: int, decode: Decode, descriptors: bool
) -> Signatures:
    signed: list[Signature | OSError] = []
    for _, group in groupby(items, key=type):
        alike = list(group)
        signed += [_signed(path, hash_size, decode) for path in alike if isinstance(path, str)]
        signed += sign_crops([crop for crop in alike if isinstance(crop, Crop)], hash_size)
    return tabulate(signed, hash_size, descriptors)


def _signed(path: str, hash_size: int, decode: Decode) -> Signature | OSError:
    try:
        return sign_file(path, hash_size, decode)
    except OSError as error:
        return error


def tabulate(
    signed: Sequence[Signature | OSError], hash_size: int, descriptors: bool = True
) -> Signatures:
    """Returns a table of signatures; of files that could not be read, the error stands for them.

    Args:
        signed: what :func:`sign_file` returned, or raised
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
    if good:
        dhash, ahash, mean_rgb, thumbnails = map(np.stack, zip(*good, strict=True))
        table.dhash[rows] = pack(dhash.reshape(len(rows), -1))
        table.ahash[rows] = pack(ahash.reshape(len(rows), -1))
        table.mean_rgb[rows] = mean_rgb
        if descriptors:
            table.descriptor[rows] = describe(thumbnails)
            table.sharpness[rows], table.dark[rows], table.bright[rows] = traits(thumbnails)
    return table
