"""Images beside each other in natural order: where they vary, distances count less."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core.selection import _local_scaling as module
from smartdownsample_core.selection._local_scaling import weights

_SEEDS = st.integers(0, 2**32)


def _points(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points that are sometimes alike, uint8 or int8, and an order of them."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 90))
    points = rng.integers(0, 120, (n, 5))[rng.integers(0, n, n)] + rng.integers(0, 8, (n, 5))
    return points.astype(np.uint8 if seed % 2 else np.int8), rng.permutation(n)


def _slow_weights(points: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The definition, image by image."""
    found = np.empty(len(points))
    for place, row in enumerate(order):
        around = [*order[max(place - 32, 0) : place], *order[place + 1 : place + 33]]
        apart = points[around].astype(np.int64) - points[row].astype(np.int64)
        closest = np.sqrt((apart**2).sum(axis=1).min(initial=10**9))
        found[row] = 1 / np.sqrt(np.clip(closest, 20, 160) / 20)
    return found


@given(_SEEDS)
def test_weights_equal_a_slow_reference(seed: int) -> None:
    """Above 0, at most 1, and by the distance to the closest of 32 before and 32 after."""
    points, order = _points(seed)
    found = weights(points, order)
    assert found.dtype == np.float32
    assert ((found > 0) & (found <= 1)).all()
    np.testing.assert_allclose(found, _slow_weights(points, order), rtol=1e-6)


@pytest.mark.parametrize("rows", [1, 7, 32, 33])
@given(_SEEDS)
def test_blocks_do_not_change_the_weights(rows: int, seed: int) -> None:
    """The same bytes, however many rows are compared at a time."""
    points, order = _points(seed)
    expected = weights(points, order).tobytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROWS", rows)
        assert weights(points, order).tobytes() == expected


def test_what_lies_in_a_restless_scene_counts_less() -> None:
    """Frames that all differ weigh less than frames that hardly do."""
    rng = np.random.default_rng(1)
    calm, restless = rng.integers(100, 104, (40, 20)), rng.integers(0, 120, (40, 20))
    found = weights(np.concatenate([calm, restless]).astype(np.uint8), np.arange(80))
    assert found[:40].min() == 1
    assert found[40:].max() < 0.6
