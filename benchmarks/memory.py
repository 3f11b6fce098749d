"""What a run on a million samples takes: ``python -m benchmarks.memory [--samples N]``.

The samples repeat a few hundred real files, so that a million images are read, without a disk for
them. FiftyOne alone and the first run are measured one after the other in a process, and the run
that follows in another, with a MongoDB of its own beside them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bson import ObjectId
from PIL import Image

from demo.bursts import make_bursts
from demo.photos import load_photos

from .synthetic import own_fiftyone
from .table import peak_mb, print_table

_NAME = "memory"
_FILES = 300
_SIDE = 96
_AT_A_TIME = 10_000

_RUNS = ("first run", "again, from stored signatures")


def main() -> None:
    """Parses the arguments; makes the samples and measures, or, as a child, does one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--run", choices=_RUNS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(_run(options.run)))
        return
    folder = own_fiftyone()
    _make_samples(folder, options.samples)
    rows: list[list[Any]] = []
    for run in _RUNS:
        command = [sys.executable, "-m", __spec__.name, "--run", run]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        alone, whole = json.loads(answer.splitlines()[-1])
        if not rows:
            rows.append(["FiftyOne alone", *alone, 0])
        seconds, peak = whole
        rows.append([run, seconds, peak, peak - rows[0][2]])
    print_table(
        ["run", "seconds", "peak MB", "MB over FiftyOne alone"],
        [[name, *(f"{number:,.0f}" for number in numbers)] for name, *numbers in rows],
    )


def _make_samples(folder: Path, size: int) -> None:
    import fiftyone as fo

    frames = make_bursts(load_photos(), folder / "images", min(_FILES, size))
    for frame in frames:
        with Image.open(frame.path) as image:
            image.resize((_SIDE, _SIDE)).save(frame.path, "JPEG")
    dataset = fo.Dataset(_NAME, persistent=True)
    dataset.add_sample(fo.Sample(str(frames[0].path)))
    # Documents like this one, without FiftyOne's objects, which take a millisecond each.
    collection = dataset._sample_collection
    document = collection.find_one()
    paths = itertools.cycle(str(frame.path) for frame in frames[1:])
    for start in range(1, size, _AT_A_TIME):
        some = itertools.islice(paths, min(_AT_A_TIME, size - start))
        collection.insert_many([{**document, "_id": ObjectId(), "filepath": path} for path in some])


def _run(run: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Returns seconds and peak memory of looking at the samples, and of the run after that."""
    import fiftyone as fo

    from plugin.config import DownsampleConfig
    from plugin.jobs.engine import run as downsample
    from plugin.jobs.progress import with_bar

    dataset = fo.load_dataset(_NAME)
    assert dataset.first().filepath
    start = time.perf_counter()
    alone = 0.0, peak_mb()
    config = DownsampleConfig(target_count=len(dataset) // 10)
    result = with_bar(downsample(dataset, dataset.view(), config))
    assert result["kept"] == config.target_count
    assert result["reused"] == (0 if run == _RUNS[0] else len(dataset))
    return alone, (time.perf_counter() - start, peak_mb())


if __name__ == "__main__":
    main()
