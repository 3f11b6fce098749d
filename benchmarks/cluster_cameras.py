"""Activity and events on a cluster, and exactly: ``python -m benchmarks.cluster_cameras``.

Synthetic thumbnails of 64 standing cameras of Zipf-distributed sizes, whose light changes; 3% of
the frames show a visit of 1 to 8 frames. Frames are 10 minutes apart, those of a visit 5 seconds.
Shards are equal cuts of the list, so that cameras lie in several, and parts are made of whole
cameras. Visits are those among the kept images, as a share of all or of the kept; empty frames are
a share of the kept; the radius is the distance from the farthest visit to the kept images, as a
ratio to the exact one. Over the cap are events of which more than one image is kept. With
``--folders``, each camera's images are in several folders, such as one per date, of all cameras.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Choice, Signatures, downsample, natural_order
from smartdownsample_core.selection import Nearest, mark_standing
from smartdownsample_core.shards import ClusterShards, Origin, Shards, write_shard
from smartdownsample_core.signatures import describe

from .cluster import own_cluster
from .table import print_table

_CAMERAS, _SHARDS = 64, 16
_VISITED, _LONGEST = 0.03, 8
_GAP = 60  # seconds
_CHOICES: dict[str, dict[str, Any]] = {
    "activity": {"fixed_cameras": "auto"},
    "activity, 1 per event": {"fixed_cameras": "auto", "event_gap": _GAP, "max_per_event": 1},
    "1 per event": {"event_gap": _GAP, "max_per_event": 1},
    "1 hour apart": {"min_interval": 3600},
}
_ACTIVITY = {"fixed_cameras": "auto", "cover": "bucket", "order": "time"}
_OF_FOLDERS: dict[str, dict[str, Any]] = {
    "folders": _ACTIVITY,
    "cameras": {**_ACTIVITY, "camera": "(?P<camera>cam[0-9]+)"},
}


def main() -> None:
    """Parses the arguments and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--share", type=float, default=0.005, help="of the images, to keep")
    parser.add_argument("--parts", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--folders", type=int, default=1, help="of each camera")
    options = parser.parse_args()
    count = round(options.size * options.share)
    choices = _CHOICES if options.folders == 1 else _OF_FOLDERS
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), options.size, options.folders)
        files = sorted(Path(folder).iterdir())
        with own_cluster() as client, ClusterShards([*map(str, files)], client) as there:
            for name, settings in choices.items():
                choice = Choice(strategy="diverse", **settings)
                rows += _measure(files, there, name, choice, count, options.parts)
    header = ["settings", "kept", "parts", "visits", "empty", "radius", "over the cap"]
    print_table(header, rows)


