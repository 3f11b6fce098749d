"""Standing cameras of which something is known already: what is found of images added later."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from smartdownsample_core import Signatures
from smartdownsample_core.selection import _standing as module
from smartdownsample_core.selection import mark_standing, to_compare
from tests.core.test_standing import film, scene

_POLE, _GATE, _PHOTOS = 40, 30, 12


def _table(frames: NDArray[np.uint8]) -> Signatures:
    table = Signatures.blank(len(frames), 8)
    table.mean_rgb[:] = 100
    table.add_grey()
    assert table.grey is not None
    table.grey[:] = frames.reshape(len(frames), -1)
    return table


def _two_cameras() -> Signatures:
    photos = [film(scene(seed), 1, {}) for seed in range(50, 50 + _PHOTOS)]
    pole = film(scene(1), _POLE, {5: 3, 16: 12, 27: 20, 33: 7})
    return _table(np.concatenate([pole, film(scene(2), _GATE, {8: 4, 22: 15}), *photos]))


def _mark(table: Signatures, rows: NDArray[np.int64], first_number: int = 1) -> None:
    """Marks some images, as a run of these alone does, and keeps the thumbnails."""
    some = table.take(rows)
    mark_standing(some, np.arange(len(rows)), keep_grey=True, first_number=first_number)
    table.put(rows, some)


def _partition(table: Signatures) -> list[tuple[int, ...]]:
    numbers = np.where(table.standing > 0, table.standing, 0)
    return sorted(tuple(np.flatnonzero(numbers == n).tolist()) for n in np.unique(numbers))


@settings(max_examples=15)
@given(st.randoms(use_true_random=False), st.integers(0, _POLE + _GATE + _PHOTOS))
def test_with_all_thumbnails_it_makes_no_difference_which_were_there_first(
    random: np.random.RandomState, n_first: int
) -> None:
    expected, grown = _two_cameras(), _two_cameras()
    everything = np.arange(len(grown))
    _mark(expected, everything)
    first = everything.tolist()
    random.shuffle(first)
    _mark(grown, np.sort(np.array(first[:n_first], np.int64)))
    _mark(grown, everything)
    assert _partition(grown) == _partition(expected)
    np.testing.assert_array_equal(grown.activity, expected.activity)


def test_finding_them_again_changes_nothing() -> None:
    table = _two_cameras()
    _mark(table, np.arange(len(table)))
    before = table.standing.copy(), table.activity.copy()
    _mark(table, np.arange(len(table)))
    np.testing.assert_array_equal(table.standing, before[0])
    np.testing.assert_array_equal(table.activity, before[1])


def test_new_frames_join_a_camera_of_which_only_some_thumbnails_are_left() -> None:
    visits = {50: 3, 170: 12, 260: 20, 330: 7, 390: 15}
    table = _table(film(scene(1), 400, visits))
    first, later = np.arange(0, 300), np.arange(300, 400)
    _mark(table, first, first_number=7)
    some = table.take(first)
    is_kept = to_compare(some, first)
    assert is_kept.sum() == 128
    assert is_kept[[0, 299]].all()
    assert table.grey is not None
    table.grey[first[~is_kept]] = 0
    known = table.activity[first[~is_kept]].copy()
    _mark(table, np.arange(400))
    assert set(table.standing.tolist()) == {7}
    np.testing.assert_array_equal(table.activity[first[~is_kept]], known)
    shows = [frame for frame in visits if frame >= 300]
    assert table.activity[shows].min() > 0.4
    assert np.delete(table.activity[later], [frame - 300 for frame in shows]).max() < 0.05


def test_too_few_frames_become_a_camera_when_there_are_more() -> None:
    table = _table(film(scene(1), 30, {25: 9}))
    _mark(table, np.arange(15))
    assert set(table.standing[:15].tolist()) == {-2}
    _mark(table, np.arange(30))
    assert set(table.standing.tolist()) == {1}
    assert int(table.activity.argmax()) == 25


def test_a_new_camera_has_a_number_that_no_other_has() -> None:
    table = _two_cameras()
    _mark(table, np.arange(_POLE, len(table)))
    _mark(table, np.arange(len(table)))
    assert set(table.standing[_POLE : _POLE + _GATE].tolist()) == {1}
    assert set(table.standing[:_POLE].tolist()) == {2}


def test_of_other_images_so_many_thumbnails_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEADERS", 5)
    table = _two_cameras()
    _mark(table, np.arange(len(table)))
    is_kept = to_compare(table, np.arange(len(table)))
    assert is_kept[: _POLE + _GATE].all()
    assert is_kept[_POLE + _GATE :].sum() == 5


def test_what_is_known_without_any_thumbnail_stays() -> None:
    table = _two_cameras()
    _mark(table, np.arange(len(table)))
    before = table.standing.copy(), table.activity.copy()
    assert table.grey is not None
    table.grey[:] = 0
    _mark(table, np.arange(len(table)))
    np.testing.assert_array_equal(table.standing, before[0])
    np.testing.assert_array_equal(table.activity, before[1])
