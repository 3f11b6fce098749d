"""Samples to always keep: named by a tag, a saved view or ids, and found in a view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import fiftyone as fo
import fiftyone.core.sample as fos
from bson import ObjectId

from smartdownsample_core.checks import shown
from smartdownsample_core.errors import refused

from .. import names
from ..config import DownsampleConfig
from ..targets import Subject, flat_views

#: Most ids that ``keep`` may list: a run is recorded in a MongoDB document, which holds 16 MB.
MAX_KEPT_IDS = 100_000

_SAMPLE = (fo.Sample, fos.SampleView)


def named(keep: Any) -> Any:
    """Returns ``keep`` as a setting can hold it: a view as its ids, other lists as lists.

    Raises:
        ValueError: if a view or list is empty, holds no ids, or more than a run can record
    """
    if isinstance(keep, (fo.Dataset, fo.DatasetView)):
        ids = keep.values("id")
        if not ids:
            raise refused("keep", "the view has no samples; omit it")
    elif isinstance(keep, str) or not isinstance(keep, Iterable):
        return keep
    else:
        ids = [] if isinstance(keep, _SAMPLE) else list(keep)
        if not ids or not all(isinstance(one, str) for one in ids):
            got = f"{ids[0]!r} in a list" if ids else f"an empty {type(keep).__name__}"
            if isinstance(keep, _SAMPLE):
                got = f"a {type(keep).__name__}"
            raise refused(
                "keep",
                "must be a tag, the name of a saved view, a view, or ids of samples, got "
                f"{got}; for samples, pass [sample.id for sample in samples]",
            )
    if len(ids) > MAX_KEPT_IDS:
        raise refused(
            "keep",
            f"has {len(ids):,} ids, more than the {MAX_KEPT_IDS:,} that a run can record; tag the "
            "samples and pass the tag instead",
        )
    return ids


def options(dataset: fo.Dataset) -> list[tuple[str, str]]:
    """Returns the tags and saved views that can be kept: value and label."""
    tags = sorted(dataset.distinct("tags"))
    views = [name for name in dataset.list_saved_views() if name not in tags]
    return [(tag, f"Tag: {tag}") for tag in tags] + [(name, f"View: {name}") for name in views]


def rows(subject: Subject, ids: Sequence[str], keep: str | tuple[str, ...]) -> list[int]:
    """Returns the positions in ``ids`` of the samples to keep.

    Raises:
        ValueError: if some of the ids, or all samples of a tag or view, are missing
    """
    kept = set(_kept_ids(subject, keep))
    found = [row for row, sample_id in enumerate(ids) if sample_id in kept]
    _check_found(keep, len(found), len(kept))
    return found


def n_outside(subject: Subject, config: DownsampleConfig) -> int:
    """Returns how many items of the tag or saved view to keep are not among those to choose from.

    The run's own mark counts as 0, because the run assigns it anew.
    """
    keep = config.keep
    if not keep or not isinstance(keep, str) or keep == config.tag:
        return 0
    inside = set(_kept_ids(subject, keep))
    if subject.items.is_marked(subject.dataset, keep):
        n_all = subject.items.count_kept(subject.dataset, keep)
        return n_all - subject.items.count(subject.view, inside)
    return len(flat_views.flat(subject.dataset.load_saved_view(keep))) - len(inside)


def check(subject: Subject, keep: Any, target_count: int | None) -> None:
    """Raises a ValueError if ``keep`` names nothing to keep, or more than the target."""
    dataset = subject.dataset
    if isinstance(keep, tuple):
        if wrong := [one for one in keep if not isinstance(one, str) or not ObjectId.is_valid(one)]:
            raise refused(
                "keep",
                f"{wrong[0]!r} is not the id of a sample; for paths, pass "
                "dataset.select_by('filepath', paths)",
            )
        wanted = set(keep)
        _check_found(keep, len(subject.view.select(list(wanted))), len(wanted))
        n = subject.items.count(subject.view, wanted)
    elif not isinstance(keep, str):
        raise refused(
            "keep",
            "must be a tag, the name of a saved view or ids, got "
            f"{shown(keep)}; for a view, pass view.values('id')",
        )
    elif not subject.items.is_marked(dataset, keep) and not dataset.has_saved_view(keep):
        known = [*dataset.distinct("tags"), *dataset.list_saved_views()]
        raise refused(
            "keep",
            f"no tag and no saved view is named {keep!r}"
            + (names.closest(keep, known) or "; there are none yet, so tag samples first"),
        )
    else:
        found = set(_kept_ids(subject, keep))
        _check_found(keep, len(found), 1)
        n = subject.items.count(subject.view, found)
    if isinstance(target_count, int) and n > target_count:
        raise refused(
            "keep",
            f"has {n:,} samples, more than the target of {target_count:,}; raise the target or "
            "keep fewer",
        )


def _kept_ids(subject: Subject, keep: str | tuple[str, ...]) -> Iterable[str]:
    if not isinstance(keep, str):
        return keep
    if subject.items.is_marked(subject.dataset, keep):
        return subject.items.marked_ids(subject.view, keep)
    saved: list[str] = flat_views.flat(subject.dataset.load_saved_view(keep)).values("id")
    return set(saved).intersection(subject.view.values("id"))


def _check_found(keep: str | tuple[str, ...], found: int, wanted: int) -> None:
    """All listed ids must be in the view; of a tag or a saved view, one sample is enough."""
    if isinstance(keep, tuple) and found < wanted:
        raise refused(
            "keep",
            f"{wanted - found:,} of {wanted:,} ids are not among the samples to choose from; "
            "remove these ids, or choose from more samples",
        )
    if not found:
        raise refused(
            "keep",
            f"{keep!r} has none of the samples to choose from; choose another, or a view that "
            "includes them, as they count towards the number to keep",
        )
