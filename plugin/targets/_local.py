"""Local copies of remote media, where FiftyOne has them."""

from __future__ import annotations

from collections.abc import Sequence

import fiftyone as fo
import numpy as np
from numpy.typing import NDArray

from smartdownsample_core.images import Item, is_remote, moved, path_of

from ._items import MAX_SELECTED_IDS


def localized(
    view: fo.DatasetView, ids: Sequence[str], sources: Sequence[Item], rows: NDArray[np.int64]
) -> Sequence[Item]:
    """Returns the sources with the local paths of samples in place of their URLs.

    FiftyOne Enterprise has ``sample.local_path``, which downloads a file into its cache once, with
    the credentials that it was given. The open source FiftyOne has it only if the dataset has such
    a field. Without it, the core reads the URL.

    Args:
        view: the view
        ids: of its n samples
        sources: n of them
        rows: those that are to be read, ``(m,)``
    """
    remote = [row for row in rows.tolist() if is_remote(path_of(sources[row]))]
    if not remote or not hasattr(view.first(), "local_path"):
        return sources
    found = list(sources)
    for start in range(0, len(remote), MAX_SELECTED_IDS):
        some = remote[start : start + MAX_SELECTED_IDS]
        samples = view.select([ids[row] for row in some], ordered=True)
        for row, sample in zip(some, samples, strict=True):
            if sample.local_path:
                found[row] = moved(sources[row], sample.local_path)
    return found
