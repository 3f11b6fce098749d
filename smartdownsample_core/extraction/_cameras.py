"""Images by their previews, where those of their camera can be trusted.

A preview and its whole file give signatures that differ a little, but more than two frames of a
standing camera do. So all images of a camera are read in the same way. Of each camera, a sample is
compared with its previews first; then the other previews are read; and where one is missing, the
camera is read whole after all. Nothing of a camera is handed out before that is certain.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..images import Item, Part, Preview, PreviewMissingError, Strip, is_remote, path_of
from ..signatures import Signatures, alike, difference, rows_to_compare
from ._batches import Batches

_Rows = NDArray[np.int64]

Read = Callable[[Sequence[Item]], Batches]
"""Signs items, and yields their consecutive places."""

Steps = Generator[tuple[_Rows, Signatures, int], None, None]
"""As :data:`Batches`, and how many images need not be looked at again, as it seems so far."""

#: Images whose cameras are read together, so that small cameras share batches.
_AT_A_TIME = 4096


def _folder_of(path: str) -> str:
    """Returns what stands for the camera of an image, unless it is named: its folder, or URL.

    >>> _folder_of("s3://traps/7/1.jpg")
    's3://traps/7'
    """
    return path.rpartition("/")[0] if is_remote(path) else os.path.dirname(path) or "."


@dataclass(frozen=True, eq=False)
class Cameras:
    """Which camera took each of n images, and what is to be read of them."""

    labels: Sequence[Hashable]
    """``(n,)``"""
    known: NDArray[np.object_] | None = None
    """``(n,)``; how a signature that still holds was read, None for none. It is not made again if
    its camera is read in that way"""
    wanted: NDArray[np.bool_] | None = None
    """``(n,)``; others are only compared with their previews, so that all who read a part of a
    camera come to the same result"""

    @classmethod
    def of(cls, items: Sequence[Item], given: object = None) -> Cameras:
        """Returns the cameras of items: their folders, unless a sequence of labels is given."""
        folders: dict[str, str] = {}  # a folder may have several names
        labels = [_folder_of(path_of(item)) for item in items]
        for name in set(labels):
            folders[name] = name if is_remote(name) else os.path.realpath(name)
        found = [folders[label] for label in labels]
        if given is None or isinstance(given, str) or not isinstance(given, Iterable):
            return cls(found)
        pairs = zip(found, given, strict=True)
        return cls([folder if label is None else label for folder, label in pairs])

    def groups(self) -> list[_Rows]:
        """Returns the rows of each camera."""
        rows: dict[Hashable, list[int]] = defaultdict(list)
        for row, label in enumerate(self.labels):
            rows[label].append(row)
        return list(map(np.array, rows.values()))


def by_camera(
    read: Read, items: Sequence[Item], cameras: Cameras, hash_size: int, quiet: bool
) -> Steps:
    """Reads images by their previews or, whole cameras at a time, exactly.

    Args:
        read: signs items; files exactly
        items: n items; those that are no files of their own are read exactly
        cameras: theirs
        hash_size: side of the dHash
        quiet: do not report cameras of which no preview was found

    Yields:
        each wanted row at most once, in any order: not those that are known; and empty tables in
        between
    """
    parts = np.flatnonzero([isinstance(item, Part) for item in items])
    done = 0
    for places, table in read([items[row] for row in parts.tolist()]):
        done += len(places)
        yield parts[places], table, done
    groups = cameras.groups()
    if len(parts):
        groups = [rows for group in groups if len(rows := np.setdiff1d(group, parts))]
    for some in _chunks(groups):
        chunk = _Chunk(read, items, cameras, some, hash_size, quiet)
        for rows, table in chunk.steps():
            yield rows, table, done + chunk.done
        done += int(chunk.wanted.sum())
        yield np.empty(0, np.int64), Signatures.blank(0, hash_size), done  # with what was known


def in_order(steps: Steps, with_signs_of_life: bool) -> Batches:
    """Yields the same images as consecutive rows from 0; holds back those that come too early."""
    held: dict[int, tuple[Signatures, int]] = {}
    expected = 0
    with closing(steps):
        for rows, table, _ in steps:
            if not len(rows):
                if with_signs_of_life:
                    yield rows, table
                continue
            held |= {row: (table, place) for place, row in enumerate(rows.tolist())}
            ready = []
            while expected in held:
                ready.append(held.pop(expected))
                expected += 1
            if ready:
                yield np.arange(expected - len(ready), expected), _joined(ready)


def _joined(ready: Sequence[tuple[Signatures, int]]) -> Signatures:
    """Returns a table of rows of tables."""
    if len(ready) == len(ready[0][0]) and all(
        table is ready[0][0] and row == place for place, (table, row) in enumerate(ready)
    ):
        return ready[0][0]
    joined = Signatures.blank(len(ready), ready[0][0].hash_size)
    places: dict[int, list[int]] = defaultdict(list)
    for place, (table, _) in enumerate(ready):
        places[id(table)].append(place)
    for some in places.values():
        rows = np.array([ready[place][1] for place in some])
        joined.put(np.array(some), ready[some[0]][0].take(rows))
    return joined


def _chunks(groups: Iterable[_Rows]) -> Iterator[list[_Rows]]:
    held: list[_Rows] = []
    for group in groups:
        held.append(group)
        if sum(map(len, held)) >= _AT_A_TIME:
            yield held
            held = []
    if held:
        yield held


@dataclass(eq=False)
class _Chunk:
    """Some cameras; a *place* is one of their m images, a *camera* a place in ``groups``."""

    read: Read
    items: Sequence[Item]
    cameras: Cameras
    groups: Sequence[_Rows]
    hash_size: int
    quiet: bool
    missing: dict[int, str] = field(default_factory=dict)
    """place to the reason for which it has no preview"""
    unused: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = np.concatenate(self.groups)
        sizes = [len(group) for group in self.groups]
        self.camera = np.repeat(np.arange(len(sizes)), sizes)
        self.starts = np.cumsum([0, *sizes])
        self.by_preview = np.ones(len(sizes), bool)
        m, wanted, known = len(self.rows), self.cameras.wanted, self.cameras.known
        self.wanted = np.ones(m, bool) if wanted is None else wanted[self.rows]
        self.known = np.full(m, None, object) if known is None else known[self.rows]
        self.looked_at = np.zeros(m, bool)
        self.is_final = np.zeros(m, bool)
        self.previews = self._blank(m)
        self.done = 0  # wanted images that need not be looked at again, as it seems now

    def steps(self) -> Batches:
        """Yields rows and tables, also empty ones."""
        samples = [rows_to_compare(len(group)) for group in self.groups]
        starts = self.starts[:-1].tolist()
        sample = np.concatenate([start + some for start, some in zip(starts, samples, strict=True)])
        yield from self._read_previews(sample)
        yield from self._settle_missing()
        yield from self._compare(sample[self._are_trusted()[sample]])
        rest = self._are_trusted() & self.wanted & ~self.looked_at & (self.known != "preview")
        yield from self._read_previews(np.flatnonzero(rest))
        yield from self._settle_missing()
        yield from self._read_whole(np.flatnonzero(~self._are_trusted()))
        ready = self._are_trusted() & self.wanted & self.looked_at & ~self.is_final
        places = np.flatnonzero(ready & (self.known != "preview"))
        table = self.previews.take(places)
        table.unused_previews.update(self.unused)
        yield self.rows[places], table

    def _are_trusted(self) -> NDArray[np.bool_]:
        return self.by_preview[self.camera]

    def _distrust(self, camera: int, reason: str) -> None:
        """Has a camera read whole."""
        self.by_preview[camera] = False
        settled = self.is_final | (self.looked_at & self._are_trusted())
        self.done = int((settled & self.wanted).sum())
        mine = slice(self.starts[camera], self.starts[camera + 1])
        if self.previews.readable[mine].any() or not self.quiet:
            label = str(self.cameras.labels[self.groups[camera][0]])
            self.unused[label] = reason

    def _read_previews(self, places: _Rows) -> Batches:
        for at, table in self.read([Preview(self._path(place)) for place in places.tolist()]):
            some = places[at]
            for row, error in list(table.unreadable.items()):
                if isinstance(error, PreviewMissingError):
                    place = int(some[row])
                    name = os.path.basename(self._path(place))
                    self.missing[place] = f"{name}: {error}"
                    del table.unreadable[row]
            self.previews.put(some, table)
            self.looked_at[some] = True
            self.done += int(self.wanted[some].sum())
            yield self._nothing()

    def _settle_missing(self) -> Batches:
        """Reads images without a preview whole; those that can be read fail their camera."""
        places = [place for place in self.missing if self.by_preview[self.camera[place]]]
        self._distrust_those_of([place for place in places if self.known[place] == "exact"])
        others = np.array([place for place in places if self.known[place] != "exact"], np.int64)
        for at, table in self.read([self._path(place) for place in others.tolist()]):
            self._distrust_those_of(others[at][table.readable].tolist())
            yield self._final(others[at], table)

    def _distrust_those_of(self, places: Sequence[int]) -> None:
        for place in places:
            if self.by_preview[self.camera[place]]:
                self._distrust(int(self.camera[place]), self.missing[place])

    def _compare(self, sample: _Rows) -> Batches:
        """Fails cameras whose images do not show what their previews show."""
        sample = sample[self.previews.readable[sample]]
        pairs = [
            Strip(self._path(p), of_preview)
            for p in sample.tolist()
            for of_preview in (True, False)
        ]
        tops = self._blank(len(pairs))
        for at, table in self.read(pairs):
            tops.put(at, table)
            yield self._nothing()
        even = np.arange(0, len(pairs), 2)
        doubtful = sample[~alike(tops.take(even), tops.take(even + 1))]
        whole = self._blank(len(doubtful))
        for at, table in self.read([self._path(place) for place in doubtful.tolist()]):
            whole.put(at, table)
            yield self._nothing()
        for camera in np.unique(self.camera[doubtful]).tolist():
            mine = np.flatnonzero(self.camera[doubtful] == camera)
            reason = difference(self.previews.take(doubtful[mine]), whole.take(mine))
            if reason is not None:
                self._distrust(camera, reason)
        compared = np.zeros(len(self.groups), bool)
        compared[self.camera[sample]] = True
        for camera in np.flatnonzero(~compared & self.by_preview).tolist():
            self._distrust(camera, "none of the images to compare could be read")

    def _read_whole(self, places: _Rows) -> Batches:
        left = self.wanted & ~self.is_final & (self.known != "exact")
        places = places[left[places]]
        for at, table in self.read([self._path(place) for place in places.tolist()]):
            self.done += len(at)
            yield self._final(places[at], table)

    def _final(self, places: _Rows, table: Signatures) -> tuple[_Rows, Signatures]:
        """Returns what to hand out of images that were read whole."""
        self.is_final[places] = True
        wanted = np.flatnonzero(self.wanted[places])
        table = table.take(wanted)
        table.unused_previews.update(self.unused)
        return self.rows[places[wanted]], table

    def _path(self, place: int) -> str:
        return path_of(self.items[self.rows[place]])

    def _blank(self, n: int) -> Signatures:
        return Signatures.blank(n, self.hash_size)

    def _nothing(self) -> tuple[_Rows, Signatures]:
        return self.rows[:0], self._blank(0)
