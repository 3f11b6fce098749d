"""Paths to a table of signatures, in parallel and as a stream of batches."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from .. import blas
from ..checks import one_of, path_list
from ..images import Item, Part, path_of
from ..images import check as check_remote
from ..settings import BY_PREVIEW, LOADING_ERRORS, Decode, Reading, Workers, raise_first
from ..signatures import Signature, Signatures, sign_items
from ._batches import Batches, signed
from ._cameras import Cameras, Steps, by_camera, in_order
from ._pools import open_pool

if TYPE_CHECKING:
    from distributed import Client

_SECONDS_BETWEEN_REPORTS = 0.1

Progress = Callable[[int, int], None]
"""Called with (images done, images in all), at most ten times a second and at the end."""


class Pace:
    """Decides when to report progress: at most ten times a second, and at the end."""

    def __init__(self) -> None:
        self._reported = 0.0

    def is_due(self, done: int, total: int) -> bool:
        """Whether to report ``done`` of ``total`` now; True restarts the interval."""
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
    scheduler: str | Client | None = None,
    grey: bool = False,
) -> Signatures:
    """Reads images and returns their signatures.

    Args:
        paths: n image files, or parts of image files; adjacent parts of a file share its decoding
        hash_size: side of the dHash, from 4 to 64
        n_workers: images to read at the same time, at least 1; does not affect the result
        image_loading_errors: ``"raise"`` stops at the first file that cannot be read, ``"skip"``
            records it in :attr:`Signatures.unreadable` and continues
        decode: ``"exact"`` decodes at reduced size, and at full size where a bucket is in doubt;
            ``"fast"`` always decodes at reduced size; see :func:`smartdownsample_core.sign_file`.
            ``"preview"`` reads the previews in the heads of camera files, which is hundreds of
            times as fast. A camera (a folder) all of whose images have one, and whose previews
            agree with a sample of its images, is read by them; all others exactly, never one in
            two ways. :attr:`Signatures.decode` tells how each image was read, and
            :attr:`Signatures.unused_previews` why the previews of a camera were not used.
            ``"auto"`` is the same, but does not name cameras without any preview
        workers: ``"threads"``; ``"processes"``, faster for many small images; or ``"dask"``, a Dask
            cluster. Two threads read 256x256 JPEG files 1.5 times as fast as one, and larger files
            1.8 times or more; two processes read files of any size almost twice as fast, but take
            a quarter of a second to start, so there is at most one per 16 MB of files. Processes do
            not import the caller's script, which needs no guard, but apply its limits and the image
            formats registered with Pillow. If one dies, because of a damaged file or for lack of
            memory, its files are read again one by one, and only the file that killed it counts as
            unreadable
        progress: called with (images done, images in all), at most ten times a second
        descriptors: also compute descriptors and traits, which takes up to a fifth longer and is
            not needed to select by buckets alone
        scheduler: for ``workers="dask"``, the address of a Dask scheduler, such as
            ``"tcp://10.0.0.1:8786"``, or a ``distributed.Client``; ``n_workers`` is then ignored
        grey: also return thumbnails of 1 KB per image, for
            :func:`smartdownsample_core.selection.mark_standing`

    Returns:
        a table of n rows

    Raises:
        ValueError: for an argument out of its bounds, or for URLs without the package to read them
        FileNotFoundError, PermissionError, OSError: for a file that cannot be read, unless skipped
        ImportError, ConnectionError: if Dask is not installed, or there is no such cluster
        ChildProcessError: if workers cannot start, or have another version of this package
    """
    one_of("image_loading_errors", image_loading_errors, LOADING_ERRORS)
    reading = Reading(
        hash_size=hash_size,
        decode=decode,
        n_workers=n_workers,
        workers=workers,
        scheduler=scheduler,
    )
    raise_first(reading.problems())
    items = path_list(paths, "paths", (Part,))
    return read_all(items, reading, image_loading_errors, descriptors, progress, grey=grey)


def read_all(
    items: Sequence[Item],
    reading: Reading,
    image_loading_errors: str,
    descriptors: bool,
    progress: Progress | None = None,
    cameras: object = None,
    grey: bool = False,
) -> Signatures:
    """Returns the signatures of n items as :func:`extract` does, for checked arguments.

    ``cameras`` are labels of what took the images, if not those of their folders.
    """
    signatures = Signatures.blank(len(items), int(reading.hash_size))
    pace = Pace()
    by_label = Cameras.of(items, cameras) if reading.decode in BY_PREVIEW else None
    steps = read_batches(items, reading, descriptors, cameras=by_label, grey=grey)
    with closing(steps) as batches:
        for rows, batch, done in batches:
            if image_loading_errors == "raise":
                raise_first_error(batch.unreadable)
            signatures.put(rows, batch)
            if progress and pace.is_due(done, len(items)):
                progress(done, len(items))
    return signatures


def raise_first_error(unreadable: dict[int, OSError]) -> None:
    """Raises the error of the first file that could not be read, with the remedy."""
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
    scheduler: str | Client | None = None,
    heartbeat: float | None = None,
    grey: bool = False,
) -> Batches:
    """Reads images and yields their signatures as they are computed, in the order of the paths.

    The other arguments are those of :func:`extract`. After ``heartbeat`` seconds without a result,
    an empty table is yielded so that the caller can stop; None waits as long as it takes.

    Yields:
        ``(rows, signatures)``: consecutive row numbers, ``(m,)`` int64, and the table of those m
        images; a file that cannot be read is recorded in :attr:`Signatures.unreadable`

    Raises:
        ValueError: for an argument out of its bounds, or for URLs without the package to read them
    """
    reading = Reading(
        hash_size=hash_size,
        decode=decode,
        n_workers=n_workers,
        workers=workers,
        scheduler=scheduler,
    )
    raise_first(reading.problems())
    items = path_list(paths, "paths", (Part,))
    steps = read_batches(items, reading, descriptors, heartbeat, grey=grey)
    return in_order(steps, heartbeat is not None)


def read_batches(
    items: Sequence[Item],
    reading: Reading,
    descriptors: bool,
    heartbeat: float | None = None,
    cameras: Cameras | None = None,
    grey: bool = False,
) -> Steps:
    """Yields signatures as :func:`extract_batches` does, for checked arguments, but in any order.

    Args:
        items: n items
        reading: how to read them
        descriptors: as in :func:`extract`
        heartbeat: as in :func:`extract_batches`
        cameras: which cameras took them, if not those of their folders; for previews only
        grey: as in :func:`extract`
    """
    check_remote(path_of(item) for item in items)
    sign = _SignFiles(int(reading.hash_size), reading.decode, descriptors, grey)
    return _batches(items, reading, sign, heartbeat, cameras)


def _batches(
    items: Sequence[Item],
    reading: Reading,
    sign: _SignFiles,
    heartbeat: float | None,
    cameras: Cameras | None,
) -> Steps:
    if not items:
        return
    hash_size = sign.hash_size
    with blas.limited, closing(open_pool(sign, items, reading)) as pool:
        read = partial(signed, pool, hash_size=hash_size, heartbeat=heartbeat)
        if reading.decode in BY_PREVIEW:
            quiet = reading.decode == "auto"
            yield from by_camera(read, items, cameras or Cameras.of(items), hash_size, quiet)
            return
        done = 0
        for rows, table in read(items):
            done += len(rows)
            yield rows, table, done


@dataclass(frozen=True)
class _SignFiles:
    """What a worker does with a batch; sent to other processes and machines."""

    hash_size: int
    decode: Decode
    descriptors: bool
    grey: bool

    def __call__(self, items: Iterable[Item]) -> Signatures:
        signed = sign_items(items, self.hash_size, self.decode)
        return tabulate(signed, self.hash_size, self.descriptors, self.grey)


def tabulate(
    signed: Sequence[Signature | OSError],
    hash_size: int,
    descriptors: bool = True,
    grey: bool = False,
) -> Signatures:
    """Returns a table of signatures.

    Args:
        signed: signatures of this hash size, or the errors of files that could not be read
        hash_size: side of the dHash
        descriptors: whether to compute the columns that are measured from thumbnails
        grey: whether to keep the thumbnails themselves, in grey
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
    if grey:
        table.add_grey()
    for name, column in table.columns(grey).items():
        if column.of_all:
            continue
        if column.measure is None:
            values = column.gather(list(map(attrgetter(column.read_from or name), good)))
        elif descriptors or name == "grey":
            values = column.measure(thumbnails)
        else:
            continue
        getattr(table, name)[rows] = values
    return table
