"""What a million images and more need: ``python -m benchmarks.scale [--largest N]``.

Synthetic signatures in shards, so that no image is read. Every stage runs in a process of its own,
which loads what the stage needs; its time is without loading, but where it says so, its memory is
all that the process ever had beyond that of one that does nothing. Sizes above ``--largest``, up to
10^9, are extrapolated from the two largest measured ones, and marked with a tilde.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from smartdownsample_core import Choice, Signatures, assign_buckets, downsample, natural_order
from smartdownsample_core.shards import Origin, Rows, Shards, select_from, write_shard
from smartdownsample_core.signatures import DESCRIPTOR_SIZE

from .table import peak_mb, print_table

_SHARD = 1_000_000
_BATCH = 10_000
_FRAMES_PER_SCENE = 20
_SHARE = 0.01
_LARGEST_FOR_DIVERSE = 1_000_000
_SIZES = (100_000, 1_000_000, 10_000_000, 30_000_000, 100_000_000, 1_000_000_000)


def main() -> None:
    """Parses the arguments; measures everything, or, as a child, one stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=_SHARD)
    parser.add_argument("--stage", choices=_STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        print(json.dumps(_alone(_STAGES[options.stage], options.folder)))
        return
    measured: dict[str, list[_Point]] = defaultdict(list)
    rows = []
    for size in sorted({*_SIZES, options.largest}):
        if size <= options.largest:
            with tempfile.TemporaryDirectory() as folder:
                for stage, point in _measure(size, Path(folder)):
                    measured[stage].append(point)
        rows += [
            _row(size, stage, points)
            for stage, points in measured.items()
            if points[-1].size == size or len(points) > 1
        ]
    print_table(["images", "stage", "seconds", "MB", "bytes per image"], rows)


class _Point(NamedTuple):
    size: int
    seconds: float
    memory: float
    """MB, beyond those of a process that does nothing; of shards, on disk"""


def _measure(size: int, folder: Path) -> Iterator[tuple[str, _Point]]:
    start = time.perf_counter()
    for first in range(0, size, _SHARD):
        _write(folder, first, min(_SHARD, size - first))
    seconds = time.perf_counter() - start
    on_disk = sum(file.stat().st_size for file in folder.iterdir()) / 2**20
    yield _ON_DISK, _Point(size, seconds, on_disk)
    nothing = _run("nothing", folder)[1]
    for stage in list(_STAGES)[1:]:
        if stage != _DIVERSE or size <= _LARGEST_FOR_DIVERSE:
            seconds, peak = _run(stage, folder)
            yield stage, _Point(size, seconds, peak - nothing)


def _row(size: int, stage: str, points: list[_Point]) -> list[str]:
    point, sign = points[-1], ""
    if point.size != size:
        point, sign = _extrapolated(size, points), "~"
    per_image = point.memory * 2**20 / size
    return [
        f"{size:,}",
        stage,
        f"{sign}{point.seconds:,.1f}",
        f"{sign}{point.memory:,.0f}",
        f"{sign}{per_image:,.0f}",
    ]


def _extrapolated(size: int, points: list[_Point]) -> _Point:
    """Time has a part in proportion to the images and one to their square; memory only the first.

    >>> _extrapolated(100, [_Point(1, 3.0, 9.0), _Point(10, 120.0, 50.0)])  # 2 n + n^2
    _Point(size=100, seconds=10200.0, memory=500.0)
    """
    (n1, t1, _), (n2, t2, memory) = points[-2:]
    square = min(max((t2 / n2 - t1 / n1) / (n2 - n1), 0), t2 / n2**2)
    linear = t2 / n2 - square * n2
    return _Point(size, linear * size + square * size**2, memory * size / n2)


def _run(stage: str, folder: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", __spec__.name, "--stage", stage, "--folder", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak = json.loads(result.stdout)
    return seconds, peak


def _alone(prepare: Callable[[Shards], Callable[[], object]], folder: Path) -> tuple[float, float]:
    stage = prepare(Shards(sorted(folder.iterdir())))
    start = time.perf_counter()
    stage()
    return time.perf_counter() - start, peak_mb()


def _nothing(shards: Shards) -> Callable[[], object]:
    return lambda: len(shards)


def _order(shards: Shards) -> Callable[[], object]:
    paths = shards.paths()
    return lambda: natural_order(paths)


def _buckets(shards: Shards) -> Callable[[], object]:
    signatures = shards.signatures(descriptors=False)
    return lambda: assign_buckets(signatures)


def _stride(shards: Shards) -> Callable[[], object]:
    signatures, order = shards.signatures(descriptors=False), natural_order(shards.paths())
    return lambda: downsample(signatures, order, round(len(order) * _SHARE))


def _from_shards(shards: Shards) -> Callable[[], object]:
    return lambda: select_from(shards, round(len(shards) * _SHARE))


def _diverse(shards: Shards) -> Callable[[], object]:
    signatures, order = shards.signatures(descriptors=True), natural_order(shards.paths())
    choice = Choice(strategy="diverse")
    return lambda: downsample(signatures, order, round(len(order) * _SHARE), choice=choice)


_ON_DISK = "write shards (on disk)"
_DIVERSE = "diverse, 1% kept"
_STAGES = {
    "nothing": _nothing,
    "order": _order,
    "buckets": _buckets,
    "stride, 1% kept, in memory": _stride,
    "stride, 1% kept, from shards, with loading": _from_shards,
    _DIVERSE: _diverse,
}


def _write(folder: Path, first: int, size: int) -> None:
    """Writes a shard of images of cameras and days, in scenes of 20 frames."""
    paths = [
        f"/data/site {n % 7}/cam{n % 97}/2026-05-{n % 30 + 1:02d}/IMG_{n:08d}.JPG"
        for n in range(first, first + size)
    ]
    origin = Origin(8, "exact", True, str(first), size, 1, 1, "/data", "0")
    stats = (np.full(size, 2_000_000), np.arange(size))
    write_shard(folder / f"{first:012d}.parquet", origin, paths, stats, _batches(first, size))


def _batches(first: int, size: int) -> Iterator[tuple[Rows, Signatures]]:
    rng = np.random.default_rng(first)
    for start in range(0, size, _BATCH):
        n = min(_BATCH, size - start)
        scene = np.arange(n) // _FRAMES_PER_SCENE
        n_scenes = int(scene[-1]) + 1
        table = Signatures.blank(n, 8)
        table.dhash[:] = rng.integers(0, 256, (n_scenes, 8), np.uint8)[scene]
        table.ahash[:] = rng.integers(0, 256, (n_scenes, 2), np.uint8)[scene]
        light = rng.normal(110, 45, (n_scenes, 1)) + rng.normal(0, 12, (n_scenes, 3))
        table.mean_rgb[:] = np.clip(light[scene] + rng.normal(0, 2, (n, 3)), 0, 255)
        look = rng.integers(30, 226, (n_scenes, DESCRIPTOR_SIZE))[scene]
        table.descriptor[:] = np.clip(look + rng.normal(0, 7, look.shape), 0, 255)
        table.sharpness[:] = rng.uniform(5, 50, n)
        table.dark[:], table.bright[:] = 0, 0
        yield np.arange(start, start + n), table


if __name__ == "__main__":
    main()
