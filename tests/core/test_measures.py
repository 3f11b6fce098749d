"""How well kept images cover others, and how alike they are, against the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import Choice, downsample
from smartdownsample_core.selection import measure
from smartdownsample_core.signatures import LARGEST_DISTANCE
from tests.core.test_constraints import _table


@given(st.data(), st.integers(1, 40))
def test_measures_equal_their_definition(data: st.DataObject, n: int) -> None:
    """Of some rows of a table in any order, and any of them kept, also none or all."""
    table = _table(n + 5, n)
    rows = np.array(data.draw(st.permutations(range(n + 5)))[:n], np.int64)
    kept = np.array(data.draw(st.lists(st.sampled_from(range(n)), unique=True)), np.int64)
    found = measure(table, rows, kept)
    points = table.descriptor[rows].astype(np.int64)
    squared = ((points[:, None] - points) ** 2).sum(axis=2).astype(np.float64)
    away = np.sqrt(squared[:, kept].min(axis=1, initial=np.inf)) * 100 / LARGEST_DISTANCE
    np.testing.assert_allclose(found.away, away, rtol=1e-6)
    between = squared[np.ix_(kept, kept)] + np.diag(np.full(len(kept), np.inf))
    apart = np.sqrt(between.min(axis=1, initial=np.inf)) * 100 / LARGEST_DISTANCE
    np.testing.assert_allclose(found.apart, apart, rtol=1e-6)
    left_out = np.sort(np.delete(away, kept))
    farthest, median = (
        (left_out[-1], left_out[(len(left_out) - 1) // 2]) if len(kept) < n else (0, 0)
    )
    assert (found.farthest, found.median) == pytest.approx((farthest, median))
    assert found.n_alike(10) == int((apart <= 10).sum())


def test_they_are_those_of_the_curve() -> None:
    """Where no image is excluded, the farthest and the median image are those of the coverage."""
    table = _table(60, 3)
    selection = downsample(table, np.arange(60), 9, choice=Choice(strategy="diverse"))
    found, curve = measure(table, np.arange(60), selection.indices), selection.coverage()
    assert found.farthest == pytest.approx(float(curve.farthest[9]))
    assert found.median == pytest.approx(float(curve.median[-1]))
