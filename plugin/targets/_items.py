"""What is chosen among, and where what is known of it is kept: here samples.

Groups, patches and frames have modules of their own. The views of the last two are of datasets that
FiftyOne generates, so that a field has one path in the view and another in the dataset. What is
written goes into the dataset, and what is read comes from it, as it is now.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from types import MappingProxyType
from typing import Any

import fiftyone as fo
from bson import ObjectId
from fiftyone import ViewField as F
from pymongo import UpdateOne
from pymongo.errors import OperationFailure

from smartdownsample_core.images import Item

from .. import names

#: Ids that one view may select: a MongoDB pipeline holds 16 MB, an id takes about 27 bytes.
MAX_SELECTED_IDS = 100_000


class Samples:
    """Images that are samples, each chosen for itself."""

    key = "samples"
    """tells what a run was about, in its record"""
    noun = "samples"
    """what has signatures"""
    kept_noun = "samples"
    """what is counted by a target"""
    tag_kind = "tag"
    """what a person calls the mark of what is kept"""
    tagged = "samples"
    """what has that mark"""
    are_whole = True
    """whether their fields are those of the samples"""
    are_images = True
    """whether they are whole images, whose cameras may stand still"""
    subfields: tuple[tuple[str, Any, str], ...] = ()
    """of the signature, besides those of all items; they have to hold for it to be reused"""
    columns: Mapping[str, str] = MappingProxyType({})
    """of a list of what was kept, besides those of all items: name to path in their views"""

    def view_path(self, name: str) -> str:
        """Returns the path, in views of such items, of a field of ours."""
        return name

    def dataset_path(self, name: str) -> str:
        """Returns its path in the dataset."""
        return name

    def to_view_path(self, path: str) -> str:
        """Returns the path in views of a field of ours, by its path in the dataset."""
        return self.view_path(path.rpartition(".")[2])

    def is_reserved(self, name: str) -> bool:
        """Whether FiftyOne uses this name."""
        return hasattr(fo.Sample, name) or name == "frames"

    def has(self, view: fo.DatasetView, name: str) -> bool:
        """Whether the items of a view have a field of ours."""
        return bool(view.has_field(name))

    def read(self, view: fo.DatasetView, fields: Sequence[str]) -> list[list[Any]]:
        """Returns lists in the order of the view: ids, paths, and one for each field of ours."""
        ids, paths, *columns = view.values(["id", "filepath", *fields])
        return [ids, given_paths(paths), *columns]

    def documents(self, view: fo.DatasetView, ids: list[str]) -> list[str]:
        """Returns the ids of the documents in the database that the items of a view are in.

        Args:
            view: the view
            ids: of its items
        """
        return ids

    def located(self, dataset: fo.Dataset, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Returns the items with these ids that are still there, each with its document's id."""
        return [(item, item) for item in ids]

    def sources(self, view: fo.DatasetView, paths: list[str]) -> Sequence[Item]:
        """Returns what to sign: the files, unless it is parts of them."""
        return paths

    def titles(self, view: fo.DatasetView, paths: Sequence[str]) -> list[str]:
        """Returns what to call the items of a view, whose files have these paths."""
        return [os.path.basename(path) for path in paths]

    def stamps(self, source: Item) -> tuple[Any, ...]:
        """Returns the values of :attr:`subfields` for a source."""
        return ()

    def add_fields(self, dataset: fo.Dataset, declared: Mapping[str, fo.Field]) -> None:
        """Declares fields of such items, by name, in one write.

        What dataset.add_sample_field does for one field: writing a dataset's schema and reading it
        again, twice, takes 50 ms or more.
        """
        paths = {self.dataset_path(name): field for name, field in declared.items()}
        dataset._merge_sample_field_schema(paths)

    def add_index(self, dataset: fo.Dataset, name: str, kind: int | str = 1) -> None:
        """Makes a field fast to group and filter by, if MongoDB can have one index more (of 64)."""
        with contextlib.suppress(OperationFailure):
            dataset.create_index([(self.dataset_path(name), kind)])

    def delete_fields(self, dataset: fo.Dataset, paths: Sequence[str]) -> None:
        """Deletes fields by their paths in the dataset.

        Their indexes first, which FiftyOne would leave behind if it was killed.
        """
        for index in dataset.get_index_information():
            if index.split(".")[0] in paths:
                dataset.drop_index(index)
        if not paths:
            return
        if any("." in path for path in paths):
            dataset.delete_sample_fields(list(paths))
            return
        # As FiftyOne does, but that it reads all samples in memory again, for 2 ms each.
        dataset._sample_doc_cls._delete_fields(list(paths))
        fo.Sample._purge_fields(dataset._sample_collection_name, list(paths))
        dataset._reload()

    def write(
        self,
        dataset: fo.Dataset,
        ids: Sequence[str],
        documents: Sequence[str],
        values: Iterable[Mapping[str, Any]],
        are_plain: bool = False,
    ) -> None:
        """Sets declared fields of each of some items, in one go.

        What dataset.set_values does, but for the mongoengine document that it takes for each
        sample: making these takes 0.3 ms each, more than reading a small image does.

        Args:
            dataset: the dataset
            ids: of n items
            documents: ids of the documents that they are in
            values: of each item, field to value
            are_plain: they are numbers and texts, so that samples in memory are given them, by
                fields or sub-fields; others are read again, which takes 8 ms each
        """
        values = list(values)
        now = datetime.now(timezone.utc)
        updates = [
            UpdateOne(
                self._where(item, document),
                {"$set": {**{self._place(name): of[name] for name in of}, "last_modified_at": now}},
            )
            for item, document, of in zip(ids, documents, values, strict=True)
        ]
        if not updates:
            return
        if not (are_plain and self.are_whole):
            self._send(dataset, updates, documents)
            return
        self._send(dataset, updates, ())
        in_memory = fo.Sample._instances.get(dataset._sample_collection_name, {})
        for item, of in zip(ids, values, strict=True):
            if (sample := in_memory.get(item)) is not None:
                _put(sample._doc._data, {**of, "last_modified_at": now})

    def mark(self, dataset: fo.Dataset, ids: Sequence[str], tag: str) -> None:
        """Marks the items with these ids as kept."""
        for some in self._some(dataset, ids):
            some.tag_samples(tag)

    def unmark(self, dataset: fo.Dataset, tag: str) -> None:
        """Removes a mark."""
        self.marked(dataset, tag).untag_samples(tag)

    def unmark_some(self, dataset: fo.Dataset, ids: Sequence[str], tag: str) -> None:
        """Removes a mark from the items with these ids."""
        for some in self._some(dataset, ids):
            some.untag_samples(tag)

    def _some(self, dataset: fo.Dataset, ids: Sequence[str]) -> Iterator[fo.DatasetView]:
        """Yields views of all that is marked with the items with these ids."""
        for start in range(0, len(ids), MAX_SELECTED_IDS):
            yield all_slices(dataset).select(ids[start : start + MAX_SELECTED_IDS])

    @property
    def marks(self) -> tuple[Samples, ...]:
        """The kinds of items that have the mark."""
        return (self,)

    def count(self, view: fo.DatasetView, ids: Collection[str] | None = None) -> int:
        """Returns how many a target counts among the items of a view, or among some of them."""
        return len(view) if ids is None else len(ids)

    def count_marked(self, dataset: fo.Dataset, tag: str) -> int:
        """Returns how many there are with a mark."""
        return len(self.marked(dataset, tag))

    def count_kept(self, dataset: fo.Dataset, tag: str) -> int:
        """Returns how many items have a mark; of groups, these and not their samples."""
        return self.count_marked(dataset, tag)

    def mark_name(self, tag: str) -> str:
        """Returns what a person finds a mark under."""
        return tag

    def refused_tag(self, tag: str) -> str | None:
        """Says why a mark cannot have this name; None if it can."""
        return None

    def is_marked(self, dataset: fo.Dataset, tag: str) -> bool:
        """Whether anything has this mark."""
        return bool(self.marked(dataset, tag).limit(1))

    def kept(self, dataset: fo.Dataset, tag: str) -> fo.DatasetView:
        """Returns the view of all items with a mark."""
        return self.marked(dataset, tag)

    def everything(self, dataset: fo.Dataset) -> fo.DatasetView:
        """Returns the flat view of all such items of a dataset."""
        return all_slices(dataset)

    def marked(self, dataset: fo.Dataset, tag: str) -> fo.DatasetView:
        """Returns the flat view of all that has a mark."""
        return all_slices(dataset).match_tags(tag)

    def holding(self, dataset: fo.Dataset, name: str, value: Any) -> fo.DatasetView:
        """Returns the flat view of all items with a value in a field of ours."""
        return all_slices(dataset).match(F(name) == value)

    def marked_ids(self, view: fo.DatasetView, tag: str) -> list[str]:
        """Returns the ids of the items of a view that have a mark now."""
        ids: list[str] = view.match_tags(tag).values("id")
        return ids

    def with_mark(self, view: fo.DatasetView, tag: str, kept: bool = True) -> fo.DatasetView:
        """Returns the items of a view that have a mark, or have it not."""
        return view.match_tags(tag, bool=kept)

    def mark_in_views(self, tag: str) -> Any:
        """Returns the condition that an item of a view has a mark."""
        return F("tags").contains(tag)

    def _where(self, item: str, document: str) -> dict[str, Any]:
        return {"_id": ObjectId(document)}

    def _place(self, name: str) -> str:
        return name

    def _send(
        self, dataset: fo.Dataset, updates: list[UpdateOne], documents: Sequence[str]
    ) -> None:
        dataset._bulk_write(updates, ids=list(documents))


