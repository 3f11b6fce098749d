"""How frames of standing cameras are weighed, and how far apart two of them count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ._standing import TOO_FEW, Standing

_Rows = NDArray[np.int64]

#: Squared distances of descriptors in a unit of 300, in which the constants below are.
UNIT: Final = 300.0**2

# Chosen among 250 random variants on seven labelled cameras, so expect less on others; see
# benchmarks/standing.py. Half or twice as much changes little.
_HALF = np.float32(0.4)  # the activity of a frame that counts half
_LEAST = np.float32(1e-4)  # weight of a quiet frame
_OTHERS = np.float32(0.3)  # weight of images of no standing camera
_TOO_FEW = np.float32(0.15)  # of those with too few frames to say what they show
_NEXT = 10  # frames apart at which 63% of a distance counts
_TIME = 0.6  # what the first and the last frame of a camera are apart, and two cameras
_FAR = 0.44  # what two cameras look apart, on average

#: 1 - exp(-d / 10), rounded, as the exponential function differs between machines.
_NEAR = (np.rint(1024 * (1 - np.exp(-np.arange(12 * _NEXT) / _NEXT))) / 1024).astype(np.float32)
_ROWS = 1024  # at a time


def weigh(standing: Standing) -> NDArray[np.float32]:
    """Returns the factor of each image's squared distances, ``(n,)``.

    A frame in which nothing is there counts 10,000 times less than one that something fills, an
    image of no standing camera about like a frame with a small animal.
    """
    activity = standing.activity
    weights = np.maximum(activity / (activity + _HALF), _LEAST)
    weights = np.where(standing.camera < 0, _OTHERS, weights)
    return np.where(standing.camera == TOO_FEW, _TOO_FEW, weights).astype(np.float32)


@dataclass(frozen=True, eq=False)
class StillFrames:
    """Adjusts squared distances by how far frames of one standing camera are apart.

    How different frames of one camera look says little of whether they show the same visit: frames
    in a row mostly do. So the distance between d frames is multiplied by 1 - exp(-d / 10), and a
    share of time is added to it: 0.6 times the fourth root of d, divided by the number of frames of
    the camera. Two different cameras are as far apart as the first and the last frame of one.
    """

    camera: _Rows
    """``(n,)``; the standing camera of each image, -1 for none"""
    frame: _Rows
    """``(n,)``; the place of each image among those of its camera in natural order"""
    sizes: _Rows
    """``(c,)``; number of images of each camera"""
    unit: float = UNIT
    """squared distance that counts 1"""

    @classmethod
    def of(cls, standing: Standing, order: _Rows, unit: float = UNIT) -> StillFrames:
        """Returns the relation among n images, given rows, ``(m,)``, in natural order."""
        frame = np.zeros(len(standing.camera), np.int64)
        by_camera = order[np.argsort(standing.camera[order], kind="stable")]
        by_camera = by_camera[standing.camera[by_camera] >= 0]
        sizes = np.bincount(standing.camera[by_camera], minlength=standing.n_cameras)
        starts = np.cumsum(sizes) - sizes
        frame[by_camera] = np.arange(len(by_camera)) - np.repeat(starts, sizes)
        return cls(standing.camera, frame, sizes, unit)

    def take(self, rows: _Rows) -> StillFrames:
        """Returns the relation among some of the images."""
        return StillFrames(self.camera[rows], self.frame[rows], self.sizes, self.unit)

    def adjust(self, squared: NDArray[np.float32], rows: _Rows, centers: _Rows) -> None:
        """Changes squared distances, ``(m, c)``, of rows to centers in place."""
        for first in range(0, len(rows), _ROWS):
            some = slice(first, first + _ROWS)
            self._adjust(squared[some], rows[some], centers)

    def _adjust(self, squared: NDArray[np.float32], rows: _Rows, centers: _Rows) -> None:
        camera, of_centers = self.camera[rows], self.camera[centers]
        of_one = []
        for number in np.intersect1d(camera, of_centers):
            if number >= 0:
                where = np.ix_(camera == number, of_centers == number)
                apart = np.abs(self.frame[rows][where[0]] - self.frame[centers][where[1]])
                time = self._times(int(self.sizes[number]))
                near = np.take(_NEAR, apart, mode="clip")
                of_one.append((where, squared[where] * near + time[apart]))
        far = np.float32(_TIME * self.unit)
        others = np.ix_(camera < 0, of_centers < 0)
        # Images of no standing camera that look alike are not far apart.
        alike = np.minimum(squared[others] * np.float32(_TIME / _FAR), far)
        summed = squared[others] + alike
        squared += far
        squared[others] = summed
        for where, adjusted in of_one:
            squared[where] = adjusted

    def _times(self, size: int) -> NDArray[np.float32]:
        """Returns what frames of a camera of this size are apart in time, ``(size,)``."""
        share = np.sqrt(np.sqrt(np.arange(size) / size))
        return np.asarray(share * (_TIME * self.unit), np.float32)
