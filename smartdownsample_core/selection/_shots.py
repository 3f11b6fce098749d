"""Shots: images in a row that look alike; a kept image stands for those of its own shot first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ._distances import Points

#: Distance of descriptors between neighbours from which a new shot begins; 130 to 173 find as many
#: scenes of real frames. Two photographs are rarely closer, two frames of one camera rarely farther
#: apart.
SQUARED_GAP: Final = 160.0**2

#: The same for vectors of users, as a share of the mean squared distance between two of them: what
#: SQUARED_GAP is among descriptors of photographs and frames of cameras, 0.15 to 0.2.
_SHARE = 0.18

_SAME_SHOT = np.float32(0.5)
_ROWS = 8192


@dataclass(frozen=True, eq=False)
class Shots:
    """Halves the squared distance from an image to a center of its own shot.

    Frames of a busy shot look farther apart than those of a calm one, and farthest-first traversal
    would spend its picks there. If the names do not reflect the order of the images, hardly any
    image has a shot in common with another one, and nothing changes.
    """

    number: NDArray[np.int64]
    """``(n,)``; the shot of each image, -1 if it has none"""

    def take(self, rows: NDArray[np.int64]) -> Shots:
        """Returns the shots of some images."""
        return Shots(self.number[rows])

    def adjust(
        self, squared: NDArray[np.float32], rows: NDArray[np.int64], centers: NDArray[np.int64]
    ) -> None:
        """Halves squared distances, ``(m, c)``, of rows to centers of the same shot, in place."""
        shots, of_centers = self.number[rows], self.number[centers]
        shared = np.flatnonzero(np.isin(of_centers, shots))
        if 2 * len(shared) > len(centers):
            same = shots[:, None] == of_centers
            np.multiply(squared, _SAME_SHOT, out=squared, where=same)
        elif len(shared):
            same = shots[:, None] == of_centers[shared]
            squared[:, shared] *= np.where(same, _SAME_SHOT, np.float32(1))


def joined_shots(parts: Sequence[Shots]) -> Shots:
    """Returns the shots of the images of several parts, of which no two have a shot in common."""
    ends = np.cumsum([0, *(int(part.number.max(initial=-1)) + 1 for part in parts)])
    numbers = [
        np.where(part.number < 0, -1, part.number + end)
        for part, end in zip(parts, ends, strict=False)
    ]
    return Shots(np.concatenate(numbers))


def shots(points: Points, order: NDArray[np.int64], squared_gap: float = SQUARED_GAP) -> Shots:
    """Cuts images into shots, where neighbours in natural order are farther apart than a gap.

    Args:
        points: ``(n, d)``
        order: ``(m,)``; rows in natural order; others have no shot
        squared_gap: the largest squared distance between neighbours of one shot

    >>> shots(np.array([[0], [2], [90], [91]], np.uint8), np.arange(4), 25).number.tolist()
    [0, 0, 1, 1]
    """
    number = np.full(len(points), -1, np.int64)
    starts = np.zeros(len(order), np.int64)
    for first in range(1, len(order), _ROWS):
        some = points[order[first - 1 : first + _ROWS]].astype(np.int32)
        steps = np.diff(some, axis=0)
        apart = np.einsum("ij,ij->i", steps, steps)
        starts[first : first + len(apart)] = apart > squared_gap
    number[order] = np.cumsum(starts)
    return Shots(number)


def squared_gap_of(points: Points) -> float:
    """Returns the squared gap for points of any kind, ``(n, d)``: a share of their spread."""
    if not len(points):
        return 0.0
    lengths = np.einsum("ij,ij->i", points, points, dtype=np.int64)
    mean = points.sum(axis=0, dtype=np.int64) / len(points)
    return float(2 * _SHARE * (lengths.sum() / len(points) - (mean * mean).sum()))
