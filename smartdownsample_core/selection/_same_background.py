"""Which images share a background: a leader algorithm on the textures of small grey thumbnails."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._background import LOGARITHMS, SIDE, local_contrast, over, smoothing
from ._medians import median_of_planes

_Rows = NDArray[np.int64]

#: The fewest images that make a standing camera.
FEWEST = 20

# Cosines of textures, in units of 1 / _LENGTH**2. Chosen with the constants of _background.py.
_LENGTH = 1024
_SAME = np.float32(0.5 * _LENGTH**2)
_LIKE_ALL = np.float32(0.4 * _LENGTH**2)  # to the mean of the group

#: Standing cameras have up to 0.25, moving ones from 0.9 on, even if 40% of the frame is a bonnet.
_MOST_CHANGE, _CHECKED = 0.5, 32

_LOCAL = smoothing(2)
_N_LOCAL = 81
_FLOOR = (
    0.02 * 4096 * _N_LOCAL
)  # contrast below which there is no texture, of logarithms summed like that
_CLIP, _LEVELS = 2, 32  # of normalised contrast: the most, and steps per unit

#: Leaders that are remembered.
LEADERS = 4096

_CHUNK = 256  # images compared at once


def same_background(grey: NDArray[np.uint8], order: _Rows) -> _Rows:
    """Groups images that share a background, by the leader algorithm.

    An image joins the most similar leader, or becomes one; leaders that one image is similar to are
    one group. Images that do not resemble the mean of their group are taken out of it: a camera
    that turns slowly makes a chain, which has no such mean. Takes 2 n l d operations for the l
    leaders that are remembered, at most 4,096; those that were not used for the longest time are
    forgotten.

    Args:
        grey: ``(n, 32, 32)``
        order: ``(m,)``; rows in natural order

    Returns:
        ``(m,)``; a number for each image, in the order of ``order``, the same for images that
        share a background; -1 for images taken out
    """
    leaders = _Leaders()
    chunks = (order[first : first + _CHUNK] for first in range(0, len(order), _CHUNK))
    joined = [leaders.join(textures(grey[rows])) for rows in chunks]
    groups: _Rows = leaders.merged()[np.concatenate([np.empty(0, np.int64), *joined])]
    for places in members(groups):
        if len(places) < FEWEST:
            continue
        unlike = places[~_resembles_all(grey, order[places])]
        groups[unlike] = -1
        if not _stands_still(grey[order[_spread(np.setdiff1d(places, unlike), _CHECKED)]]):
            groups[places] = -1
    return groups


def _resembles_all(grey: NDArray[np.uint8], rows: _Rows) -> NDArray[np.bool_]:
    """Returns whether each image of a group resembles the mean of the group, ``(m,)``."""
    mean = textures(grey[_spread(rows, _CHUNK)]).sum(axis=0, dtype=np.float64)
    mean = np.rint(mean * (_LENGTH / max(float(np.sqrt((mean**2).sum())), 1))).astype(np.float32)
    chunks = (rows[first : first + _CHUNK] for first in range(0, len(rows), _CHUNK))
    likeness = np.concatenate([textures(grey[some]) @ mean for some in chunks])
    return np.asarray(likeness >= _LIKE_ALL)


def _stands_still(grey: NDArray[np.uint8]) -> bool:
    """Whether most pixels change less from frame to frame than they differ within a frame.

    The bonnet of a car makes all frames of a dash camera similar, but most of their pixels move.
    """
    if not len(grey):
        return False
    planes = local_contrast(grey)
    background = median_of_planes(planes.copy())
    planes -= background
    changes = np.median(median_of_planes(np.abs(planes)))
    return bool(changes <= _MOST_CHANGE * np.median(np.abs(background)))


def _spread(rows: _Rows, count: int) -> _Rows:
    """Returns at most ``count`` rows, evenly spaced."""
    step = -(-len(rows) // count) or 1
    return rows[::step]


def textures(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Returns vectors whose product shows how similar the textures of images are.

    Args:
        grey: ``(n, 32, 32)``

    Returns:
        ``(n, 1024)`` whole numbers; vectors of about the same length, of normalised local contrast
    """
    levels = LOGARITHMS[grey].astype(np.float64)
    local = levels * _N_LOCAL - over(levels, _LOCAL)
    deviation = np.sqrt(over(local**2, _LOCAL) / _N_LOCAL)
    normal = np.clip(
        np.rint(local / (deviation + _FLOOR) * _LEVELS), -_CLIP * _LEVELS, _CLIP * _LEVELS
    )
    flat = normal.reshape(len(grey), -1)
    centred = flat * flat.shape[1] - flat.sum(axis=1, keepdims=True)
    lengths = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    return np.asarray(np.rint(centred * (_LENGTH / np.maximum(lengths, 1))), np.float32)


class _Leaders:
    """A growing table of leaders, the groups they belong to, and when they were last used."""

    def __init__(self) -> None:
        self._table = np.empty((0, SIDE * SIDE), np.float32)
        self._number = np.empty(0, np.int64)
        self._used = np.empty(0, np.int64)
        self._parent: list[int] = []
        self._now = 0

    def join(self, vectors: NDArray[np.float32]) -> _Rows:
        """Returns the number of the leader that each image joins, ``(m,)``."""
        known = len(self._table)
        similar = vectors @ np.concatenate([self._table, vectors]).T
        number = np.concatenate([self._number, np.full(len(vectors), -1)])
        used = np.concatenate([self._used, np.zeros(len(vectors), np.int64)])
        joined = np.empty(len(vectors), np.int64)
        for place, row in enumerate(similar):
            near = np.flatnonzero((row >= _SAME) & (number >= 0))
            if not len(near):
                near = np.array([known + place])
                number[near] = len(self._parent)
                self._parent.append(len(self._parent))
            used[near] = self._now + place
            joined[place] = number[near[row[near].argmax()]]
            for other in near[1:]:
                self._merge(int(number[near[0]]), int(number[other]))
        self._now += len(vectors)
        kept = np.flatnonzero(number >= 0)
        if len(kept) > LEADERS:
            kept = np.sort(kept[np.argsort(used[kept], kind="stable")[-LEADERS:]])
        self._table = np.concatenate([self._table, vectors])[kept]
        self._number, self._used = number[kept], used[kept]
        return joined

    def merged(self) -> _Rows:
        """Returns the group of each leader by its number."""
        return np.array([self._root(number) for number in range(len(self._parent))], np.int64)

    def _root(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def _merge(self, one: int, other: int) -> None:
        one, other = self._root(one), self._root(other)
        self._parent[max(one, other)] = min(one, other)


def members(groups: _Rows) -> list[_Rows]:
    """Returns the places of each group, ``(m,)`` numbers, in the order of their first places."""
    by_group = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[by_group])) + 1
    members = [places for places in np.split(by_group, starts) if len(places)]
    members.sort(key=lambda places: int(places[0]))
    return [places for places in members if groups[places[0]] >= 0]
