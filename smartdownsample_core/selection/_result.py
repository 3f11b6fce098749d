"""The answer of a downsampling: what was kept, out of which buckets, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..checks import whole_number
from ..signatures import N_BUCKETS, UNREADABLE, bucket_name
from ._tiers import DAMAGED, JUNK, NEAR_DUPLICATE, NEVER


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
        """Share that was kept, 0-1; None if none can be read."""
        return self.kept / self.size if self.size else None


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
    strategy: str = "stride"
    """how the images were chosen: one of :data:`smartdownsample_core.selection.STRATEGIES`"""
    ranking: NDArray[np.int64] | None = None
    """``(k,)``; the kept images in the order of their choice, if the strategy has one: its first m
    are what a target of m would have kept, as long as there are no strata"""
    leaders: NDArray[np.int64] | None = None
    """``(n,)``; the first image of each one's group of near-duplicates, -1 where it could not be
    read; None if these were not looked for"""
    tiers: NDArray[np.int8] | None = None
    """``(n,)``; who came first, of :mod:`._tiers`; None if nobody did"""
    strata: tuple[NDArray[np.int64], list[str]] | None = None
    """``(n,)`` number of the stratum, and the names of the strata"""
    strata_are_labels: bool = False
    """whether they are the user's labels, and not the buckets"""

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
        return sum(bucket.size for bucket in self.buckets)

    @property
    def n_near_duplicates_kept(self) -> int:
        """Near-duplicates of kept images that had to be kept to reach the target."""
        return int((self._are(NEAR_DUPLICATE) & self.kept).sum())

    @property
    def n_near_duplicates_left_out(self) -> int:
        """Images that were not kept, but another one of their group was."""
        if self.leaders is None:
            return 0
        has_kept = np.isin(self.leaders, self.leaders[self.indices])
        return int((self._are(NEAR_DUPLICATE) & has_kept & ~self.kept).sum())

    @property
    def n_junk_kept(self) -> int:
        """Blank images that had to be kept to reach the target."""
        return int((self._are(JUNK) & self.kept).sum())

    @property
    def n_junk_left_out(self) -> int:
        """Blank images that were not kept."""
        return int((self._are(JUNK) & ~self.kept).sum())

    @property
    def damaged(self) -> NDArray[np.int64]:
        """Rows of images whose files are cut off or corrupt, but for those of ``keep``."""
        return np.flatnonzero(self._are(DAMAGED))

    @property
    def n_damaged_kept(self) -> int:
        """Damaged images that had to be kept to reach the target."""
        return int((self._are(DAMAGED) & self.kept).sum())

    def _are(self, tier: int) -> NDArray[np.bool_]:
        if self.tiers is None:
            return np.zeros(len(self.bucket_ids), bool)
        return np.asarray(self.tiers == tier)

    def count_strata(self) -> tuple[Stratum, ...]:
        """Returns the strata, the largest first, then by name; none if there are no labels."""
        if self.strata is None:
            return ()
        numbers, names = self.strata
        sizes = np.bincount(numbers[self.bucket_ids != UNREADABLE], minlength=len(names)).tolist()
        kept = np.bincount(numbers[self.indices], minlength=len(names)).tolist()
        strata = map(Stratum, names, sizes, kept)
        return tuple(sorted(strata, key=lambda stratum: (-stratum.size, stratum.name)))

    def first(self, target_count: int) -> Selection:
        """Returns the selection that a smaller target would have made: it is nested in this one.

        Args:
            target_count: at most the images that are kept here, at least those that were to be
                kept anyway

        Raises:
            ValueError: if there is no ranking, or if strata had to get their shares; or for a
                target out of its bounds
        """
        if self.ranking is None or self.strata is not None:
            raise ValueError(
                "first() needs a strategy that ranks, without stratify_by and max_per_group, got "
                f"strategy {self.strategy!r}{' with strata' if self.strata else ''}; choose again "
                "with the smaller target_count"
            )
        minimum = int((self.tiers[self.ranking] == NEVER).sum()) if self.tiers is not None else 0
        target_count = whole_number(
            "target_count, of the images kept here,", target_count, minimum, len(self.ranking)
        )
        ranking = self.ranking[:target_count]
        return replace(
            self,
            indices=np.sort(ranking),
            ranking=ranking,
            buckets=count_buckets(self.bucket_ids, ranking),
            target_count=target_count,
        )

    def members(self, bucket_id: int) -> NDArray[np.int64]:
        """Returns the input positions of a bucket's images in natural order."""
        members: NDArray[np.int64] = self.order[self.bucket_ids[self.order] == bucket_id]
        return members


def count_buckets(bucket_ids: NDArray[np.int16], kept: NDArray[np.int64]) -> tuple[Bucket, ...]:
    """Returns the non-empty buckets, the largest first.

    Args:
        bucket_ids: ``(n,)``; -1 for images that could not be read
        kept: ``(k,)``; positions of the kept images
    """
    sizes = np.bincount(bucket_ids[bucket_ids != UNREADABLE], minlength=N_BUCKETS)
    kept_ids = bucket_ids[kept]
    return tally(sizes, np.bincount(kept_ids[kept_ids != UNREADABLE], minlength=N_BUCKETS))


def tally(sizes: NDArray[np.int64], kept: NDArray[np.int64]) -> tuple[Bucket, ...]:
    """Returns the non-empty buckets, the largest first.

    Args:
        sizes: ``(b,)``; readable images in bucket 0..b-1
        kept: ``(b,)``; those of them that were kept
    """
    buckets = [Bucket(int(b), int(sizes[b]), int(kept[b])) for b in np.flatnonzero(sizes)]
    return tuple(sorted(buckets, key=lambda bucket: -bucket.size))
