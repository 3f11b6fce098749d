"""What a run found, in plain values: for its record, its output, its fields and the panel."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Choice, Selection, __version__
from smartdownsample_core.report import standing, totals
from smartdownsample_core.selection import STRATEGIES

from .. import names
from ..config import DownsampleConfig
from ..run_fields import GROUP, RANK, RUN_FIELDS, Found, written_by
from ..runs import Written, shapes
from ..targets import Samples, Subject
from . import choices


def record(
    selection: Selection,
    wrote: Written,
    config: DownsampleConfig,
    subject: Subject,
    choice: Choice,
    warnings: Sequence[str],
) -> shapes.Findings:
    """Returns what a run records about its selection.

    Args:
        selection: the selection
        wrote: of :func:`written`, of the same selection
        config: the settings
        subject: what the selection is of
        choice: what it was chosen by
        warnings: of :func:`whatif.warnings`
    """
    items = subject.items
    fields = {
        field.name: items.dataset_path(field.of(config.run_key))
        for field in RUN_FIELDS
        if field.name in wrote.fields
    }
    groups = [number for number in wrote.fields.get(GROUP.name, ()) if number is not None]
    return {
        "run_key": config.run_key,
        "tag": config.tag,
        "target_count": config.target_count,
        "strategy": config.strategy,
        "kept": len(selection.chosen),
        "kept_by_hand": [],
        "left_out_by_hand": [],
        "kept_view": names.kept_view(config.run_key),
        "buckets_view": names.buckets_view(config.run_key),
        "summary": summary(selection, items),
        "standing": standing(selection),
        "choice": choices.worded(config, subject),
        "warning": ". ".join(warnings) or None,
        "buckets": buckets(selection),
        "strata": strata(selection),
        "near_duplicates_kept": selection.n_near_duplicates_kept,
        "junk_kept": selection.n_junk_kept,
        "fields": fields,
        "rank_field": fields.get(RANK.name),
        "is_nested": selection.is_nested,
        "group_field": fields.get(GROUP.name),
        "groups_view": names.near_duplicates_view(config.run_key) if config.has_groups else None,
        "stands_for_view": names.stands_for_view(config.run_key) if config.explain else None,
        "groups": max(groups, default=0),
        "grouped": len(groups),
        "events_view": names.events_view(config.run_key) if config.gap else None,
        "events": 0 if selection.events is None else len(selection.events),
        "features_digest": _digest(choice.features),
        "version": __version__,
    }


def summary(selection: Selection, items: Samples) -> str:
    """Says in a sentence how many are kept; of samples that patches chose, by how many of these."""
    if selection.image_of is None:
        return totals(selection, "patches" if items.noun == "patches" else "images")
    return totals(selection, items.kept_noun, items.noun)


def _digest(features: NDArray[Any] | None) -> str | None:
    if features is None:
        return None
    return hashlib.sha256(np.ascontiguousarray(features).data).hexdigest()


def buckets(selection: Selection) -> list[shapes.BucketRow]:
    """Returns the buckets of a selection as plain values, largest first."""
    strides = STRATEGIES[selection.strategy].strides
    return [
        {
            "bucket": bucket.id,
            "name": bucket.name,
            "size": bucket.size,
            "kept": bucket.kept,
            "rate": round(bucket.rate, 6),
            "stride": round(bucket.stride, 2) if strides and bucket.stride else None,
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


def kept_of(selection: Selection, ids: Sequence[str]) -> shapes.Kept:
    """Returns what a selection of n samples with these ids keeps."""
    kept = selection.indices if selection.ranking is None else selection.ranking
    strata = None
    if selection.strata_are_labels and selection.strata is not None:
        of_row, strata_names = selection.strata
        strata = [strata_names[number] for number in of_row[kept].tolist()]
    buckets = selection.bucket_ids[kept].tolist()
    return {"ids": [ids[row] for row in kept.tolist()], "buckets": buckets, "strata": strata}


def written(
    selection: Selection, ids: Sequence[str], choice: Choice, config: DownsampleConfig
) -> Written:
    """Returns what to write on samples.

    Args:
        selection: of n samples
        ids: theirs
        choice: what it was chosen by
        config: the settings
    """
    found, kept = Found(selection, ids, choice), kept_of(selection, ids)
    columns = {field.name: field.values(found) for field in written_by(config)}
    return Written(
        kept["ids"],
        kept["buckets"],
        kept["strata"],
        list(ids),
        {name: list(values) for name, values in columns.items() if values is not None},
    )
