"""Signatures and a target to a selection: the whole decision, without reading or printing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .allocate import allocate
from .buckets import N_BUCKETS, UNREADABLE, assign_buckets, bucket_name
from .select import select
from .table import Signatures


@dataclass(frozen=True)
class Bucket:
    """One non-empty bucket of a selection."""

    id: int
    """0-127, the same for the same image in every run"""
    size: int
    """readable images in it"""
    kept: int
    """images of it that were kept"""

    @property
    def name(self) -> str:
        """What its images have in common."""
        return bucket_name(self.id)

    @property
    def excluded(self) -> int:
        """Images of it that were not kept."""
        return self.size - self.kept

    @property
    def rate(self) -> float:
        """Share that was kept, 0-1."""
        return self.kept / self.size

    @property
    def stride(self) -> float | None:
        """Step between two kept images in natural order; None if none is kept."""
        return self.size / self.kept if self.kept else None


@dataclass(frozen=True, eq=False)
class Selection:
    """The answer of one downsampling of n images, and everything it was made of."""

    indices: NDArray[np.int64]
    """``(k,)``; sorted unique input positions of the kept images"""
    bucket_ids: NDArray[np.int16]
    """``(n,)``; the bucket of every image, -1 where it could not be read"""
    buckets: tuple[Bucket, ...]
    """the non-empty buckets, largest first"""
    order: NDArray[np.int64]
    """``(n,)``; the input positions in natural order"""
    unreadable: dict[int, OSError]
    """input position to the error, for the images that could not be read"""
    target_count: int
    """images asked for; k is smaller only if fewer could be read"""
    random_seed: int

    @property
    def kept(self) -> NDArray[np.bool_]:
        """``(n,)``; True for the kept images."""
        mask = np.zeros(len(self.bucket_ids), bool)
        mask[self.indices] = True
        return mask

    @property
    def n_unrepresented(self) -> int:
        """Buckets that had to go without, because there are more of them than images asked for."""
        return sum(bucket.kept == 0 for bucket in self.buckets)

    @property
    def n_readable(self) -> int:
        """Images that took part."""
        return len(self.bucket_ids) - len(self.unreadable)

    def members(self, bucket_id: int) -> NDArray[np.int64]:
        """Returns the input positions of a bucket's images in natural order."""
        members: NDArray[np.int64] = self.order[self.bucket_ids[self.order] == bucket_id]
        return members


def downsample(
    signatures: Signatures, order: NDArray[np.int64], target_count: int, random_seed: int = 42
) -> Selection:
    """Chooses exactly ``target_count`` images: buckets, quotas, systematic sampling.

    Args:
        signatures: the table of n images
        order: ``(n,)``; their natural order, of :func:`smartdownsample_core.order.natural_order`
        target_count: images to keep; all readable ones if there are fewer, none if 0 or less
        random_seed: at least 0; the same seed gives the same selection

    Returns:
        a :class:`Selection`

    Raises:
        ValueError: for an argument out of its bounds
    """
    bucket_ids = assign_buckets(signatures)
    sizes = np.bincount(bucket_ids[bucket_ids != UNREADABLE], minlength=N_BUCKETS)
    quotas = allocate(sizes, target_count, random_seed)
    buckets = [Bucket(int(b), int(sizes[b]), int(quotas[b])) for b in np.flatnonzero(sizes)]
    return Selection(
        indices=select(bucket_ids, quotas, order, random_seed),
        bucket_ids=bucket_ids,
        buckets=tuple(sorted(buckets, key=lambda bucket: -bucket.size)),
        order=order,
        unreadable=dict(signatures.unreadable),
        target_count=target_count,
        random_seed=random_seed,
    )
