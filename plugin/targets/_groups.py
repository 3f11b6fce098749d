"""Groups of samples, of which each is kept or left out as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import fiftyone as fo
from bson import ObjectId
from fiftyone import ViewField as F

from ._items import Samples, all_slices


class Groups(Samples):
    """Groups of samples, compared by the images of one slice and kept as a whole."""

    key = "groups"
    noun = kept_noun = "groups"

    def _some(self, dataset: fo.Dataset, ids: Sequence[str]) -> Iterator[fo.DatasetView]:
        """Yields views of all samples of the groups that these are in, whatever their media."""
        field, everything = dataset.group_field, all_slices(dataset)
        for some in super()._some(dataset, ids):
            groups = [ObjectId(group) for group in some.values(f"{field}.id")]
            yield everything.match(F(f"{field}._id").is_in(groups))

    def count_kept(self, dataset: fo.Dataset, tag: str) -> int:
        """Returns how many groups have samples with a mark."""
        return len(set(self.marked(dataset, tag).values(f"{dataset.group_field}.id")))

    def kept(self, dataset: fo.Dataset, tag: str) -> fo.DatasetView:
        """Returns the view of all groups with a mark."""
        return dataset.match_tags(tag)


GROUPS = Groups()
