"""The result of a downsampling: what was kept, from which buckets, and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..checks import whole_number
from ..signatures import UNREADABLE
from ._coverage import Coverage, coverage
from ._events import Events
from ._explanation import Cap, Evidence, Explanation, explain
from ._keys import Exclusion
from ._standing import Standing
from ._strata import Groups
from ._tally import Bucket, Stratum, count_buckets, count_images
from ._tiers import DAMAGED, EXCLUDED, JUNK, NEAR_DUPLICATE, NEVER, QUIET, TOO_SOON
from ._whole_images import by_image, ends_of_images, with_objects


@dataclass(frozen=True, eq=False)
class Selection:
    """The result of downsampling n images."""

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
    """key of :data:`smartdownsample_core.selection.STRATEGIES`"""
    ranking: NDArray[np.int64] | None = None
    """``(k,)``; the kept images in the order of picking, if the strategy ranks: without strata, the
    first m are what a target of m would keep"""
    n_first: int | None = 0
    """how many of the ranking are fixed, so that :meth:`first` gives no fewer; None if it gives
    none, because picks were changed to meet caps, or by :meth:`with_kept`"""
    leaders: NDArray[np.int64] | None = None
    """``(n,)``; the first image of each image's group of near-duplicates, -1 for unreadable images;
    None if near-duplicates are not excluded"""
    tiers: NDArray[np.int8] | None = None
    """``(n,)``; the tier of each image, from :mod:`._tiers`; None if all are alike"""
    strata: tuple[NDArray[np.int64], list[str]] | None = None
    """``(n,)`` number of each image's stratum, and the names of the strata"""
    strata_are_labels: bool = False
    """whether the strata are the user's labels rather than buckets"""
    without_share: tuple[str, ...] = ()
    """strata that the shares of ``balance`` do not name"""
    caps: tuple[Cap, ...] = ()
    """limits on the kept images of each label or bucket"""
    evidence: Evidence | None = None
    """what images are compared by; None if the signatures have no descriptors"""
    cameras: Groups | None = None
    """the camera of each image; None if it does not matter which took an image"""
    events: Events | None = None
    """the event of each image; None without ``event_gap``"""
    exclusions: tuple[Exclusion, ...] = ()
    """the labels that are excluded"""
    below_floor: dict[str, int] = field(default_factory=dict)
    """for keys of ``min_per``, how many of their groups have fewer images than it asks for, though
    they have more"""
    n_without_time: int = 0
    """readable images whose time is unknown, if times matter"""
    image_of: Groups | None = None
    """the images, if these are objects of which one is kept for each chosen image"""
    kept_for: NDArray[np.int64] | None = None
    """``(m,)``; of :attr:`of_objects`, the object that each image is kept for, in order"""
    standing: Standing | None = None
    """the standing cameras, if they were looked for"""

    @property
    def kept(self) -> NDArray[np.bool_]:
        """``(n,)``; True for the kept images."""
        mask = np.zeros(len(self.bucket_ids), bool)
        mask[self.indices] = True
        return mask

    @property
    def n_unrepresented(self) -> int:
        """Buckets of which no image was kept."""
        return sum(bucket.kept == 0 for bucket in self.buckets)

    @property
    def n_readable(self) -> int:
        """Images that could be read."""
        return sum(bucket.size for bucket in self.buckets)

    @property
    def n_choosable(self) -> int:
        """Images that could be read, or of which an object could be."""
        if self.image_of is None:
            return self.n_readable
        return len(np.unique(self.image_of.numbers[self.bucket_ids != UNREADABLE]))

    @property
    def ranks(self) -> NDArray[np.int32]:
        """``(n,)``; 1 for the image picked first, objects as their image; 0 for others."""
        ranks = np.zeros(len(self.bucket_ids), np.int32)
        if self.ranking is not None:
            ends = ends_of_images(self.ranking, self.image_of)
            ranks[self.ranking] = np.repeat(np.arange(1, len(ends)), np.diff(ends))
        return ranks

    @property
    def chosen(self) -> NDArray[np.int64]:
        """The kept images, ``(m,)``; of objects, the one that each image is kept for."""
        return self.indices if self.kept_for is None else self.kept_for

    @property
    def of_objects(self) -> Selection:
        """What is kept of the objects, if they chose whole images: all that are on kept ones."""
        is_one = self.image_of is not None and self.kept_for is None
        return self._with_objects if is_one else self

    @cached_property
    def _with_objects(self) -> Selection:
        assert self.image_of is not None  # or these are no objects
        readable = self.bucket_ids != UNREADABLE
        return self._keeping(with_objects(self._in_order, self.image_of, readable))

    @property
    def n_near_duplicates_kept(self) -> int:
        """Near-duplicates that were kept to reach the target."""
        return self._n_chosen(NEAR_DUPLICATE)

    @property
    def n_near_duplicates_left_out(self) -> int:
        """Near-duplicates excluded in favor of another image of their group."""
        if self.leaders is None:
            return 0
        has_kept = np.isin(self.leaders, self.leaders[self.indices])
        return int((self._are(NEAR_DUPLICATE) & has_kept & ~self.kept).sum())

    @property
    def n_junk_kept(self) -> int:
        """Blank images that were kept to reach the target."""
        return self._n_chosen(JUNK)

    @property
    def n_junk_left_out(self) -> int:
        """Blank images that were excluded."""
        return int((self._are(JUNK) & ~self.kept).sum())

    @property
    def n_too_soon(self) -> int:
        """Readable images excluded by ``min_interval``: taken too soon after another."""
        return int(self._are(TOO_SOON).sum())

    @property
    def n_excluded(self) -> int:
        """Readable images whose labels are excluded."""
        return int(self._are(EXCLUDED).sum())

    @property
    def n_quiet_left_out(self) -> int:
        """Quiet frames of standing cameras that were excluded."""
        return int((self._are(QUIET) & ~self.kept).sum())

    @property
    def n_quiet_kept(self) -> int:
        """Quiet frames that were kept to reach the target."""
        return self._n_chosen(QUIET)

    @property
    def damaged(self) -> NDArray[np.int64]:
        """Rows of images whose files are truncated or corrupt, except those of ``keep``."""
        return np.flatnonzero(self._are(DAMAGED))

    @property
    def n_damaged_kept(self) -> int:
        """Damaged images that were kept to reach the target."""
        return self._n_chosen(DAMAGED)

    def _n_chosen(self, tier: int) -> int:
        return int(self._are(tier)[self.chosen].sum())

    def _are(self, tier: int) -> NDArray[np.bool_]:
        if self.tiers is None:
            return np.zeros(len(self.bucket_ids), bool)
        return np.asarray(self.tiers == tier)

    def count_strata(self) -> tuple[Stratum, ...]:
        """Returns the strata, the largest first, then by name; empty without strata."""
        if self.strata is None:
            return ()
        numbers, names = self.strata
        rows = np.flatnonzero(self.bucket_ids != UNREADABLE)
        sizes = count_images(numbers, rows, len(names), self.image_of).tolist()
        kept = np.bincount(numbers[self.chosen], minlength=len(names)).tolist()
        strata = map(Stratum, names, sizes, kept)
        return tuple(sorted(strata, key=lambda stratum: (-stratum.size, stratum.name)))

    @property
    def is_nested(self) -> bool:
        """Whether the first m of the ranking are what a target of m keeps, see :meth:`first`."""
        return self.ranking is not None and self.strata is None and self.n_first is not None

    def first(self, target_count: int) -> Selection:
        """Returns the selection for a smaller target, which is nested in this one.

        Args:
            target_count: at most the images kept here, at least those of ``keep``

        Raises:
            ValueError: without a ranking or with strata, or for a target out of its bounds
        """
        if not self.is_nested:
            changed = ", and picks that were changed to meet the caps or by hand" * (
                self.n_first is None
            )
            raise ValueError(
                "first() needs a strategy that ranks, without stratify_by and max_per_group, got "
                f"strategy {self.strategy!r}{' with strata' if self.strata else ''}{changed}; "
                "choose again with the smaller target_count"
            )
        assert self.ranking is not None  # or it were not nested
        assert self.n_first is not None  # likewise
        minimum = int((self.tiers[self.ranking] == NEVER).sum()) if self.tiers is not None else 0
        minimum = max(minimum, self.n_first)
        target_count = whole_number("target_count", target_count, minimum, len(self.ranking))
        ranking = self.ranking[:target_count]
        return replace(
            self,
            indices=np.sort(ranking),
            ranking=ranking,
            buckets=count_buckets(self.bucket_ids, ranking),
            target_count=target_count,
        )

    def with_kept(self, rows: NDArray[np.int64]) -> Selection:
        """Returns this selection with other images kept, as a person may decide by hand.

        An image goes to its nearest kept one, as always: those that an image stood for that is no
        longer kept to the nearest of the others, and those that are nearer to an added one to that.

        Args:
            rows: ``(k,)``; all that are kept, different ones; in the order of choice, if the
                strategy ranks; of objects on images, all of each image
        """
        kept, evidence = self._keeping(rows), self.evidence
        if evidence is None or "nearest" not in self.__dict__:  # not compared yet
            return kept
        known = evidence.knowing(self.of_objects._in_order, kept._in_order, *self.nearest)
        return replace(kept, evidence=known)

    def _keeping(self, rows: NDArray[np.int64]) -> Selection:
        """Returns this with other images kept; see :meth:`with_kept`."""
        kept_for = None
        if self.image_of is not None:
            rows, kept_for = by_image(rows, self.image_of)
        return replace(
            self,
            indices=np.sort(rows),
            ranking=None if self.ranking is None else rows,
            n_first=None,
            buckets=count_buckets(self.bucket_ids, rows),
            kept_for=kept_for,
        )

    @property
    def _in_order(self) -> NDArray[np.int64]:
        """``(k,)``; the kept images in the order of choice, or else of their positions."""
        return self.indices if self.ranking is None else self.ranking

    @cached_property
    def nearest(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The nearest kept image of each image, and the squared distance; see :class:`Evidence`.

        Raises:
            ValueError: if the signatures have no descriptors
        """
        if self.evidence is None:
            raise ValueError(
                "the signatures of this selection have no descriptors, by which images are "
                "compared; extract them with descriptors=True"
            )
        return self.evidence.nearest(self.of_objects._in_order)

    @cached_property
    def added(self) -> NDArray[np.float32] | None:
        """``(n,)``; what each kept image added: its distance to the nearest of those before it.

        In the unit of :class:`Explanation`; NaN for the first and those left out. None if the
        strategy does not rank, or the signatures have no descriptors.
        """
        ranking = self.of_objects.ranking
        if ranking is None or self.evidence is None:
            return None
        added = self.evidence.added(ranking)
        if self.image_of is not None:  # objects beside these are kept with their images
            added[np.setdiff1d(ranking, self.of_objects.chosen)] = np.nan
        return added

    def explain(self) -> Explanation:
        """Returns why each image was kept or left out, and which kept image stands for it.

        Raises:
            ValueError: if the signatures have no descriptors
        """
        return self.of_objects._explanation

    def coverage(self) -> Coverage:
        """Returns how far the images left out are, for every beginning of the ranking.

        Raises:
            ValueError: if the strategy does not rank, or the signatures have no descriptors
        """
        return self.of_objects._coverage

    @cached_property
    def _coverage(self) -> Coverage:
        return coverage(self)

    @cached_property
    def _explanation(self) -> Explanation:
        return explain(self)

    def members(self, bucket_id: int) -> NDArray[np.int64]:
        """Returns the input indices of a bucket's images in natural order."""
        members: NDArray[np.int64] = self.order[self.bucket_ids[self.order] == bucket_id]
        return members
