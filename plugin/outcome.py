"""What a run found, in plain values: for its record, its output, its fields and the panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Selection
from smartdownsample_core.report import shortfalls, totals

from . import choices, names
from .config import DownsampleConfig
from .items import SAMPLES, Samples
from .writes import Written


def record(
    selection: Selection, config: DownsampleConfig, items: Samples = SAMPLES
) -> dict[str, Any]:
    """Returns what a run says about its selection.

    Returns:
        ``run_key``, ``tag``, ``target_count`` (None if none was given), ``kept``, ``strategy``,
        ``kept_view``, ``buckets_view``, ``summary`` (a sentence), ``choice`` (what else was asked
        for, or empty), ``warning`` (sentences, or None), ``buckets`` (one dict each, largest
        first: ``bucket``, ``name``, ``size``, ``kept``, ``rate``, ``stride``), ``strata`` (one dict
        each, largest first: ``name``, ``size``, ``kept``, ``rate``; None if there are none),
        ``near_duplicates_kept``, ``junk_kept`` (counts, of what was kept to reach the target),
        ``rank_field``, ``group_field``, ``groups_view`` (names, None if not written), ``groups``
        (of near-duplicates, a count) and ``grouped`` (samples in them)
    """
    groups = group_numbers(selection)
    has_groups = groups is not None
    return {
        "run_key": config.run_key,
        "tag": config.tag,
        "target_count": config.target_count,
        "strategy": config.strategy,
        "kept": len(selection.indices),
        "kept_view": names.kept_view(config.run_key),
        "buckets_view": names.buckets_view(config.run_key),
        "summary": totals(selection),
        "choice": choices.worded(config),
        "warning": ". ".join(shortfalls(selection)) or None,
        "buckets": buckets(selection),
        "strata": strata(selection),
        "near_duplicates_kept": selection.n_near_duplicates_kept,
        "junk_kept": selection.n_junk_kept,
        "rank_field": items.stored(names.rank_field(config.run_key))
        if selection.ranking is not None
        else None,
        "group_field": items.stored(names.group_field(config.run_key)) if has_groups else None,
        "groups_view": names.near_duplicates_view(config.run_key) if has_groups else None,
        "groups": int(groups.max(initial=0)) if groups is not None else 0,
        "grouped": int((groups > 0).sum()) if groups is not None else 0,
    }


def buckets(selection: Selection) -> list[dict[str, Any]]:
    """Returns the buckets of a selection as plain values, largest first."""
    return [
        {
            "bucket": bucket.id,
            "name": bucket.name,
            "size": bucket.size,
            "kept": bucket.kept,
            "rate": round(bucket.rate, 4),
            "stride": bucket.stride and round(bucket.stride, 2),
        }
        for bucket in selection.buckets
    ]


def strata(selection: Selection) -> list[dict[str, Any]] | None:
    """Returns the strata of a selection as plain values, largest first; None if it has none."""
    if selection.strata is None:
        return None
    numbers, labels = selection.strata
    readable = selection.bucket_ids >= 0
    sizes = np.bincount(numbers[readable], minlength=len(labels)).tolist()
    kept = np.bincount(numbers[selection.indices], minlength=len(labels)).tolist()
    rows = [
        {"name": name, "size": size, "kept": n, "rate": round(n / size, 4) if size else None}
        for name, size, n in zip(labels, sizes, kept, strict=True)
    ]
    return sorted(rows, key=lambda row: (-row["size"], row["name"]))


def group_numbers(selection: Selection) -> NDArray[np.int64] | None:
    """Numbers the groups of near-duplicates in natural order of their first images.

    Returns:
        ``(n,)``; from 1, and 0 for images that are alone or could not be read; None if
        near-duplicates were not looked for
    """
    leaders = selection.leaders
    if leaders is None:
        return None
    numbers = np.zeros(len(leaders), np.int64)
    found = leaders >= 0
    sizes = np.bincount(leaders[found], minlength=len(leaders))
    first = selection.order[sizes[selection.order] > 1]
    of_leader = np.zeros(len(leaders), np.int64)
    of_leader[first] = np.arange(1, len(first) + 1)
    numbers[found] = of_leader[leaders[found]]
    return numbers


def written(selection: Selection, ids: Sequence[str]) -> Written:
    """Returns what to write on samples.

    Args:
        selection: of n samples
        ids: theirs
    """
    groups = None
    if (numbers := group_numbers(selection)) is not None:
        groups = {ids[row]: int(numbers[row]) for row in np.flatnonzero(numbers)}
    is_ranked = selection.ranking is not None
    kept = selection.ranking if is_ranked else selection.indices
    return Written([ids[row] for row in kept], is_ranked, groups)
