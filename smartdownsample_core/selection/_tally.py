"""The buckets and strata of a selection, each with how many of its images are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..signatures import N_BUCKETS, UNREADABLE, bucket_name
from ._strata import Groups


@dataclass(frozen=True)
class Bucket:
    """One non-empty bucket of a selection."""

    id: int
    """0-127; an image has the same in every run"""
    size: int
    """readable images in it"""
    kept: int
    """images of it that were kept"""

    @property
    def name(self) -> str:
        """Readable name: what its images have in common."""
        return bucket_name(self.id)

    @property
    def excluded(self) -> int:
        """Readable images of it that were not kept."""
        return self.size - self.kept

    @property
    def rate(self) -> float:
        """Share that was kept, 0-1."""
        return self.kept / self.size

    @property
    def stride(self) -> float | None:
        """Average step between kept images in natural order; None if none is kept."""
        return self.size / self.kept if self.kept else None


@dataclass(frozen=True)
class Stratum:
    """The images of one label."""

    name: str
    size: int
    """readable images in it"""
    kept: int
    """images of it that were kept"""

    @property
    def rate(self) -> float | None:
        """Share that was kept, 0-1; None if no image is readable."""
        return self.kept / self.size if self.size else None


def count_buckets(bucket_ids: NDArray[np.int16], kept: NDArray[np.int64]) -> tuple[Bucket, ...]:
    """Returns the non-empty buckets, the largest first.

    Args:
        bucket_ids: ``(n,)``; -1 for unreadable images
        kept: ``(k,)``; indices of the kept images
    """
    sizes = np.bincount(bucket_ids[bucket_ids != UNREADABLE], minlength=N_BUCKETS)
    kept_ids = bucket_ids[kept]
    return tally(sizes, np.bincount(kept_ids[kept_ids != UNREADABLE], minlength=N_BUCKETS))


def tally(sizes: NDArray[np.int64], kept: NDArray[np.int64]) -> tuple[Bucket, ...]:
    """Returns the non-empty buckets, the largest first.

    Args:
        sizes: ``(b,)``; readable images in bucket 0..b-1
        kept: ``(b,)``; kept images in bucket 0..b-1
    """
    buckets = [Bucket(int(b), int(sizes[b]), int(kept[b])) for b in np.flatnonzero(sizes)]
    return tuple(sorted(buckets, key=lambda bucket: -bucket.size))


def count_images(
    numbers: NDArray[np.int64], rows: NDArray[np.int64], n_groups: int, image_of: Groups | None
) -> NDArray[np.int64]:
    """Returns how many images each of some groups has, ``(g,)``.

    Args:
        numbers: ``(n,)``; the group of each of n images, or of n objects on images
        rows: ``(m,)``; those that count; of the objects of a group on one image, one
        n_groups: the number g of groups
        image_of: of objects, their images
    """
    of_rows = numbers[rows]
    if image_of is not None:
        n_images = len(image_of.names)
        of_rows = np.unique(of_rows * n_images + image_of.numbers[rows]) // n_images
    return np.bincount(of_rows, minlength=n_groups)
