"""Time and memory of ``"diverse"`` on a Dask cluster: ``python -m benchmarks.cluster_scale``.

Synthetic shards of 64 cameras (those of ``benchmarks.cluster``), two workers of one thread on this
machine, and client, scheduler and workers in processes of their own, whose peaks of memory are all
that they ever had. A constant share of the images is kept. Seconds are from opening the shards to
the selection, by the clock and of CPU in all processes. A tilde marks figures of a model that was
fitted to the measured sizes, and not measured: CPU seconds are a + b n + c n^2, memory of client
and scheduler a + b n from a million images on, with no part below zero and by least squares of
relative errors; that of workers is the largest measured, as parts do not grow with n.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smartdownsample_core.shards import ClusterShards

from .cluster import own_cluster, peaks, write_shards
from .table import print_table

if TYPE_CHECKING:
    from distributed import Client

_SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
_MODELLED = (100_000_000, 1_000_000_000)
_HEADER = ["images", "kept", "s", "CPU s", "MB client", "MB scheduler", "MB workers"]
#: Powers of the number of images in the models of CPU seconds, client and scheduler.
_POWERS = ((0, 1, 2), (0, 1), (0, 1))
_CPU = 1
#: Images from which all buffers are in use, so that memory follows its model.
_FULL = 1_000_000


def main() -> None:
    """Parses the arguments and prints the table; or, as a child, selects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=_SIZES)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.001, 0.01], help="to keep")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        folder, count = options.child
        print(json.dumps(_select(sorted(Path(folder).iterdir()), int(count))))
        return
    found: dict[float, list[list[float]]] = {share: [] for share in options.shares}
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            write_shards(Path(folder), size, "cameras")
            for share, measured in found.items():
                measured.append(_measure(folder, round(size * share)))
                print(f"{size:,} {share}: {measured[-1]}", file=sys.stderr, flush=True)
    rows = (row for share in found for row in _rows(options.sizes, share, found[share]))
    print_table(_HEADER, [*rows])


def _measure(folder: str, count: int) -> list[float]:
    command = [sys.executable, "-m", __spec__.name, "--child", folder, str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: list[float] = json.loads(done.stdout)
    return measured


def _select(files: list[Path], count: int) -> list[float]:
    """Returns seconds, those of CPU, and the peaks of client, scheduler and workers."""
    with own_cluster() as client:
        start, cpu = time.perf_counter(), _cpu_seconds(client)
        with ClusterShards([*map(str, files)], client) as there:
            there.select(count)
        seconds, cpu = time.perf_counter() - start, _cpu_seconds(client) - cpu
        here, scheduler, workers = peaks(client)
    return [seconds, cpu, here, scheduler, *workers]


def _cpu_seconds(client: Client) -> float:
    workers = client.run(time.process_time).values()
    scheduler = client.run_on_scheduler(time.process_time)
    return float(time.process_time() + scheduler + sum(workers))


def _rows(
    sizes: Sequence[int], share: float, measured: Sequence[Sequence[float]]
) -> Iterator[list[str]]:
    for size, values in zip(sizes, measured, strict=True):
        yield _row(size, share, values, "")
    full = [place for place, size in enumerate(sizes) if size >= _FULL]
    if len(full) < 2:
        return
    models = []
    for place, powers in enumerate(_POWERS, 1):
        fitted = range(len(sizes)) if place == _CPU else full
        values = [measured[row][place] for row in fitted]
        models.append(_fitted([sizes[row] for row in fitted], values, powers))
    for size in _MODELLED:
        values = [
            sum(a * size**power for a, power in zip(model, powers, strict=True))
            for model, powers in zip(models, _POWERS, strict=True)
        ]
        workers = [max(max(values[4:]) for values in measured)]
        yield _row(size, share, [np.nan, *values, *workers], "~")


def _row(size: int, share: float, values: Sequence[float], sign: str) -> list[str]:
    numbers = [f"{sign}{value:,.0f}" if value == value else "-" for value in values]
    return [f"{size:,}", f"{round(size * share):,}", *numbers[:4], ", ".join(numbers[4:])]


def _fitted(
    sizes: Sequence[int], values: Sequence[float], powers: tuple[int, ...]
) -> tuple[float, ...]:
    """Returns the factors of powers of n, none below 0, that fit best: by relative errors.

    >>> [round(a, 6) for a in _fitted([1, 2, 3, 4], [7, 13, 23, 37], (0, 1, 2))]  # 5 + 2 n^2
    [5.0, 0.0, 2.0]
    """
    n, y = np.array(sizes, np.float64), np.array(values)
    best = (np.inf, (0.0,) * len(powers))
    for count in range(1, len(powers) + 1):
        for some in combinations(range(len(powers)), count):
            table = np.stack([n ** powers[place] for place in some], axis=1) / y[:, None]
            scale = np.abs(table).max(axis=0)
            factors = np.linalg.lstsq(table / scale, np.ones(len(n)), rcond=None)[0] / scale
            error = float(((table @ factors - 1) ** 2).sum())
            if (factors >= 0).all() and error < best[0] - 1e-9:
                every = np.zeros(len(powers))
                every[list(some)] = factors
                best = (error, tuple(every.tolist()))
    return best[1]


if __name__ == "__main__":
    main()
