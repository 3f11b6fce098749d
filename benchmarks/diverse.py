"""Farthest-first traversal of many points: ``python -m benchmarks.diverse [--largest N]``.

Synthetic descriptors: scenes of Zipf-distributed sizes, whose frames differ as those of a burst do.
What could be done instead of our exact batches stands beside them as far as it ends in time: one
point after the other; independent parts; parts, and then a second round over what they chose.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from smartdownsample_core.selection import Nearest, farthest_first
from smartdownsample_core.signatures import DESCRIPTOR_SIZE

from .table import peak_mb, print_table

_LARGEST_TO_COMPARE = 50_000
_PART = 5_000
_FRAMES_PER_SCENE, _NOISE = 10, 7.0

Rows = NDArray[np.int64]


def main() -> None:
    """Parses the arguments and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=100_000)
    largest = parser.parse_args().largest
    rows = []
    with threadpool_limits(1, user_api="blas"):  # the threads are ours
        for size in (10_000, 50_000, 100_000, 1_000_000):
            if size <= largest:
                points, scenes = synthetic(size)
                for share in (0.01, 0.1):
                    rows += _measure(points, scenes, round(size * share))
    print_table(["points", "kept", "method", "seconds", "scenes", "peak MB"], rows)


def _measure(points: NDArray[np.uint8], scenes: Rows, count: int) -> list[list[str]]:
    methods: dict[str, Callable[[], Rows]] = {
        "exact, in batches (ours)": lambda: exact(points, count)
    }
    if len(points) <= _LARGEST_TO_COMPARE:
        methods["exact, one by one"] = lambda: one_by_one(points, count)
        methods["parts"] = lambda: parts(points, count)
        methods["parts and a second round"] = lambda: two_rounds(points, count)
        rng = np.random.default_rng(0)
        methods["random"] = lambda: rng.choice(len(points), count, replace=False)
    rows = []
    for name, method in methods.items():
        start = time.perf_counter()
        kept = method()
        seconds = time.perf_counter() - start
        covered = len(np.unique(scenes[kept])) / min(count, len(np.unique(scenes)))
        rows.append(
            [
                f"{len(points):,}",
                f"{count:,}",
                name,
                f"{seconds:.1f}",
                f"{covered:.3f}",
                f"{peak_mb():,.0f}",
            ]
        )
    return rows


def synthetic(size: int) -> tuple[NDArray[np.uint8], Rows]:
    """Returns shuffled points and the scene of each."""
    rng = np.random.default_rng(0)
    n_scenes = size // _FRAMES_PER_SCENE
    weights = 1 / np.arange(1, n_scenes + 1) ** 0.8
    scenes = rng.permutation(
        np.concatenate(
            [
                np.arange(n_scenes),
                rng.choice(n_scenes, size - n_scenes, p=weights / weights.sum()),
            ]
        )
    )
    centers = rng.integers(30, 226, (n_scenes, DESCRIPTOR_SIZE), dtype=np.uint8)
    points = centers[scenes]
    for some in np.array_split(np.arange(size), max(size // 50_000, 1)):
        noise = rng.normal(0, _NOISE, (len(some), DESCRIPTOR_SIZE))
        points[some] = np.clip(points[some] + noise, 0, 255)
    return points, scenes


def exact(points: NDArray[np.uint8], count: int) -> Rows:
    """What the strategy "diverse" does."""
    return farthest_first(Nearest(points), count, start=0)


def one_by_one(points: NDArray[np.uint8], count: int) -> Rows:
    """The same, without batches."""
    table = points.astype(np.float32)
    norms = (table**2).sum(axis=1)
    nearest = np.full(len(points), np.inf, np.float32)
    kept = [0]
    while True:
        last = kept[-1]
        np.minimum(nearest, norms + norms[last] - 2 * (table @ table[last]), out=nearest)
        nearest[last] = -1
        if len(kept) == count:
            return np.array(kept)
        kept.append(int(nearest.argmax()))


def parts(points: NDArray[np.uint8], count: int, of: int = 1) -> Rows:
    """Each part on its own; ``of`` times its share."""
    split = np.array_split(np.arange(len(points)), max(len(points) // _PART, 1))
    share = of * count // len(split)
    return np.concatenate([rows[exact(points[rows], min(share, len(rows)))] for rows in split])


def two_rounds(points: NDArray[np.uint8], count: int) -> Rows:
    """Twice its share of each part, then farthest first among these."""
    chosen = parts(points, count, of=2)
    return chosen[exact(points[chosen], count)]


if __name__ == "__main__":
    main()
