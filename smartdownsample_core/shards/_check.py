"""Whether what a shard holds can be true: looked at as a whole when it is opened.

A checksum tells damage, but whoever makes a shard can make its checksum, too. So nothing in it is
taken for granted: no type, no number, and no path outside of the folder that it names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..images import is_remote
from ..optional import arrow
from ..signatures import N_BUCKETS, UNREADABLE, Signatures
from ._columns import BUCKET, ERROR, PATH, SIZE, schema_of, to_numpy
from ._damage import OtherVersionError, damage_named, refuse_if
from ._origin import Origin

#: Of a group of rows, which is in memory at once: 16 times what ``extract`` writes, and 4 KB for
#: each row of such a group.
_MOST_ROWS_OF_A_GROUP = 2**20
_MOST_BYTES_OF_A_GROUP = 2**28

_DECLARED = Signatures.columns(grey=True)

#: Columns that may be missing, or have gaps; whether there are thumbnails is said elsewhere.
_OPTIONAL = {name for name, column in _DECLARED.items() if not column.required} - {"grey"}

#: Smallest and largest value of the columns that are numbers; NaN stands for none.
_BOUNDS = {
    **{name: column.bounds for name, column in _DECLARED.items() if column.bounds},
    BUCKET: (UNREADABLE, N_BUCKETS - 1),
    SIZE: (-1, np.inf),
}


def check_shard(file: Path, origin: Origin) -> None:
    """Reads all of a shard, a group of rows at a time, and checks it.

    Raises:
        ValueError: names the file, what is wrong, and the remedy
    """
    with damage_named(file), arrow().parquet.ParquetFile(file) as shard:
        check_contents(shard, origin, os.path.getsize(file))


def check_contents(shard: Any, origin: Origin, file_size: int) -> None:
    """As :func:`check_shard`, of an open Parquet file of so many bytes."""
    _check_schema(shard.schema_arrow, origin)
    _check_sizes(shard, origin, file_size)
    for number in range(shard.num_row_groups):
        group = shard.read_row_group(number)
        is_cut_off = len(group) != shard.metadata.row_group(number).num_rows
        refuse_if(is_cut_off, "a group of images is cut off")
        group.validate(full=True)  # text that is none, offsets that point elsewhere
        _check_rows(group, origin)


def _check_sizes(shard: Any, origin: Origin, file_size: int) -> None:
    """Raises a ValueError for more images than are there, or than memory should hold at once."""
    metadata = shard.metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    n_rows = sum(group.num_rows for group in groups)
    is_count = n_rows == metadata.num_rows == len(origin)
    refuse_if(not is_count, f"it has {n_rows:,} images instead of {len(origin):,}")
    # However well they are compressed, no two paths are the same.
    refuse_if(n_rows > file_size, f"it is too small to hold {n_rows:,} images")
    for number, group in enumerate(groups):
        refuse_if(
            group.num_rows > _MOST_ROWS_OF_A_GROUP
            or not 0 <= group.total_byte_size <= _MOST_BYTES_OF_A_GROUP,
            "it has a group of images that is too large to be read at once",
        )
        # PyArrow's column() ends the process if a column's statistics are damaged; this raises.
        next(shard.iter_batches(1, [number]), None)
        # One that says a value once, for all of its rows, is larger than it seems.
        columns = (group.column(place) for place in range(group.num_columns))
        is_plain = all({"PLAIN", "RLE"}.issuperset(column.encodings) for column in columns)
        refuse_if(not is_plain, "it has columns in an encoding that 'extract' does not write")


def _check_schema(schema: Any, origin: Origin) -> None:
    for field in schema_of(origin):
        place = schema.get_field_index(field.name)
        if field.name in _OPTIONAL and field.name not in schema.names:
            continue
        refuse_if(place < 0, f"column '{field.name}' is missing, or there twice")
        kind = schema.field(place).type
        is_right = kind == field.type or (field.name == PATH and kind == "binary")
        is_measured = field.name in _DECLARED and _DECLARED[field.name].measure
        if not is_right and is_measured and arrow().types.is_fixed_size_binary(kind):
            raise OtherVersionError(
                f"has signatures of another version ({field.name} of {kind.byte_width} bytes "
                f"instead of {field.type.byte_width}); extract it again"
            )
        refuse_if(not is_right, f"column '{field.name}' is of type {kind} instead of {field.type}")


def _check_rows(group: Any, origin: Origin) -> None:
    for field in schema_of(origin):
        has_gaps = field.name not in (ERROR, *_OPTIONAL) and group.column(field.name).null_count
        refuse_if(has_gaps, f"column '{field.name}' has gaps")
    blank = Signatures.blank(0, origin.hash_size)
    for name, (smallest, largest) in _BOUNDS.items():
        if name not in group.column_names:
            continue
        values = to_numpy(group.column(name), getattr(blank, name, np.empty(0)))
        is_out = ((values < smallest) | (values > largest)).any()
        refuse_if(is_out, f"column '{name}' has values outside of {smallest} to {largest}")
    ids = group.column(BUCKET).to_numpy()
    failed = group.column(ERROR).is_valid().to_numpy()
    has_no_mean = np.isnan(to_numpy(group.column("mean_rgb"), blank.mean_rgb))
    refuse_if(
        ((ids == UNREADABLE) != failed).any() or (has_no_mean != failed[:, None]).any(),
        "images that could not be read have signatures, or others have none",
    )
    _check_paths(group.column(PATH), origin)


def _check_paths(paths: Any, origin: Origin) -> None:
    """Raises a ValueError if a local file is not below the folder that all are said to be below.

    Where copies go follows from the way from that folder to the file.
    """
    compute = arrow().compute
    is_clean = compute.starts_with(paths, os.path.join(origin.base, ""))
    for detour in ("/..", "//"):
        is_clean = compute.and_not(is_clean, compute.match_substring(paths, detour))
    for path in paths.filter(compute.invert(is_clean)).to_pylist():
        name = os.fsdecode(path)
        if is_remote(name):
            continue
        refuse_if(
            not origin.folder and not os.path.isabs(name),
            "it has relative paths, and does not say from which folder they start",
        )
        full = os.path.normpath(os.path.join(origin.folder, name))
        is_below = os.path.commonpath([full, origin.base]) == origin.base
        refuse_if(not is_below, f"{name!r} is not below the folder of its images, {origin.base!r}")
