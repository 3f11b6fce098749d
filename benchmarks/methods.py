"""The methods that are compared: each takes images, a count and a seed, and returns kept rows.

A new method is a function and a line in :data:`METHODS`, or a function elsewhere and ``--method``.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import imagehash
import numpy as np
import smartdownsample
from numpy.typing import NDArray

from smartdownsample_core import Choice, downsample, natural_order

from . import peers
from .embeddings import fastdup_features, small
from .known import Known

Rows: TypeAlias = NDArray[np.intp]
Method: TypeAlias = Callable[[Known, int, int], Rows]


def keep_random(images: Known, count: int, seed: int) -> Rows:
    """Uniformly at random."""
    return np.random.default_rng(seed).choice(len(images.paths), count, replace=False)


def keep_every_nth(images: Known, count: int, seed: int) -> Rows:
    """Evenly spaced in natural order, from a random start."""
    start = np.random.default_rng(seed).random()
    places = ((np.arange(count) + start) * len(images.paths) / count).astype(np.intp)
    return np.asarray(natural_order(images.paths))[places]


def keep_1_9(images: Known, count: int, seed: int) -> Rows:
    """As smartdownsample 1.9.2; it can keep fewer."""
    with contextlib.redirect_stdout(io.StringIO()):
        kept = smartdownsample.sample_diverse(
            images.paths, count, n_workers=2, show_progress=False, show_summary=False
        )
    rows = {path: row for row, path in enumerate(images.paths)}
    return np.unique([rows[str(path)] for path in kept])


def keep_by_phash(images: Known, count: int, seed: int) -> Rows:
    """Farthest-first by a perceptual hash of 256 bits: what a script of 20 lines does."""
    hashes = np.array([_phash(path) for path in images.paths], np.float32)
    return farthest_first(hashes, count, seed)


@cache
def _phash(path: str) -> NDArray[np.bool_]:
    return np.asarray(imagehash.phash(small(path, 256), hash_size=16).hash.ravel())


def keep_by_embeddings(images: Known, count: int, seed: int) -> Rows:
    """Farthest-first by the embeddings."""
    return farthest_first(images.embeddings, count, seed)


def keep_by_fastdup(images: Known, count: int, seed: int) -> Rows:
    """Farthest-first by fastdup's features, as fastdup itself cannot be told a count."""
    return farthest_first(fastdup_features(images.paths), count, seed)


def ours(embeddings: bool = False, **settings: Any) -> Method:
    """Makes a method of settings of :class:`smartdownsample_core.Choice`."""

    def keep(images: Known, count: int, seed: int) -> Rows:
        order = natural_order(images.paths)
        features = images.embeddings if embeddings else None
        choice = Choice(features=features, **settings)
        return downsample(images.signatures, order, count, seed, choice).indices

    return keep


def imported(name: str) -> Method:
    """Returns the method ``module:function`` of others.

    Args:
        name: of a function that takes paths, a count and a seed, and returns the rows to keep; in
            a module that Python finds, such as a file in the current directory

    Raises:
        ValueError: if there is no such function; says why
    """
    module, _, function = name.partition(":")
    try:
        choose = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"--method {name}: {error}; name it as MODULE:FUNCTION") from error

    def keep(images: Known, count: int, seed: int) -> Rows:
        return np.asarray(choose(list(images.paths), count, seed), np.intp)

    return keep


def farthest_first(features: NDArray[np.float32], count: int, seed: int) -> Rows:
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


METHODS: dict[str, Method] = {
    "random": keep_random,
    "every n-th": keep_every_nth,
    "smartdownsample 1.9.2": keep_1_9,
    "pHash, farthest first": keep_by_phash,
    "imagededup, pHash": peers.keep_by_imagededup,
    "stride": ours(strategy="stride"),
    "representative": ours(strategy="representative"),
    "diverse": ours(strategy="diverse"),
    "diverse, nothing covered first": ours(strategy="diverse", cover="nothing"),
    "diverse, standing cameras": ours(strategy="diverse", fixed_cameras="auto"),
    "diverse, no junk": ours(strategy="diverse", leave_out_junk=True),
    "fastdup's features, farthest first": keep_by_fastdup,
    "embeddings, farthest first": keep_by_embeddings,
    "FiftyOne Brain, uniqueness": peers.keep_most_unique,
    "FiftyOne Brain, find_unique": peers.keep_by_find_unique,
    "FiftyOne Brain, near-duplicates": peers.keep_without_near_duplicates,
    "LightlyStudio's engine": peers.keep_by_mundig,
    "ZCore": peers.keep_by_zcore,
    "SemDeDup": peers.keep_by_semdedup,
    "diverse, by embeddings": ours(embeddings=True, strategy="diverse"),
}
"""Name to method; those from "embeddings" on use the embeddings, all others the images alone."""

NEED_JUNK = {"diverse, no junk"}
"""Compared only where a set has junk."""
