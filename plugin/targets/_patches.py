"""Patches: labelled objects, each cropped from its image in memory, and marked by label tags."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timezone
from typing import Any

import fiftyone as fo
from bson import ObjectId
from fiftyone import ViewField as F
from pymongo import UpdateOne

from smartdownsample_core import Crop
from smartdownsample_core.images import Item

from ._items import SAMPLES, Parts, Samples


class Patches(Parts):
    """The detections of a field, whose attributes hold what is known of them."""

    noun = kept_noun = "patches"
    tag_kind = "label tag"
    tagged = "patches"
    are_images = False
    subfields = (("box", fo.ListField, "The bounding box when the crop was signed"),)

    def __init__(self, field: str) -> None:
        self.field = field
        self.key = f"{PREFIX}{field}"
        self.columns = {"label": f"{field}.label", "bounding_box": f"{field}.bounding_box"}
        self._list = f"{field}.{fo.Detections._LABEL_LIST_FIELD}"

    def view_path(self, name: str) -> str:
        """Returns the path, in patches views, of an attribute of ours."""
        return f"{self.field}.{name}"

    def dataset_path(self, name: str) -> str:
        """Returns its path in the dataset."""
        return f"{self._list}.{name}"

    def is_reserved(self, name: str) -> bool:
        """Whether FiftyOne uses this name."""
        return hasattr(fo.Detection, name)

    def documents(self, view: fo.DatasetView, ids: list[str]) -> list[str]:
        """Returns the ids of the samples that the patches of a view are of."""
        samples: list[str] = view.values("sample_id")
        return samples

    def located(self, dataset: fo.Dataset, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Returns the patches with these ids that are still there, each with its sample's id."""
        wanted = set(ids)
        by_sample = zip(*image_slices(dataset).values(["id", f"{self._list}.id"]), strict=True)
        return [
            (patch, sample)
            for sample, patches in by_sample
            for patch in patches or ()
            if patch in wanted
        ]

    def sources(self, view: fo.DatasetView, paths: list[str]) -> Sequence[Item]:
        """Returns the crops."""
        (boxes,) = self._stored_values(view, ["bounding_box"])
        return [Crop(path, tuple(box or ())) for path, box in zip(paths, boxes, strict=True)]

    def titles(self, view: fo.DatasetView, paths: Sequence[str]) -> list[str]:
        """Returns what to call the patches of a view: their labels, and their files."""
        labels, names = view.values(f"{self.field}.label"), super().titles(view, paths)
        named = zip(labels, names, strict=True)
        return [f"{label} in {name}" if label else name for label, name in named]

    def stamps(self, source: Item) -> tuple[Any, ...]:
        """Returns the box: a signature is one of this box only."""
        return (list(source.box),) if isinstance(source, Crop) else ()

    def mark(self, dataset: fo.Dataset, ids: Sequence[str], tag: str) -> None:
        """Gives the detections with these ids a label tag."""
        self._tag(dataset, ids, "$addToSet", tag)

    def unmark_some(self, dataset: fo.Dataset, ids: Sequence[str], tag: str) -> None:
        """Removes a label tag from the detections with these ids."""
        self._tag(dataset, ids, "$pull", tag)

    def _tag(self, dataset: fo.Dataset, ids: Sequence[str], how: str, tag: str) -> None:
        change = {
            how: {self._place("tags"): tag},
            "$set": {"last_modified_at": datetime.now(timezone.utc)},
        }
        located = self.located(dataset, ids)
        updates = [UpdateOne(self._where(*place), change) for place in located]
        if updates:
            self._send(dataset, updates, [sample for _, sample in located])

    def unmark(self, dataset: fo.Dataset, tag: str) -> None:
        """Removes a label tag."""
        tagged = image_slices(dataset).match_labels(tags=tag, fields=self.field)
        tagged.untag_labels(tag, label_fields=self.field)

    def count_marked(self, dataset: fo.Dataset, tag: str) -> int:
        """Returns how many detections have a tag."""
        if not dataset.has_field(self.field):
            return 0
        return int(image_slices(dataset).count_label_tags(label_fields=self.field).get(tag, 0))

    def is_marked(self, dataset: fo.Dataset, tag: str) -> bool:
        """Whether a detection of the field has this tag."""
        return bool(image_slices(dataset).match_labels(tags=tag, fields=self.field).limit(1))

    def everything(self, dataset: fo.Dataset) -> fo.DatasetView:
        """Returns the patches view of all detections of the field."""
        return image_slices(dataset).to_patches(self.field)

    def kept(self, dataset: fo.Dataset, tag: str) -> fo.DatasetView:
        """Returns the patches view of all detections of the field with this tag."""
        tagged = image_slices(dataset).filter_labels(self.field, F("tags").contains(tag))
        return tagged.to_patches(self.field)

    def holding(self, dataset: fo.Dataset, name: str, value: Any) -> fo.DatasetView:
        """Returns the patches view of all with a value in an attribute of ours."""
        has_it = F(name) == value
        return image_slices(dataset).filter_labels(self.field, has_it).to_patches(self.field)

    def marked_ids(self, view: fo.DatasetView, tag: str) -> list[str]:
        """Returns the ids of the patches of a view that have a tag now."""
        (tags,) = self._stored_values(view, ["tags"])
        return [
            patch
            for patch, found in zip(view.values("id"), tags, strict=True)
            if found and tag in found
        ]

    def mark_in_views(self, tag: str) -> Any:
        """Returns the condition that a patch has a tag."""
        return F(f"{self.field}.tags").contains(tag)

    def marked_values(self, dataset: fo.Dataset, tag: str, name: str) -> dict[str, Any]:
        """Returns the ids of all detections of the field with a tag, each with an attribute."""
        paths = [self.dataset_path(wanted) for wanted in ("id", "tags", name)]
        by_sample = zip(*image_slices(dataset).values(paths), strict=True)
        return {
            item: value
            for columns in by_sample
            for item, tags, value in zip(*(column or () for column in columns), strict=True)
            if tag in (tags or ())
        }

    def _where(self, item: str, document: str) -> dict[str, Any]:
        return {"_id": ObjectId(document), f"{self._list}._id": ObjectId(item)}

    def _place(self, name: str) -> str:
        return f"{self._list}.$.{name}"


