"""Which cameras stand still, found once for each image and kept in its signature.

To find it for images that are added later takes thumbnails of those before. They are 1.4 KB each in
a database, so only those that backgrounds are made of stay there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import fiftyone as fo
import numpy as np

from smartdownsample_core.selection import mark_standing, to_compare

from ..targets import all_slices, stored_signatures
from ..targets.stored_signatures import Target


def is_to_find(target: Target, cameras: Sequence[Any] | None) -> bool:
    """Whether there are images of which it is not known, but can be found."""
    signatures = target.signatures
    if signatures.grey is None:
        return False
    known = stored_signatures.is_known(signatures, "auto" if cameras is None else "all")
    return bool((signatures.readable & ~known).any())


def find(
    dataset: fo.Dataset,
    target: Target,
    field: str,
    cameras: Sequence[Any] | None,
    progress: Callable[[int], None],
) -> None:
    """Finds standing cameras among the images of a target, and writes what is new of them.

    Args:
        dataset: the dataset
        target: its samples, all with signatures
        field: name of the signature field
        cameras: the camera of each sample, if all stand still; None to find out
        progress: called with the number of images done so far
    """
    signatures = target.signatures
    assert signatures.grey is not None, "there is something to find"
    before = signatures.standing.copy(), signatures.activity.copy()
    path = f"{target.items.dataset_path(field)}.standing_camera"
    _, largest = all_slices(dataset).bounds(path)
    first_number = max(largest or 0, 0) + 1
    mark_standing(signatures, target.order, cameras, progress, True, first_number)
    is_kept = to_compare(signatures, target.order)
    is_dropped = signatures.grey.any(axis=1) & ~is_kept
    is_same = (signatures.standing == before[0]) & (
        (signatures.activity == before[1]) | np.isnan(signatures.activity)
    )
    # First those that later images are compared with: without them, if this is interrupted, the
    # rest of a camera would be taken for another one.
    for some in (is_kept, ~is_kept):
        rows = np.flatnonzero(some & (is_dropped | ~is_same))
        if len(rows):
            stored_signatures.write_standing(dataset, field, target, rows, is_dropped[rows])
