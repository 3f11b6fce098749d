"""Ordering and selecting a million paths: ``python -m benchmarks.order [--largest N]``.

Synthetic paths and random signatures, so nothing is read. natsort on the parts of the paths, as
smartdownsample 1.9.2 calls it, stands beside it up to 100,000 paths.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np
from natsort import natsorted

from smartdownsample_core import Signatures, downsample, natural_order

from .table import peak_mb, print_table

_LARGEST_FOR_NATSORT = 100_000


def main() -> None:
    """Parses the arguments and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=1_000_000)
    largest = parser.parse_args().largest
    sizes = [size for size in (10_000, 100_000, 1_000_000, 10_000_000) if size <= largest]
    header = ["paths", "order s", "select s", "memory MB", "natsort s"]
    print_table(header, [_measure(size) for size in sizes])


def _measure(size: int) -> list[str]:
    paths, signatures = synthetic_paths(size), random_signatures(size)
    before, start = peak_mb(), time.perf_counter()
    order = natural_order(paths)
    ordered = time.perf_counter()
    selection = downsample(signatures, order, size // 10)
    selected = time.perf_counter()
    assert len(selection.indices) == size // 10
    row = [f"{size:,}", f"{ordered - start:.2f}", f"{selected - ordered:.2f}"]
    row.append(f"{peak_mb() - before:.0f}")
    if size > _LARGEST_FOR_NATSORT:
        return [*row, "-"]
    start = time.perf_counter()
    natsorted([Path(path) for path in paths], key=lambda path: path.parts)
    return [*row, f"{time.perf_counter() - start:.2f}"]


def synthetic_paths(size: int) -> list[str]:
    """Returns shuffled paths of cameras and days, ``size`` of them."""
    paths = [
        f"/data/site {n % 7}/cam{n % 97}/2026-05-{n % 30 + 1:02d}/IMG_{n:07d}.JPG"
        for n in range(size)
    ]
    random.Random(0).shuffle(paths)
    return paths


def random_signatures(size: int) -> Signatures:
    """Returns signatures of random images."""
    rng = np.random.default_rng(0)
    signatures = Signatures.blank(size, 8)
    signatures.decode[:] = "exact"
    for name in ("dhash", "ahash", "descriptor"):
        column = getattr(signatures, name)
        column[:] = rng.integers(0, 256, column.shape, dtype=np.uint8)
    signatures.mean_rgb[:] = rng.uniform(0, 255, (size, 3))
    for name in ("sharpness", "dark", "bright"):
        getattr(signatures, name)[:] = rng.uniform(0, 1, size)
    signatures.orientation[:] = 1
    signatures.decode[:] = "exact"
    return signatures


if __name__ == "__main__":
    main()
