"""What ``prefer="sharpness"`` gains and costs: ``python -m benchmarks.prefer DIR...``.

The images below each folder are one set; without a folder, bursts made of photographs. A tenth is
kept by ``"diverse"``, with several ratios of squared distances that count as almost the same
(:data:`smartdownsample_core.selection._preference.ALMOST`; -, no preference). *Sharper* is the
share of kept images that are at least as sharp as the median of what they stand for. *Radius* is
the distance of the farthest image left out, and *median* that of the median one, relative to those
without a preference.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from demo.photos import load_photos
from smartdownsample_core import Choice, Selection, Signatures, downsample, extract, natural_order
from smartdownsample_core.images import images_below
from smartdownsample_core.selection import _preference as preference

from .redundant import windows, write_bursts
from .table import print_table

_BITS = {"1.125": 20, "1.25": 21, "1.5": 22, "2": 23}


def main() -> None:
    """Prints a row for each set and ratio."""
    with tempfile.TemporaryDirectory() as folder:
        sets = {Path(place).name: images_below(place) for place in sys.argv[1:]}
        if not sets:
            scenes = list(windows(load_photos(), 6))
            bursts = write_bursts(scenes, Path(folder) / "bursts", 10 * len(scenes))
            sets = {"bursts": bursts.paths}
        rows = [row for name, paths in sets.items() for row in _rows(name, paths)]
    print_table(["set", "images", "ratio", "sharper", "radius", "median"], rows)


def _rows(name: str, paths: list[str]) -> list[list[str]]:
    table, order = extract(paths, image_loading_errors="skip"), natural_order(paths)
    count = max(len(paths) // 10, 1)
    plain = downsample(table, order, count, choice=Choice(strategy="diverse").for_paths(paths))
    rows = [[name, f"{len(paths):,}", "-", *_scores(table, plain, plain)]]
    for ratio, bits in _BITS.items():
        preference._STEP_BITS = bits
        choice = Choice(strategy="diverse", prefer="sharpness").for_paths(paths)
        selection = downsample(table, order, count, choice=choice)
        rows.append([name, f"{len(paths):,}", ratio, *_scores(table, selection, plain)])
    return rows


def _scores(table: Signatures, selection: Selection, plain: Selection) -> list[str]:
    explained, before = selection.explain(), plain.explain()
    stands_for = [
        table.sharpness[explained.representative == row].tolist() for row in selection.indices
    ]
    sharper = [
        table.sharpness[row] >= np.median(some)
        for row, some in zip(selection.indices, stands_for, strict=True)
        if len(some) > 1
    ]
    radius = np.nanmax(explained.distance) / np.nanmax(before.distance)
    medians = [np.nanmedian(found.distance[~found.kept]) for found in (explained, before)]
    return [f"{np.mean(sharper):.0%}", f"{radius:.2f}", f"{medians[0] / medians[1]:.2f}"]


if __name__ == "__main__":
    main()
