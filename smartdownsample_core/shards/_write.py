"""Writing a shard, as its signatures come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..new_files import writing
from ..optional import arrow
from ..partial_files import complete_file, remove_abandoned
from ..signatures import Signatures
from ._columns import schema_of, to_arrow
from ._origin import Origin
from ._seal import seal

#: Rows that are in memory while a shard is written: 20 MB.
_ROWS_AT_A_TIME = 65_536

#: What asks for the file, in errors.
_NAME = "--output"

Rows = NDArray[np.int64]


def write_shard(
    output: Path,
    origin: Origin,
    paths: Sequence[str],
    stats: tuple[Rows, Rows],
    batches: Iterable[tuple[Rows, Signatures]],
) -> int:
    """Writes a shard, which is there as a whole or not at all.

    What killed processes have left of shards of this name is removed.

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
        FileExistsError: if another job was faster
        OSError: if it cannot be written
    """
    parquet = arrow().parquet
    schema = schema_of(origin, paths)
    n_unreadable = 0
    remove_abandoned(output.parent, output.name)
    try:
        with complete_file(_NAME, output) as stream:
            with writing(_NAME, output):
                shard = parquet.ParquetWriter(
                    stream, schema, compression="zstd", use_dictionary=False
                )
            with _closed(shard, output):
                for rows, table in _merged(batches, origin.hash_size):
                    n_unreadable += len(table.unreadable)
                    names = [paths[row] for row in rows.tolist()]
                    group = to_arrow(schema, table, names, stats[0][rows], stats[1][rows])
                    with writing(_NAME, output):
                        shard.write_table(group)
            with writing(_NAME, output):
                seal(stream)
    except FileExistsError as error:
        raise FileExistsError(
            f"{output} has been written by another job meanwhile; --resume accepts it if it is of "
            "the same images"
        ) from error
    return n_unreadable


@contextmanager
def _closed(shard: Any, output: Path) -> Iterator[None]:
    """Completes a Parquet file, or gives up on it."""
    try:
        yield
        with writing(_NAME, output):
            shard.close()
    except BaseException:
        with suppress(OSError, arrow().ArrowException):
            shard.close()
        shard.is_open = False  # or it would try again when it is deleted
        raise


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
