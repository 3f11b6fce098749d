"""Where frames of standing cameras differ from their background, from what a dataset holds."""

from __future__ import annotations

from collections.abc import Sequence

import fiftyone as fo
import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Signatures, extract, natural_order
from smartdownsample_core.images import Item, path_of
from smartdownsample_core.selection import Standing, heat_maps

from ..targets import Samples

_COLUMNS = Signatures.columns(grey=True)
(_THUMBNAIL,) = _COLUMNS["grey"].subfields

#: Name of the sub-field of a signature that has the number of the standing camera.
(CAMERA,) = _COLUMNS["standing"].subfields


def maps(
    dataset: fo.Dataset, items: Samples, field: str, sources: Sequence[Item], cameras: Sequence[int]
) -> NDArray[np.float32]:
    """Returns the heat maps of some frames, ``(m, 32, 32)``; of those that cannot be read, zeros.

    The frames are read again, as most thumbnails are not stored; those of backgrounds are.

    Args:
        dataset: the dataset
        items: what the frames are
        field: name of the signature field
        sources: m frames
        cameras: their standing cameras, by the numbers that are stored
    """
    table = extract(list(sources), image_loading_errors="skip", grey=True)
    found = np.zeros((len(sources), 32, 32), np.float32)
    for camera in set(cameras):
        rows = [row for row in np.flatnonzero(table.readable).tolist() if cameras[row] == camera]
        paths, background = _background(dataset, items, field, camera)
        if rows and table.grey is not None:
            grey = np.concatenate([background, table.grey[rows]])
            order = natural_order([*paths, *(path_of(sources[row]) for row in rows)])
            one = Standing(np.zeros(len(grey), np.int64), np.zeros(len(grey), np.float32))
            found[rows] = heat_maps(grey, one, order, np.arange(len(background), len(grey)))
    return found


def _background(
    dataset: fo.Dataset, items: Samples, field: str, camera: int
) -> tuple[list[str], NDArray[np.uint8]]:
    """Returns the paths of the frames that a background is made of, and their thumbnails."""
    frames = items.holding(dataset, f"{field}.{CAMERA}", camera)
    _, paths, texts = items.read(frames, [f"{field}.{_THUMBNAIL}"])
    stored = [(path, text) for path, text in zip(paths, texts, strict=True) if text]
    grey = _COLUMNS["grey"].from_plain([[text for _, text in stored]], 0)
    return [path for path, _ in stored], grey
