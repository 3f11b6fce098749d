"""``"diverse"`` on a Dask cluster against the exact answer: ``python -m benchmarks.cluster``.

Synthetic signatures in shards: 64 cameras of Zipf-distributed sizes, calm and busy ones, with
scenes of Zipf-distributed sizes. Shards are equal cuts of the list, or one of each camera. Each
selection runs in a process of its own, with two further ones as workers. The radius is the distance
from the farthest image to the kept ones, as a ratio to the exact one; scenes are those among the
kept, as a share of those that there is room for, minus the exact share. Above ``--exact`` images,
the exact answer is not computed, and only shards of cameras are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Choice, Signatures, downsample, natural_order
from smartdownsample_core.selection import Nearest
from smartdownsample_core.shards import ClusterShards, Origin, Shards, write_shard
from smartdownsample_core.signatures import DESCRIPTOR_SIZE

from .table import peak_mb, print_table

if TYPE_CHECKING:
    from distributed import Client

_CAMERAS, _FRAMES_PER_SCENE = 64, 100
_BATCH = 65_536
_HEADER = ["images", "kept", "shards", "parts", "seconds", "MB here", "MB workers"]


def main() -> None:
    """Parses the arguments and prints the table; or, as a child, selects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000])
    parser.add_argument("--share", type=float, default=0.01, help="of the images, to keep")
    parser.add_argument("--parts", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--kinds", nargs="+", default=["equal", "cameras"], help="of shards")
    parser.add_argument("--exact", type=int, default=1_000_000)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        folder, count, rows = options.child
        print(json.dumps(_select(sorted(Path(folder).iterdir()), int(count), int(rows))))
        return
    rows = []
    for size in options.sizes:
        count = round(size * options.share)
        parts = options.parts if size <= options.exact else [-(-size // 2**18)]
        for kind in options.kinds if size <= options.exact else ("cameras",):
            with tempfile.TemporaryDirectory() as folder:
                write_shards(Path(folder), size, kind)
                rows += _measure(Path(folder), size, count, kind, parts, size <= options.exact)
    print_table([*_HEADER, "radius", "scenes"], rows)


def _measure(
    folder: Path, size: int, count: int, kind: str, parts: Sequence[int], exactly: bool
) -> Iterator[list[str]]:
    table, scenes = None, np.empty(0, np.int64)
    radius = share = 0.0
    if exactly:
        shards = Shards(sorted(folder.iterdir()))
        table, paths = shards.signatures(descriptors=True), shards.paths()
        scenes = np.array([int(path.rpartition("/")[2].split("_")[0]) for path in paths])
    for n_parts in [0] * exactly + [*parts]:
        rows = -(-size // n_parts) if n_parts else 0
        command = [sys.executable, "-m", __spec__.name, "--child", str(folder)]
        done = subprocess.run(
            [*command, str(count), str(rows)], stdout=subprocess.PIPE, text=True, check=True
        )
        kept, seconds, here, workers = json.loads(done.stdout)
        row = [f"{size:,}", f"{count:,}", kind, str(n_parts or "exact"), f"{seconds:.0f}"]
        row += [f"{here:,.0f}", ", ".join(f"{peak:,.0f}" for peak in workers) or "-"]
        if table is not None:
            place = {path: row for row, path in enumerate(paths)}
            found = _scores(table, scenes, np.array([place[path] for path in kept]))
            radius, share = (radius, share) if n_parts else found
            row += [f"{found[0] / radius:.3f}", f"{found[1] - share:+.4f}"]
        yield row if table is not None else [*row, "-", "-"]


def _scores(table: Signatures, scenes: NDArray[np.int64], kept: NDArray[np.int64]) -> list[float]:
    nearest = Nearest(table.descriptor)
    nearest.add(kept)
    n_scenes = min(len(kept), len(np.unique(scenes)))
    return [float(nearest.squared.max()) ** 0.5, len(np.unique(scenes[kept])) / n_scenes]


def _select(
    files: list[Path], count: int, rows: int
) -> tuple[list[str], float, float, list[float]]:
    """Returns the kept paths, seconds, and the peaks of memory of this process and of workers."""
    if not rows:
        start = time.perf_counter()
        shards = Shards(files)
        paths = shards.paths()
        choice = Choice(strategy="diverse").for_paths(paths)
        table = shards.signatures(descriptors=True)
        selection = downsample(table, natural_order(paths), count, choice=choice)
        kept = [paths[row] for row in selection.indices]
        return kept, time.perf_counter() - start, peak_mb(), []
    with own_cluster() as client:
        start = time.perf_counter()
        with ClusterShards([*map(str, files)], client) as there:
            selection, kept = there.select(count, rows_at_a_time=rows)
        seconds = time.perf_counter() - start
        here, _, workers = peaks(client)
        return kept, seconds, here, workers


@contextmanager
def own_cluster() -> Iterator[Client]:
    """Starts a scheduler and two workers of one thread, each a process of its own."""
    from distributed import Client
    from distributed.deploy.subprocess import SubprocessCluster

    with (
        SubprocessCluster(
            n_workers=2,
            threads_per_worker=1,
            worker_class="distributed.Worker",
            dashboard_address=":0",
            scheduler_kwargs={"dashboard": False},
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.wait_for_workers(2)
        yield client


def peaks(client: Client) -> tuple[float, float, list[float]]:
    """Returns the peaks of memory in MB of this process, the scheduler, and the workers."""
    return peak_mb(), client.run_on_scheduler(peak_mb), [*client.run(peak_mb).values()]


def write_shards(folder: Path, size: int, kind: str) -> None:
    """Writes 64 shards: one of each camera (``"cameras"``), or equal cuts of the list."""
    weights = np.arange(1, _CAMERAS + 1) ** -0.5
    sizes = np.diff(np.rint(np.cumsum([0, *weights]) / weights.sum() * size).astype(np.int64))
    cameras = enumerate(sizes.tolist())
    if kind == "cameras":
        for number, n in cameras:
            paths, table = _camera(number, n)
            _write_shard(folder / f"{number:02d}.parquet", paths, table)
        return
    all_paths: list[str] = []
    all_rows = Signatures.blank(size, 8)
    for number, n in cameras:
        paths, table = _camera(number, n)
        all_rows.put(np.arange(len(all_paths), len(all_paths) + n), table)
        all_paths += paths
    for number, rows in enumerate(np.array_split(np.arange(size), _CAMERAS)):
        file = folder / f"{number:02d}.parquet"
        _write_shard(file, all_paths[rows[0] : rows[-1] + 1], all_rows.take(rows))


def _write_shard(file: Path, paths: list[str], table: Signatures) -> None:
    n = len(paths)
    origin = Origin(8, "exact", True, file.name, n, 1, 1, "/data", "0")
    stats = (np.full(n, 2_000_000), np.arange(n))
    cuts = np.split(np.arange(n), np.arange(_BATCH, n, _BATCH))
    write_shard(file, origin, paths, stats, ((rows, table.take(rows)) for rows in cuts))


def _camera(number: int, n: int) -> tuple[list[str], Signatures]:
    rng = np.random.default_rng(number)
    n_scenes = max(n // _FRAMES_PER_SCENE, 1)
    weights = rng.permutation(np.arange(1.0, n_scenes + 1)) ** -0.8
    drawn = rng.choice(n_scenes, n - n_scenes, p=weights / weights.sum())
    scene = np.sort(np.concatenate([np.arange(n_scenes), drawn]))
    table = Signatures.blank(n, 8)
    spread = np.exp(rng.uniform(np.log(3), np.log(40)))
    look = rng.integers(30, 226, DESCRIPTOR_SIZE)
    looks = look + rng.normal(0, spread, (n_scenes, DESCRIPTOR_SIZE))
    noise = np.exp(rng.uniform(0, np.log(9), n_scenes)).astype(np.float32)
    for first in range(0, n, _BATCH):
        some = scene[first : first + _BATCH]
        frames = rng.standard_normal((len(some), DESCRIPTOR_SIZE), np.float32) * noise[some, None]
        table.descriptor[first : first + _BATCH] = np.clip(looks[some] + frames, 0, 255)
    table.dhash[:] = rng.integers(0, 256, (n_scenes, 8), np.uint8)[scene]
    table.ahash[:] = rng.integers(0, 256, (n_scenes, 2), np.uint8)[scene]
    light = rng.normal(110, 45, (n_scenes, 1)) + rng.normal(0, 12, (n_scenes, 3))
    table.mean_rgb[:] = np.clip(light, 0, 255)[scene]
    table.sharpness[:], table.dark[:], table.bright[:] = 9, 0, 0
    names = (number * 10**6 + scene).tolist()
    return [f"/data/cam{number}/{name}_{row}.JPG" for row, name in enumerate(names)], table


if __name__ == "__main__":
    main()
