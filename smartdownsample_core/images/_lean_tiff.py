"""TIFF files without the tags that do not say how pixels are stored; see :mod:`._lean`."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import limits

#: Type to bytes of one value.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4} | {
    16: 8,
    17: 8,
    18: 8,
}
_WIDTH, _LENGTH, _COMPRESSION, _OFFSETS, _ROWS, _COUNTS = 256, 257, 259, 273, 278, 279
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_COUNTS = 322, 323, 324, 325

#: Tags that Pillow or libtiff decode pixels by, also of rare compressions.
_KEPT = {
    254, _WIDTH, _LENGTH, 258, _COMPRESSION, 262, 266, _OFFSETS, 274, 277, _ROWS, _COUNTS, 284,
    292, 293, 317, 320, _TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_COUNTS, 332, 338, 339,
    347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 37439, 50674,
}  # fmt: skip
_OF_JPEG = (6, 7)


def lean_tiff(data: bytes) -> bytes:
    """Keeps the tags of the first image that matter, and drops the link to the next one.

    Raises:
        RefusedError: if the values of these tags take too much, or strips or tiles are larger than
            the image or overlap
    """
    try:
        return _lean_tiff(data)
    except struct.error:  # cut off
        return data


def _lean_tiff(data: bytes) -> bytes:
    order = "<" if data[:2] == b"II" else ">"
    is_big = 43 in (data[2], data[3])
    n_format, entry, offset = ("Q", "HHQ8s", "Q") if is_big else ("H", "HHI4s", "I")
    (start,) = struct.unpack_from(order + offset, data, 8 if is_big else 4)
    (n_entries,) = struct.unpack_from(order + n_format, data, start)
    limits.check_count(n_entries, "tags")
    first = start + struct.calcsize(order + n_format)
    size, inline = struct.calcsize(order + entry), struct.calcsize(offset)
    kept: list[bytes] = []
    values: dict[int, NDArray[Any]] = {}
    n_bytes = 0
    for place in range(first, first + n_entries * size, size):
        tag, kind, count, value = struct.unpack_from(order + entry, data, place)
        if tag not in _KEPT:
            continue
        length = count * _SIZES.get(kind, 1)
        n_bytes += length
        limits.check_tables(n_bytes)
        kept.append(data[place : place + size])
        if length > inline:
            (at,) = struct.unpack(order + offset, value)
            value = data[at : at + length]
        if kind in (3, 4, 16):
            wide = np.dtype(order + {3: "u2", 4: "u4", 16: "u8"}[kind])
            values[tag] = np.frombuffer(value[: length - length % wide.itemsize], wide)
    _check_segments(data, values)
    directory = b"".join(
        [struct.pack(order + n_format, len(kept)), *kept, struct.pack(order + offset, 0)]
    )
    # Never longer than what was there: it has at most as many entries.
    view = memoryview(data)
    return b"".join([view[:start], directory, view[start + len(directory) :]])


def _check_segments(data: bytes, values: dict[int, NDArray[Any]]) -> None:
    """Checks the strips or tiles, each of which is decompressed on its own."""

    def one(tag: int, default: int = 0) -> int:
        found = values.get(tag)
        return int(found[0]) if found is not None and found.size else default

    width, length = one(_WIDTH), one(_LENGTH)
    tile = one(_TILE_WIDTH, 1) * one(_TILE_LENGTH, 1)
    if tile > max(4 * width * length, 2**24):
        raise limits.RefusedError(f"its tiles of {tile:,} pixels are larger than the image")
    offsets = values.get(_OFFSETS, values.get(_TILE_OFFSETS))
    counts = values.get(_COUNTS, values.get(_TILE_COUNTS))
    if offsets is None or counts is None:
        return
    if int(counts.sum(dtype=np.float64)) > limits.MAX_FILE_BYTES:
        raise limits.RefusedError("its strips or tiles overlap")
    if one(_COMPRESSION) in _OF_JPEG:
        for at, count in zip(offsets.tolist(), counts.tolist(), strict=False):
            limits.check_scans(data[at : at + count])
