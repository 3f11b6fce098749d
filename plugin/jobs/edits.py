"""Hand edits of runs: what a person keeps or leaves out, besides what a run chose.

The run's tag, fields, views and record follow. Which kept image stands for each is worked out by
the core, as when the run was made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import fiftyone as fo
import numpy as np

from smartdownsample_core import Selection
from smartdownsample_core.signatures import UNREADABLE

from ..config import DownsampleConfig
from ..run_fields import KEPT_BY, RUN_FIELDS, Found
from ..runs import records as runs
from ..runs import shapes, writes
from ..targets import Subject
from ..targets import kinds as targets
from . import choices, in_memory, outcome, whatif
from .in_memory import Stored

#: What the field of reasons says.
KEPT, LEFT_OUT = "kept by hand", "left out by hand"

#: Settings that are for once.
_ONCE = ("recompute", "save_distribution", "save_thumbnails")

Whole = Callable[[list[str]], list[str]]
"""returns all that is kept or left out with some ids"""

Revise = Callable[[shapes.Hand, list[str], Whole], list[shapes.Edit]]


def replay(chosen: Sequence[str], edits: Sequence[shapes.Edit]) -> list[str]:
    """Returns what is kept after some edits, in order.

    >>> replay(["a", "b", "c"], [{"keep": ["x", "y"], "drop": ["b"]}])
    ['a', 'x', 'c', 'y']
    """
    kept = list(chosen)
    for edit in edits:
        added, gone = list(edit["keep"]), set(edit["drop"])
        after = []
        for one in kept:
            if one not in gone:
                after.append(one)
            elif added:
                after.append(added.pop(0))
        kept = after + added
    return kept


def config_of(settings: Mapping[str, Any]) -> DownsampleConfig:
    """Returns the settings of a run, as FiftyOne holds them, for its stored signatures."""
    wanted = (name for name in DownsampleConfig.__dataclass_fields__ if name not in _ONCE)
    given = {name: settings[name] for name in wanted if name in settings}
    given["signature_field"] = given["signature_field"].rpartition(".")[2]
    return DownsampleConfig.from_params(given)


def without_own_mark(config: DownsampleConfig, hand: shapes.Hand) -> DownsampleConfig:
    """Returns settings that mean what they did before the hand edits of their run.

    A run may always keep what has its own tag, which the edits change.
    """
    if hand["edits"] and config.keep and config.keep == config.tag:
        return replace(config, keep=tuple(hand["chosen"]))
    return config


def applied(selection: Selection, stored: Stored, hand: shapes.Hand) -> Selection | None:
    """Returns a selection with hand edits; None if it is not the one that was edited.

    Args:
        selection: what the settings of the run keep now
        stored: the signatures that it is of
        hand: the edits
    """
    row_of = {one: row for row, one in enumerate(stored.id_list)}
    chosen = [row_of.get(one, -1) for one in hand["chosen"]]
    if sorted(chosen) != selection.indices.tolist():
        return None
    kept = replay(hand["chosen"], hand["edits"])
    if not all(one in row_of for one in kept):
        return None
    return selection.with_kept(np.array([row_of[one] for one in kept], np.int64))


def edit(
    dataset: fo.Dataset, run_key: str, keep: Sequence[str] = (), drop: Sequence[str] = ()
) -> dict[str, Any]:
    """Keeps some images besides what a run chose, and leaves out others that it keeps.

    With as many of either, the number stays: each takes the place of another, also in the order of
    choice.

    Args:
        dataset: the dataset
        run_key: the run
        keep: ids of what it is to keep
        drop: ids of what it is not to keep

    Returns:
        ``run_key``, ``kept`` (how many now), ``chosen`` (how many before all hand edits),
        ``kept_by_hand`` and ``left_out_by_hand`` (ids, of all hand edits), ``reassigned`` (how many
        images another kept one stands for now), ``summary`` (a sentence) and ``warning`` (or None)

    Raises:
        ValueError: if there is no such run, it would keep other images now, or keeps or lacks one
            of the ids already
    """
    keep, drop = list(dict.fromkeys(keep)), list(dict.fromkeys(drop))

    def revise(hand: shapes.Hand, kept: list[str], whole: Whole) -> list[shapes.Edit]:
        if not keep and not drop:
            raise ValueError(
                "keep and drop are both empty; an edit needs ids of samples in one of them"
            )
        there, added, gone = set(kept), whole(keep), whole(drop)
        if again := [one for one in added if one in there]:
            raise ValueError(f"the run {run_key!r} keeps {again[0]!r} already; omit it")
        if lacking := [one for one in gone if one not in there]:
            raise ValueError(f"the run {run_key!r} does not keep {lacking[0]!r}; omit it")
        return [*hand["edits"], {"keep": added, "drop": gone}]

    return _change(dataset, run_key, revise)


def standing_for(dataset: fo.Dataset, run_key: str, ids: Sequence[str]) -> list[str]:
    """Returns the ids of the kept images that stand for some that are left out.

    Raises:
        ValueError: if there is no such run, or it does not say so
    """
    runs.require(dataset, run_key)
    if not runs.is_explained(dataset, run_key):
        raise ValueError(
            f"the run {run_key!r} has not written which kept image stands for which; run it with "
            "explain=True, or name what to leave out"
        )
    settings = runs.settings(dataset, run_key)
    items = targets.of_record(settings)
    path = items.view_path(KEPT_BY.of(settings["run_key"]))
    some = items.everything(dataset).select(list(ids))
    return [kept for kept in dict.fromkeys(some.values(path)) if kept]


def take_back(dataset: fo.Dataset, run_key: str) -> dict[str, Any]:
    """Takes back the last hand edit of a run; returns what :func:`edit` does.

    Raises:
        ValueError: if there is no such run or edit, or the run would keep other images now
    """

    def revise(hand: shapes.Hand, kept: list[str], whole: Whole) -> list[shapes.Edit]:
        if not hand["edits"]:
            raise ValueError(f"the run {run_key!r} has no hand edits to take back; edit it first")
        return hand["edits"][:-1]

    return _change(dataset, run_key, revise)


class _State(NamedTuple):
    """A run, and what can be said of it."""

    subject: Subject
    stored: Stored
    config: DownsampleConfig
    selection: Selection
    """without hand edits"""


def _change(dataset: fo.Dataset, run_key: str, revise: Revise) -> dict[str, Any]:
    contents, impossible = writes.edit(
        dataset, run_key, lambda: _contents(dataset, run_key, revise)
    )
    record, kept_by = contents["record"], KEPT_BY.name
    items = targets.of_record(runs.settings(dataset, run_key))
    edited = {*contents["marked"], *contents["unmarked"]}
    moved = [one for one, of in contents["changes"].items() if kept_by in of and one not in edited]
    return {
        "run_key": run_key,
        "kept": record["kept"],
        "chosen": items.count(runs.view_of(dataset, run_key), contents["hand"]["chosen"]),
        "kept_by_hand": record["kept_by_hand"],
        "left_out_by_hand": record["left_out_by_hand"],
        "reassigned": len(moved),
        "summary": record["summary"],
        "warning": ". ".join(f"Not written: {text}" for text in impossible) or None,
    }


def _contents(dataset: fo.Dataset, run_key: str, revise: Revise) -> shapes.Editing:
    """Makes out what to write; see :func:`writes.edit`."""
    before = runs.results(dataset, run_key)
    if before is None:
        raise ValueError(f"the run {run_key!r} has no record of what it kept; run it again")
    hand = before.hand

    loaded = cache(lambda: _load(dataset, run_key, hand))

    def whole(some: list[str]) -> list[str]:
        is_of_images = runs.settings(dataset, run_key).get("whole_images")
        return _on_same_images(loaded(), some) if is_of_images else some

    after: shapes.Hand = {**hand, "edits": revise(hand, before.kept["ids"], whole)}
    state = loaded()
    ids, noun = state.stored.id_list, state.subject.items.noun
    row_of = {one: row for row, one in enumerate(ids)}
    kept = replay(hand["chosen"], after["edits"])
    if strangers := set(kept) - set(row_of) - set(before.kept["ids"]):
        raise ValueError(
            f"{min(strangers)!r} is not among the {noun} that the run {run_key!r} chose from; "
            "omit it"
        )
    old = applied(state.selection, state.stored, hand)
    if old is None or state.stored.n_missing or not set(kept) <= set(row_of):
        raise ValueError(
            f"the dataset has changed since the run {run_key!r}, which would keep other {noun} "
            "now; run it again, and edit that"
        )
    rows = np.array([row_of[one] for one in kept], np.int64)
    new_rows = np.setdiff1d(rows, state.selection.indices)
    if len(unreadable := new_rows[state.selection.bucket_ids[new_rows] == UNREADABLE]):
        raise ValueError(f"the image of {ids[unreadable[0]]!r} cannot be read; keep another one")
    if KEPT_BY.name in runs.fields_of(dataset, run_key):
        old.explain()  # so that with_kept() compares no more than it must
    new = old.with_kept(rows)
    added, gone = _by_hand(state, new)
    edited = by_hand(*counts(state.selection, new))
    record: shapes.RunRecord = {
        **before.record,
        "kept": len(new.chosen),
        "kept_by_hand": [ids[row] for row in added],
        "left_out_by_hand": [ids[row] for row in gone],
        "summary": "; ".join(filter(None, [outcome.summary(new, state.subject.items), edited])),
        "buckets": outcome.buckets(new),
        "strata": outcome.strata(new),
    }
    return {
        "hand": after,
        "marked": [ids[row] for row in np.setdiff1d(new.indices, old.indices).tolist()],
        "unmarked": [ids[row] for row in np.setdiff1d(old.indices, new.indices).tolist()],
        "changes": _changes(dataset, run_key, state, old, new),
        "record": record,
        "kept": outcome.kept_of(new, ids),
    }


def _load(dataset: fo.Dataset, run_key: str, hand: shapes.Hand) -> _State:
    config = without_own_mark(config_of(runs.settings(dataset, run_key)), hand)
    view = targets.fresh(runs.view_of(dataset, run_key))
    subject = Subject.of(dataset, view, "", config.whole_groups, config.whole_images)
    stored = in_memory.load(subject.view, config)
    return _State(subject, stored, config, whatif.answer(subject, stored, config))


def _on_same_images(state: _State, ids: Sequence[str]) -> list[str]:
    """Returns some patches, or those of some samples, with all others on the same samples."""
    there = state.stored.id_list
    samples = state.subject.items.documents(state.subject.view, there)
    sample_of = dict(zip(there, samples, strict=True))
    wanted = {sample_of.get(one, one) for one in ids}
    readable = state.stored.signatures.readable.tolist()
    found = [
        one
        for one, sample, can_be_kept in zip(there, samples, readable, strict=True)
        if can_be_kept and sample in wanted
    ]
    are_samples = set(samples)
    return list(dict.fromkeys([*(one for one in ids if one not in are_samples), *found]))


def counts(chosen: Selection, edited: Selection) -> tuple[int, int, int]:
    """Returns how many a run chose, and how many are added and left out by hand.

    Args:
        chosen: what the run chose
        edited: that with hand edits
    """
    of_images = chosen.image_of
    was, now = (
        np.unique(one.indices if of_images is None else of_images.numbers[one.indices])
        for one in (chosen, edited)
    )
    return len(was), len(np.setdiff1d(now, was)), len(np.setdiff1d(was, now))


def _by_hand(state: _State, selection: Selection) -> tuple[list[int], list[int]]:
    """Returns the rows that are kept and left out otherwise than the run chose."""
    chosen, kept = state.selection.indices, selection.indices
    return np.setdiff1d(kept, chosen).tolist(), np.setdiff1d(chosen, kept).tolist()


def _changes(
    dataset: fo.Dataset, run_key: str, state: _State, old: Selection, new: Selection
) -> dict[str, dict[str, Any]]:
    """Returns the values of the run's fields that change, by id and name of the field."""
    ids, there = state.stored.id_list, runs.fields_of(dataset, run_key)
    memory = state.stored.memory(state.subject, state.config)
    choice = choices.make(state.subject, ids, state.config, memory.remember)
    changes: dict[str, dict[str, Any]] = {}

    def found(selection: Selection) -> Found:
        added, gone = _by_hand(state, selection)
        reasons = dict.fromkeys(added, KEPT) | dict.fromkeys(gone, LEFT_OUT)
        return Found(selection, ids, choice, reasons)

    was, now = found(old), found(new)
    for field in RUN_FIELDS:
        before, after = (field.values(one) if field.name in there else None for one in (was, now))
        if before is None or after is None:
            continue
        for one, old_value, value in zip(ids, before, after, strict=True):
            if old_value != value:
                changes.setdefault(one, {})[field.name] = value
    return changes


def by_hand(n_chosen: int, n_added: int, n_left_out: int) -> str:
    """Words what a run chose and what a person has changed; empty if nothing."""
    if not n_added and not n_left_out:
        return ""
    return (
        f"chosen by the run: {n_chosen:,}, added by hand: {n_added:,}, left out by hand: "
        f"{n_left_out:,}"
    )


def worded(result: Mapping[str, Any]) -> str:
    """Words what :func:`edit` or :func:`take_back` returns, a sentence or more."""
    text = f"{result['summary']}."
    if result["reassigned"]:
        text += f" Another kept image now stands for {result['reassigned']:,} of those left out."
    return f"{text} {result['warning']}." if result["warning"] else text
