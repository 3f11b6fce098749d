"""Searches folders for images, and keeps account of what it passes over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch

from ..checks import shown_path
from ..own_files import LIST, noted
from ._names import (
    ASIDE,
    BROKEN_LINK,
    EXCLUDED,
    NOT_LISTED,
    OTHER,
    OWN,
    Kind,
    is_aside,
    passed_over,
)

#: Folders that cannot be listed are named one by one, up to as many.
_MOST_NAMED = 5


@dataclass
class PassedOver:
    """What a search did not take for the user's images, by kind."""

    paths: dict[Kind, dict[str, str]] = field(default_factory=dict)
    """path to the reason, which is empty where the kind says it all"""
    followed: dict[str, str] = field(default_factory=dict)
    """linked folders that were searched, and what they point to"""

    def add(self, kind: Kind, path: str, why: str = "") -> None:
        """Counts a path once, however often it is met."""
        self.paths.setdefault(kind, {})[path] = why

    def update(self, other: PassedOver) -> None:
        """Takes over what another search has passed over."""
        for kind, paths in other.paths.items():
            self.paths.setdefault(kind, {}).update(paths)
        self.followed |= other.followed

    def drop(self, found: Iterable[str]) -> None:
        """Takes back what was found after all, as it was named on its own."""
        for paths in self.paths.values():
            for path in paths.keys() & found:
                del paths[path]

    def drop_used(self, files: Iterable[str]) -> None:
        """Takes back files that are used for something else, however they are named."""
        used = {os.path.realpath(file) for file in files}
        names = set(map(os.path.basename, used))
        for paths in self.paths.values():
            for path in [path for path in paths if os.path.basename(path) in names]:
                if os.path.realpath(path) in used:
                    del paths[path]

    def words(self, may_be_wanted: bool) -> str:
        """Words the kinds that the user may, or will hardly, take for images."""
        return ", ".join(
            _words(kind, paths)
            for kind, paths in self.paths.items()
            if paths and kind.may_be_wanted == may_be_wanted
        )

    def notes(self, quiet: bool = False) -> list[str]:
        """Returns lines to show to the user; those on what is hardly an image only if not quiet."""
        notes = []
        if words := self.words(may_be_wanted=True):
            notes.append(f"Warning: passed over {words}")
        if self.followed:
            link, target = next(iter(self.followed.items()))
            what = "1 linked folder" if len(self.followed) == 1 else "linked folders"
            count = "" if len(self.followed) == 1 else f"{len(self.followed):,} "
            notes.append(
                f"Note: searched {count}{what}, such as {shown_path(link)} -> {shown_path(target)}"
                "; --exclude NAME leaves a folder out"
            )
        if (words := self.words(may_be_wanted=False)) and not quiet:
            notes.append(f"Passed over {words}; to read such files, use --include NAME")
        return notes


def _words(kind: Kind, paths: dict[str, str]) -> str:
    if kind is NOT_LISTED:
        named = [f"{shown_path(path)} ({why})" for path, why in list(paths.items())[:_MOST_NAMED]]
        more = [f"{len(paths) - _MOST_NAMED:,} more"] if len(paths) > _MOST_NAMED else []
        example = ": " + ", ".join(named + more)
    else:
        example = (", such as " if len(paths) > 1 else ": ") + shown_path(next(iter(paths)))
    remedy = f" ({kind.remedy})" if kind.remedy else ""
    return f"{len(paths):,} {kind.one if len(paths) == 1 else kind.several}{remedy}{example}"


@dataclass(frozen=True)
class Rules:
    """Which names a search takes and passes over."""

    endings: tuple[str, ...]
    """of the formats that are read, in lower case"""
    include: Sequence[str] = ()
    """patterns of names that are taken in any case"""
    exclude: Sequence[str] = ()
    """patterns of names that are passed over in any case"""

    def kind_of(self, names: Sequence[str], is_folder: bool = False) -> Kind | None:
        """Returns what a file or folder is passed over as, None if it is taken.

        Args:
            names: those of the folders from the searched one on, and its own
            is_folder: whether it is a folder
        """
        if _matches(names, self.exclude):
            return EXCLUDED
        if _matches(names, self.include):
            return None
        if is_folder:
            return ASIDE if is_aside(names[-1]) else None
        return passed_over(names[-1], self.endings)

    def kind_below(self, names: Sequence[str]) -> Kind | None:
        """Returns what a file is passed over as, for its own name or one of its folders'."""
        folders = (self.kind_of(names[:depth], is_folder=True) for depth in range(1, len(names)))
        return next(filter(None, folders), None) or self.kind_of(names)


def _matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
    return any(
        fnmatch(name.lower(), pattern.lower())
        for pattern in patterns
        for name in (*names, "/".join(names))
    )


def images_in(
    folder: str,
    rules: Rules,
    passed: PassedOver,
    not_listed: Callable[[str, OSError], None],
) -> list[str]:
    """Returns the images in and below a folder, folder by folder, in sorted order.

    Linked folders are followed. Each real folder is searched once: by its own name if it is below
    the folder, else by the first link to it.

    Args:
        folder: the folder
        rules: what is taken
        passed: takes what is passed over
        not_listed: called with a folder that cannot be listed, and the error
    """
    found: dict[tuple[str, ...], list[str]] = {}
    root = os.path.realpath(folder)
    seen: set[str] = set()
    own: set[str] = set()
    pending: list[tuple[str, ...]] = [()]
    links: list[tuple[str, ...]] = []
    while pending or links:
        is_link = not pending
        names = links.pop(0) if is_link else pending.pop()
        path = os.path.join(folder, *names)
        real = os.path.realpath(path)
        if real in seen or (is_link and _is_above(real, root)):
            continue
        seen.add(real)
        try:
            with os.scandir(path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            not_listed(path, error)
            continue
        if is_link:
            passed.followed[path] = real
        own |= {os.path.join(path, name) for name in noted(path, "charts")}
        if names:  # who searches the copies themselves wants them
            own |= {os.path.join(path, name) for name in noted(path, "copies")}
        for entry in entries:
            if entry.name == LIST:
                continue
            below = (*names, entry.name)
            is_folder = _is_folder(entry)
            kind = rules.kind_of(below, is_folder)
            if kind in (None, OTHER) and not is_folder and entry.path in own:
                kind = None if _matches(below, rules.include) else OWN
            elif kind is OTHER and entry.is_symlink() and not os.path.exists(entry.path):
                kind = BROKEN_LINK
            if kind:
                passed.add(kind, entry.path)
            elif is_folder:
                (links if entry.is_symlink() else pending).append(below)
            else:
                found.setdefault(names, []).append(entry.path)
    return [path for names in sorted(found) for path in found[names]]


def _is_above(folder: str, other: str) -> bool:
    """Whether a real folder holds another one, so that a link to it is a loop."""
    return os.path.commonpath([folder, other]) == folder


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
