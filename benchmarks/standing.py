"""Events found on standing cameras: ``python -m benchmarks.standing FOLDER``.

FOLDER holds images and ``labels.csv``, with the columns ``path`` (below FOLDER), ``camera`` and
``event``: empty where nothing is there, ``~`` where that is unclear (these images are left out),
else the names of the visits in the image, separated by ``;``. Names must be in the order of time.

Sets: all cameras together and each of its own, with all frames, and with events made rare: all
empty frames, and one or two frames in a row of random visits, until 15% of the frames show
something. Methods see no label. Printed are the events found, as a share of those that so many
images could show, and the empty frames among the kept, both in percent; "least possible" are those
that remain if there are fewer frames that show something than are to be kept.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Choice, Signatures, downsample, extract, natural_order
from smartdownsample_core.selection import StrategyName, mark_standing

from .table import print_table

_BUDGETS = (0.02, 0.05, 0.1, 0.2)
_SHARE_OF_RARE, _FRAMES_PER_VISIT = 0.15, 2
_UNCLEAR = "~"

Rows = NDArray[np.int64]
Method = Callable[[Signatures, Rows, int, int], Rows]
"""Takes signatures of a set, their natural order, a count and a seed; returns the kept rows."""


def keep_random(table: Signatures, order: Rows, count: int, seed: int) -> Rows:
    """Uniformly at random."""
    return np.random.default_rng(seed).choice(len(order), count, replace=False)


def keep_every_nth(table: Signatures, order: Rows, count: int, seed: int) -> Rows:
    """Evenly spaced in natural order, from a random start."""
    start = np.random.default_rng(seed).random()
    return order[((np.arange(count) + start) * len(order) / count).astype(np.int64)]


def keep_ours(strategy: StrategyName, fixed_cameras: str, **cover: Any) -> Method:
    """Makes a method of one of our strategies."""
    choice = Choice(strategy=strategy, fixed_cameras=fixed_cameras, **cover)

    def keep(table: Signatures, order: Rows, count: int, seed: int) -> Rows:
        return downsample(table, order, count, seed, choice).indices

    return keep


METHODS: dict[str, tuple[Method, int]] = {
    "random": (keep_random, 20),
    "every n-th": (keep_every_nth, 10),
    "stride": (keep_ours("stride", "none"), 5),
    "diverse, without": (keep_ours("diverse", "none", cover="nothing"), 5),
    "diverse": (keep_ours("diverse", "auto", cover="nothing"), 1),
    "diverse, covering": (keep_ours("diverse", "auto"), 1),
}
"""Name to method, and over how many seeds it is averaged."""


class Labels:
    """The labels of n images."""

    def __init__(self, folder: Path) -> None:
        """Reads ``labels.csv``; leaves out images that are unclear."""
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
            lines = [line for line in csv.DictReader(stream) if line["event"] != _UNCLEAR]
        order = natural_order([line["path"] for line in lines])
        lines = [lines[row] for row in order.tolist()]
        self.paths = [str(folder / line["path"]) for line in lines]
        self.cameras = np.array([line["camera"] for line in lines])
        self.events = [
            {f"{line['camera']}/{event}" for event in line["event"].split(";") if event}
            for line in lines
        ]
        self.empty = np.array([not events for events in self.events])

    def found(self, rows: Sequence[int] | Rows) -> set[str]:
        """Returns the events in some images."""
        return set().union(*(self.events[row] for row in rows))

    def rare(self, camera: str, rng: np.random.Generator) -> Rows:
        """Returns rows of a camera among which events are rare; at least one frame shows one."""
        rows = np.flatnonzero(self.cameras == camera)
        empty = rows[self.empty[rows]]
        most = max(1, round(_SHARE_OF_RARE / (1 - _SHARE_OF_RARE) * len(empty)))
        chosen: list[int] = []
        for event in rng.permutation(sorted(self.found(rows))).tolist():
            frames = [
                row for row in rows.tolist() if event in self.events[row] and row not in chosen
            ]
            first = int(rng.integers(max(len(frames) - _FRAMES_PER_VISIT, 0) + 1))
            chosen += frames[first : first + _FRAMES_PER_VISIT]
            if len(chosen) >= most:
                break
        return np.sort(np.concatenate([empty, np.array(chosen[:most], np.int64)]))

    def sets(self, draws: int) -> dict[str, list[Rows]]:
        """Returns sets by name; those with rare events are drawn several times."""
        rng = np.random.default_rng(0)
        cameras = list(dict.fromkeys(self.cameras.tolist()))
        rows_of = {camera: np.flatnonzero(self.cameras == camera) for camera in cameras}
        rare = {camera: [self.rare(camera, rng) for _ in range(draws)] for camera in cameras}
        pooled = [np.sort(np.concatenate(drawn)) for drawn in zip(*rare.values(), strict=True)]
        sets = {"all cameras, events rare": pooled, "all cameras": [np.arange(len(self.paths))]}
        for camera in cameras:
            sets |= {f"{camera}, events rare": rare[camera], camera: [rows_of[camera]]}
        return sets


def score(labels: Labels, rows: Rows, kept: Rows) -> tuple[float, float]:
    """Returns the share of the events found, and the share of empty frames among the kept.

    The former is of as many events as the images could show if each showed another one.
    """
    found = labels.found(rows[kept])
    reachable = min(len(kept), len(labels.found(rows)))
    return min(1.0, len(found) / max(reachable, 1)), float(labels.empty[rows[kept]].mean())


def least_empty(labels: Labels, sets: Sequence[Rows]) -> NDArray[np.float64]:
    """Returns ``(4,)``: the share of empty frames among the kept if all others are kept first."""
    shares = []
    for rows in sets:
        counts = np.array([max(1, round(budget * len(rows))) for budget in _BUDGETS])
        shares.append(1 - np.minimum(counts, (~labels.empty[rows]).sum()) / counts)
    return np.asarray(np.mean(shares, axis=0))


def measure(
    labels: Labels, table: Signatures, sets: Sequence[Rows], method: Method, seeds: int
) -> NDArray[np.float64]:
    """Returns ``(4, 2)``: the mean scores of a method for each budget."""
    scores = []
    for rows in sets:
        some = table.take(rows)
        order = np.arange(len(rows))  # rows are in natural order
        mark_standing(some, order)
        for seed in range(seeds):
            counts = [max(1, round(budget * len(rows))) for budget in _BUDGETS]
            kept = [method(some, order, count, seed) for count in counts]
            scores.append([score(labels, rows, one) for one in kept])
    return np.mean(scores, axis=0)


def main() -> None:
    """Parses the arguments and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draws", type=int, default=5, help="of sets with rare events")
    options = parser.parse_args()
    labels = Labels(options.folder)
    table = extract(labels.paths, grey=True)
    rows = []
    for name, sets in labels.sets(options.draws).items():
        for method, (keep, seeds) in METHODS.items():
            scores = np.rint(100 * measure(labels, table, sets, keep, seeds)).astype(int)
            rows.append([name, method, *(" / ".join(map(str, column)) for column in scores.T)])
        least = np.rint(100 * least_empty(labels, sets)).astype(int)
        rows.append([name, "least possible", "", " / ".join(map(str, least))])
    budgets = " / ".join(f"{budget:.0%}" for budget in _BUDGETS)
    print_table(["set", "method", f"events found at {budgets}", "empty among the kept"], rows)


if __name__ == "__main__":
    main()
