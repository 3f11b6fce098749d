"""Shards read column by column."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import KINDS_OF_ERRORS
from ..optional import arrow
from ..settings import BY_PREVIEW
from ..signatures import Signatures
from ._check import check_shard
from ._columns import BUCKET, ERROR, PATH, to_numpy
from ._damage import damage_named, refuse_if
from ._origin import check_origins, read_origin, record_of
from ._write import Rows

DECODE = "decode"


class Shards:
    """Several shards as one table; what is not asked for stays on disk."""

    def __init__(self, files: Sequence[Path], partial: bool = False) -> None:
        """Opens and checks shards; those of a divided list come in the order of the list.

        Each is read twice, once for its checksum and once for what it holds.

        Args:
            files: at least one
            partial: do without shards of a divided list that are missing

        Raises:
            ValueError: if one is no shard or is damaged, or they do not belong together
        """
        self._parquet = arrow().parquet
        origins = [read_origin(file) for file in files]
        check_origins(files, origins, partial)
        by_number = sorted(zip(files, origins, strict=True), key=lambda shard: shard[1].number)
        self._files = [file for file, _ in by_number]
        self.origin = origins[0]
        self._origins = [origin for _, origin in by_number]
        self.folders = {origin.folder for origin in origins} - {""}
        self.base = os.path.commonpath([origin.base for origin in origins])
        self.has_descriptors = all(origin.descriptors for origin in origins)
        self.has_grey = all(origin.grey for origin in origins)
        self._length = sum(map(len, origins))
        self._stamps = {file: _stamp(file) for file in files}
        for file, origin in by_number:
            check_shard(file, origin)
        self._check_cameras()

    def __len__(self) -> int:
        return self._length

    def _check_cameras(self) -> None:
        """Raises a ValueError if the images of one folder were read in two ways."""
        ways: set[Any] = set()
        if len(self._files) > 1 and any(one.decode in BY_PREVIEW for one in self._origins):
            for _, group in self._groups([DECODE]):
                for column in group.columns:
                    ways.update(column.unique().to_pylist())
        if "preview" not in ways or len(ways - {None}) == 1:
            return
        ends = np.cumsum([len(origin) for origin in self._origins])
        refuse_two_ways(
            (self._files[int(np.searchsorted(ends, rows[0], "right"))], ways_of(group))
            for rows, group in self._groups([PATH, DECODE])
        )

    def record(self) -> dict[str, Any]:
        """Returns what is to be noted of these shards, and how their images were read."""
        return record_of(self._files, self._origins)

    def bucket_ids(self) -> NDArray[np.int16]:
        """Returns the bucket of every image, ``(n,)``; 2 bytes each are all that is read."""
        ids = np.empty(len(self), np.int16)
        for rows, group in self._groups([BUCKET]):
            ids[rows] = group.column(BUCKET).to_numpy()
        return ids

    def has_damaged(self) -> bool:
        """Whether an image is damaged, and so comes after all others; a bit each is read."""
        return any(
            to_numpy(column, np.empty(0, np.bool_)).any()
            for _, group in self._groups(["damaged"])
            for column in group.columns  # older shards have none
        )

    def paths(self, wanted: NDArray[np.bool_] | None = None) -> list[str]:
        """Returns the paths of some images, ``(n,)`` bool, in the order of the rows; or all."""
        found: list[str] = []
        for rows, group in self._groups([PATH], wanted):
            column = group.column(PATH)
            if wanted is not None:
                column = column.filter(arrow().array(wanted[rows]))
            names = column.to_pylist()
            found += names if not names or isinstance(names[0], str) else map(os.fsdecode, names)
        return found

    def unreadable(self) -> dict[int, OSError]:
        """Returns row to error for the images that could not be read."""
        errors: dict[int, OSError] = {}
        for rows, group in self._groups([ERROR]):
            column = group.column(ERROR)
            there = np.flatnonzero(column.is_valid().to_numpy())
            for place, text in zip(there.tolist(), column.take(there).to_pylist(), strict=True):
                errors[int(rows[place])] = as_error(os.fsdecode(text))
        return errors

    def signatures(self, descriptors: bool, grey: bool = False) -> Signatures:
        """Returns the whole table, with or without what only some choices need."""
        table = Signatures.blank(len(self), self.origin.hash_size)
        if grey:
            table.add_grey()
        names = [name for name in table.columns(grey) if descriptors or name != "descriptor"]
        for rows, group in self._groups(names):
            for name in group.column_names:  # one that no signature needs may be missing
                column = getattr(table, name)
                column[rows] = to_numpy(group.column(name), column)
        table.unreadable.update(self.unreadable())
        return table

    def _groups(
        self, columns: list[str], wanted: NDArray[np.bool_] | None = None
    ) -> Iterator[tuple[Rows, Any]]:
        """Yields rows and some columns of them; leaves out groups of which no row is wanted."""
        start = 0
        for file in self._files:
            with damage_named(file):
                shard = self._parquet.ParquetFile(file)
                has_changed = _stamp(file) != self._stamps[file]
                refuse_if(has_changed, "it has changed since it was opened")
            with shard:
                for number in range(shard.num_row_groups):
                    end = start + shard.metadata.row_group(number).num_rows
                    if wanted is None or wanted[start:end].any():
                        with damage_named(file):
                            group = shard.read_row_group(number, columns)
                        yield np.arange(start, end), group
                    start = end


def ways_of(group: Any) -> set[tuple[str, bool]]:
    """Returns the folders of images, and whether their previews were read."""
    paths, ways = (group.column(name).to_pylist() for name in (PATH, DECODE))
    return {
        (os.fsdecode(path).rpartition("/")[0], way == "preview")
        for path, way in zip(paths, ways, strict=True)
        if way is not None
    }


def refuse_two_ways(ways: Iterable[tuple[Path | str, set[tuple[str, bool]]]]) -> None:
    """Raises a ValueError for a folder read in two ways, given what :func:`ways_of` says of files.

    A shard has each camera read in one way; two shards of a folder need not agree.
    """
    found: dict[tuple[str, bool], Path | str] = {}
    for file, of_file in ways:
        for folder, by_preview in of_file:
            found.setdefault((folder, by_preview), file)
            if other := found.get((folder, not by_preview)):
                previews, whole = (file, other) if by_preview else (other, file)
                raise ValueError(
                    f"images of the folder {folder or '.'} are read by their previews in "
                    f"{previews}, and whole in {whole}; extract {previews} again with "
                    "--decode exact"
                )


def _stamp(file: Path) -> tuple[int, int, int]:
    with damage_named(file):
        status = file.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def as_error(text: str) -> OSError:
    """Returns the error that a shard records, without what would change a terminal's state."""
    shown = text if text.isprintable() else repr(text)[1:-1]
    for kind, beginning in KINDS_OF_ERRORS.items():
        if text.startswith(beginning):
            return kind(shown)
    return OSError(shown)
