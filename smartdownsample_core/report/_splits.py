"""What a split is like, in words, and as a table of paths."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import TextIO

import numpy as np

from ..errors import Message, counted
from ..selection import Split
from ._figures import share

#: How far a split may be from its share, in hundredths of all images, without a warning.
_CLOSE = 5

#: Labels that the summary names, the most frequent first.
_MAX_LABELS = 20


def split_summary(split: Split) -> str:
    """Returns the sizes of splits and groups, what random splits would leak, and the labels."""
    counts, n = split.counts.tolist(), max(int(split.counts.sum()), 1)
    lines = [_groups(split)]
    width = max(map(len, split.names))
    for name, count, wanted in zip(split.names, counts, split.shares.tolist(), strict=True):
        of_all = f"{share(count / n)} for a share of {share(wanted)}"
        lines.append(f"  {name:{width}}  {count:>9,} images, {of_all}")
    lines.append(leaks(split))
    return "\n".join(lines + (_labels(split) if split.strata else []))


def _groups(split: Split) -> str:
    n_groups, largest = len(split.sizes), int(split.sizes.max(initial=0))
    events = "" if split.n_events is None else f"; events: {split.n_events:,}"
    return (
        f"{counted(int(split.counts.sum()), 'images')} in {counted(n_groups, 'groups')}, none of "
        f"them divided (the largest: {counted(largest, 'images')}{events})"
    )


def leaks(split: Split) -> str:
    """Returns a sentence on what a random split would have divided."""
    n = max(int(split.counts.sum()), 1)
    return (
        f"A random split would leak {counted(round(split.leaks.images), 'images')} "
        f"({share(split.leaks.images / n)}): for each, the nearest of its group would be in "
        "another split"
    )


def _labels(split: Split) -> list[str]:
    assert split.strata is not None
    table = split.table()
    order = np.argsort(-table.sum(axis=1), kind="stable")
    lines = [f"Images of each label in {', '.join(split.names)}:"]
    for row in order[:_MAX_LABELS].tolist():
        counts = " ".join(f"{count:>9,}" for count in table[row].tolist())
        lines.append(f"  {counts}  {split.strata.names[row]}")
    more = len(order) - _MAX_LABELS
    return lines + ([f"  ... and {more:,} more labels"] if more > 0 else [])


def split_warnings(split: Split, wants_events: bool = True) -> Iterator[Message]:
    """Yields what a split could not do.

    Args:
        split: the split
        wants_events: whether events were to be kept in one split
    """
    counts, n = split.counts, max(int(split.counts.sum()), 1)
    if wants_events and split.n_events is None:
        yield Message(
            "no image says when it was taken, so images of one event may be in several splits; "
            "give their times with {time}, or keep each folder whole with {whole_cameras}"
        )
    empty = [name for name, count in zip(split.names, counts.tolist(), strict=True) if not count]
    off = 100 * np.abs(counts / n - split.shares).max()
    if empty or off > _CLOSE:
        yield Message(
            "{what}, because groups stay whole and the largest of the {n_groups:,} has "
            "{largest:,} images; a lower {duplicate_distance}, a shorter {event_gap} or no "
            "{whole_cameras} makes smaller groups"
            + ", and without {stratify_by} only sizes count"
            * (split.strata is not None),
            what=f"no image is in {', '.join(empty)}"
            if empty
            else f"a split is {off:.0f} percentage points away from its share",
            n_groups=len(split.sizes),
            largest=int(split.sizes.max(initial=0)),
        )


def write_splits(stream: TextIO, paths: Sequence[str], split: Split) -> None:
    """Writes a CSV table of the path and the split of each readable image."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["path", "split"])
    named = zip(paths, split.assigned, strict=True)
    writer.writerows((path, name) for path, name in named if name is not None)
