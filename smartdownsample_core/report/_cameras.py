"""Warnings about cameras: what is no camera, and whose share is far from that of its images."""

from __future__ import annotations

import numpy as np

from ..errors import Message
from ..selection import UNLABELLED, Groups, Selection, are_good, count_images
from ..signatures import UNREADABLE
from ._figures import share

#: A camera is named if its share is this many times too large or small, and makes a difference of
#: about this many images; so many are named.
_FAR, _ENOUGH, _MAX_CAMERAS = 3, 5, 3

#: Labels are taken for no cameras if there are this many for an image, of at least so many.
_ALONE, _MANY = 0.8, 10


def of_cameras(selection: Selection) -> list[Message]:
    """Returns warnings about the cameras of a selection."""
    cameras = selection.cameras
    if cameras is None:
        return []
    return _alone(selection, cameras) or _uneven(selection, cameras)


def _alone(selection: Selection, cameras: Groups) -> list[Message]:
    """Says if nearly every image has a camera of its own, as if labels were times or names."""
    named = [name != UNLABELLED for name in cameras.names]
    n, n_cameras = int(np.array(named)[cameras.numbers].sum()), sum(named)
    if selection.image_of is not None or n < _MANY or n_cameras < _ALONE * n:
        return []
    text = (
        "{n:,} images have {n_cameras:,} cameras, nearly one each; {camera} should name what took "
        "each image, such as its site"
    )
    return [Message(text, n=n, n_cameras=n_cameras)]


def _uneven(selection: Selection, cameras: Groups) -> list[Message]:
    """Names the cameras whose share of the kept images is far from their share of all images."""
    n_kept = len(selection.chosen)
    if len(cameras.names) < 2 or not n_kept or selection.count_strata():
        return []  # shares of labels are asked for, and those of cameras follow from them
    candidates = selection.bucket_ids != UNREADABLE
    if selection.tiers is not None:  # what is excluded can have no share
        candidates &= are_good(selection.tiers) | selection.kept
    numbers, n = cameras.numbers, len(cameras.names)
    sizes = count_images(numbers, np.flatnonzero(candidates), n, selection.image_of)
    sizes = sizes / max(sizes.sum(), 1)
    kept = np.bincount(numbers[selection.chosen], minlength=n)
    expected = sizes * n_kept
    is_far = np.maximum(kept, expected) >= np.maximum(_FAR * np.minimum(kept, expected), _ENOUGH)
    far = np.flatnonzero(is_far)
    if not len(far):
        return []
    more = kept - expected
    worst = far[np.argsort(-np.abs(more)[far], kind="stable")]

    def shares(camera: int) -> str:
        of_images, of_kept = share(sizes[camera]), share(kept[camera] / n_kept)
        return f"{of_images} of the images and {of_kept} of those kept"

    named = [f"{cameras.names[one]!r} has {shares(one)}" for one in worst[:_MAX_CAMERAS]]
    if len(far) > _MAX_CAMERAS:
        named.append(f"and {len(far) - _MAX_CAMERAS:,} more")
    text = ", ".join(named)
    most = int(more.argmax())
    if (more[far] < 0).all():  # a large camera may have got what they lack, and not be far itself
        text += f"; their share went mostly to {cameras.names[most]!r}, which has {shares(most)}"
    return [
        Message(
            "{n:,} of {n_cameras:,} cameras {are} far over- or under-represented: {text}; "
            "{stratify_by} camera gives each its share",
            n=len(far),
            are="is" if len(far) == 1 else "are",
            n_cameras=n,
            text=text,
        )
    ]
