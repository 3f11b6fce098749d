"""Two runs side by side: how many of each bucket, and which samples they share."""

from __future__ import annotations

from typing import Any

import fiftyone as fo
from fiftyone import ViewField as F

from smartdownsample_core import bucket_name

from ..targets import GROUPS, all_slices
from ..targets import kinds as targets
from . import records as runs

#: What :func:`view` shows: value and what a person reads; ``{a}`` and ``{b}`` are run keys.
PARTS = {
    "either": "Kept by either",
    "both": "By both",
    "only_a": "Only by {a}",
    "only_b": "Only by {b}",
}


def compared(dataset: fo.Dataset, a: str, b: str) -> dict[str, Any]:
    """Counts what two runs kept, as their tags say now; of whole groups, the groups.

    Args:
        dataset: the dataset
        a: key of a run, whose signature field tells the buckets
        b: key of another one

    Returns:
        ``a``, ``b`` (the keys), ``kept_a``, ``kept_b`` (counts), ``counts`` (samples in each of
        :data:`PARTS`), ``rows`` (one dict per bucket, the largest difference first: ``id`` (text),
        ``name``, ``a``, ``b``, ``both``, ``gain`` from a to b)

    Raises:
        ValueError: if there is no such run
    """
    record = runs.load(dataset, a)
    path = f"{record['signature_field']}.bucket"
    tags = [record["tag"], runs.load(dataset, b)["tag"]]
    everything = _everything(dataset, a, b)
    of_a, of_b = (everything.match_tags(tag).count_values(path) for tag in tags)
    both = everything.match_tags(tags, all=True).count_values(path)
    kept_a, kept_b, shared = (sum(counts.values()) for counts in (of_a, of_b, both))
    gains = {key: of_b.get(key, 0) - of_a.get(key, 0) for key in {*of_a, *of_b} - {None}}
    return {
        "a": a,
        "b": b,
        "kept_a": kept_a,
        "kept_b": kept_b,
        "counts": {
            "either": kept_a + kept_b - shared,
            "both": shared,
            "only_a": kept_a - shared,
            "only_b": kept_b - shared,
        },
        "rows": [
            {
                "id": str(key),
                "name": bucket_name(key),
                "a": of_a.get(key, 0),
                "b": of_b.get(key, 0),
                "both": both.get(key, 0),
                "gain": gains[key],
            }
            for key in sorted(gains, key=lambda key: (-abs(gains[key]), key))
        ],
    }


def view(dataset: fo.Dataset, a: str, b: str, part: str, bucket: int | None = None) -> Any:
    """Returns the view of the samples that two runs share, or that only one of them kept.

    Args:
        dataset: the dataset
        a: key of a run
        b: key of another one
        part: one of :data:`PARTS`
        bucket: only samples of this one

    Raises:
        ValueError: if there is no such run or part
    """
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}, got {part!r}")
    record = runs.load(dataset, a)
    tag_a, tag_b = record["tag"], runs.load(dataset, b)["tag"]
    everything = _everything(dataset, a, b)
    if bucket is not None:
        everything = everything.match(F(f"{record['signature_field']}.bucket") == bucket)
    if part in ("either", "both"):
        return everything.match_tags([tag_a, tag_b], all=part == "both")
    mine, other = (tag_a, tag_b) if part == "only_a" else (tag_b, tag_a)
    return everything.match_tags(mine).match_tags(other, bool=False)


def _everything(dataset: fo.Dataset, *keys: str) -> fo.DatasetView:
    """Returns all samples; if a run is of whole groups, the one of each group that it went by."""
    for key in keys:
        if targets.of_record(runs.load(dataset, key)) is GROUPS:
            slices = runs.view_of(dataset, key).distinct(f"{dataset.group_field}.name")
            return dataset.select_group_slices(slices or None)
    return all_slices(dataset)