class Parts(Samples):
    """Parts of samples, such as patches and frames, of which FiftyOne generates a dataset."""

    are_whole = False

    def add_index(self, dataset: fo.Dataset, name: str, kind: int | str = 1) -> None:
        """Does nothing: the dataset that is generated would not have it."""

    def marked(self, dataset: fo.Dataset, tag: str) -> fo.DatasetView:
        """Returns the flat view of all that has a mark."""
        return self.kept(dataset, tag)

    def with_mark(self, view: fo.DatasetView, tag: str, kept: bool = True) -> fo.DatasetView:
        """Returns the items of a view that have a mark, or have it not."""
        has_mark = self.mark_in_views(tag)
        return view.match(has_mark if kept else ~has_mark)

    def marked_values(self, dataset: fo.Dataset, tag: str, name: str) -> dict[str, Any]:
        """Returns the ids of all that have a mark, each with its value of a field of ours.

        Args:
            dataset: the dataset; no other is generated of it, which takes long
            tag: the mark
            name: of the field
        """
        raise NotImplementedError

    def has(self, view: fo.DatasetView, name: str) -> bool:
        """Whether the items of a view have a field of ours."""
        return bool(view._source_collection.has_field(self.dataset_path(name)))

    def read(self, view: fo.DatasetView, fields: Sequence[str]) -> list[list[Any]]:
        """Returns lists in the order of the view: ids, paths, and one for each field of ours."""
        ids, paths = view.values(["id", "filepath"])
        return [ids, given_paths(paths), *self._stored_values(view, fields)]

    def _stored_values(self, view: fo.DatasetView, fields: Sequence[str]) -> list[list[Any]]:
        """Returns a list for each of some fields, as they are now, in the order of the view."""
        if not fields:
            return []
        paths = [self.dataset_path(name) for name in ("id", *fields)]
        by_sample = view._source_collection.values(paths)
        ids, *columns = ([value for part in column for value in part or ()] for column in by_sample)
        rows = {item: row for row, item in enumerate(ids)}
        order = [rows.get(item) for item in view.values("id")]
        return [[None if row is None else column[row] for row in order] for column in columns]


SAMPLES = Samples()


def _put(data: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Writes values, field or field.sub-field to value, into a document in memory."""
    for name, value in values.items():
        field, _, subfield = name.partition(".")
        if not subfield:
            data[field] = value
        elif data.get(field) is not None:
            data[field]._data[subfield] = value


def given_paths(paths: Iterable[str | None]) -> list[str]:
    """Returns paths with the empty one, which no file has, where FiftyOne has none."""
    return [path or "" for path in paths]


def note_of(dataset: fo.Dataset | fo.DatasetView, path: str) -> dict[str, Any]:
    """Returns what we have noted about a field of ours; empty if it is none, or not there."""
    declared = dataset.get_field(path)
    info: dict[str, Any] = {} if declared is None else declared.info or {}
    return info.get(names.METHOD) or {}


def all_slices(dataset: fo.Dataset) -> fo.DatasetView:
    """Returns all samples of the dataset; of a grouped one, those of every slice."""
    if dataset.media_type != "group":
        return dataset.view()
    return dataset.select_group_slices(_allow_mixed=True)  # as FiftyOne itself does
