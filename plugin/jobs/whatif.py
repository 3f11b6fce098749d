"""What a run would keep: answered from stored signatures, without reading images or writing."""

from __future__ import annotations

from typing import Any

from smartdownsample_core import Selection, downsample
from smartdownsample_core.errors import Word, worded
from smartdownsample_core.report import shortfalls
from smartdownsample_core.selection import ChoiceSettings, Constraints, images_of_objects
from smartdownsample_core.settings import declared

from ..config import DownsampleConfig
from ..setting_labels import label
from ..targets import Subject, stored_signatures
from . import choices, folders, in_memory, keep
from .in_memory import Stored

#: Settings that decide between which images a strategy chooses.
_CONSTRAINTS = tuple(name for name in declared(ChoiceSettings) if name != "strategy")

_OTHERS = ("whole_images", "strategy", "random_seed")

#: Up to so many samples any answer is there in about a second.
_FEW = 5_000


def answer(subject: Subject, stored: Stored, config: DownsampleConfig) -> Selection:
    """Returns what a run with these settings would keep.

    Args:
        subject: what the signatures are of
        stored: the signatures
        config: the settings

    Raises:
        ValueError: if the settings do not fit the samples
    """
    meaning = choices.stamp(subject.dataset, config)
    memory = stored.memory(subject, config)
    choice = choices.make(subject, stored.id_list, config, memory.remember)

    image_of = memory.remember(
        ("images", config.whole_images),
        lambda: choices.images_of(subject, stored.id_list, config),
    )

    def constraints() -> Constraints:
        images = image_of and images_of_objects(image_of, len(stored), choice.keep)
        return Constraints(stored.signatures, stored.order, choice, images)

    def select(target_count: int | None) -> Selection:
        selection: Selection = memory.remember(
            _selection_key(config, target_count, meaning),
            lambda: downsample(
                stored.signatures,
                stored.order,
                target_count,
                config.random_seed,
                choice,
                memory.remember(_constraints_key(config, meaning), constraints),
                image_of,
            ),
        )
        return selection

    n_samples = len(set(image_of)) if image_of else len(stored)
    target, most = config.target_count, ranked_target(config, n_samples)
    if target == most or memory.remembers(_selection_key(config, target, meaning)):
        return select(target).of_objects
    ranked = select(most)
    if target is None:
        return ranked.of_objects
    found = ranked.first(target) if target <= len(ranked.indices) else select(target)
    return found.of_objects


def forecast(subject: Subject, config: DownsampleConfig) -> Selection | None:
    """Returns what a run would keep, if that is known at once; see :func:`answer`.

    None if signatures are missing or standing cameras are not known, which a run would compute
    first, or if it takes a moment.
    """
    if takes_long(subject, config):
        return None
    stored = in_memory.load(subject.view, config)
    is_unknown = config.finds_standing and stored.n_unknown
    if stored.n_missing or is_unknown or stored.n_unreadable == len(stored):
        return None
    return answer(subject, stored, config)


def warnings(
    subject: Subject, selection: Selection, config: DownsampleConfig, word: Word = label
) -> list[str]:
    """Returns what a selection could not satisfy, by default worded for forms and the panel."""
    found = shortfalls(selection, folders.strata_noun(config.stratify_by))
    texts = [worded(message, word) for message in found]
    if n_outside := keep.n_outside(subject, config):
        texts.append(
            f"{n_outside:,} {subject.items.noun} of {config.keep!r} are "
            "not among those to choose from, so they were not kept"
        )
    return texts


def takes_long(subject: Subject, config: DownsampleConfig) -> str | None:
    """Returns what :func:`answer` would have to do first; None if it would answer at once."""
    view, n_samples = subject.view, len(subject.view)
    if n_samples <= _FEW:
        return None
    stored = in_memory.held(view, config)
    if stored is None:
        return f"Reading the stored signatures of {n_samples:,} samples"
    memory = stored.memory(subject, config)
    meaning = choices.stamp(subject.dataset, config)
    if memory.remembers(_selection_key(config, config.target_count, meaning)):
        return None
    compares = config.excludes_duplicates or config.how.compares
    if compares and not memory.remembers(_constraints_key(config, meaning)):
        return f"Comparing {n_samples:,} images with each other; this is done once"
    key = _selection_key(config, ranked_target(config, subject.count), meaning)
    if config.how.compares and not memory.remembers(key):
        return f"Choosing among {n_samples:,} images with the strategy {config.strategy!r}"
    return None


def ranked_target(config: DownsampleConfig, n_samples: int) -> int | None:
    """Returns the target to choose for: with a ranking, one that the next answers are part of.

    Ranking takes long, and is nested: a slider that is dragged finds its answers in one ranking.
    """
    target = config.target_count
    has_strata = bool(config.stratify_by) or config.max_per_group is not None
    if target is None or not config.how.ranks or has_strata or config.used_keys:
        return target
    tenth = n_samples // 10  # what forms and the panel propose
    return tenth if target <= tenth else min(1 << target.bit_length(), n_samples)


def _constraints_key(config: DownsampleConfig, meaning: Any) -> tuple[Any, ...]:
    asked = (getattr(config, name) for name in (*_CONSTRAINTS, "whole_images"))
    return ("constraints", *asked, meaning)


def _selection_key(config: DownsampleConfig, target: int | None, meaning: Any) -> tuple[Any, ...]:
    asked = (getattr(config, name) for name in (*_CONSTRAINTS, *_OTHERS))
    return ("selection", target, *asked, meaning)


def know(
    subject: Subject,
    config: DownsampleConfig,
    target: stored_signatures.Target,
    selection: Selection,
) -> None:
    """Remembers what a run keeps, for those who ask what it would keep.

    The run has written to the samples since it read them, so their signatures are read again, and
    are compared with those that it had.

    Args:
        subject: what the run chose from
        config: its settings
        target: its signatures
        selection: what it keeps
    """
    if choices.reads_samples(subject, config):
        return
    key = _selection_key(config, config.target_count, choices.stamp(subject.dataset, config))
    stored = in_memory.put(subject.view, config, target)
    stored.of_signatures.remember(key, lambda: selection)
