"""Two runs side by side: how many of each bucket, and which samples they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import fiftyone as fo
from fiftyone import ViewField as F

from smartdownsample_core import bucket_name

from ..targets import GROUPS, Parts, Samples, all_slices
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

    The runs are of the same kind of items; see :func:`are_comparable`.

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
    return tabled(a, b, *_bucket_counts(dataset, a, b))


def tabled(
    a: str, b: str, of_a: Mapping[Any, int], of_b: Mapping[Any, int], both: Mapping[Any, int]
) -> dict[str, Any]:
    """Returns what :func:`compared` does, for two names and how many of each bucket they keep."""
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
    items = targets.of_record(record)
    everything = _everything(dataset, items, a, b)
    if bucket is not None:
        field = items.to_view_path(record["signature_field"])
        everything = everything.match(F(f"{field}.bucket") == bucket)
    of_a, of_b = map(items.mark_in_views, (record["tag"], runs.load(dataset, b)["tag"]))
    return everything.match(parts(of_a, of_b)[part])


def parts(of_a: Any, of_b: Any) -> dict[str, Any]:
    """Returns each of :data:`PARTS`: conditions of views, or masks, for what two runs kept."""
    return {
        "either": of_a | of_b,
        "both": of_a & of_b,
        "only_a": of_a & ~of_b,
        "only_b": of_b & ~of_a,
    }


def are_comparable(one: Samples, other: Samples) -> bool:
    """Whether runs of such items can be compared: both are of samples, or of the same parts."""
    return one.key == other.key or not (isinstance(one, Parts) or isinstance(other, Parts))


def _bucket_counts(dataset: fo.Dataset, a: str, b: str) -> Iterator[Mapping[Any, int]]:
    """Yields how many of each bucket two runs kept: the first, the second, both of them."""
    record = runs.load(dataset, a)
    items, field = targets.of_record(record), record["signature_field"]
    tags = [record["tag"], runs.load(dataset, b)["tag"]]
    if isinstance(items, Parts):
        name = f"{field.rpartition('.')[2]}.bucket"
        of_a, of_b = (items.marked_values(dataset, tag, name) for tag in tags)
        yield from (Counter(of_a.values()), Counter(of_b.values()))
        yield Counter(bucket for item, bucket in of_a.items() if item in of_b)
        return
    everything, path = _everything(dataset, items, a, b), f"{field}.bucket"
    yield from (everything.match_tags(tag).count_values(path) for tag in tags)
    yield everything.match_tags(tags, all=True).count_values(path)


def _everything(dataset: fo.Dataset, items: Samples, *keys: str) -> fo.DatasetView:
    """Returns all items; if a run is of whole groups, the sample of each that it went by."""
    if isinstance(items, Parts):
        return items.everything(dataset)
    for key in keys:
        if targets.of_record(runs.load(dataset, key)) is GROUPS:
            slices = runs.view_of(dataset, key).distinct(f"{dataset.group_field}.name")
            return dataset.select_group_slices(slices or None)
    return all_slices(dataset)
