"""How to choose: the strategy, and what else the kept images have to satisfy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set, Sized
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from os import PathLike
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..checks import flag, listed, one_of, shown, whole_number
from ._features import quantized, unit_features
from ._strata import Label, texts_of

#: How images are chosen; see :class:`Choice`.
Strategy = Literal["stride", "diverse", "representative"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)

_LARGEST_COSINE = 2

BALANCES = ("proportional", "equal")

MISSING_TARGET = (
    "target_count is missing: say how many images to keep; only with near_duplicates or "
    "max_per_group can it be left out"
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Choice:
    """How to choose; raises a ValueError for a value out of its bounds."""

    strategy: Strategy = "stride"
    """``"stride"``: evenly from every visual bucket; ``"diverse"``: each image as different as can
    be from those before it; ``"representative"``: few of what is rare, many of what is frequent"""
    near_duplicates: float | None = None
    """leave out an image that differs in at most so many bits of the dHash from one before it in
    natural order, wherever that is, that is not left out itself; with ``features`` it is a cosine
    distance, 0-2"""
    features: Any = None
    """``(n, d)`` numbers, such as embeddings, to compare images by instead of our descriptors"""
    stratify_by: Sequence[Label] | None = None
    """a label for each of n images; every stratum gets its share of the target"""
    balance: str | float = "proportional"
    """shares of the strata: ``"proportional"`` to their sizes, ``"equal"``, or in proportion to
    sizes to the power of this number, 0-1"""
    max_per_group: int | None = None
    """the most that a stratum gets; without ``stratify_by``, that a visual bucket gets"""
    keep: Sequence[int] = ()
    """positions of images that are in anyway, and count; others are chosen to differ from them"""
    leave_out_junk: bool = False
    """leave out blank images; see :mod:`smartdownsample_core.signatures._quality`"""

    def __post_init__(self) -> None:
        one_of("strategy", self.strategy, STRATEGIES)
        if self.near_duplicates is not None:
            _check_radius(self.near_duplicates, self.features is not None)
        if not _is_number(self.balance, most=1):
            one_of("balance", self.balance, BALANCES, others="a number from 0 to 1")
        if self.max_per_group is not None:
            whole_number("max_per_group", self.max_per_group, minimum=1)
        if self.stratify_by is None and self.balance != "proportional":
            raise ValueError(
                f"balance {self.balance!r} shares out among labels: say stratify_by, too"
            )
        if self.stratify_by is not None:
            _check_labels(self.stratify_by)
        object.__setattr__(self, "keep", _positions(self.keep))
        object.__setattr__(self, "leave_out_junk", flag("leave_out_junk", self.leave_out_junk))

    def check(self, n: int, target_count: int | None, hash_size: int) -> None:
        """Raises a ValueError if the choice does not fit n images, the target or the hash."""
        if target_count is None and self.near_duplicates is None and self.max_per_group is None:
            raise ValueError(MISSING_TARGET)
        self.check_hash(hash_size)
        if self.features is not None:
            self.points(n)
        if self.stratify_by is not None:
            _check_fit(self.stratify_by, n)
        outside = [row for row in self.keep if not 0 <= row < n]
        if outside:
            there = f"the {n:,} images have 0 to {n - 1}; leave it out"
            raise ValueError(
                f"keep has the position {outside[0]}, and "
                f"{there if n else 'there are no images; leave keep out'}"
            )
        if target_count is not None and max(target_count, 0) < len(self.keep):
            raise ValueError(
                f"target_count {target_count:,} is less than the {len(self.keep):,} images of "
                "keep, which count; raise it, or keep fewer"
            )

    def check_hash(self, hash_size: int) -> None:
        """Raises a ValueError if ``near_duplicates`` are more bits than can differ."""
        bits = hash_size**2
        if self.features is None and self.near_duplicates is not None:
            whole_number("near_duplicates, in bits of the hash,", self.near_duplicates, 0, bits - 1)

    def points(self, n: int) -> NDArray[np.int8]:
        """Returns the features of n images as bytes to compare, ``(n, d)``; worked out once.

        Raises:
            ValueError: if the features do not fit
        """
        if n not in self._points:
            self._points[n] = quantized(unit_features(self.features, n))
        return self._points[n]

    @cached_property
    def _points(self) -> dict[int, NDArray[np.int8]]:
        return {}

    @property
    def exponent(self) -> float:
        """The power of its size that a stratum's share is in proportion to."""
        if isinstance(self.balance, str):
            return float(self.balance == "proportional")
        return float(self.balance)

    @property
    def needs_descriptors(self) -> bool:
        """Whether more is needed of an image than its bucket."""
        compares = self.strategy != "stride" and self.features is None
        return compares or self.leave_out_junk


def _check_radius(radius: Any, of_features: bool) -> None:
    if not of_features:
        try:
            whole_number("near_duplicates, in bits of the hash,", radius, minimum=0)
        except ValueError as error:
            raise ValueError(f"{error}; of features it is a cosine distance") from None
    elif not _is_number(radius, most=_LARGEST_COSINE):
        raise ValueError(
            "near_duplicates, a cosine distance of features, must be a number from 0 to "
            f"{_LARGEST_COSINE}, got {shown(radius)}"
        )


def _check_labels(labels: Any) -> None:
    expected = "stratify_by must be a list with a label for each image, got"
    if isinstance(labels, str):
        raise ValueError(
            f"{expected} the text {labels!r}; the folders are "
            "[os.path.dirname(path) for path in image_paths]"
        )
    if isinstance(labels, Mapping):
        raise ValueError(f"{expected} a dict; say [labels[path] for path in image_paths]")
    if hasattr(labels, "columns"):
        raise ValueError(f"{expected} a {type(labels).__name__}; say list(table['label'])")
    if isinstance(labels, Set):
        raise ValueError(
            f"{expected} a {type(labels).__name__}, which has no order; make a list in that of "
            "the images"
        )
    if not isinstance(labels, Sized) or getattr(labels, "shape", None) == ():
        raise ValueError(
            f"{expected} {shown(labels)}; list(labels) makes one of what yields labels"
        )


def _check_fit(labels: Sequence[Label], n: int) -> None:
    if len(labels) != n:
        raise ValueError(
            f"stratify_by must have a label for each of the {n:,} images, got {len(labels):,}; "
            "give None to those without one"
        )
    if n and not any(map(texts_of, labels)):
        raise ValueError(f"stratify_by has a label for none of the {n:,} images; leave it out")


def _positions(keep: Any) -> tuple[int, ...]:
    expected = "a list of positions in the list of images"
    is_path = isinstance(keep, (str, PathLike))
    remedy = "; for a path, [image_paths.index(path)]" if is_path else "; [] keeps none"
    rows = listed("keep", keep, expected, remedy)
    for row in rows:
        if isinstance(row, (str, PathLike)):
            remedy = "for a path, image_paths.index(path)"
        elif isinstance(row, (bool, np.bool_)):
            remedy = "of a mask, numpy.flatnonzero(mask)"
        elif not hasattr(row, "__index__"):
            remedy = "of numbers, [int(row) for row in rows]"
        else:
            continue
        raise ValueError(f"keep must be {expected}, got {shown(row)}; {remedy}")
    return tuple(sorted({whole_number("keep", row) for row in rows}))


def _is_number(value: Any, most: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    number: Any = value
    return bool(0 <= number <= most)
