"""What people use otherwise, by the embeddings that all of them are given here.

Where a tool has a threshold instead of a count, the smallest one that leaves no more than the count
is found, and what is left is filled up at random: as good as it can be tuned to a count.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .known import Known

Rows: TypeAlias = NDArray[np.intp]

_CLUSTERS_PER_KEPT = 0.1  # of SemDeDup: about ten kept images in each
_ZCORE_DRAWS, _ZCORE_NEIGHBOURS, _ZCORE_POWER = 10, 1000, 4


def keep_most_unique(images: Known, count: int, seed: int) -> Rows:
    """The highest scores of FiftyOne Brain's ``compute_uniqueness``."""
    import fiftyone.brain as fob

    with _dataset(images) as dataset:
        fob.compute_uniqueness(dataset, embeddings=images.embeddings.astype(float))
        scores = np.array(dataset.values("uniqueness"))
    return np.argsort(-scores, kind="stable")[:count]


def keep_by_find_unique(images: Known, count: int, seed: int) -> Rows:
    """FiftyOne Brain's ``find_unique`` of a similarity index."""
    import fiftyone.brain as fob

    with _dataset(images) as dataset:
        index = fob.compute_similarity(
            dataset, embeddings=images.embeddings, brain_key="similar", backend="sklearn"
        )
        index.find_unique(count)
        return _rows_of(dataset, index.unique_ids)


def keep_without_near_duplicates(images: Known, count: int, seed: int) -> Rows:
    """What FiftyOne Brain's ``compute_near_duplicates`` leaves."""
    import fiftyone.brain as fob

    with _dataset(images) as dataset:
        index = fob.compute_near_duplicates(dataset, embeddings=images.embeddings)

        def left(threshold: float) -> Rows:
            index.find_duplicates(thresh=threshold)
            return _rows_of(dataset, index.unique_ids)

        return fill(tightest(left, count, 0, 2), len(images.paths), count, seed)


def keep_by_mundig(images: Known, count: int, seed: int) -> Rows:
    """The engine of LightlyStudio, diversity alone."""
    from lightly_mundig import Selection

    engine = Selection()
    engine.add_diversifying_strategy(images.embeddings.tolist(), 1.0)
    return np.array(engine.run_selection([], len(images.paths), count), np.intp)


def keep_by_zcore(images: Known, count: int, seed: int) -> Rows:
    """The highest scores of ZCore: coverage less redundancy, in random planes of the embeddings.

    Griffin, Marks and Corso (2024), "Zero-Shot Coreset Selection", with its settings: two
    dimensions a draw, 1,000 neighbours, the fourth power of distances.
    """
    rng = np.random.default_rng(seed)
    table = images.embeddings
    n = len(table)
    low, middle, high = table.min(axis=0), np.median(table, axis=0), table.max(axis=0)
    scores: NDArray[np.float64] = rng.random(n)
    usable = np.flatnonzero(high > low)
    for _ in range(_ZCORE_DRAWS * n):
        plane = rng.choice(usable, 2, replace=False)
        point = rng.triangular(low[plane], middle[plane], high[plane])
        places = table[:, plane]
        covered = np.abs(places - point).sum(axis=1).argmin()
        scores[covered] += 1
        distance = np.abs(places - places[covered]).sum(axis=1)
        distance[covered] = np.inf
        near = np.argsort(distance)[: min(_ZCORE_NEIGHBOURS, n - 1)]
        if distance[near[0]] == 0:
            scores[near[0]] -= 1
        else:
            penalty = distance[near] ** -float(_ZCORE_POWER)
            scores[near] -= penalty / penalty.sum()
    return np.argsort(-scores, kind="stable")[:count]


def keep_by_semdedup(images: Known, count: int, seed: int) -> Rows:
    """SemDeDup: within each cluster, images too similar to one farther from its centre go.

    Abbas et al. (2023), "SemDeDup: Data-efficient learning at web-scale through semantic
    deduplication", with its choice of what is kept of a group.
    """
    from sklearn.cluster import KMeans

    table = images.embeddings
    n_clusters = max(1, round(_CLUSTERS_PER_KEPT * count))
    clusters = KMeans(n_clusters, n_init=1, random_state=seed).fit(table)
    centres = clusters.cluster_centers_
    to_centre = (table * centres[clusters.labels_]).sum(axis=1)
    most_alike = np.full(len(table), -1.0)
    for cluster in range(n_clusters):
        rows = np.flatnonzero(clusters.labels_ == cluster)
        rows = rows[np.argsort(to_centre[rows], kind="stable")]
        alike = np.tril(table[rows] @ table[rows].T, -1)
        alike[np.triu_indices(len(rows))] = -1
        most_alike[rows] = alike.max(axis=1, initial=-1)
    return np.argsort(most_alike, kind="stable")[:count]


def keep_by_imagededup(images: Known, count: int, seed: int) -> Rows:
    """What imagededup's ``find_duplicates_to_remove`` leaves, by its pHash of 64 bits."""
    from imagededup.methods import PHash

    method = PHash(verbose=False)
    hashes = {str(row): _imagededup_hash(path) for row, path in enumerate(images.paths)}

    def left(bits: float) -> Rows:
        with contextlib.redirect_stderr(io.StringIO()):
            gone = method.find_duplicates_to_remove(
                encoding_map=hashes, max_distance_threshold=int(bits)
            )
        return np.setdiff1d(np.arange(len(hashes)), np.array(gone, np.intp))

    return fill(tightest(left, count, 0, 64, steps=6), len(hashes), count, seed)


@cache
def _imagededup_hash(path: str) -> str:
    from imagededup.methods import PHash

    return str(PHash(verbose=False).encode_image(path))


def tightest(
    left: Callable[[float], Rows], count: int, low: float, high: float, steps: int = 12
) -> Rows:
    """Returns what the smallest threshold that leaves at most ``count`` images leaves.

    >>> tightest(lambda threshold: np.arange(100 - int(threshold)), 40, 0, 100).tolist()[-1]
    39
    """
    found = left(high)
    for _ in range(steps):
        middle = (low + high) / 2
        rows = left(middle)
        if len(rows) > count:
            low = middle
        else:
            high, found = middle, rows
    return found


def fill(rows: Rows, n: int, count: int, seed: int) -> Rows:
    """Returns exactly ``count`` of n rows: at random of these, or these and random others."""
    rng = np.random.default_rng(seed)
    if len(rows) >= count:
        return rng.choice(rows, count, replace=False)
    others = np.setdiff1d(np.arange(n), rows)
    return np.concatenate([rows, rng.choice(others, count - len(rows), replace=False)])


@contextlib.contextmanager
def _dataset(images: Known) -> Iterator[Any]:
    """Yields a dataset of the images, which is deleted afterwards."""
    import fiftyone as fo

    fo.config.show_progress_bars = False
    logging.getLogger("fiftyone").setLevel(logging.WARNING)
    dataset = fo.Dataset()
    try:
        dataset.add_samples([fo.Sample(filepath=path) for path in images.paths])
        with contextlib.redirect_stdout(io.StringIO()):
            yield dataset
    finally:
        dataset.delete()


def _rows_of(dataset: Any, ids: list[str]) -> Rows:
    row_of = {name: row for row, name in enumerate(dataset.values("id"))}
    return np.array([row_of[name] for name in ids], np.intp)
