"""What runs are recorded as: plain values, which MongoDB holds and a browser can be sent."""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict, final


class BucketRow(TypedDict):
    """A bucket of a run."""

    bucket: int
    name: str
    size: int
    """readable images in it"""
    kept: int
    rate: float
    """share that was kept, 0-1"""
    stride: float | None
    """step between two kept images in natural order; None without one"""


class StratumRow(TypedDict):
    """The images of one label of a run."""

    name: str
    size: int
    kept: int
    rate: float | None
    """share that was kept, 0-1; None if none can be read"""


class Counts(TypedDict):
    """What became of the images whose signatures were asked for."""

    signature_field: str
    """its path in the dataset"""
    location_field: str | None
    """field with the positions that came with the signatures; None if there is none"""
    items: str
    """key of the kind of items"""
    images: int
    computed: int
    reused: int
    unreadable: int
    errors: list[str]
    """the first ten"""
    previews: int
    """images of which only the preview was read"""
    unused_previews: list[str]
    """cameras whose previews were not used, with the reason: the first ten"""


class Findings(TypedDict):
    """What a run says about its selection."""

    run_key: str
    tag: str
    target_count: int | None
    strategy: str
    kept: int
    """hand edits included"""
    kept_by_hand: list[str]
    """ids of what a person keeps besides what the run chose"""
    left_out_by_hand: list[str]
    """ids of what the run chose and a person does not keep"""
    kept_view: str
    buckets_view: str
    summary: str
    """a sentence"""
    standing: str
    """which standing cameras there are, or empty"""
    choice: str
    """what else was asked for, or empty"""
    warning: str | None
    """sentences"""
    buckets: list[BucketRow]
    """the largest first"""
    strata: list[StratumRow] | None
    """the largest first"""
    near_duplicates_kept: int
    """how many were kept to reach the target"""
    junk_kept: int
    """likewise"""
    fields: dict[str, str]
    """names in :data:`run_fields.RUN_FIELDS` to paths in the dataset"""
    rank_field: str | None
    is_nested: bool
    """whether the first m ranks are what a run for m keeps"""
    group_field: str | None
    groups_view: str | None
    stands_for_view: str | None
    groups: int
    """of near-duplicates"""
    grouped: int
    """samples in them"""
    events_view: str | None
    events: int
    features_digest: str | None
    """SHA-256 of the embeddings that were compared"""
    version: str
    """of this package"""


class RunRecord(Counts, Findings):
    """All that a run says, which is also what its operator returns."""

    replaced: bool
    """whether a run of that key was"""
    charts: list[str]
    """paths of the files that were saved"""


class Edit(TypedDict):
    """A hand edit: those that are kept take the places of those that are not, then the last."""

    keep: list[str]
    """ids"""
    drop: list[str]
    """ids"""


class Hand(TypedDict):
    """The hand edits of a run."""

    chosen: list[str]
    """ids of what the run kept before them, in its order"""
    edits: list[Edit]
    """the first one first"""


class Kept(TypedDict):
    """What a run keeps, hand edits included; in the order of choice, if the run has ranks."""

    ids: list[str]
    buckets: list[int]
    """theirs, of each"""
    strata: list[str] | None
    """of each; None without labels"""


class Results(NamedTuple):
    """What a run has recorded besides its settings."""

    record: RunRecord
    kept: Kept
    hand: Hand


class Removed(TypedDict):
    """What an undo removed, and what it did not."""

    run_key: str
    tag: str
    items: str
    """key of the kind of items"""
    untagged: int
    saved_views: list[str]
    fields: list[str]
    """of its own"""
    brain_runs: list[str]
    """keys of its map and its index"""
    signature_field: str | None
    """None if it stays"""
    kept_field: str | None
    """the signature field, if it stays"""
    why_kept: str | None
    gone: list[str]
    """texts on what could not be removed, as when it was gone already"""


@final
class Writing(TypedDict):
    """Entry of the journal for a run that is to be written."""

    settings: dict[str, Any]
    record: RunRecord
    written: dict[str, Any]
    """fields of a :class:`writes.Written`"""


@final
class Splitting(TypedDict):
    """Entry of the journal for a split that is to be written."""

    settings: dict[str, Any]
    """plain values; ``run_key``, and ``items``, what the splits are of"""
    record: dict[str, Any]
    """plain values"""
    members: dict[str, list[str]]
    """ids of each tag"""


@final
class Editing(TypedDict):
    """Entry of the journal for a run whose hand edits change."""

    hand: Hand
    """all of them from then on"""
    marked: list[str]
    """ids of what gets the run's mark"""
    unmarked: list[str]
    """ids of what loses it"""
    changes: dict[str, dict[str, Any]]
    """ids to values of fields that change, by their names in :data:`run_fields.RUN_FIELDS`"""
    record: RunRecord
    kept: Kept


@final
class Undoing(TypedDict):
    """Entry of the journal for a run or split that is to be removed."""

    keep_signatures: bool
