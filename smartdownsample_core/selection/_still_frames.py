"""How frames of standing cameras are weighed, and how far apart two of them count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ._standing import NONE, TOO_FEW, Standing

_Rows = NDArray[np.int64]

#: Squared distances of descriptors in a unit of 300, in which the constants below are.
UNIT: Final = 300.0**2

# Chosen among about 1,700 random variants on the seven labelled cameras of benchmarks/standing.py,
# each of which was left out in turn. Without any other camera, much the same are chosen; only
# without the video do the others not tell how much quiet frames of a busy camera count (0.3).
_HALF = np.float32(2)  # the activity of a frame that counts half
_LEAST = np.float32(1e-4)  # weight of a quiet frame
_HALF_OF_BUSY, _LEAST_OF_BUSY = np.float32(0.4), np.float32(0.6)  # the same of busy cameras
_BUSY = np.float32(0.65)  # what their frames count beside those of other cameras
SOMETHING = np.float32(0.2)  # the activity that more than half of a busy camera's frames have
OTHERS = np.float32(0.1)  # weight of images of no standing camera
_TOO_FEW = np.float32(0.05)  # of those with too few frames to say what they show
NEXT = 10  # frames apart at which 63% of a distance counts
_TIME = 0.6  # what the first and the last frame of a camera are apart
_APART = 0.4  # what two cameras are apart
_FAR = 0.44  # what two cameras look apart, on average

#: 1 - exp(-d / 10), rounded, as the exponential function differs between machines.
_NEAR = (np.rint(1024 * (1 - np.exp(-np.arange(12 * NEXT) / NEXT))) / 1024).astype(np.float32)
_ROWS = 1024  # at a time


def weigh(standing: Standing) -> NDArray[np.float32]:
    """Returns the factor of each image's squared distances, ``(n,)``.

    A frame in which nothing is there counts 10,000 times less than one that something fills, an
    image of no standing camera about like a frame with a small animal. If most frames of a camera
    show something, as in continuous video, visits that hardly differ from the background are missed
    by activity and found by time: all its frames then count alike, 0.39 to 0.65. With the full
    weight, all frames of one busy camera would be kept before most visits of the others.
    """
    activity = standing.activity
    weights = np.maximum(activity / (activity + _HALF), _LEAST)
    busy = _BUSY * np.maximum(activity / (activity + _HALF_OF_BUSY), _LEAST_OF_BUSY)
    weights = np.where(_is_busy(standing), busy, weights)
    weights = np.where(standing.camera < 0, OTHERS, weights)
    return np.where(standing.camera == TOO_FEW, _TOO_FEW, weights).astype(np.float32)


def shows_nothing(standing: Standing) -> NDArray[np.bool_]:
    """Whether each image is a frame of a standing camera that shows its background, ``(n,)``."""
    return np.asarray(standing.activity < SOMETHING)


def _is_busy(standing: Standing) -> NDArray[np.bool_]:
    """Whether more than half of the frames of each image's camera show something, ``(n,)``."""
    camera = np.maximum(standing.camera, NONE) + 1
    shows = (standing.activity >= SOMETHING).astype(np.int64)
    counts = np.bincount(camera, minlength=1), np.bincount(camera, shows, minlength=1)
    return np.asarray((2 * counts[1] > counts[0])[camera])


@dataclass(frozen=True, eq=False)
class StillFrames:
    """Adjusts squared distances by how far frames of one standing camera are apart.

    How different frames of one camera look says little of whether they show the same visit: frames
    in a row mostly do. So the distance between d frames is multiplied by 1 - exp(-d / 10), and a
    share of time is added to it: 0.6 times the fourth root of d, divided by the number of frames of
    the camera; but copies of one file, which do not differ at all, stay 0 apart. Two different
    cameras are 0.4 apart.
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

    @classmethod
    def joined(cls, parts: Sequence[tuple[StillFrames | None, int]]) -> StillFrames:
        """Returns the relation among the images of several parts, which share no camera.

        Args:
            parts: the relation in each, None without standing cameras, and its number of images
        """
        cameras, frames, sizes = [], [], [np.empty(0, np.int64)]
        for still, n in parts:
            first = sum(map(len, sizes))
            camera = np.full(n, NONE) if still is None else still.camera
            cameras.append(np.where(camera < 0, camera, camera + first))
            frames.append(np.zeros(n, np.int64) if still is None else still.frame)
            sizes += [] if still is None else [still.sizes]
        return cls(np.concatenate(cameras), np.concatenate(frames), np.concatenate(sizes))

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
                plain = squared[where]
                of_one.append((where, np.where(plain > 0, plain * near + time[apart], 0)))
        far = np.float32(_APART * self.unit)
        others = np.ix_(camera < 0, of_centers < 0)
        summed = _of_others(squared[others], self.unit)
        squared += far
        squared[others] = summed
        for where, adjusted in of_one:
            squared[where] = adjusted

    def _times(self, size: int) -> NDArray[np.float32]:
        """Returns what frames of a camera of this size are apart in time, ``(size,)``."""
        share = np.sqrt(np.sqrt(np.arange(size) / size))
        return np.asarray(share * (_TIME * self.unit), np.float32)


def weighed_as_others(squared: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns squared distances between images of no standing camera, as they count beside some."""
    return np.asarray(_of_others(squared, UNIT) * OTHERS)


def _of_others(squared: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Adds what two images of no standing camera are apart; if they look alike, that is not far."""
    far = np.float32(_APART * unit)
    return np.asarray(squared + np.minimum(squared * np.float32(_APART / _FAR), far))
