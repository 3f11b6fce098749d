"""What a run is about, as one value."""

from __future__ import annotations

from dataclasses import dataclass

import fiftyone as fo

from . import flat_views, kinds
from ._items import Samples


@dataclass(frozen=True)
class Subject:
    """What a run is about: the items of a flat view of a dataset."""

    dataset: fo.Dataset
    view: fo.DatasetView
    """flat: all fields, no groups"""
    items: Samples
    """their kind, which knows where they keep fields and marks"""

    @property
    def count(self) -> int:
        """How many there are, as a target counts them."""
        return self.items.count(self.view)

    @classmethod
    def of(
        cls,
        dataset: fo.Dataset,
        view: fo.DatasetView,
        group_slice: str = "",
        whole_groups: bool = False,
        whole_images: bool = False,
    ) -> Subject:
        """Returns the subject that a view shows.

        Args:
            dataset: the dataset
            view: a view of it
            group_slice: of a grouped dataset, the slice; that which is active by default
            whole_groups: the samples stand for their groups
            whole_images: patches choose the samples that they are on
        """
        flat = flat_views.flat(view, group_slice)
        return cls(dataset, flat, kinds.of(flat, whole_groups, whole_images))
