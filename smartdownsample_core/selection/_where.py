"""Which frames of standing cameras to look at, and where they differ from their background."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._background import SIDE, residuals, strength_of
from ._standing import Standing
from ._still_frames import NEXT, SOMETHING

_Rows = NDArray[np.int64]

#: An activity is doubtful if it is at most so many times above or below the border.
_DOUBTFUL = 4


def frames_to_show(
    standing: Standing, order: _Rows, count: int, border: float = float(SOMETHING)
) -> tuple[_Rows, _Rows]:
    """Returns the most active frames, and those whose activity says least whether they are empty.

    No two of a kind are less than 10 frames apart, as these mostly show the same.

    Args:
        standing: the standing cameras among n images
        order: ``(n,)``; natural order
        count: frames of each kind, at most
        border: the activity that tells something from nothing
    """
    rows = order[standing.camera[order] >= 0]
    rows = rows[np.argsort(standing.camera[rows], kind="stable")]
    # Numbered so that frames of two cameras are always far apart.
    place = np.empty(len(standing.camera), np.int64)
    place[rows] = np.arange(len(rows)) + NEXT * standing.camera[rows]
    activity = standing.activity[rows].astype(np.float64)
    some = activity > 0
    active = _apart(rows[some][np.argsort(-activity[some], kind="stable")], place, count)
    doubt = np.abs(np.log(np.maximum(activity, 1e-9) / border))
    some = (doubt <= np.log(_DOUBTFUL)) & ~np.isin(rows, active)
    doubtful = _apart(rows[some][np.argsort(doubt[some], kind="stable")], place, count)
    return active, doubtful


def _apart(rows: _Rows, place: _Rows, count: int) -> _Rows:
    """Returns the first rows that are at least 10 places from those before."""
    chosen: list[int] = []
    for row in rows.tolist():
        if len(chosen) == count:
            break
        if all(abs(place[row] - place[other]) >= NEXT for other in chosen):
            chosen.append(row)
    return np.array(chosen, np.int64)


def heat_maps(
    grey: NDArray[np.uint8], standing: Standing, order: _Rows, rows: _Rows
) -> NDArray[np.float32]:
    """Returns how far each pixel of some frames is from their background.

    Args:
        grey: ``(n, 1024)`` or ``(n, 32, 32)`` thumbnails
        standing: the standing cameras among these images
        order: ``(n,)``; natural order
        rows: ``(m,)``; frames of standing cameras

    Returns:
        ``(m, 32, 32)``; in units of the noise beyond the first, 0-8. The mean of the largest 2% is
        the activity
    """
    maps = np.zeros((len(rows), SIDE, SIDE), np.float32)
    for camera in np.unique(standing.camera[rows]).tolist():
        frames = order[standing.camera[order] == camera]
        for some, residual in residuals(grey[frames].reshape(-1, SIDE, SIDE)):
            wanted, places, among = np.intersect1d(rows, frames[some], return_indices=True)
            if len(wanted):
                maps[places] = strength_of(residual[among])
    return maps
