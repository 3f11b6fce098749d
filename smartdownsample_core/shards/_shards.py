"""Signatures in Parquet files: one row per image, written as they come, read column by column."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..checks import KINDS_OF_ERRORS
from ..new_files import new_file, writing
from ..optional import arrow
from ..signatures import Signatures, assign_buckets
from ._origin import Origin, check_origins, damaged, metadata_of, read_origin

#: Rows that are in memory while a shard is written: 20 MB.
_ROWS_AT_A_TIME = 65_536

#: Bytes of the name that the file has until it is whole: with what is added, a name has 255.
_LONGEST_NAME = 200

_PATH, _BUCKET, _ERROR, _SIZE, _MTIME = "path", "bucket", "error", "file_size", "file_mtime_ns"

Rows = NDArray[np.int64]


def write_shard(
    output: Path,
    origin: Origin,
    paths: Sequence[str],
    stats: tuple[Rows, Rows],
    batches: Iterable[tuple[Rows, Signatures]],
) -> int:
    """Writes a shard, which is there as a whole or not at all.

    Args:
        output: the new file
        origin: what it is a part of
        paths: n image files
        stats: their sizes in bytes and times of change in ns, ``(n,)`` each, -1 where there is none
        batches: their signatures, as of :func:`smartdownsample_core.extract_batches`

    Returns:
        how many files could not be read

    Raises:
        ImportError: if the extra ``shards`` is not installed
        OSError: if it cannot be written
    """
    parquet = arrow().parquet
    schema = _schema(origin, paths)
    name = os.fsdecode(os.fsencode(output.name)[:_LONGEST_NAME])
    partial = output.with_name(f".{name}.{os.getpid()}.partial")
    n_unreadable = 0
    try:
        # Opened here, as pyarrow would name the partial file in its errors.
        with (
            _opened(partial, output) as sink,
            parquet.ParquetWriter(sink, schema, compression="zstd", use_dictionary=False) as to,
        ):
            for rows, table in _merged(batches, origin.hash_size):
                n_unreadable += len(table.unreadable)
                columns = _columns(schema, table, [paths[row] for row in rows.tolist()])
                columns |= {_SIZE: stats[0][rows], _MTIME: stats[1][rows]}
                with writing("--output", output):
                    to.write_table(_arrow(schema, columns))
        _put_in_place(partial, output)
    finally:
        partial.unlink(missing_ok=True)
    return n_unreadable


class Shards:
    """Several shards as one table; what is not asked for stays on disk."""

    def __init__(self, files: Sequence[Path], partial: bool = False) -> None:
        """Opens shards; those of a list that was divided count in the order of the list.

        Args:
            files: at least one
            partial: do without shards of a divided list that are missing

        Raises:
            ValueError: if one is no shard, or they do not belong together
        """
        self._parquet = arrow().parquet
        origins = [read_origin(file) for file in files]
        check_origins(files, origins, partial)
        by_number = sorted(zip(files, origins, strict=True), key=lambda shard: shard[1].number)
        self._files = [file for file, _ in by_number]
        self.origin = origins[0]
        self.folders = {origin.folder for origin in origins} - {""}
        self.base = os.path.commonpath([origin.base for origin in origins])
        self.has_descriptors = all(origin.descriptors for origin in origins)
        self._lengths = [self._length(file) for file in self._files]

    def __len__(self) -> int:
        return sum(self._lengths)

    def bucket_ids(self) -> NDArray[np.int16]:
        """Returns the bucket of every image, ``(n,)``; 2 bytes each are all that is read."""
        ids = np.empty(len(self), np.int16)
        for rows, group in self._groups([_BUCKET]):
            ids[rows] = group.column(_BUCKET).to_numpy()
        return ids

    def paths(self, wanted: NDArray[np.bool_] | None = None) -> list[str]:
        """Returns the paths of some images, ``(n,)`` bool, in the order of the rows; or all."""
        found: list[str] = []
        for rows, group in self._groups([_PATH], wanted):
            column = group.column(_PATH)
            if wanted is not None:
                column = column.filter(_mask(wanted[rows]))
            names = column.to_pylist()
            found += names if not names or isinstance(names[0], str) else map(os.fsdecode, names)
        return found

    def unreadable(self) -> dict[int, OSError]:
        """Returns row to error for the images that could not be read."""
        errors: dict[int, OSError] = {}
        for rows, group in self._groups([_ERROR]):
            column = group.column(_ERROR)
            there = np.flatnonzero(column.is_valid().to_numpy())
            for place, text in zip(there.tolist(), column.take(there).to_pylist(), strict=True):
                errors[int(rows[place])] = _as_error(os.fsdecode(text))
        return errors

    def signatures(self, descriptors: bool) -> Signatures:
        """Returns the whole table, with or without what only some choices need."""
        table = Signatures.blank(len(self), self.origin.hash_size)
        names = [name for name in Signatures.columns() if descriptors or name != "descriptor"]
        for rows, group in self._groups(names):
            for name in names:
                column = getattr(table, name)
                column[rows] = _to_numpy(group.column(name), column)
        table.unreadable.update(self.unreadable())
        return table

    def _groups(
        self, columns: list[str], wanted: NDArray[np.bool_] | None = None
    ) -> Iterator[tuple[Rows, Any]]:
        """Yields rows and some columns of them; leaves out groups of which no row is wanted."""
        start = 0
        for file in self._files:
            with self._parquet.ParquetFile(file) as shard:
                for number in range(shard.num_row_groups):
                    end = start + shard.metadata.row_group(number).num_rows
                    if wanted is None or wanted[start:end].any():
                        with _damage_named(file):
                            group = shard.read_row_group(number, columns).select(columns)
                        yield np.arange(start, end), group
                    start = end

    def _length(self, file: Path) -> int:
        with _damage_named(file):
            return int(self._parquet.read_metadata(file).num_rows)


@contextmanager
def _damage_named(file: Path) -> Iterator[None]:
    try:
        yield
    except (arrow().ArrowException, OSError, KeyError) as error:
        raise damaged(file, error) from error


def _schema(origin: Origin, paths: Sequence[str]) -> Any:
    """Names that are no valid text make all paths of a shard bytes."""
    pyarrow = arrow()
    try:
        "\n".join(paths).encode()
        text = pyarrow.string()
    except UnicodeEncodeError:
        text = pyarrow.binary()
    blank = Signatures.blank(0, origin.hash_size)
    columns = {name: _arrow_type(pyarrow, getattr(blank, name)) for name in Signatures.columns()}
    columns = {_PATH: text, _BUCKET: pyarrow.int16(), **columns}
    columns |= {_SIZE: pyarrow.int64(), _MTIME: pyarrow.int64(), _ERROR: pyarrow.binary()}
    return pyarrow.schema(list(columns.items()), metadata=metadata_of(origin))


def _arrow_type(pyarrow: Any, column: NDArray[Any]) -> Any:
    if column.ndim == 1:
        return pyarrow.from_numpy_dtype(column.dtype)
    if column.dtype == np.uint8:
        return pyarrow.binary(column.shape[1])
    return pyarrow.list_(pyarrow.from_numpy_dtype(column.dtype), column.shape[1])


def _opened(partial: Path, output: Path) -> BinaryIO:
    with writing("--output", output):
        return partial.open("wb")


def _put_in_place(partial: Path, output: Path) -> None:
    """Gives a file its name, unless another job was faster."""
    try:
        os.link(partial, output)
    except FileExistsError:
        raise FileExistsError(
            f"{output} has been written by another job meanwhile; say --resume to take it as it is"
        ) from None
    except OSError:  # a file system without hard links
        with writing("--output", output):
            partial.rename(new_file("--output", output))


def _merged(
    batches: Iterable[tuple[Rows, Signatures]], hash_size: int
) -> Iterator[tuple[Rows, Signatures]]:
    """Joins consecutive batches to larger ones."""
    held: list[tuple[Rows, Signatures]] = []

    def joined() -> tuple[Rows, Signatures]:
        rows = np.concatenate([some for some, _ in held])
        table = Signatures.blank(len(rows), hash_size)
        for some, batch in held:
            table.put(some - rows[0], batch)
        held.clear()
        return rows, table

    for rows, batch in batches:
        held.append((rows, batch))
        if rows[-1] + 1 - held[0][0][0] >= _ROWS_AT_A_TIME:
            yield joined()
    if held:
        yield joined()


def _columns(schema: Any, table: Signatures, paths: list[str]) -> dict[str, Any]:
    as_bytes = schema.field(_PATH).type != "string"
    errors = [table.unreadable.get(row) for row in range(len(table))]
    return {
        _PATH: [os.fsencode(path) for path in paths] if as_bytes else paths,
        _BUCKET: assign_buckets(table),
        _ERROR: [None if error is None else os.fsencode(str(error)) for error in errors],
        **{name: getattr(table, name) for name in table.columns()},
    }


def _arrow(schema: Any, columns: dict[str, Any]) -> Any:
    pyarrow = arrow()
    arrays = []
    for field in schema:
        values = columns[field.name]
        if not isinstance(values, np.ndarray) or values.ndim == 1:
            arrays.append(pyarrow.array(values, field.type))
        elif values.dtype == np.uint8:
            data = pyarrow.py_buffer(np.ascontiguousarray(values))
            arrays.append(pyarrow.Array.from_buffers(field.type, len(values), [None, data]))
        else:
            flat = pyarrow.array(np.ascontiguousarray(values).reshape(-1))
            arrays.append(pyarrow.FixedSizeListArray.from_arrays(flat, values.shape[1]))
    return pyarrow.Table.from_arrays(arrays, schema=schema)


def _to_numpy(column: Any, like: NDArray[Any]) -> NDArray[Any]:
    """The inverse of :func:`_arrow` for one column."""
    if like.ndim == 1:
        return np.asarray(column.to_numpy())
    parts = [
        np.frombuffer(chunk.buffers()[1], np.uint8).reshape(-1, like.shape[1])[
            chunk.offset : chunk.offset + len(chunk)
        ]
        if like.dtype == np.uint8
        else chunk.flatten().to_numpy().reshape(-1, like.shape[1])
        for chunk in column.chunks
    ]
    return np.concatenate([like[:0], *parts])


def _mask(wanted: NDArray[np.bool_]) -> Any:
    return arrow().array(wanted)


def _as_error(text: str) -> OSError:
    for kind, beginning in KINDS_OF_ERRORS.items():
        if text.startswith(beginning):
            return kind(text)
    return OSError(text)
