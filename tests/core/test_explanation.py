"""Explanations: every image against the definition, with any strategy and any constraints."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import Choice, Selection, downsample
from smartdownsample_core.errors import ParameterError
from smartdownsample_core.selection import Reason
from smartdownsample_core.selection._tiers import GOOD, NEAR_DUPLICATE
from tests.core.test_constraints import _Case, _cases, _table

_NOBODY = -1


def _run(case: _Case) -> Selection:
    """A selection, as large as the caps allow."""
    try:
        return case.run()
    except ParameterError as error:
        return replace(case, target=error.values["most"]).run()


def _squared(case: _Case, selection: Selection) -> np.ndarray:
    """Squared distances of all images, ``(n, n)``, from whole numbers."""
    points = case.table.descriptor
    if case.choice.features is not None:
        points = case.choice.points(len(case.table))
    exact = points.astype(np.int64)
    return ((exact[:, None] - exact) ** 2).sum(axis=2)


@given(_cases(), st.integers(0, 3), st.integers(0, 9))
def test_representatives_equal_brute_force(case: _Case, n_cameras: int, seed: int) -> None:
    """The nearest kept image by plain distance, the one picked first on ties.

    Of a frame of a standing camera, the nearest of its own camera, if that has a kept one.
    """
    camera = np.random.default_rng(seed).integers(0, n_cameras + 1, len(case.table))
    case.table.standing[:] = np.where(camera, camera, -1)
    case.table.activity[:] = camera
    case = replace(case, choice=replace(case.choice, fixed_cameras="auto"))
    selection = _run(case)
    found, squared = selection.explain(), _squared(case, selection)
    order = selection.indices if selection.ranking is None else selection.ranking
    comparable = case.table.readable | (case.choice.features is not None)
    for row in range(len(case.table)):
        centers = [kept for kept in order.tolist() if comparable[kept]]
        if row in selection.indices:
            assert (found.representative[row], found.distance[row]) == (row, 0)
        elif row in case.table.unreadable or not centers:
            assert found.representative[row] == _NOBODY
            assert np.isnan(found.distance[row])
        else:
            own = [kept for kept in centers if camera[row] and camera[kept] == camera[row]]
            nearest = min(own or centers, key=lambda kept: squared[row, kept])
            assert found.representative[row] == nearest
            distance = selection.evidence.distance(squared[row, nearest])
            assert found.distance[row] == pytest.approx(distance)


@given(_cases())
def test_reasons_are_true(case: _Case) -> None:
    """Each reason holds for its image, and no stronger one does."""
    selection = _run(case)
    found, choice = selection.explain(), case.choice
    kept = selection.kept
    labels = case.strata
    for row, reason in enumerate(map(Reason, found.reason.tolist())):
        if kept[row]:
            always = row in choice.keep
            assert reason == (Reason.ALWAYS_KEPT if always else Reason.KEPT)
        elif row in case.table.unreadable:
            assert reason == Reason.UNREADABLE
        elif choice.leave_out_junk and case.table.sharpness[row] < 3:
            assert reason == Reason.JUNK
        elif reason == Reason.NEAR_DUPLICATE:
            other = found.near_duplicate_of[row]
            assert kept[other]
            assert selection.leaders[other] == selection.leaders[row]
        elif reason == Reason.CAP:
            assert found.caps[found.cap[row]] == "label"
            assert (kept & (labels == labels[row])).sum() >= choice.max_per_group
        else:
            assert reason == Reason.REPRESENTED
            assert selection.tiers[row] in (GOOD, NEAR_DUPLICATE)
    assert (found.near_duplicate_of[found.reason != Reason.NEAR_DUPLICATE] == _NOBODY).all()
    assert (found.reason == Reason.NEAR_DUPLICATE).sum() == selection.n_near_duplicates_left_out
    assert (found.reason == Reason.JUNK).sum() == selection.n_junk_left_out
    assert (found.kept == kept).all()


@given(_cases(st.just("diverse")))
def test_ranks_follow_the_ranking(case: _Case) -> None:
    """The image picked first has the rank 1, those left out have 0."""
    selection = _run(case)
    rank = selection.explain().rank
    assert rank[selection.ranking].tolist() == list(range(1, len(selection.ranking) + 1))
    assert (rank > 0).sum() == len(selection.ranking)


@given(_cases(st.just("diverse")))
def test_what_an_image_added_is_its_distance_to_those_before(case: _Case) -> None:
    """As a loop over the ranking finds it."""
    selection = _run(case)
    squared, evidence = _squared(case, selection), selection.evidence
    expected, before = np.full(len(case.table), np.nan), []
    for row in selection.ranking[evidence.comparable[selection.ranking]].tolist():
        if before:
            expected[row] = evidence.distance(squared[row, before].min())
        before.append(row)
    np.testing.assert_allclose(selection.added, expected, rtol=1e-6)


@given(seed=st.integers(0, 99), k=st.integers(0, 20))
def test_the_first_of_a_ranking_are_explained_as_by_themselves(seed: int, k: int) -> None:
    """What is known of a larger selection does not leak into a smaller one."""
    table, order = _table(30, seed), np.arange(30)
    choice = Choice(strategy="diverse")
    larger = downsample(table, order, 20, choice=choice)
    one, other = larger.first(k).explain(), downsample(table, order, k, choice=choice).explain()
    for name in ("reason", "rank", "representative", "distance"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_words_name_the_caps() -> None:
    """A reason is a word, with the key of the cap that is reached."""
    found = downsample(_table(30), np.arange(30), None, choice=Choice(max_per_group=2)).explain()
    texts, numbers = found.words
    words = [texts[number] for number in numbers.tolist()]
    assert {"kept", "cap: bucket"} == set(words)
    assert all((word == "kept") == kept for word, kept in zip(words, found.kept, strict=True))


def test_damaged_images_are_named_as_such() -> None:
    """A file that is cut off is left out for that."""
    table = _table(10)
    table.damaged[3] = True
    found = downsample(table, np.arange(10), 4).explain()
    assert found.reason[3] == Reason.DAMAGED


def test_selections_without_descriptors_are_not_explained() -> None:
    """By the default strategy they can be made, but nothing tells which images are alike."""
    table = _table(10)
    bare = replace(table, sharpness=np.full(10, np.nan, np.float32))
    with pytest.raises(ValueError, match="extract them with descriptors=True"):
        downsample(bare, np.arange(10), 4).explain()


def test_explanations_are_small() -> None:
    """25 bytes an image, whatever the strategy."""
    found = downsample(_table(100), np.arange(100), 10, choice=Choice(strategy="diverse")).explain()
    arrays = [value for value in vars(found).values() if isinstance(value, np.ndarray)]
    assert sum(array.nbytes for array in arrays) <= 25 * len(found)


@given(_cases(), st.randoms(use_true_random=False), st.booleans())
def test_edits_by_hand_are_explained_as_if_all_were_compared_anew(
    case: _Case, random: Random, is_explained: bool
) -> None:
    """Whatever is kept in the end, also where what was compared before is reused."""
    selection = _run(case)
    n = len(case.table)
    for _ in range(3):
        if is_explained:
            selection.explain()
        order = selection.indices if selection.ranking is None else selection.ranking
        others = random.sample(
            [row for row in range(n) if row not in order], k=min(1, n - len(order))
        )
        rows = [row for row in order.tolist() if random.random() < 0.7] + others
        selection = selection.with_kept(np.array(rows, np.int64))
        fresh = replace(selection, evidence=replace(selection.evidence, found=()))
        found, expected = selection.explain(), fresh.explain()
        assert found.representative.tolist() == expected.representative.tolist()
        np.testing.assert_allclose(found.distance, expected.distance, rtol=1e-5)
        assert found.reason.tolist() == expected.reason.tolist()
        assert sorted(rows) == selection.indices.tolist() == np.flatnonzero(found.kept).tolist()
        assert sum(bucket.kept for bucket in selection.buckets) == sum(
            case.table.readable[row] for row in rows
        )
