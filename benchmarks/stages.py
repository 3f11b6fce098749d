"""Where the time of an image goes: reading, decoding, signature; for :mod:`benchmarks.speed`.

Each stage is timed with all that come before it, and its own time is the difference.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import imagehash
import numpy as np
import smartdownsample
from PIL import Image

from smartdownsample_core import sample_diverse
from smartdownsample_core.images import open_picture
from smartdownsample_core.signatures import sign_items

from .table import interleaved_medians, print_table

QUIET = {"n_workers": 1, "show_progress": False, "show_summary": False}


def print_stages(sets: dict[str, list[str]], rounds: int) -> None:
    """Prints milliseconds per image of each stage, of smartdownsample 1.9.2 and of exact."""
    rows = []
    for name, paths in sets.items():
        reference: list[Callable[[], object]] = [
            partial(_each, _read, paths),
            partial(_each, _decode, paths),
            partial(_each, _sign, paths),
            partial(smartdownsample.sample_diverse, paths, len(paths) - 1, **QUIET),
        ]
        exact: list[Callable[[], object]] = [
            partial(_each, _read, paths),
            partial(_each, open_picture, paths),
            partial(sign_items, paths, 8, "fast"),
            partial(sign_items, paths, 8, "exact"),
            partial(sample_diverse, paths, len(paths) - 1, **QUIET),
        ]
        tasks = {"1.9.2": reference, "exact": exact}
        seconds = interleaved_medians(
            {f"{tool} {n}": task for tool in tasks for n, task in enumerate(tasks[tool])}, rounds
        )
        for tool in tasks:
            until = [0.0, *(seconds[f"{tool} {n}"] for n in range(len(tasks[tool])))]
            stages = [f"{1000 * (b - a) / len(paths):.2f}" for a, b in pairwise(until)]
            if tool == "1.9.2":
                stages.insert(3, "-")  # it has nothing to compute again
            rows.append([name, tool, *stages, f"{1000 * until[-1] / len(paths):.2f}"])
    header = ["images", "ms of", "read", "decode", "sign", "again in full", "all else", "together"]
    print_table(header, rows)


def _each(stage: Callable[[str], object], paths: list[str]) -> None:
    for path in paths:
        stage(path)


def _read(path: str) -> bytes:
    return Path(path).read_bytes()


def _decode(path: str) -> Image.Image:
    with Image.open(io.BytesIO(_read(path))) as image:
        image.load()
        return image if image.mode == "RGB" else image.convert("RGB")


def _sign(path: str) -> None:
    """What 1.9.2 computes of an image."""
    image = _decode(path)
    imagehash.dhash(image, 8)
    imagehash.average_hash(image, 4)
    small = np.array(image.resize((32, 32), Image.Resampling.LANCZOS))
    np.var([small[:, :, channel].mean() for channel in range(3)])
    small.mean()
