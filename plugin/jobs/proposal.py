"""A run beside what other settings would keep of what it chose from."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smartdownsample_core import Selection

from ..runs import compare
from ..runs import records as runs
from ..targets import Subject
from . import sides
from .in_memory import Stored
from .sides import Sides

#: What is said in the place of the key of a second run.
NAME = "these settings"


class Proposal(NamedTuple):
    """What a run keeps, and what settings would keep."""

    run: str
    stored: Stored
    was: NDArray[np.bool_]
    """``(n,)``; kept by the run, as its tags say now"""
    now: NDArray[np.bool_]
    """``(n,)``; kept by the settings"""
    bucket_ids: NDArray[np.int16]
    """``(n,)``"""

    @classmethod
    def of(cls, subject: Subject, stored: Stored, run: str, selection: Selection) -> Proposal:
        """Returns the proposal that a selection is."""
        tag = runs.settings(subject.dataset, run)["tag"]
        was = stored.among(subject.items.marked_ids(subject.view, tag))
        was &= stored.signatures.readable
        return cls(run, stored, was, selection.kept, selection.bucket_ids)

    def compared(self) -> dict[str, Any]:
        """Counts both; see :func:`compare.compared`."""
        kept = (self.was, self.now, self.was & self.now)
        return compare.tabled(
            self.run, NAME, *(Counter(self.bucket_ids[some].tolist()) for some in kept)
        )

    def rows(self, part: str, bucket: int | None) -> NDArray[np.int64]:
        """Returns the rows of one of :data:`compare.PARTS`, of one bucket or all."""
        of_bucket = True if bucket is None else self.bucket_ids == bucket
        return np.flatnonzero(compare.parts(self.was, self.now)[part] & of_bucket)

    def sides(self) -> Sides:
        """Measures both; see :func:`sides.find`."""
        return sides.between(self.stored, self.was, self.now)
