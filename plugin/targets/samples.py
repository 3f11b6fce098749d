"""Samples to arrays and back: the only module that knows the fields of a signature."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import fiftyone as fo
import numpy as np
from bson import json_util
from fiftyone.core.stages import ExcludeFields, GroupBy, SelectFields
from numpy.typing import NDArray

from smartdownsample_core import Signatures, assign_buckets, bucket_name
from smartdownsample_core.images import Item
from smartdownsample_core.selection import sort_key
from smartdownsample_core.settings import Decode
from smartdownsample_core.signatures import DESCRIPTOR_SIZE, UNREADABLE, from_hex

from .. import names
from . import kinds as targets
from ._items import Samples, note_of
from ._local import localized

#: Samples whose stored signatures are held as Python values at a time, of 2.5 kB each.
_LOADED_AT_A_TIME = 20_000

_HIDING = (SelectFields, ExcludeFields)

#: Sub-fields that a signature is read from, one by one, and those that hold a column each.
_STORED = ("descriptor", "dhash", "ahash", "mean_red", "mean_green", "mean_blue")
_COLUMNS = {"sharpness": "sharpness", "clipped_dark": "dark", "clipped_bright": "bright"}
_STAMP = ("decode", "hash_size", "file_size", "file_mtime")
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
    """of each source, taken before it is read; see :func:`file_stamp`"""
    stale: NDArray[np.int64]
    """``(m,)``; the rows that have no signature, or one of another file, hash size or decode"""


def flat(view: fo.DatasetView, group_slice: str = "") -> fo.DatasetView:
    """Returns the view with all fields and without groups.

    Of a grouped dataset that is one slice; of a view that groups samples dynamically, as our bucket
    view does, all of its samples. Fields that the view hides are shown, because ours may be among
    them.

    Args:
        view: the view
        group_slice: the slice; that which is active if there is none of this name
    """
    stages = [stage for stage in view._stages if not isinstance(stage, _HIDING)]
    if stages and isinstance(stages[-1], GroupBy):
        stages.pop()
    # Patches, frames and clips are left as they are, to be refused: they are no views of samples.
    if len(stages) < len(view._stages) and type(view) is fo.DatasetView:
        view = fo.load_dataset(view.dataset_name).view()
        for stage in stages:
            view = view.add_stage(stage)
    if view._is_dynamic_groups:
        view = view.flatten()
    if view.media_type != "group":
        return view
    known = group_slice in view.group_slices
    return view.select_group_slices(group_slice if known else view.group_slice)


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
    items = targets.of(view)
    wanted = (*_STORED, *_COLUMNS, *_STAMP, *(name for name, _, _ in items.subfields))
    fields = [f"{field}.{name}" for name in wanted]
    ids, paths = items.read(view, ())
    sources = items.sources(view, paths)
    has_crops = sources is not paths
    files = {path: file_stamp(path) for path in dict.fromkeys(paths)}
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


def declare(dataset: fo.Dataset, items: Samples, field: str, wanted_by_user: bool) -> None:
    """Declares the signature field with all its sub-fields and the indexes on the bucket.

    Args:
        dataset: the dataset
        items: what the field is of
        field: name of the field; nothing happens if it is declared already
        wanted_by_user: the user asked for the signatures as such, so that no undo removes them
    """
    stored = items.stored(field)
    if not dataset.has_field(stored):
        items.add_field(
            dataset,
            field,
            fo.EmbeddedDocumentField,
            embedded_doc_type=fo.DynamicEmbeddedDocument,
            description="Visual signature of the image, made by smartdownsample",
            info={names.METHOD: {"wanted_by_user": wanted_by_user}},
        )
    elif wanted_by_user and not is_wanted_by_user(dataset, stored):
        declared = dataset.get_field(stored)
        declared.info = {**declared.info, names.METHOD: {"wanted_by_user": True}}
        declared.save()
    for name, kind, description in (*names.SUBFIELDS, *items.subfields):
        if not dataset.has_field(f"{stored}.{name}"):
            items.add_field(dataset, f"{field}.{name}", kind, description=description)
    for indexed in ("bucket", "bucket_name"):  # what people group and filter by
        items.add_index(dataset, f"{field}.{indexed}")


def is_ours(dataset: fo.Dataset, field: str) -> bool:
    """Whether a field of the dataset was made by :func:`declare`."""
    return "wanted_by_user" in note_of(dataset, field)


def is_wanted_by_user(dataset: fo.Dataset, field: str) -> bool:
    """Whether the user asked for the signatures as such."""
    return bool(note_of(dataset, field)["wanted_by_user"])


def write_numbers(
    dataset: fo.Dataset,
    items: Samples,
    field: str,
    numbers: Mapping[str, int],
    description: str,
    run_key: str,
) -> None:
    """Declares a field of whole numbers that belongs to a run, and writes it.

    Args:
        dataset: the dataset
        items: what the field is of
        field: name of the field; there is none yet
        numbers: id of an item to its number
        description: of the field
        run_key: the run
    """
    info = {names.METHOD: {"run": run_key}}
    items.add_field(dataset, field, fo.IntField, description=description, info=info)
    items.add_index(dataset, field)
    located = items.located(dataset, list(numbers))
    ids, documents = [item for item, _ in located], [document for _, document in located]
    items.write(dataset, ids, documents, ((field, numbers[item]) for item in ids))


def is_of_run(dataset: fo.Dataset, field: str, run_key: str) -> bool:
    """Whether a field of the dataset was made by :func:`write_numbers` for a run."""
    return note_of(dataset, field).get("run") == run_key


def in_buckets(view: fo.DatasetView, field: str) -> fo.DatasetView:
    """Returns the samples of the view that have a bucket."""
    return view.exists(f"{field}.bucket")


def unreadable_ids(view: fo.DatasetView, field: str) -> set[str]:
    """Returns the ids of the samples whose image could not be read when it was tried."""
    if not view.has_field(field):
        return set()
    return set(view.exists(f"{field}.error").values("id"))


def made_with(dataset: fo.Dataset, field: str) -> dict[str, Any]:
    """Returns the settings that signatures of the field were made with; empty if there is none."""
    if not is_ours(dataset, field):
        return {}
    signed = in_buckets(dataset.view(), field).limit(1)
    hash_sizes, decodes = signed.values([f"{field}.hash_size", f"{field}.decode"])
    return {"hash_size": hash_sizes[0], "decode": decodes[0]} if hash_sizes else {}


def rebuild(dataset: fo.Dataset, stages: list[dict[str, Any]] | None) -> fo.DatasetView:
    """Returns the flat view that these stages, of :func:`stages_of`, describe."""
    return flat(fo.DatasetView._build(dataset, stages or []))


def stages_of(view: fo.DatasetView) -> list[dict[str, Any]]:
    """Returns a view's stages as plain values, which a browser or a request can hold."""
    stages: list[dict[str, Any]] = json.loads(json_util.dumps(view._serialize()))
    return stages
