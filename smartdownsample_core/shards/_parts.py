"""What workers of a cluster do: check a shard, and rank the images of a part of the shards."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blas import limited
from ..images import check, is_remote, opened_remote
from ..optional import arrow
from ..selection import FOLDER, Choice, CoreSet, core_set, labels_of_paths, natural_order
from ..settings import BY_PREVIEW
from ..signatures import N_BUCKETS, UNREADABLE, Signatures
from ._check import check_contents
from ._columns import BUCKET, ERROR, PATH, to_numpy
from ._damage import damage_named, refuse_if
from ._origin import Origin, looks_right, open_local, sealed_origin
from ._seal import read_seal
from ._select import check_distinct
from ._shards import as_error, ways_of


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


@dataclass(frozen=True, eq=False)
class Contribution:
    """What the driver needs to know of a part."""

    core: CoreSet
    points: NDArray[np.uint8]
    """``(m, d)``; descriptors of the core-set, and so on"""
    buckets: NDArray[np.int16]
    paths: list[str]
    sizes_of: dict[str, dict[Any, tuple[int, int]]]
    """``"bucket"``, and ``"camera"`` if these are covered, to what :func:`by_size` takes: each
    bucket or folder with its number of undamaged images, and the place of the first"""
    sizes: NDArray[np.int64]
    """``(128,)``; readable images of each bucket in the part"""
    unreadable: list[tuple[str, OSError]]
    begins: int = 0
    """which of the core-set the part picked first"""

    def first(self, count: int) -> Contribution:
        """Returns the same with a shorter core-set, in natural order."""
        core = self.core
        rows = np.argsort(core.place[:count])
        taken = {name: getattr(core, name)[rows] for name in ("rows", "place", "shot", "apart")}
        return replace(
            self,
            core=replace(core, **taken, has_more=True),
            points=self.points[rows],
            buckets=self.buckets[rows],
            paths=[self.paths[row] for row in rows.tolist()],
            begins=int(rows.argmin()) if len(rows) else 0,
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


def contribute(
    part: Part,
    origin: Origin,
    folders: frozenset[str],
    cover: tuple[str, ...],
    count: int,
    most: int,
    random_seed: int,
) -> Contribution:
    """Reads a part, and ranks its images; see :func:`core_set`.

    Raises:
        ValueError: if a shard has changed since it was checked, or an image comes twice
        OSError: if one cannot be read
    """
    paths, table, buckets = _read(part, origin)
    check_distinct(paths, folders)
    order = natural_order(paths)
    choice = Choice(strategy="diverse", cover=cover).for_paths(paths)
    with limited:
        core = core_set(table, order, choice, count, most, random_seed)
    rows = core.rows.tolist()
    good = order[table.readable[order] & ~table.damaged[order]]
    labels: dict[str, list[Any]] = {"bucket": buckets[good].tolist()}
    if "camera" in cover:
        labels["camera"] = labels_of_paths(FOLDER, [paths[row] for row in good.tolist()])
    return Contribution(
        core=core,
        points=table.descriptor[core.rows],
        buckets=buckets[core.rows],
        paths=[paths[row] for row in rows],
        sizes_of={key: _counted(values) for key, values in labels.items()},
        sizes=np.bincount(buckets[buckets != UNREADABLE], minlength=N_BUCKETS),
        unreadable=[(paths[row], error) for row, error in table.unreadable.items()],
    )


def _read(part: Part, origin: Origin) -> tuple[list[str], Signatures, NDArray[np.int16]]:
    """Returns paths, signatures and buckets of the images of a part."""
    table = Signatures.blank(part.size, origin.hash_size)
    buckets = np.empty(part.size, np.int16)
    names = list(table.columns())
    paths: list[str] = []
    for file, seal, numbers in part.pieces:
        with _opened(file) as stream, damage_named(file):
            refuse_if(read_seal(stream) != seal, "it has changed since it was opened")
            shard = arrow().parquet.ParquetFile(stream)
            for number in numbers:
                group = shard.read_row_group(number, [PATH, BUCKET, ERROR, *names])
                rows = slice(len(paths), len(paths) + len(group))
                paths += map(os.fsdecode, group.column(PATH).to_pylist())
                buckets[rows] = group.column(BUCKET).to_numpy()
                for name in set(group.column_names).intersection(names):
                    column = getattr(table, name)
                    column[rows] = to_numpy(group.column(name), column)
                for place, text in enumerate(group.column(ERROR).to_pylist(), rows.start):
                    if text is not None:
                        table.unreadable[place] = as_error(os.fsdecode(text))
    return paths, table, buckets


def _counted(labels: Iterable[Any]) -> dict[Any, tuple[int, int]]:
    """Returns label to how often it is there, and where first.

    >>> _counted("aba")
    {'a': (2, 0), 'b': (1, 1)}
    """
    found: dict[Any, tuple[int, int]] = {}
    for place, label in enumerate(labels):
        size, first = found.get(label, (0, place))
        found[label] = (size + 1, first)
    return found
