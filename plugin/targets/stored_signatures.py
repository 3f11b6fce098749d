"""Signatures in a dataset: read where they still hold, and written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import fiftyone as fo
import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Signatures, assign_buckets, bucket_name, natural_order
from smartdownsample_core.extraction import Cameras
from smartdownsample_core.images import Item
from smartdownsample_core.selection import sort_key
from smartdownsample_core.settings import BY_PREVIEW, Decode
from smartdownsample_core.signatures import UNREADABLE

from .. import names
from ..config import FindsStanding
from . import kinds
from ._items import Samples
from ._local import localized

#: Samples whose stored signatures are held as Python values at a time, of 2.5 kB each.
_LOADED_AT_A_TIME = 20_000

#: Sub-fields that tell what a signature was made of, and how.
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
    to_read: NDArray[np.int64]
    """``(k,)``; these and, by previews, the others of their cameras: see :func:`_with_cameras`"""
    cameras: Cameras | None
    """of the rows to read, by previews"""

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """``(n,)``; rows in natural order of their paths."""
        return natural_order(self.paths)


def load(
    view: fo.DatasetView,
    field: str,
    hash_size: int,
    decode: Decode,
    recompute: bool,
    standing: FindsStanding | None = None,
) -> Target:
    """Reads ids, paths and the signatures that still hold.

    Args:
        view: a flat view
        field: name of the signature field; it need not exist
        hash_size: the hash size that a signature must have to be reused
        decode: how it must have been made to be reused. Exact ones are as good as fast ones and,
            if all of their camera are so, as those of previews
        recompute: reuse none
        standing: which cameras are to be found to stand still, if any: load thumbnails, and
            reuse only signatures that have one, or of which it is known; parts of images have
            none, and are of no camera
    """
    items = kinds.of(view)
    stamp = (*_STAMP, *(name for name, _, _ in items.subfields))
    ids, paths = items.read(view, ())
    sources = items.sources(view, paths)
    finds_standing = standing is not None and items.are_images
    wanted = [*stamp, *_columns_of(view, items, field, finds_standing)]
    fields = [f"{field}.{name}" for name in wanted]
    files = {path: (*file_stamp(path), path) for path in dict.fromkeys(paths)}
    stamps = [
        (*files[path], *items.stamps(source)) for path, source in zip(paths, sources, strict=True)
    ]
    signatures = Signatures.blank(len(ids), hash_size)
    if finds_standing:
        signatures.add_grey()
    is_stale = np.ones(len(ids), bool)
    if not recompute and all(items.has(view, name) for name in fields):
        # What is known of crops is kept on their samples, which are read as a whole.
        at_a_time = _LOADED_AT_A_TIME if items.are_images else len(ids)
        for start in range(0, len(ids), max(at_a_time, 1)):
            some = ids[start : start + at_a_time]
            part = view if len(some) == len(ids) else view.select(some)
            found, _, *columns = items.read(part, fields)
            row_of = {one: row for row, one in enumerate(some, start)}
            stored = dict(zip(wanted, columns, strict=True))
            # A sample that was added since the ids were read has no row.
            rows = _still_hold(
                [row_of.get(one) for one in found],
                zip(*(stored[name] for name in stamp), strict=True),
                hash_size,
                stamps,
                decode,
            )
            is_stale[signatures.put_plain(rows, stored)] = False
    if standing and finds_standing:
        is_stale |= ~_is_settled(signatures, standing)
    cameras = Cameras.of(paths) if decode in BY_PREVIEW and items.are_images else None
    if cameras is not None:
        is_stale |= _of_another_way(cameras, signatures)
    stale = to_read = np.flatnonzero(is_stale)
    if not items.are_images:  # crops of one file next to each other, so that it is decoded once
        stale = to_read = np.array(sorted(stale.tolist(), key=paths.__getitem__), dtype=np.int64)
    if cameras is not None:
        to_read, cameras = _with_cameras(cameras, is_stale, signatures)
    return Target(
        items,
        ids,
        items.documents(view, ids),
        paths,
        localized(view, ids, sources, to_read),
        signatures,
        stamps,
        stale,
        to_read,
        cameras,
    )


def _is_settled(signatures: Signatures, standing: FindsStanding) -> NDArray[np.bool_]:
    """Whether each image has a thumbnail, or what would be found by it is known, ``(n,)``."""
    if signatures.grey is None:
        return np.ones(len(signatures), bool)
    return np.asarray(signatures.grey.any(axis=1) | is_known(signatures, standing))


def is_known(signatures: Signatures, standing: FindsStanding) -> NDArray[np.bool_]:
    """Whether it is known of each image which standing camera took it, if any, ``(n,)``."""
    # What was taken for no standing camera among others may be one of those that a person names.
    return signatures.standing > 0 if standing == "all" else signatures.standing != 0


def _of_another_way(cameras: Cameras, signatures: Signatures) -> NDArray[np.bool_]:
    """Blanks the signatures that were not read as most of their camera; returns which they are."""
    are_other = np.zeros(len(signatures), bool)
    by_preview, exactly = (signatures.decode == way for way in ("preview", "exact"))
    if by_preview.any() and exactly.any():
        for rows in cameras.groups():
            others = exactly if by_preview[rows].sum() > exactly[rows].sum() else by_preview
            are_other[rows] = others[rows]
        others = np.flatnonzero(are_other)
        signatures.put(others, Signatures.blank(len(others), signatures.hash_size))
    return are_other


def _with_cameras(
    cameras: Cameras, is_stale: NDArray[np.bool_], signatures: Signatures
) -> tuple[NDArray[np.int64], Cameras]:
    """Returns the rows of all cameras with a stale one, and what is known of them.

    Images that were added to a camera may decide how all of it is read.
    """
    labels = cameras.labels
    wanted = {labels[row] for row in np.flatnonzero(is_stale).tolist()}
    rows = [row for row, label in enumerate(labels) if label in wanted]
    known = signatures.decode.copy()
    known[is_stale] = None
    return np.array(rows, np.int64), Cameras([labels[row] for row in rows], known[rows])


def _columns_of(view: fo.DatasetView, items: Samples, field: str, grey: bool) -> list[str]:
    """Returns the sub-fields to read columns from: those that are there, or have to be."""
    return [
        name
        for column in Signatures.columns(grey).values()
        for name in column.subfields
        if column.required or items.has(view, f"{field}.{name}")
    ]


def _still_hold(
    rows: Sequence[int | None],
    stored: Iterable[tuple[Any, ...]],
    hash_size: int,
    stamps: Sequence[tuple[Any, ...]],
    decode: Decode,
) -> list[int | None]:
    """Returns the rows whose files and settings are those of their stored stamps, else None."""
    ways = ("exact", "preview" if decode in BY_PREVIEW else decode)
    return [
        row if row is not None and made_by in ways and rest == [hash_size, *stamps[row]] else None
        for row, (made_by, *rest) in zip(rows, stored, strict=True)
    ]


def file_stamp(path: str) -> tuple[int | None, float | None]:
    """Returns the size and the time of the last change of a file; Nones if there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None, None
    return status.st_size, status.st_mtime


