"""Frames of videos: a field that is true marks them, because FiftyOne loses tags of frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import fiftyone as fo
from fiftyone import ViewField as F
from fiftyone.core.odm import create_field
from pymongo import UpdateOne

from .. import names
from ._items import Parts, note_of


class Frames(Parts):
    """The frames of videos whose images are files, each chosen for itself."""

    key = "frames"
    noun = kept_noun = "frames"
    tag_kind = "field"
    tagged = "frames"
    columns = MappingProxyType({"video_id": "sample_id", "frame_number": "frame_number"})

    def dataset_path(self, name: str) -> str:
        """Returns the path of a field in the dataset of the videos."""
        return f"frames.{name}"

    def is_reserved(self, name: str) -> bool:
        """Whether FiftyOne uses this name."""
        return hasattr(fo.Frame, name) or hasattr(fo.Sample, name)

    def add_fields(self, dataset: fo.Dataset, declared: Mapping[str, fo.Field]) -> None:
        """Declares fields of the frames, by name, in one write."""
        dataset._merge_frame_field_schema(dict(declared))

    def delete_fields(self, dataset: fo.Dataset, paths: Sequence[str]) -> None:
        """Deletes fields by their paths in the dataset."""
        if paths:
            dataset.delete_frame_fields([path.removeprefix("frames.") for path in paths])

    def mark(self, dataset: fo.Dataset, ids: Sequence[str], tag: str) -> None:
        """Sets the field of that name to true, for the frames with these ids."""
        field = create_field(
            tag,
            fo.BooleanField,
            description="True for the frames that smartdownsample kept",
            info={names.METHOD: {"tag": tag}},
        )
        self.add_fields(dataset, {tag: field})
        self.write(dataset, ids, ids, ({tag: True} for _ in ids))

    def unmark_some(self, dataset: fo.Dataset, ids: Sequence[str], tag: str) -> None:
        """Unsets the field of that name, for the frames with these ids."""
        self.write(dataset, ids, ids, ({tag: None} for _ in ids))

    def unmark(self, dataset: fo.Dataset, tag: str) -> None:
        """Deletes the field, if it is ours."""
        if note_of(dataset, self.dataset_path(tag)) == {"tag": tag}:
            dataset.delete_frame_field(tag)

    def count_marked(self, dataset: fo.Dataset, tag: str) -> int:
        """Returns how many frames are kept."""
        path = self.dataset_path(tag)
        return int(dataset.count_values(path).get(True, 0)) if dataset.has_field(path) else 0

    def mark_name(self, tag: str) -> str:
        """Returns the path of the field."""
        return self.dataset_path(tag)

    def refused_tag(self, tag: str) -> str | None:
        """Says why a field cannot have this name; None if it can."""
        if not tag.isidentifier() or tag.startswith("_") or self.is_reserved(tag):
            return (
                "what is kept of frames is marked by a field, so the tag must be letters, digits "
                f"and underscores, and no word of FiftyOne; got {tag!r}"
            )
        return None

    def is_marked(self, dataset: fo.Dataset, tag: str) -> bool:
        """Whether the frames have a field of this name."""
        return bool(dataset.has_field(self.dataset_path(tag)))

    def everything(self, dataset: fo.Dataset) -> fo.DatasetView:
        """Returns the frames view of all frames."""
        return dataset.to_frames()

    def kept(self, dataset: fo.Dataset, tag: str) -> fo.DatasetView:
        """Returns the frames view of all frames whose field is true."""
        return dataset.match_frames(F(tag) == True).to_frames()  # noqa: E712 (an expression)

    def titles(self, view: fo.DatasetView, paths: Sequence[str]) -> list[str]:
        """Returns what to call the frames of a view: files of two videos often have one name."""
        return ["/".join(path.replace("\\", "/").split("/")[-2:]) for path in paths]

    def holding(self, dataset: fo.Dataset, name: str, value: Any) -> fo.DatasetView:
        """Returns the frames view of all with a value in a field of ours."""
        return dataset.match_frames(F(name) == value).to_frames()

    def marked_ids(self, view: fo.DatasetView, tag: str) -> list[str]:
        """Returns the ids of the frames of a view that are kept now."""
        (marks,) = self._stored_values(view, [tag])
        return [frame for frame, kept in zip(view.values("id"), marks, strict=True) if kept is True]

    def mark_in_views(self, tag: str) -> Any:
        """Returns the condition that a frame is kept."""
        return F(tag) == True  # noqa: E712 (an expression)

    def marked_values(self, dataset: fo.Dataset, tag: str, name: str) -> dict[str, Any]:
        """Returns the ids of all frames that are kept, each with a field."""
        paths = [self.dataset_path(wanted) for wanted in ("id", name)]
        kept = dataset.match_frames(self.mark_in_views(tag))
        ids, values = kept.values(paths, unwind=True)
        return dict(zip(ids, values, strict=True))

    def _send(
        self, dataset: fo.Dataset, updates: list[UpdateOne], documents: Sequence[str]
    ) -> None:
        dataset._bulk_write(updates, ids=list(documents), frames=True)
