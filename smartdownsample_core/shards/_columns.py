"""The columns of a shard: their types in Parquet, and from and to numpy."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..optional import arrow
from ..signatures import Signatures, assign_buckets
from ._origin import Origin, metadata_of

PATH, BUCKET, ERROR, SIZE, MTIME = "path", "bucket", "error", "file_size", "file_mtime_ns"


def schema_of(origin: Origin, paths: Sequence[str] = ()) -> Any:
    """Returns the schema of a shard; names that are no valid text make all its paths bytes."""
    pyarrow = arrow()
    try:
        "\n".join(paths).encode()
        text = pyarrow.string()
    except UnicodeEncodeError:
        text = pyarrow.binary()
    declared = Signatures.columns(origin.grey)
    columns = {name: _type_of(one.blank(0, origin.hash_size)) for name, one in declared.items()}
    columns = {PATH: text, BUCKET: pyarrow.int16(), **columns}
    columns |= {SIZE: pyarrow.int64(), MTIME: pyarrow.int64(), ERROR: pyarrow.binary()}
    return pyarrow.schema(list(columns.items()), metadata=metadata_of(origin))


def to_arrow(
    schema: Any, table: Signatures, paths: list[str], sizes: NDArray[Any], mtimes: NDArray[Any]
) -> Any:
    """Returns n signatures, with what else is known of their files, as an Arrow table."""
    as_bytes = schema.field(PATH).type != "string"
    grey = "grey" in schema.names
    if grey:
        table.add_grey()  # if none of these could be read
    errors = [table.unreadable.get(row) for row in range(len(table))]
    columns = {
        PATH: [os.fsencode(path) for path in paths] if as_bytes else paths,
        BUCKET: assign_buckets(table),
        SIZE: sizes,
        MTIME: mtimes,
        ERROR: [None if error is None else os.fsencode(str(error)) for error in errors],
        **{name: getattr(table, name) for name in table.columns(grey)},
    }
    arrays = [_array(columns[field.name], field.type) for field in schema]
    return arrow().Table.from_arrays(arrays, schema=schema)


def to_numpy(column: Any, like: NDArray[Any]) -> NDArray[Any]:
    """Returns a column of a shard as an array like one of :class:`Signatures`."""
    if like.dtype == object:  # a text that many images share is in memory once
        texts = column.combine_chunks().dictionary_encode()
        rows = texts.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        values = [*map(sys.intern, texts.dictionary.to_pylist()), None]
        return np.asarray(np.array(values, object)[rows])
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


def _type_of(column: NDArray[Any]) -> Any:
    pyarrow = arrow()
    if column.dtype == object:
        return pyarrow.string()
    if column.ndim == 1:
        return pyarrow.from_numpy_dtype(column.dtype)
    if column.dtype == np.uint8:
        return pyarrow.binary(column.shape[1])
    return pyarrow.list_(pyarrow.from_numpy_dtype(column.dtype), column.shape[1])


def _array(values: Any, kind: Any) -> Any:
    pyarrow = arrow()
    if not isinstance(values, np.ndarray) or values.ndim == 1:
        return pyarrow.array(values, kind)
    if values.dtype == np.uint8:
        data = pyarrow.py_buffer(np.ascontiguousarray(values))
        return pyarrow.Array.from_buffers(kind, len(values), [None, data])
    flat = pyarrow.array(np.ascontiguousarray(values).reshape(-1))
    return pyarrow.FixedSizeListArray.from_arrays(flat, values.shape[1])
