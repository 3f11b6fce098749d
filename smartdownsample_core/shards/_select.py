"""Selecting from shards without holding them: counts first, then the paths of a few buckets."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..checks import shown_path, whole_number
from ..images import is_remote
from ..selection import Selection, natural_order, select, tally, top_up
from ..signatures import N_BUCKETS, UNREADABLE
from ._shards import Shards

#: Paths that are sorted at the same time, unless one bucket has more; about 450 bytes each.
_PATHS_AT_A_TIME = 5_000_000


def select_from(
    shards: Shards,
    target_count: int,
    random_seed: int = 42,
    paths_at_a_time: int = _PATHS_AT_A_TIME,
) -> tuple[Selection, list[str]]:
    """Selects by stride, as :func:`smartdownsample_core.downsample` does of all paths at once.

    Buckets are independent of each other once their quotas are known, and the order of a bucket is
    the same whether it is sorted by itself or with all others. So memory is for two bytes an image,
    and for the paths of the largest bucket, or of a few smaller ones. The paths are read as often
    as there are groups of buckets.

    Args:
        shards: n images
        target_count: images to keep
        random_seed: at least 0
        paths_at_a_time: the most to sort at the same time, unless one bucket has more

    Returns:
        a selection among the paths beside it, which are those that were kept or could not be read;
        sizes of buckets are those of all images

    Raises:
        ValueError: for an argument out of its bounds, or if an image is in there twice
    """
    seed = whole_number("random_seed", random_seed, minimum=0)
    target = whole_number("target_count", target_count)
    ids = shards.bucket_ids()
    sizes = np.bincount(ids[ids != UNREADABLE], minlength=N_BUCKETS)
    count = min(max(target, 0), int(sizes.sum()))
    quotas = top_up(sizes, np.zeros_like(sizes), count, seed)
    unreadable = shards.unreadable()
    kept = ids == UNREADABLE
    for group in _groups(sizes, quotas, paths_at_a_time):
        some = np.zeros(N_BUCKETS + 1, bool)  # the last one is that of id -1
        some[group] = True
        wanted = some[ids]
        paths = shards.paths(wanted)
        order = natural_order(paths)
        check_distinct(paths, shards.folders)
        rows = np.flatnonzero(wanted)
        kept[rows[select(ids[rows], np.where(some[:-1], quotas, 0), order, seed)]] = True
    rows = np.flatnonzero(kept)
    places = {row: place for place, row in enumerate(rows.tolist()) if row in unreadable}
    selection = Selection(
        indices=np.flatnonzero(ids[rows] != UNREADABLE),
        bucket_ids=ids[rows],
        buckets=tally(sizes, quotas),
        order=np.arange(len(rows)),
        unreadable={place: unreadable[row] for row, place in places.items()},
        target_count=target,
        random_seed=seed,
    )
    return selection, shards.paths(kept)


def check_distinct(paths: Sequence[str], folders: Collection[str] = ()) -> None:
    """Raises a ValueError if an image comes twice, as if shards overlapped.

    Args:
        paths: of images, or URLs
        folders: that relative paths start from; if there are several, these are compared as such
    """
    folder = next(iter(folders)) if len(folders) == 1 else ""
    places = [
        path if is_remote(path) else os.path.normpath(os.path.join(folder, path)) for path in paths
    ]
    if len(set(places)) == len(places):
        return
    ((twice, _),) = Counter(places).most_common(1)
    one, other, *_ = (path for path, place in zip(paths, places, strict=True) if place == twice)
    also = "" if one == other else f", also as {shown_path(other)}"
    raise ValueError(
        f"{shown_path(one)} is in these files of signatures twice{also}; name each image once"
    )


def _groups(
    sizes: NDArray[np.int64], quotas: NDArray[np.int64], most: int
) -> Iterator[NDArray[np.int64]]:
    """Yields the buckets of which some are kept, as many at a time as are below ``most`` images."""
    group: list[int] = []
    for bucket in np.flatnonzero(quotas).tolist():
        if group and int(sizes[group].sum() + sizes[bucket]) > most:
            yield np.array(group)
            group = []
        group.append(bucket)
    if group:
        yield np.array(group)
