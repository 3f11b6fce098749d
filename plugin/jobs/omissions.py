"""Folders and labels of which nothing is kept though something could be, by stored signatures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Selection
from smartdownsample_core.selection import UNLABELLED, assign_strata
from smartdownsample_core.signatures import UNREADABLE

from ..config import DownsampleConfig
from ..targets import Subject
from . import folders, in_memory, labels, whatif
from .in_memory import Stored

#: Of more folders or labels it is not said which ones go without.
_MAX_NAMES = 200

#: Fields that are looked at, and samples up to which they are: reading one takes 0.3 s of 100,000.
_MAX_FIELDS, _MAX_SAMPLES = 5, 50_000

#: Folders and labels that are named.
_MAX_NAMED = 5

_Groups = tuple[list[str], NDArray[np.int64]]


class Omission(NamedTuple):
    """Groups of which nothing is kept."""

    path: str
    """what to stratify by so that they get a share: ``"folder"`` or a field"""
    names: list[str]
    """theirs"""
    n_groups: int
    """how many groups there are"""

    def __str__(self) -> str:
        """A sentence without its full stop."""
        n, named = len(self.names), ", ".join(self.names[:_MAX_NAMED])
        if n > _MAX_NAMED:
            named += f" and {n - _MAX_NAMED:,} more"
        noun, have = folders.group_noun(self.path), "has" if n == 1 else "have"
        return f"{n:,} of {self.n_groups:,} {noun} {have} no kept image: {named}"


def find(subject: Subject, stored: Stored, selection: Selection) -> list[Omission]:
    """Returns folders and labels without a kept image, where there are images to keep of each.

    Fields that group the samples as another one does are left out.

    Args:
        subject: what was chosen from
        stored: its signatures
        selection: what is chosen
    """
    found, seen = [], list[_Groups]()
    readable = selection.bucket_ids != UNREADABLE
    for path, groups in _groupings(subject, stored):
        names, numbers = groups
        if not 1 < len(names) <= _MAX_NAMES or any(_are_alike(groups, other) for other in seen):
            continue
        seen.append(groups)
        sizes = np.bincount(numbers[readable], minlength=len(names))
        kept = np.bincount(numbers[selection.indices], minlength=len(names))
        occupied = [place for place in np.flatnonzero(sizes).tolist() if names[place] != UNLABELLED]
        without = [names[place] for place in occupied if not kept[place]]
        if without and len(selection.chosen) >= len(occupied):
            found.append(Omission(path, without, len(occupied)))
    return found


def after(subject: Subject, config: DownsampleConfig) -> list[Omission]:
    """Returns what :func:`find` does for a run that has just been made; nothing if it takes long.

    Args:
        subject: what the run chose from
        config: its settings
    """
    if config.stratify_by:
        return []
    try:
        selection = whatif.forecast(subject, config)  # which the run has just put into memory
    except ValueError:  # samples that the settings need have been deleted meanwhile
        return []
    if selection is None:
        return []
    return find(subject, in_memory.load(subject.view, config), selection)


def _groupings(subject: Subject, stored: Stored) -> Iterator[tuple[str, _Groups]]:
    """Yields what can be stratified by: names of groups, and the ``(n,)`` numbers of theirs."""
    if folders.is_folder(subject.view, folders.FOLDER):
        yield folders.FOLDER, stored.folders
    if len(stored) > _MAX_SAMPLES:
        return
    for path in labels.groupings(subject.view)[:_MAX_FIELDS]:

        def read(path: str = path) -> Any:
            return assign_strata(labels.read_all(subject, path))

        numbers, names = stored.of_samples.remember((f"labels {path}",), read)
        if len(numbers) == len(stored):  # unless samples have been added meanwhile
            yield path, (names, numbers)


def _are_alike(one: _Groups, other: _Groups) -> bool:
    """Whether two groupings put the same samples together."""
    (names, numbers), (other_names, other_numbers) = one, other
    pairs = np.unique(numbers * len(other_names) + other_numbers)
    return len(names) == len(other_names) == len(pairs)
