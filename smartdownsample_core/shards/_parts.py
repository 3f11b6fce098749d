"""What workers of a cluster do: check a shard, and rank the images of a part of the shards."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blas import limited
from ..images import check, is_remote, opened_remote
from ..optional import arrow
from ..selection import (
    Choice,
    CoreSet,
    Standing,
    StandingOfSome,
    core_set,
    mark_standing,
    natural_order,
)
from ..settings import BY_PREVIEW
from ..signatures import N_BUCKETS, UNREADABLE, Signatures
from ._check import check_contents
from ._columns import BUCKET, ERROR, PATH, to_numpy
from ._damage import damage_named, refuse_if
from ._local import cameras_of, needs_times, without_time
from ._origin import Origin, looks_right, open_local, sealed_origin
from ._seal import read_seal
from ._select import check_distinct
from ._shards import as_error, ways_of

_CHANGED = "it has changed since it was opened"


@dataclass(frozen=True, eq=False)
class Checked:
    """A shard that was found sound."""

    file: str
    seal: bytes
    """its checksum"""
    origin: Origin
    groups: tuple[int, ...]
    """images in each group of rows"""
    n_good: int
    """images that are readable and not damaged"""
    failure: OSError | None
    """of the first image that could not be read"""
    ways: frozenset[tuple[str, bool]]
    """folders, and whether their previews were read, if that may differ"""


@dataclass(frozen=True, eq=False)
class Part:
    """Some images that are ranked together, by one worker."""

    pieces: tuple[tuple[str, bytes, tuple[int, ...]], ...]
    """shards, their checksums, and groups of rows of them"""
    size: int
    """images"""
    cameras: frozenset[str | None] | None = None
    """those whose images are in it; None if all of these groups of rows are"""


@dataclass(frozen=True, eq=False)
class Contribution:
    """What the driver needs to know of a part."""

    core: CoreSet
    points: NDArray[np.uint8]
    """``(m, d)``; descriptors of the core-set, and so on"""
    buckets: NDArray[np.int16]
    paths: list[str]
    sizes: NDArray[np.int64]
    """``(128,)``; readable images of each bucket in the part"""
    unreadable: list[tuple[str, OSError]]
    has_times: bool
    """whether it is known of some image when it was taken"""
    begins: int = 0
    """which of the core-set the part picked first"""
    standing: StandingOfSome | None = None
    """of the core-set; None if nobody looked for standing cameras"""

    def first(self, count: int) -> Contribution:
        """Returns the same with a shorter core-set, in the order of the part."""
        rows = np.argsort(self.core.place[:count])
        return replace(
            self,
            core=replace(self.core.take(rows), has_more=True),
            points=self.points[rows],
            buckets=self.buckets[rows],
            paths=[self.paths[row] for row in rows.tolist()],
            begins=int(rows.argmin()) if len(rows) else 0,
            standing=None if self.standing is None else self.standing.take(rows),
        )


def parts_of(shards: Sequence[Checked], most: int) -> list[Part]:
    """Divides shards into parts of at most so many images, unless one group of rows has more.

    The parts follow from the files, not from the cluster. Small shards share a part.
    """
    parts: list[Part] = []
    pieces: list[tuple[str, bytes, tuple[int, ...]]] = []
    size = 0
    for shard in shards:
        for number, rows in enumerate(shard.groups):
            if size and size + rows > most:
                parts.append(Part(tuple(pieces), size))
                pieces, size = [], 0
            if pieces and pieces[-1][0] == shard.file:
                pieces[-1] = (shard.file, shard.seal, (*pieces[-1][2], number))
            else:
                pieces.append((shard.file, shard.seal, (number,)))
            size += rows
    return [*parts, Part(tuple(pieces), size)] if size else parts


def parts_of_cameras(
    shards: Sequence[Checked], found: Sequence[Sequence[Mapping[str | None, int]]], most: int
) -> list[Part]:
    """Divides shards into parts of whole cameras, of at most so many images unless one has more.

    Cameras come in the order in which shards have them. A group of rows that has images of several
    parts is read for each of them.

    Args:
        shards: the shards
        found: for each of them, what :func:`count_cameras` returns
        most: images of a part
    """
    sizes: dict[str | None, int] = {}
    for camera, size in (item for of in found for group in of for item in group.items()):
        sizes[camera] = sizes.get(camera, 0) + size
    cameras: list[set[str | None]] = []
    totals: list[int] = []
    part_of: dict[str | None, int] = {}
    for camera, size in sizes.items():
        if not totals or totals[-1] + size > most:
            cameras.append(set())
            totals.append(0)
        cameras[-1].add(camera)
        totals[-1] += size
        part_of[camera] = len(totals) - 1
    pieces: list[dict[tuple[str, bytes], list[int]]] = [{} for _ in totals]
    for shard, of in zip(shards, found, strict=True):
        for number, group in enumerate(of):
            for part in sorted({part_of[camera] for camera in group}):
                pieces[part].setdefault((shard.file, shard.seal), []).append(number)
    return [
        Part(tuple((*key, tuple(numbers)) for key, numbers in of.items()), size, frozenset(names))
        for of, size, names in zip(pieces, totals, cameras, strict=True)
    ]


@contextmanager
def _opened(file: str) -> Iterator[Any]:
    """Opens a shard, here or at a URL."""
    if not is_remote(file):
        with open_local(Path(file)) as local:
            yield local
        return
    check([file])
    failure: ValueError | None = None
    with opened_remote(file) as stream:
        if not looks_right(stream):
            failure = ValueError(f"{file} is no file of signatures")
        else:
            try:
                yield stream
            except ValueError as error:  # it would become an error of the file system
                failure = error
    if failure:
        raise failure


def check_shard_at(file: str) -> Checked:
    """Reads a shard twice, for its checksum and for what it holds; see :class:`Checked`.

    Raises:
        ValueError: if it is no shard, or is damaged
        OSError: if it cannot be read
    """
    with _opened(file) as stream, damage_named(file):
        origin, seal = sealed_origin(stream)
        size = stream.seek(0, os.SEEK_END)
        shard = arrow().parquet.ParquetFile(stream)
        check_contents(shard, origin, size)
        if not origin.descriptors:
            return Checked(file, seal, origin, (), 0, None, frozenset())
        groups, ways = [], set()
        n_good, failure = 0, None
        for number in range(shard.num_row_groups):
            rows = shard.read_row_group(number, [PATH, ERROR, "damaged", "decode"])
            groups.append(len(rows))
            errors = rows.column(ERROR)
            is_good = errors.is_null().to_numpy()
            if "damaged" in rows.column_names:  # older shards have none
                is_good = is_good & ~to_numpy(rows.column("damaged"), np.empty(0, np.bool_))
            n_good += int(is_good.sum())
            if failure is None and errors.null_count < len(rows):
                failure = as_error(os.fsdecode(errors.drop_null()[0].as_py()))
            if origin.decode in BY_PREVIEW:
                ways |= ways_of(rows)
    return Checked(file, seal, origin, tuple(groups), n_good, failure, frozenset(ways))


def count_cameras(shard: Checked, choice: Choice) -> list[dict[str | None, int]]:
    """Returns for each group of rows of a shard the number of its images of each camera.

    Raises:
        ValueError: if the shard has changed since it was checked
        OSError: if it cannot be read
    """
    found = []
    with _opened(shard.file) as stream, damage_named(shard.file):
        refuse_if(read_seal(stream) != shard.seal, _CHANGED)
        rows = arrow().parquet.ParquetFile(stream)
        for number in range(rows.num_row_groups):
            paths = rows.read_row_group(number, [PATH]).column(PATH).to_pylist()
            found.append(dict(Counter(cameras_of(choice, [*map(os.fsdecode, paths)]))))
    return found


def contribute(
    part: Part,
    origin: Origin,
    folders: frozenset[str],
    choice: Choice,
    count: int,
    most: int,
    random_seed: int,
) -> Contribution:
    """Reads a part, and ranks its images; see :func:`core_set`.

    Raises:
        ValueError: if a shard has changed since it was checked, or an image comes twice
        OSError: if one cannot be read
    """
    paths, table, buckets = _read(part, origin, choice)
    check_distinct(paths, folders)
    order = natural_order(paths)
    n_readable = int(table.readable.sum())
    has_times = not np.isnat(table.taken).all()
    is_timeless = needs_times(choice) and not has_times
    choice = (without_time(choice) if is_timeless else choice).for_paths(paths)
    if choice.finds_standing:
        mark_standing(table, order, choice.camera if choice.fixed_cameras == "all" else None)
    with limited:
        core = core_set(table, order, choice, count, most, random_seed)
    return Contribution(
        core=replace(core, n_without_time=n_readable) if is_timeless else core,
        points=table.descriptor[core.rows],
        buckets=buckets[core.rows],
        paths=[paths[row] for row in core.rows.tolist()],
        sizes=np.bincount(buckets[buckets != UNREADABLE], minlength=N_BUCKETS),
        unreadable=[(paths[row], error) for row, error in table.unreadable.items()],
        has_times=has_times,
        standing=StandingOfSome.among(Standing.of(table), core.rows)
        if choice.finds_standing
        else None,
    )


def _read(
    part: Part, origin: Origin, choice: Choice
) -> tuple[list[str], Signatures, NDArray[np.int16]]:
    """Returns paths, signatures and buckets of the images of a part."""
    table = Signatures.blank(part.size, origin.hash_size)
    if choice.finds_standing:
        table.add_grey()
    buckets = np.empty(part.size, np.int16)
    names = list(table.columns(choice.finds_standing))
    paths: list[str] = []
    for file, seal, numbers in part.pieces:
        with _opened(file) as stream, damage_named(file):
            refuse_if(read_seal(stream) != seal, _CHANGED)
            shard = arrow().parquet.ParquetFile(stream)
            for number in numbers:
                group = shard.read_row_group(number, [PATH, BUCKET, ERROR, *names])
                found = [*map(os.fsdecode, group.column(PATH).to_pylist())]
                if part.cameras is not None:
                    is_here = [one in part.cameras for one in cameras_of(choice, found)]
                    group = group.filter(arrow().array(is_here))
                    found = [*compress(found, is_here)]
                rows = slice(len(paths), len(paths) + len(group))
                paths += found
                buckets[rows] = group.column(BUCKET).to_numpy()
                for name in set(group.column_names).intersection(names):
                    column = getattr(table, name)
                    column[rows] = to_numpy(group.column(name), column)
                for place, text in enumerate(group.column(ERROR).to_pylist(), rows.start):
                    if text is not None:
                        table.unreadable[place] = as_error(os.fsdecode(text))
    return paths, table, buckets
