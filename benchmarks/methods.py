"""The methods that are compared: each takes paths, a count and a seed and returns positions."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import smartdownsample
from numpy.typing import NDArray

from smartdownsample_core import Signatures, extract, natural_order, sample_diverse

Indices: TypeAlias = NDArray[np.intp]
Method: TypeAlias = Callable[[Sequence[str], int, int], Indices]
Features: TypeAlias = Callable[[Sequence[str]], NDArray[np.float32]]


def keep_random(paths: Sequence[str], count: int, seed: int) -> Indices:
    """Uniformly at random."""
    return np.random.default_rng(seed).choice(len(paths), count, replace=False)


def keep_every_nth(paths: Sequence[str], count: int, seed: int) -> Indices:
    """Evenly spaced in natural order, from a random start."""
    start = np.random.default_rng(seed).random()
    places = ((np.arange(count) + start) * len(paths) / count).astype(np.intp)
    return np.asarray(natural_order(paths))[places]


def keep_1_9(paths: Sequence[str], count: int, seed: int) -> Indices:
    """As smartdownsample 1.9.2; it can keep fewer."""
    with contextlib.redirect_stdout(io.StringIO()):
        kept = smartdownsample.sample_diverse(
            list(paths), count, n_workers=1, show_progress=False, show_summary=False
        )
    rows = {path: row for row, path in enumerate(paths)}
    return np.unique([rows[str(path)] for path in kept])


def keep_ours(**keywords: Any) -> Method:
    """Makes a method of :func:`smartdownsample_core.sample_diverse` with more keywords."""

    def keep(paths: Sequence[str], count: int, seed: int) -> Indices:
        with contextlib.redirect_stdout(io.StringIO()):  # warnings of too small a target
            kept = sample_diverse(
                list(paths),
                count,
                n_workers=1,
                show_progress=False,
                show_summary=False,
                random_seed=seed,
                return_indices=True,
                **keywords,
            )
        return np.array(kept, np.intp)

    return keep


def farthest_first(features: NDArray[np.float32], count: int, seed: int) -> Indices:
    """Returns ``count`` rows, each the farthest from those before it; the first is drawn.

    Gonzalez (1985), "Clustering to minimize the maximum intercluster distance".

    Args:
        features: ``(n, d)``; Euclidean distance
        count: at most n
        seed: of the first row; ties go to the lowest row

    >>> farthest_first(np.float32([[0], [1], [5], [9]]), 3, seed=0).tolist()
    [3, 0, 2]
    """
    kept = np.empty(count, np.intp)
    kept[0] = np.random.default_rng(seed).integers(len(features))
    squares = np.einsum("ij,ij->i", features, features)
    nearest = np.full(len(features), np.inf, np.float32)
    for place in range(1, count):
        last = kept[place - 1]
        distance = squares + squares[last] - 2 * (features @ features[last])
        np.minimum(nearest, distance, out=nearest)
        nearest[last] = -np.inf
        kept[place] = nearest.argmax()
    return kept


def collapse_runs(signatures: Signatures, order: Indices, radius: int) -> Indices:
    """Returns the first image of each run of near-identical neighbours in natural order.

    Args:
        signatures: n images
        order: ``(n,)`` positions in natural order
        radius: bits in which an image may differ from the first one of its run

    Returns:
        positions, in natural order
    """
    hashes = signatures.dhash[order]
    kept = [0]
    for place in range(1, len(hashes)):
        if np.unpackbits(hashes[place] ^ hashes[kept[-1]]).sum() > radius:
            kept.append(place)
    return order[kept]


def keep_farthest(features: Features, radius: int = 0) -> Method:
    """Makes a method: exact farthest-first, after collapsing runs if ``radius`` is not 0.

    If fewer runs than ``count`` are left, the others are added, farthest first.
    """

    def keep(paths: Sequence[str], count: int, seed: int) -> Indices:
        table = features(paths)
        if not radius:
            return farthest_first(table, count, seed)
        order = np.asarray(natural_order(paths))
        rows = collapse_runs(extract(list(paths), n_workers=1), order, radius)
        if len(rows) < count:
            rest = np.setdiff1d(np.arange(len(paths)), rows)
            more = farthest_from(table, rows, rest, count - len(rows))
            return np.concatenate([rows, more])
        return rows[farthest_first(table[rows], count, seed)]

    return keep


def farthest_from(
    features: NDArray[np.float32], kept: Indices, rest: Indices, count: int
) -> Indices:
    """Returns ``count`` of ``rest``, each the farthest from ``kept`` and those before it."""
    nearest = nearest_distance(features[rest], features[kept])
    chosen = np.empty(count, np.intp)
    for place in range(count):
        best = nearest.argmax()
        chosen[place] = rest[best]
        np.minimum(nearest, nearest_distance(features[rest], features[rest[[best]]]), out=nearest)
        nearest[best] = -np.inf
    return chosen


def nearest_distance(
    features: NDArray[np.float32], targets: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Returns ``(n,)`` Euclidean distances from each row to the nearest of ``targets``."""
    squares = np.einsum("ij,ij->i", features, features)
    target_squares = np.einsum("ij,ij->i", targets, targets)
    nearest = np.concatenate(
        [
            (target_squares - 2 * (features[first : first + 1000] @ targets.T)).min(axis=1)
            for first in range(0, len(features), 1000)
        ]
    )
    return np.asarray(np.sqrt(np.maximum(nearest + squares, 0)))


def descriptors(paths: Sequence[str]) -> NDArray[np.float32]:
    """Returns our descriptors, ``(n, 128)``."""
    return _descriptors(tuple(paths))


@lru_cache(maxsize=1)
def _descriptors(paths: tuple[str, ...]) -> NDArray[np.float32]:
    return extract(list(paths), n_workers=1).descriptor.astype(np.float32)


WITHOUT_JUNK = "diverse, no junk"

METHODS: dict[str, Method] = {
    "random": keep_random,
    "every n-th": keep_every_nth,
    "smartdownsample 1.9.2": keep_1_9,
    "stride": keep_ours(),
    "diverse": keep_ours(strategy="diverse"),
    "representative": keep_ours(strategy="representative"),
    WITHOUT_JUNK: keep_ours(strategy="diverse", leave_out_junk=True),
    "plain farthest first": keep_farthest(descriptors),
}
"""Name to method; each is a line here."""

SEEDS: dict[str, int] = {"random": 20, "smartdownsample 1.9.2": 1}
"""Over how many seeds a method is averaged; 3 where it is not said."""
