"""Pairs around the distance of near-duplicates, against their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import Choice
from smartdownsample_core.selection import _pairs as module
from smartdownsample_core.selection import pairs_around
from smartdownsample_core.signatures import LARGEST_DISTANCE, unpack
from tests.core.test_constraints import _table

_FEATURES = np.random.default_rng(1).normal(size=(30, 8))


@given(
    st.integers(0, 30),
    st.integers(1, 5),
    st.sampled_from(
        [
            {"duplicate_distance": 10},
            {"duplicate_distance": 60},
            {"near_duplicates": 0},
            {"near_duplicates": 20},
            {"near_duplicates": 0.5, "features": True},
        ]
    ),
)
def test_pairs_are_those_nearest_to_the_threshold(n: int, count: int, settings: dict) -> None:
    """Within and beyond, by what the setting compares; no image is in two of them."""
    table = _table(n, n, unreadable=(0,) if n > 3 else ())
    if "features" in settings:
        settings = {**settings, "features": _FEATURES[:n]}
    choice = Choice(**settings)
    threshold = float(next(iter(settings.values())))
    if "duplicate_distance" in settings:
        points = table.descriptor.astype(float)
        apart = np.linalg.norm(points[:, None] - points, axis=2) * 100 / LARGEST_DISTANCE
    elif "features" in settings:
        unit = _FEATURES[:n] / np.linalg.norm(_FEATURES[:n], axis=1, keepdims=True)
        apart = 1 - unit @ unit.T
    else:
        bits = unpack(table.dhash, 64).astype(int)
        apart = np.abs(bits[:, None] - bits).sum(axis=2).astype(float)
    both = pairs_around(table, np.arange(n)[::-1], choice, count)
    readable = np.flatnonzero(table.readable)
    there = {(a, b) for a in readable.tolist() for b in readable.tolist() if a < b}
    for pairs, sign in zip(both, (-1, 1), strict=True):
        fits = {pair for pair in there if (apart[pair] > threshold) == (sign > 0)}
        found = [tuple(sorted(pair[:2])) for pair in pairs]
        assert len(found) <= count
        assert len({row for pair in found for row in pair}) == 2 * len(found)
        for pair, at in zip(found, pairs, strict=True):
            assert at.distance == pytest.approx(apart[pair], abs=0.02)
            if "features" in settings:  # they are rounded
                assert sign * (at.distance - threshold) >= -1e-6
                continue
            assert pair in fits
            nearest = min(sign * apart[one] for one in fits)
            assert sign * at.distance == pytest.approx(nearest, abs=0.02)
            fits = {one for one in fits if not set(one) & set(pair)}
        if len(found) < count:
            assert not fits or "features" in settings


def test_of_many_images_some_neighbours_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks, of which each image comes once."""
    monkeypatch.setattr(module, "_MOST", 40)
    monkeypatch.setattr(module, "_BLOCK", 10)
    some = module._some(np.arange(100)[::-1])
    assert len(some) == 40
    assert set(range(10)) | set(range(90, 100)) <= set(some.tolist())


def test_it_takes_a_choice_that_excludes_near_duplicates() -> None:
    """Else there is no threshold."""
    with pytest.raises(ValueError, match="set duplicate_distance"):
        pairs_around(_table(3), np.arange(3), Choice(), 4)