def _measure(
    files: list[Path],
    there: ClusterShards,
    name: str,
    choice: Choice,
    count: int,
    parts: list[int],
) -> Iterator[list[str]]:
    shards = Shards(files)
    paths = shards.paths()
    table, order = shards.signatures(True, choice.finds_standing), natural_order(paths)
    if choice.finds_standing:
        mark_standing(table, order)
    exact = downsample(table, order, count, choice=choice.for_paths(paths))
    visit = np.array([int(path.rpartition("_")[2][:-4]) for path in paths])
    event = np.full(len(paths), -1) if exact.events is None else exact.events.number
    place = {path: row for row, path in enumerate(paths)}
    radius = 0.0
    for n_parts in (0, *parts):
        kept = exact.indices
        if n_parts:
            rows = -(-len(paths) // n_parts)
            some = there.select(count, choice=choice, rows_at_a_time=rows)
            kept = np.array([place[some[1][row]] for row in some[0].indices])
        nearest = Nearest(table.descriptor)
        nearest.add(kept)
        found = float(nearest.squared[visit > 0].max()) ** 0.5
        radius = radius or found
        seen = visit[kept]
        shown = len(set(seen[seen > 0].tolist())) / min(count, len(set(visit.tolist())) - 1)
        _, sizes = np.unique(event[kept][event[kept] >= 0], return_counts=True)
        yield [
            *(name, f"{len(kept):,}", str(n_parts or "exact"), f"{shown:.3f}"),
            *(f"{(seen == 0).mean():.3f}", f"{found / radius:.3f}", str((sizes > 1).sum())),
        ]


def _write(folder: Path, size: int, n_folders: int) -> None:
    weights = np.arange(1, _CAMERAS + 1) ** -0.5
    ends = np.rint(np.cumsum([0, *weights]) / weights.sum() * size).astype(np.int64)
    table = Signatures.blank(size, 8)
    table.add_grey()
    paths: list[str] = []
    folder_of = np.empty(size, np.int64)
    for number, (first, end) in enumerate(pairwise(ends.tolist())):
        visit = _camera(number, table, np.arange(first, end))
        visit = np.where(visit > 0, visit + number * 10**6, 0)
        places = np.arange(end - first) * n_folders // (end - first)
        folder_of[first:end] = places
        paths += [
            f"/data/{place}/cam{number:02d}/{row}_{one}.JPG"
            for row, (place, one) in enumerate(zip(places.tolist(), visit.tolist(), strict=True))
        ]
    by_folder = np.argsort(folder_of, kind="stable")
    for number, rows in enumerate(np.array_split(by_folder, _SHARDS)):
        n = len(rows)
        origin = Origin(8, "exact", True, str(number), n, 1, 1, "/data", "0", grey=True)
        stats = (np.full(n, 2_000_000), np.arange(n))
        some = [paths[row] for row in rows.tolist()]
        write_shard(
            folder / f"{number:02d}.parquet",
            *(origin, some, stats, [(np.arange(n), table.take(rows))]),
        )


def _camera(number: int, table: Signatures, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fills the rows of a camera; returns the number of the visit in each frame, 0 for none."""
    rng = np.random.default_rng(number)
    n = len(rows)
    background = np.full((32, 32), 110.0)
    for _ in range(96):
        (top, left), (height, width) = rng.integers(0, 32, 2), rng.integers(2, 9, 2)
        background[top : top + height, left : left + width] = rng.uniform(40, 200)
    frames = np.repeat(background[None], n, axis=0)
    visit = np.zeros(n, np.int64)
    n_visits = max(round(n * _VISITED / ((1 + _LONGEST) / 2)), 1)
    for one, first in enumerate(np.sort(rng.choice(n, n_visits, replace=False)).tolist(), 1):
        height, width = rng.integers(4, 12, 2)
        contrast, top = rng.choice([-1, 1]) * rng.uniform(10, 90), rng.integers(0, 32 - height)
        left, step = rng.integers(0, 32 - width), rng.integers(-2, 3)
        for frame in range(first, min(first + int(rng.integers(1, _LONGEST + 1)), n)):
            visit[frame] = one
            at = int(np.clip(left + step * (frame - first), 0, 32 - width))
            frames[frame, top : top + height, at : at + width] += contrast
    gains = 0.6 + 0.35 * (1 + np.sin(np.arange(n) / 23 + number))
    frames = frames * gains[:, None, None] + rng.normal(0, 1.5, frames.shape)
    grey = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
    assert table.grey is not None
    table.grey[rows] = grey.reshape(n, -1)
    table.descriptor[rows] = describe(np.repeat(grey[:, None], 3, axis=1))
    table.dhash[rows] = rng.integers(0, 256, (n, 8))
    table.mean_rgb[rows] = grey.mean(axis=(1, 2))[:, None]
    table.sharpness[rows], table.dark[rows], table.bright[rows] = 9, 0, 0
    same = (visit[1:] > 0) & (visit[1:] == visit[:-1])
    seconds = np.cumsum([0, *np.where(same, 5, 600)])
    table.taken[rows] = np.datetime64("2026-01-01", "us") + seconds * np.timedelta64(1, "s")
    return visit


if __name__ == "__main__":
    main()
