"""What FiftyOne adds: ``python -m benchmarks.fiftyone_write [--samples N] [--images N]``.

The first table: writing N synthetic signatures into a dataset in a MongoDB of its own, and reading
them again; the bytes that a signature takes there, and those of its descriptor. The second: the
operator on real files, against the core on the same files.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from bson import encode

from demo.bursts import make_bursts
from demo.photos import load_photos
from smartdownsample_core import sample_diverse

from .synthetic import own_fiftyone, unsigned, write_signatures
from .table import print_table


def main() -> None:
    """Parses the arguments, starts a MongoDB, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--images", type=int, default=2_000)
    options = parser.parse_args()
    folder = own_fiftyone()
    print_table(
        ["samples", "write s", "read s", "signature bytes", "descriptor bytes"],
        [_write(options.samples)],
    )
    print()
    rows = [_operator(options.images, folder)]
    print_table(["images", "core s", "operator s", "ratio", "operator again s"], rows)


def _write(size: int) -> list[str]:
    from plugin.targets import stored_signatures

    dataset, target = unsigned(size)
    start = time.perf_counter()
    write_signatures(dataset, target)
    written = time.perf_counter()
    again = stored_signatures.load(dataset.view(), "signature", 8, "exact", recompute=False)
    assert not len(again.stale)
    read = time.perf_counter()
    document = dataset._sample_collection.find_one()["signature"]
    sizes = len(encode(document)), len(encode({"descriptor": document["descriptor"]}))
    return [f"{size:,}", f"{written - start:.1f}", f"{read - written:.1f}", *map(str, sizes)]


def _operator(size: int, folder: Path) -> list[str]:
    import fiftyone as fo

    from plugin.config import DownsampleConfig
    from plugin.jobs.engine import run
    from plugin.jobs.progress import with_bar

    paths = [str(frame.path) for frame in make_bursts(load_photos(), folder / "images", size)]
    dataset = fo.Dataset()
    dataset.add_samples([fo.Sample(path) for path in paths])
    config = DownsampleConfig(target_count=size // 10)
    seconds = []
    for task in (
        lambda: sample_diverse(
            paths,
            size // 10,
            show_progress=False,
            show_summary=False,
            strategy=config.strategy,
            fixed_cameras=config.fixed_cameras,
        ),
        lambda: with_bar(run(dataset, dataset.view(), config)),
        lambda: with_bar(run(dataset, dataset.view(), config)),
    ):
        start = time.perf_counter()
        task()
        seconds.append(time.perf_counter() - start)
    core, operator, again = seconds
    ratio = f"{operator / core:.2f}x"
    return [f"{size:,}", f"{core:.2f}", f"{operator:.2f}", ratio, f"{again:.2f}"]


if __name__ == "__main__":
    main()
