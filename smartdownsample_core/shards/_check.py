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
from ._origin import Origin, damage_named

#: More than any program puts into a group of its own accord: a group is in memory at once.
_MOST_ROWS_OF_A_GROUP = 2**20

#: Smallest and largest value of the columns that are numbers; NaN stands for none.
_BOUNDS = {
    "mean_rgb": (0, 255),
    "sharpness": (0, np.inf),
    "dark": (0, 1),
    "bright": (0, 1),
    SIZE: (-1, np.inf),
}


def check_shard(file: Path, origin: Origin) -> None:
    """Reads all of a shard, a group of rows at a time, and checks it.

    Raises:
        ValueError: names the file, what is wrong, and the remedy
    """
    with damage_named(file), arrow().parquet.ParquetFile(file) as shard:
        _check_schema(shard.schema_arrow, origin)
        lengths = [
            shard.metadata.row_group(number).num_rows for number in range(shard.num_row_groups)
        ]
        if sum(lengths) != len(origin) or shard.metadata.num_rows != len(origin):
            raise ValueError(
                f"it has {shard.metadata.num_rows:,} images instead of {len(origin):,}"
            )
        # However well they are compressed, no two paths are the same.
        if len(origin) > os.path.getsize(file):
            raise ValueError(f"it is too small to hold {len(origin):,} images")
        if max(lengths, default=0) > _MOST_ROWS_OF_A_GROUP:
            raise ValueError(f"it has a group of more than {_MOST_ROWS_OF_A_GROUP:,} images")
        for number, length in enumerate(lengths):
            group = shard.read_row_group(number)
            if len(group) != length:
                raise ValueError("a group of images is cut off")
            group.validate(full=True)  # text that is none, offsets that point elsewhere
            _check_rows(group, origin)


def _check_schema(schema: Any, origin: Origin) -> None:
    for field in schema_of(origin):
        place = schema.get_field_index(field.name)
        if place < 0:
            raise ValueError(f"column '{field.name}' is missing, or there twice")
        kind = schema.field(place).type
        if kind != field.type and not (field.name == PATH and kind == "binary"):
            raise ValueError(f"column '{field.name}' is of type {kind} instead of {field.type}")


def _check_rows(group: Any, origin: Origin) -> None:
    for field in schema_of(origin):
        if field.name != ERROR and group.column(field.name).null_count:
            raise ValueError(f"column '{field.name}' has gaps")
    blank = Signatures.blank(0, origin.hash_size)
    for name, (smallest, largest) in _BOUNDS.items():
        values = to_numpy(group.column(name), getattr(blank, name, np.empty(0)))
        if ((values < smallest) | (values > largest)).any():
            raise ValueError(f"column '{name}' has values outside of {smallest} to {largest}")
    ids = group.column(BUCKET).to_numpy()
    if ((ids < UNREADABLE) | (ids >= N_BUCKETS)).any():
        raise ValueError(f"column '{BUCKET}' has values outside of {UNREADABLE} to {N_BUCKETS - 1}")
    failed = group.column(ERROR).is_valid().to_numpy()
    means = to_numpy(group.column("mean_rgb"), blank.mean_rgb)
    if ((ids == UNREADABLE) != failed).any() or (np.isnan(means) != failed[:, None]).any():
        raise ValueError("images that could not be read have signatures, or others have none")
    _check_paths(group.column(PATH), origin)


def _check_paths(paths: Any, origin: Origin) -> None:
    """Raises a ValueError if a local file is not below the folder that all are said to be below.

    Where copies go follows from the way from that folder to the file.
    """
    compute = arrow().compute
    clean = compute.starts_with(paths, os.path.join(origin.base, ""))
    for detour in ("/../", "/..", "//"):
        clean = compute.and_not(clean, compute.match_substring(paths, detour))
    for path in paths.filter(compute.invert(clean)).to_pylist():
        name = os.fsdecode(path)
        if is_remote(name):
            continue
        if not origin.folder and not os.path.isabs(name):
            raise ValueError("it has relative paths, and does not say from which folder they start")
        full = os.path.normpath(os.path.join(origin.folder, name))
        if os.path.commonpath([full, origin.base]) != origin.base:
            raise ValueError(f"{name!r} is not below the folder of its images, {origin.base!r}")
