"""Which images cameras took that stand still, found by what they show, and the activity of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .. import blas
from ..signatures import Signatures
from ._background import CANDIDATES, SIDE, activities, evenly_spaced
from ._same_background import FEWEST, LEADERS, members, same_background

_Rows = NDArray[np.int64]

#: Of images of no standing camera, and of those that share a background with too few others.
NONE, TOO_FEW = -1, -2


@dataclass(frozen=True, eq=False)
class Standing:
    """The standing cameras among n images."""

    camera: _Rows
    """``(n,)``; number of the standing camera that took each image; of none -1, or -2 for an image
    that shares its background with too few others"""
    activity: NDArray[np.float32]
    """``(n,)``; how much of the image is not the background of its camera: 0 if nothing, about 1
    for an animal, up to 7; NaN for images of no standing camera"""

    @property
    def n_cameras(self) -> int:
        """Number of standing cameras."""
        return int(self.camera.max(initial=NONE)) + 1

    @property
    def n_images(self) -> int:
        """Images that they took."""
        return int((self.camera >= 0).sum())

    @classmethod
    def of(cls, signatures: Signatures) -> Standing:
        """Returns what :func:`mark_standing` found; cameras of which no image is left are none."""
        is_known = signatures.standing > 0
        camera = np.where(is_known | (signatures.standing == 0), NONE, signatures.standing)
        camera = camera.astype(np.int64)
        camera[is_known] = np.unique(signatures.standing[is_known], return_inverse=True)[1]
        return cls(camera, np.where(is_known, signatures.activity, np.float32(np.nan)))


@dataclass(frozen=True, eq=False)
class StandingOfSome(Standing):
    """The standing cameras of some images, counted among all."""

    of_all: tuple[int, int]
    """standing cameras, and the images that they took"""

    @classmethod
    def among(cls, all_images: Standing, rows: _Rows) -> StandingOfSome:
        """Returns what is known of some images, ``(m,)`` rows."""
        counts = (all_images.n_cameras, all_images.n_images)
        return cls(all_images.camera[rows], all_images.activity[rows], counts)

    def take(self, rows: _Rows) -> StandingOfSome:
        """Returns what is known of some of them, ``(m,)`` rows."""
        return replace(self, camera=self.camera[rows], activity=self.activity[rows])

    @classmethod
    def joined(cls, parts: Sequence[StandingOfSome], rows: _Rows, n: int) -> StandingOfSome:
        """Returns what is known of images of several parts, which have no camera in common.

        Args:
            parts: of the images of each part
            rows: ``(m,)``; which of them, one part after the other
            n: number of images; what follows the first m are of no camera
        """
        ends = np.cumsum([0, *(part.n_cameras for part in parts)])
        camera = np.concatenate(
            [
                np.where(part.camera < 0, part.camera, part.camera + end)
                for part, end in zip(parts, ends, strict=False)
            ]
        )
        activity = np.concatenate([part.activity for part in parts])
        more = n - len(rows)
        return cls(
            np.append(camera[rows], np.full(more, NONE)),
            np.append(activity[rows], np.full(more, np.nan, np.float32)),
            (int(ends[-1]), sum(part.n_images for part in parts)),
        )

    @property
    def n_cameras(self) -> int:
        """Number of standing cameras of all images."""
        return self.of_all[0]

    @property
    def n_images(self) -> int:
        """Images that they took, of all."""
        return self.of_all[1]


def find_standing(
    grey: NDArray[np.uint8],
    order: _Rows,
    cameras: Sequence[object] | None = None,
    progress: Callable[[int], None] | None = None,
    known: Standing | None = None,
    first_number: int = 0,
) -> Standing:
    """Finds standing cameras, and what their images show besides the background.

    Args:
        grey: ``(n, 32, 32)`` thumbnails
        order: ``(m,)``; the images to compare, in natural order; they have thumbnails
        cameras: the camera of each of the n images, all of which stand still; None to find out
            which images share a background. Those with fewer than 20 images are ignored
        progress: called with the number of images done so far, of m
        known: what was found before. Images of a standing camera stay with it, others with the
            same background join it, and those of it that are compared then get their activity
            anew; it is enough to compare some of those that are known, :func:`to_compare`
        first_number: of the cameras that nothing is known of

    Returns:
        new cameras are numbered in the order of their first images
    """
    if cameras is None:
        groups = same_background(grey, order)
    else:
        numbers: dict[object, int] = {}
        groups = np.array(
            [numbers.setdefault(cameras[row], len(numbers)) for row in order.tolist()], np.int64
        )
    if known is None:
        known = Standing(np.full(len(grey), NONE), np.full(len(grey), np.nan, np.float32))
    camera, activity = known.camera.copy(), known.activity.copy()
    camera[order] = np.maximum(camera[order], NONE)
    number = max(first_number, known.n_cameras)
    done = 0
    for places in members(groups):
        rows = order[places]
        before = camera[rows][camera[rows] >= 0]
        is_new = len(before) < len(rows)
        if is_new and (len(before) or len(rows) >= FEWEST):
            joined = int(np.bincount(before).argmax()) if len(before) else number
            number += joined == number
            camera[rows] = np.where(camera[rows] < 0, joined, camera[rows])
            activity[rows] = activities(grey[rows])
        elif is_new and len(rows) > 1:
            camera[rows] = TOO_FEW
        done += len(places)
        if progress:
            progress(done)
    if progress:
        progress(len(order))
    return Standing(camera, activity)


def mark_standing(
    signatures: Signatures,
    order: _Rows,
    cameras: Sequence[object] | None = None,
    progress: Callable[[int], None] | None = None,
    keep_grey: bool = False,
    first_number: int = 1,
) -> None:
    """Writes into signatures which standing camera took each image, and its activity.

    Images that have a thumbnail are compared. What is known of others stays, and so do the numbers
    of known cameras: see :func:`find_standing`. Drops the thumbnails unless they are to be kept.

    Args:
        signatures: n images, with thumbnails; nothing happens without any
        order: ``(n,)``; their natural order
        cameras: as in :func:`find_standing`
        progress: as in :func:`find_standing`
        keep_grey: keep the thumbnails, for :func:`heat_maps` and :func:`to_compare`
        first_number: of the cameras that nothing is known of, unless known ones have larger ones
    """
    if signatures.grey is None:
        return
    grey, before = signatures.grey.reshape(-1, SIDE, SIDE), signatures.standing
    is_compared = signatures.readable & _has_thumbnail(signatures)
    camera = np.where(before > 0, before - 1, np.minimum(before, NONE)).astype(np.int64)
    known = Standing(camera, signatures.activity)
    with blas.limited:
        compared = order[is_compared[order]]
        found = find_standing(grey, compared, cameras, progress, known, first_number - 1)
    numbers = np.where(found.camera < 0, found.camera, found.camera + 1)
    signatures.standing[:] = np.where(signatures.readable, numbers, 0)
    signatures.activity[:] = found.activity
    if not keep_grey:
        signatures.drop_grey()


def to_compare(signatures: Signatures, order: _Rows) -> NDArray[np.bool_]:
    """Returns of which images to keep the thumbnails, ``(n,)``, to compare later ones with.

    Of each standing camera as many as its background is made of, evenly spaced, and of all other
    images together as many as there may be leaders: those may turn out to be of a camera.

    Args:
        signatures: n images, marked by :func:`mark_standing`, with their thumbnails
        order: ``(n,)``; their natural order
    """
    is_kept = np.zeros(len(signatures), bool)
    some = order[(signatures.readable & _has_thumbnail(signatures))[order]]
    cameras = np.maximum(signatures.standing[some], 0)
    for places in members(cameras):
        count = CANDIDATES if cameras[places[0]] else LEADERS
        is_kept[some[places[evenly_spaced(len(places), count)]]] = True
    return is_kept


def _has_thumbnail(signatures: Signatures) -> NDArray[np.bool_]:
    """Whether each image has one, ``(n,)``; a new image has, even if it is all black."""
    if signatures.grey is None:
        return np.zeros(len(signatures), bool)
    return np.asarray(signatures.grey.any(axis=1) | (signatures.standing == 0))
