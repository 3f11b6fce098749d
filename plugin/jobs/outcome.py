"""What a run found, in plain values: for its record, its output, its fields and the panel."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Choice, Selection, __version__
from smartdownsample_core.report import totals

from .. import names
from ..config import DownsampleConfig
from ..runs import Written, shapes
from ..targets import Samples
from . import choices


def record(
    selection: Selection,
    wrote: Written,
    config: DownsampleConfig,
    items: Samples,
    choice: Choice,
    warnings: Sequence[str],
) -> shapes.Findings:
    """Returns what a run records about its selection.

    Args:
        selection: the selection
        wrote: of :func:`written`, of the same selection
        config: the settings
        items: what the selection is of
        choice: what it was chosen by
        warnings: of :func:`whatif.warnings`
    """
    rank_field, group_field = (
        items.dataset_path(name(config.run_key)) for name in (names.rank_field, names.group_field)
    )
    groups, has_groups = wrote.groups or {}, wrote.groups is not None
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
        "warning": ". ".join(warnings) or None,
        "buckets": buckets(selection),
        "strata": strata(selection),
        "near_duplicates_kept": selection.n_near_duplicates_kept,
        "junk_kept": selection.n_junk_kept,
        "rank_field": rank_field if wrote.is_ranked else None,
        "group_field": group_field if has_groups else None,
        "groups_view": names.near_duplicates_view(config.run_key) if has_groups else None,
        "groups": max(groups.values(), default=0),
        "grouped": len(groups),
        "features_digest": _digest(choice.features),
        "version": __version__,
    }


def _digest(features: NDArray[Any] | None) -> str | None:
    if features is None:
        return None
    return hashlib.sha256(np.ascontiguousarray(features).data).hexdigest()


def buckets(selection: Selection) -> list[shapes.BucketRow]:
    """Returns the buckets of a selection as plain values, largest first."""
    return [
        {
            "bucket": bucket.id,
            "name": bucket.name,
            "size": bucket.size,
            "kept": bucket.kept,
            "rate": round(bucket.rate, 6),
            "stride": bucket.stride and round(bucket.stride, 2),
        }
        for bucket in selection.buckets
    ]


def strata(selection: Selection) -> list[shapes.StratumRow] | None:
    """Returns the strata of a selection as plain values, largest first; None if it has none."""
    if selection.strata is None:
        return None
    return [
        {"name": s.name, "size": s.size, "kept": s.kept, "rate": s.rate and round(s.rate, 6)}
        for s in selection.count_strata()
    ]


def _group_numbers(selection: Selection, leaders: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers the groups of near-duplicates in natural order of their first images.

    Returns:
        ``(n,)``; from 1, and 0 for images that are alone or could not be read
    """
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
    if selection.leaders is not None:
        numbers = _group_numbers(selection, selection.leaders)
        groups = {ids[row]: int(numbers[row]) for row in np.flatnonzero(numbers).tolist()}
    kept = selection.indices if selection.ranking is None else selection.ranking
    strata = None
    if selection.strata_are_labels and selection.strata is not None:
        of_row, strata_names = selection.strata
        strata = [strata_names[number] for number in of_row[kept].tolist()]
    return Written(
        [ids[row] for row in kept.tolist()],
        selection.bucket_ids[kept].tolist(),
        selection.ranking is not None,
        groups,
        strata,
    )
