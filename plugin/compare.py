"""Two runs side by side: how many of each bucket, and which samples they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fiftyone as fo

from smartdownsample_core import bucket_name

from . import runs
from .items import all_slices

#: What :func:`view` shows: value and what a person reads; ``{a}`` and ``{b}`` are run keys.
PARTS = {"both": "Kept by both", "only_a": "Only by {a}", "only_b": "Only by {b}"}


def overlap(dataset: fo.Dataset, a: str, b: str) -> dict[str, int]:
    """Returns how many samples are in each of :data:`PARTS`."""
    return {part: len(view(dataset, a, b, part)) for part in PARTS}


def view(dataset: fo.Dataset, a: str, b: str, part: str) -> fo.DatasetView:
    """Returns the samples that two runs share, or that only one of them kept.

    Args:
        dataset: the dataset
        a: key of a run
        b: key of another one
        part: one of :data:`PARTS`

    Raises:
        ValueError: if there is no such run or part
    """
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}, got {part!r}")
    tag_a, tag_b = (runs.load(dataset, key)["tag"] for key in (a, b))
    everything = all_slices(dataset)
    if part == "both":
        return everything.match_tags([tag_a, tag_b], all=True)
    mine, other = (tag_a, tag_b) if part == "only_a" else (tag_b, tag_a)
    return everything.match_tags(mine).match_tags(other, bool=False)


def rows(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns a row of text per bucket of two records, the largest difference first."""
    kept_a, kept_b = (
        {bucket["bucket"]: bucket["kept"] for bucket in record.get("buckets", ())}
        for record in (a, b)
    )
    gains = {key: kept_b.get(key, 0) - kept_a.get(key, 0) for key in {*kept_a, *kept_b}}
    return [
        {
            "id": str(key),
            "name": bucket_name(key),
            "a": f"{kept_a.get(key, 0):,}",
            "b": f"{kept_b.get(key, 0):,}",
            "gain": f"{gains[key]:+,}",
        }
        for key in sorted(gains, key=lambda key: (-abs(gains[key]), key))
    ]