class WholeImages(Patches):
    """Patches that choose the samples they are on, of which each is kept with all its patches.

    A kept sample has the tag, and those of its patches that were chosen from have the label tag.
    """

    kept_noun = "samples"
    tag_kind = "tag"
    tagged = "samples and their patches"

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.key = f"{WHOLE_PREFIX}{field}"
        self.columns = {"sample_id": "sample_id", **self.columns}

    @property
    def marks(self) -> tuple[Samples, ...]:
        """The kinds of items that have the mark."""
        return Patches(self.field), SAMPLES

    def count(self, view: fo.DatasetView, ids: Collection[str] | None = None) -> int:
        """Returns how many samples the patches of a view, or some of them, are on."""
        if ids is None:
            return len(view.distinct("sample_id"))
        samples = zip(*view.values(["id", "sample_id"]), strict=True)
        wanted = set(ids)
        return len({sample for patch, sample in samples if patch in wanted})

    def mark(self, dataset: fo.Dataset, ids: Sequence[str], tag: str) -> None:
        """Tags the detections with these ids, and their samples."""
        super().mark(dataset, ids, tag)
        SAMPLES.mark(dataset, self._samples(dataset, ids), tag)

    def unmark_some(self, dataset: fo.Dataset, ids: Sequence[str], tag: str) -> None:
        """Removes a tag from the detections with these ids, and their samples."""
        super().unmark_some(dataset, ids, tag)
        SAMPLES.unmark_some(dataset, self._samples(dataset, ids), tag)

    def _samples(self, dataset: fo.Dataset, ids: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(sample for _, sample in self.located(dataset, ids)))

    def unmark(self, dataset: fo.Dataset, tag: str) -> None:
        """Removes a tag from detections and samples."""
        super().unmark(dataset, tag)
        SAMPLES.unmark(dataset, tag)

    def count_marked(self, dataset: fo.Dataset, tag: str) -> int:
        """Returns how many samples have a tag, or else have detections with it."""
        if n_samples := SAMPLES.count_marked(dataset, tag):
            return n_samples
        if not dataset.has_field(self.field):
            return 0
        return len(image_slices(dataset).match_labels(tags=tag, fields=self.field))

    def is_marked(self, dataset: fo.Dataset, tag: str) -> bool:
        """Whether a detection of the field, or a sample, has this tag."""
        return any(kind.is_marked(dataset, tag) for kind in self.marks)

    def marked_ids(self, view: fo.DatasetView, tag: str) -> list[str]:
        """Returns the ids of the patches of a view that have a tag now, or else on samples."""
        if found := super().marked_ids(view, tag):
            return found
        tagged = set(SAMPLES.marked(view._root_dataset, tag).values("id"))
        samples = zip(*view.values(["id", "sample_id"]), strict=True)
        return [patch for patch, sample in samples if sample in tagged]


#: What the keys of patches begin with, and those of samples that they choose.
PREFIX, WHOLE_PREFIX = "patches ", "samples by patches "


def image_slices(dataset: fo.Dataset) -> fo.Dataset | fo.DatasetView:
    """Returns all images of the dataset; of a grouped one, those of every slice."""
    if dataset.media_type != "group":
        return dataset
    return dataset.select_group_slices(media_type="image")
