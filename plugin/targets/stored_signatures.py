"""Signatures in a dataset: read where they still hold, and written."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import fiftyone as fo
import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Signatures, assign_buckets, bucket_name
from smartdownsample_core.images import Item
from smartdownsample_core.selection import sort_key
from smartdownsample_core.settings import Decode
from smartdownsample_core.signatures import DESCRIPTOR_SIZE, UNREADABLE, from_hex

from .. import names
from . import kinds
from ._items import Samples
from ._local import localized

#: Samples whose stored signatures are held as Python values at a time, of 2.5 kB each.
_LOADED_AT_A_TIME = 20_000

#: Sub-fields that a signature is read from, one by one, and those that hold a column each.
_STORED = ("descriptor", "dhash", "ahash", "mean_red", "mean_green", "mean_blue")
_COLUMNS = {"sharpness": "sharpness", "clipped_dark": "dark", "clipped_bright": "bright"}
_STAMP = ("decode", "hash_size", "file_size", "file_mtime", "file_path")
_NO_VALUES = dict.fromkeys(name for name, _, _ in names.SUBFIELDS)


@dataclass(frozen=True, eq=False)
class Target:
    """The items of a run as they were when it began, with the signatures they already had."""

    items: Samples
    """what they are"""
    ids: list[str]
    documents: list[str]
    """ids of the documents in the database that they are in"""
    paths: list[str]
    sources: Sequence[Item]
    """what to sign"""
    signatures: Signatures
    stamps: list[tuple[Any, ...]]
    """of each source, taken before it is read: :func:`file_stamp`, path and, of a crop, its box"""
    stale: NDArray[np.int64]
    """``(m,)``; the rows that have no signature, or one of another file, hash size or decode"""


def load(
    view: fo.DatasetView, field: str, hash_size: int, decode: Decode, recompute: bool
) -> Target:
    """Reads ids, paths and the signatures that still hold.

    Args:
        view: a flat view
        field: name of the signature field; it need not exist
        hash_size: the hash size that a signature must have to be reused
        decode: how it must have been made to be reused; exact ones are as good as fast ones
        recompute: reuse none
    """
    items = kinds.of(view)
    wanted = (*_STORED, *_COLUMNS, *_STAMP, *(name for name, _, _ in items.subfields))
    fields = [f"{field}.{name}" for name in wanted]
    ids, paths = items.read(view, ())
    sources = items.sources(view, paths)
    has_crops = sources is not paths
    files = {path: (*file_stamp(path), path) for path in dict.fromkeys(paths)}
    stamps = [
        (*files[path], *items.stamps(source)) for path, source in zip(paths, sources, strict=True)
    ]
    signatures = Signatures.blank(len(ids), hash_size)
    is_stale = np.ones(len(ids), bool)
    if not recompute and all(items.has(view, name) for name in fields):
        # What is known of crops is kept on their samples, which are read as a whole.
        at_a_time = len(ids) if has_crops else _LOADED_AT_A_TIME
        for start in range(0, len(ids), max(at_a_time, 1)):
            some = ids[start : start + at_a_time]
            part = view if len(some) == len(ids) else view.select(some)
            found, _, *columns = items.read(part, fields)
            row_of = {one: row for row, one in enumerate(some, start)}
            stored = dict(zip(wanted, columns, strict=True))
            # A sample that was added since the ids were read has no row.
            good = _fill(signatures, [row_of.get(one) for one in found], stored, stamps, decode)
            is_stale[good] = False
    stale = np.flatnonzero(is_stale)
    if has_crops:  # crops of one file next to each other, so that it is decoded once
        stale = np.array(sorted(stale.tolist(), key=paths.__getitem__), dtype=np.int64)
    return Target(
        items,
        ids,
        items.documents(view, ids),
        paths,
        localized(view, ids, sources, stale),
        signatures,
        stamps,
        stale,
    )


def _fill(
    signatures: Signatures,
    rows: Sequence[int | None],
    stored: Mapping[str, Sequence[Any]],
    stamps: Sequence[tuple[Any, ...]],
    decode: Decode,
) -> list[int]:
    """Fills rows of the table with those stored signatures that hold; returns these rows."""
    hash_size = signatures.hash_size
    good, places, descriptors = [], [], []
    columns = zip(*(stored[name] for name in _STORED), strict=True)
    in_stamp = [name for name in stored if name not in (*_STORED, *_COLUMNS)]
    stored_stamps = zip(*(stored[name] for name in in_stamp), strict=True)
    for place, (row, values, stamp) in enumerate(zip(rows, columns, stored_stamps, strict=True)):
        if row is None or None in values:
            continue
        made_by, *rest = stamp
        if made_by not in ("exact", decode) or rest != [hash_size, *stamps[row]]:
            continue
        descriptor, dhash, ahash, *mean_rgb = values
        good.append(row)
        places.append(place)
        descriptors.append(b64decode(descriptor))
        signatures.dhash[row] = from_hex(dhash, hash_size**2)
        signatures.ahash[row] = from_hex(ahash, (hash_size // 2) ** 2)
        signatures.mean_rgb[row] = mean_rgb
    joined = np.frombuffer(b"".join(descriptors), np.uint8)
    signatures.descriptor[good] = joined.reshape(-1, DESCRIPTOR_SIZE)
    for name, column in _COLUMNS.items():
        getattr(signatures, column)[good] = [stored[name][place] for place in places]
    return good


def file_stamp(path: str) -> tuple[int | None, float | None]:
    """Returns the size and the time of the last change of a file; Nones if there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None, None
    return status.st_size, status.st_mtime


def write(
    dataset: fo.Dataset, field: str, target: Target, rows: NDArray[np.int64], decode: Decode
) -> None:
    """Writes the signatures of some rows of the target into the declared field, in one go."""
    stamp = (*_STAMP[2:], *(name for name, _, _ in target.items.subfields))
    documents = []
    signed = zip(rows.tolist(), _values(target.signatures.take(rows)), strict=True)
    for row, values in signed:
        values |= {"decode": decode, **dict(zip(stamp, target.stamps[row], strict=True))}
        values["sort_key"] = sort_key(target.paths[row])
        documents.append({"_cls": fo.DynamicEmbeddedDocument.__name__, **_NO_VALUES, **values})
    target.items.write(
        dataset,
        [target.ids[row] for row in rows],
        [target.documents[row] for row in rows],
        ((field, document) for document in documents),
    )


def _values(signatures: Signatures) -> Iterator[dict[str, Any]]:
    """Yields the sub-fields of each signature as plain Python values."""
    columns = zip(
        assign_buckets(signatures).tolist(),
        signatures.dhash_hex,
        signatures.ahash_hex,
        signatures.mean_rgb.tolist(),
        signatures.brightness.tolist(),
        signatures.color_variance.tolist(),
        signatures.descriptor,
        zip(*(getattr(signatures, name).tolist() for name in _COLUMNS.values()), strict=True),
        strict=True,
    )
    for row, column in enumerate(columns):
        bucket, dhash, ahash, (red, green, blue), brightness, variance, descriptor, rest = column
        if bucket == UNREADABLE:
            yield {"hash_size": signatures.hash_size, "error": str(signatures.unreadable[row])}
            continue
        yield {
            "hash_size": signatures.hash_size,
            "bucket": bucket,
            "bucket_name": bucket_name(bucket),
            "dhash": dhash,
            "ahash": ahash,
            "mean_red": red,
            "mean_green": green,
            "mean_blue": blue,
            "brightness": brightness,
            "color_variance": variance,
            "descriptor": b64encode(descriptor).decode(),
            **dict(zip(_COLUMNS, rest, strict=True)),
        }
