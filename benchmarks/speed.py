"""How long an image takes: ``python -m benchmarks.speed [--images DIR] [--rounds N]``.

CPU time of one worker, end to end, side by side with smartdownsample 1.9.2 and with what no reader
of JPEG files can go below: decoding at 1/8 with libjpeg-turbo. Beside the speed stands the share of
images whose bucket is the one of the definition. Other tools stand there too if they are installed:
see :mod:`benchmarks.others`. Further tables have files with previews, each stage, and more threads.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import simplejpeg
import smartdownsample
from PIL import Image
from threadpoolctl import threadpool_limits

from demo.bursts import render_burst
from demo.photos import load_photos
from smartdownsample_core import assign_buckets, extract, load_rgb, sample_diverse, sign
from smartdownsample_core.extraction import tabulate
from smartdownsample_core.images import images_below
from smartdownsample_core.settings import Decode

from .others import installed
from .previews import compare_previews, different_files, make_camera_files
from .stages import QUIET, print_stages
from .table import interleaved_medians, print_table

_SIZES = {"256x256": 400, "500x375": 200, "1920x1080": 40, "4000x3000": 12}

#: Images of a folder that are read.
_MOST = 300


def main() -> None:
    """Parses the arguments, makes the images, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", metavar="DIR", help="each of its folders is a row")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1, user_api="blas"):
        sets = sets_below(options.images) if options.images else make_sets(Path(folder))
        whole = {name: different_files(paths) for name, paths in sets.items()}
        compare(whole, options.rounds)
        print()
        cameras = sets if options.images else make_camera_files(Path(folder))
        compare_previews(cameras, options.rounds)
        print()
        print_stages(whole, options.rounds)
        print()
        scale(whole, options.rounds)


def make_sets(folder: Path) -> dict[str, list[str]]:
    """Writes JPEG files of four sizes, windows of the demo photographs, and two of PNG."""
    photos, rng = load_photos(), np.random.default_rng(0)
    sets: dict[str, list[str]] = {}
    for name, count in _SIZES.items():
        width, height = map(int, name.split("x"))
        frames = [
            next(render_burst(photos[number % len(photos)], 1, night=False, rng=rng))
            for number in range(count)
        ]
        for suffix in (".jpg", ".png") if name == "500x375" else (".jpg",):
            paths = [str(folder / f"{name}_{number}{suffix}") for number in range(count)]
            for frame, path in zip(frames, paths, strict=True):
                frame.resize((width, height), Image.Resampling.BICUBIC).save(path, quality=88)
            sets[f"{suffix[1:].upper()} {name}"] = paths
    return sets


def sets_below(folder: str) -> dict[str, list[str]]:
    """Returns the images of each folder below."""
    sets: dict[str, list[str]] = {}
    for path in images_below(folder):
        sets.setdefault(str(Path(path).parent.relative_to(folder)), []).append(path)
    return {name: paths[:_MOST] for name, paths in sets.items() if len(paths) > 1}


def compare(sets: dict[str, list[str]], rounds: int) -> None:
    """Prints milliseconds per image, ratios and agreement."""
    rows, others = [], installed()
    for name, paths in sets.items():
        tasks = {
            "reference": partial(smartdownsample.sample_diverse, paths, len(paths) - 1, **QUIET),
            "exact": partial(sample_diverse, paths, len(paths) - 1, **QUIET),
            "fast": partial(sample_diverse, paths, len(paths) - 1, decode="fast", **QUIET),
            "floor": partial(decode_floor, paths),
            **{other: partial(task, paths) for other, task in others.items()},
        }
        seconds = interleaved_medians(tasks, rounds)
        ms = {task: 1000 * value / len(paths) for task, value in seconds.items()}
        row = [name, str(len(paths)), *(f"{ms[task]:.2f}" for task in tasks)]
        row += [f"{ms['reference'] / ms[mode]:.1f}x" for mode in ("exact", "fast")]
        row += [f"{agreement(paths, mode):.1%}" for mode in ("exact", "fast")]
        rows.append(row)
    header = ["images", "n", "1.9.2 ms", "exact ms", "fast ms", "floor ms"]
    header += [f"{other} ms" for other in others]
    header += ["exact", "fast", "exact equal", "fast equal"]
    print_table(header, rows)


def scale(sets: dict[str, list[str]], rounds: int) -> None:
    """Prints images per second of wall time for 1, 2 and 4 threads."""
    rows = []
    for name, paths in sets.items():
        many = (paths * (600 // len(paths) + 1))[: 60 if "000" in name else 600]
        tasks: dict[str, Callable[[], object]] = {
            str(workers): partial(extract, many, n_workers=workers) for workers in (1, 2, 4)
        }
        seconds = interleaved_medians(tasks, rounds, time.perf_counter)
        rows.append([name, *(f"{len(many) / seconds[task]:,.0f}" for task in tasks)])
        rows[-1].append(f"{seconds['1'] / seconds['2']:.2f}x")
    print_table(["images", "1 thread /s", "2 threads /s", "4 threads /s", "2 to 1"], rows)


def decode_floor(paths: list[str]) -> None:
    """Decodes JPEG files at 1/8 and nothing more; other files in full."""
    for path in paths:
        data = Path(path).read_bytes()
        if data.startswith(b"\xff\xd8"):
            simplejpeg.decode_jpeg(data, "RGB", min_height=1, min_width=1)
        else:
            load_rgb(path)


def agreement(paths: list[str], decode: Decode) -> float:
    """Returns the share of images whose bucket is the one of the definition."""
    defined = tabulate([sign(load_rgb(path)) for path in paths], 8)
    same = assign_buckets(extract(paths, decode=decode)) == assign_buckets(defined)
    return float(same.mean())


if __name__ == "__main__":
    main()