def write(dataset: fo.Dataset, field: str, target: Target, rows: NDArray[np.int64]) -> None:
    """Writes the signatures of some rows of the target into the declared field, in one go."""
    stamp = (*_STAMP[2:], *(name for name, _, _ in target.items.subfields))
    documents = []
    for row, values in zip(rows.tolist(), _values(target.signatures.take(rows)), strict=True):
        values |= zip(stamp, target.stamps[row], strict=True)
        values["sort_key"] = sort_key(target.paths[row])
        documents.append({"_cls": fo.DynamicEmbeddedDocument.__name__, **_NO_VALUES, **values})
    target.items.write(
        dataset,
        [target.ids[row] for row in rows],
        [target.documents[row] for row in rows],
        ({field: document} for document in documents),
    )


def write_standing(
    dataset: fo.Dataset,
    field: str,
    target: Target,
    rows: NDArray[np.int64],
    are_dropped: NDArray[np.bool_],
) -> None:
    """Writes which standing camera took some images, and their activity, into signatures.

    Args:
        dataset: the dataset
        field: name of the signature field
        target: its samples
        rows: ``(m,)``; which of them
        are_dropped: ``(m,)``; whether their thumbnails are deleted
    """
    signatures, columns = target.signatures, Signatures.columns(grey=True)
    plain = {
        f"{field}.{subfield}": values
        for name in ("standing", "activity")
        for subfield, values in zip(
            columns[name].subfields,
            columns[name].to_plain(getattr(signatures, name)[rows], signatures.hash_size),
            strict=True,
        )
    }
    no_thumbnail = {f"{field}.{subfield}": None for subfield in columns["grey"].subfields}
    found = (dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True))
    target.items.write(
        dataset,
        [target.ids[row] for row in rows],
        [target.documents[row] for row in rows],
        (
            values | no_thumbnail if is_dropped else values
            for values, is_dropped in zip(found, are_dropped.tolist(), strict=True)
        ),
        are_plain=True,
    )


def _values(signatures: Signatures) -> Iterator[dict[str, Any]]:
    """Yields the sub-fields of each signature as plain Python values."""
    buckets = assign_buckets(signatures).tolist()
    bucket_names = {bucket: bucket_name(bucket) for bucket in set(buckets)}
    stored = {
        "bucket": buckets,
        "bucket_name": [bucket_names[bucket] for bucket in buckets],
        "brightness": signatures.brightness.tolist(),
        "color_variance": signatures.color_variance.tolist(),
        **signatures.to_plain(),
    }
    for row, values in enumerate(zip(*stored.values(), strict=True)):
        document: dict[str, Any] = {"hash_size": signatures.hash_size}
        if buckets[row] == UNREADABLE:
            yield document | {"error": str(signatures.unreadable[row])}
        else:
            yield document | dict(zip(stored, values, strict=True))
