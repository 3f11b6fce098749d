"""Whole images chosen by the objects on them: an image is as new as its newest object."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from smartdownsample_core import Choice, Signatures, downsample
from smartdownsample_core.errors import ParameterError
from smartdownsample_core.report import summary
from smartdownsample_core.selection import _farthest_first as module
from smartdownsample_core.selection._distances import Nearest
from smartdownsample_core.selection._farthest_first import farthest_first
from smartdownsample_core.signatures import LARGEST_DISTANCE

_SEEDS = st.integers(0, 2**40)


def _naive(
    points: NDArray[np.integer], image_of: NDArray[np.int64], start: int, is_last: NDArray[np.bool_]
) -> list[int]:
    """Ranks one object of each image, by its definition; some objects only once others are out."""
    exact = points.astype(int)
    squared = ((exact[:, None] - exact) ** 2).sum(axis=2)
    ranking = [start]
    while len(ranking) < len(set(image_of.tolist())):
        seen = np.isin(image_of, image_of[ranking])
        newness = np.where(seen, -1, squared[:, seen].min(axis=1))
        first = np.where(is_last, -1, newness)
        ranking.append(int((first if first.max() >= 0 else newness).argmax()))
    return ranking


def _table(n: int, seed: int = 0) -> Signatures:
    """Objects that all differ, in one bucket."""
    rng = np.random.default_rng(seed)
    table = Signatures.blank(n, 8)
    table.mean_rgb[:], table.sharpness[:], table.dark[:], table.bright[:] = 99, 30, 0, 0
    table.descriptor[:] = rng.integers(0, 100, (n, 128))
    return table


@given(_SEEDS, st.integers(1, 60), st.integers(1, 30))
def test_the_ranking_equals_the_naive_one_and_is_nested(seed: int, n: int, images: int) -> None:
    """However few candidates are compared at a time."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 20, (n, 3)).astype(np.uint8)
    image_of = rng.integers(0, images, n)
    start = int(rng.integers(n))
    expected = _naive(points, image_of, start, np.zeros(n, bool))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CANDIDATES", 5)
        patch.setattr(module, "_CANDIDATES_PER_POINT", 1)
        for count in (n, 1 + n // 3):
            found = farthest_first(Nearest(points, (), image_of), count, start)
            assert found.tolist() == expected[:count]


@given(_SEEDS, st.integers(1, 40), st.integers(1, 15))
def test_downsampling_equals_the_naive_ranking(seed: int, n: int, images: int) -> None:
    """Blank objects choose an image only if nothing else does, but are seen with it."""
    rng = np.random.default_rng(seed)
    table, image_of = _table(n, seed), rng.integers(0, images, n)
    is_blank = rng.random(n) < 0.3
    table.sharpness[is_blank] = 1
    choice = Choice(strategy="diverse", cover="nothing", leave_out_junk=True)
    n_images, order = len(set(image_of.tolist())), np.arange(n)
    names = [f"{image}.jpg" for image in image_of]
    for target in (n_images, 1 + n_images // 2, "100%"):
        ranking = downsample(table, order, target, 3, choice, image_of=names).ranking
        assert ranking is not None
        expected = _naive(table.descriptor, image_of, int(ranking[0]), is_blank)
        assert ranking.tolist() == expected[: n_images if target == "100%" else target]


@given(_SEEDS, st.integers(1, 12))
def test_covering_counts_what_else_is_on_an_image(seed: int, target: int) -> None:
    """Each bucket is on a kept image if so many can have it; each image is kept once."""
    rng = np.random.default_rng(seed)
    table, image_of = _table(40, seed), rng.integers(0, 12, 40)
    table.mean_rgb[rng.random(40) < 0.5] = 200
    found = downsample(
        table, np.arange(40), target, 3, Choice(strategy="diverse"), image_of=list(image_of)
    )
    kept = image_of[found.indices]
    assert len(set(kept.tolist())) == len(kept) == min(target, len(set(image_of.tolist())))
    seen = np.isin(image_of, kept)
    if target > 1:
        assert set(found.bucket_ids[seen]) == set(found.bucket_ids)


@given(_SEEDS, st.integers(1, 40), st.integers(1, 15))
def test_objects_are_explained_by_those_on_kept_images(seed: int, n: int, images: int) -> None:
    """All of them are kept; the curve is that of images, and ``max_distance`` cuts it."""
    rng = np.random.default_rng(seed)
    table, image_of = _table(n, seed), rng.integers(0, images, n)
    table.descriptor[rng.random(n) < 0.1] = table.descriptor[0]
    names, order = list(map(str, image_of)), np.arange(n)
    target = 1 + len(set(names)) // 2
    choice = Choice(strategy="diverse", cover="nothing")
    chosen = downsample(table, order, target, 3, choice, image_of=names)
    ranked = image_of[chosen.ranking].tolist()
    exact = table.descriptor.astype(int)
    squared = ((exact[:, None] - exact) ** 2).sum(axis=2)
    by_image = [np.isin(image_of, ranked[:m]) for m in range(target + 1)]
    kept, whole, found = by_image[-1], chosen.of_objects, chosen.explain()
    assert whole.kept.tolist() == found.kept.tolist() == kept.tolist()
    assert found.rank.tolist() == [
        ranked.index(image) + 1 if image in ranked else 0 for image in image_of.tolist()
    ]
    assert (found.representative[kept] == order[kept]).all()
    assert kept[found.representative].all()
    scale = 100 / LARGEST_DISTANCE
    nearest = np.sqrt(squared[:, kept].min(axis=1)) * scale
    np.testing.assert_allclose(found.distance, nearest, rtol=1e-6)
    np.testing.assert_allclose(
        np.sqrt(squared[order, found.representative]) * scale, nearest, rtol=1e-6
    )
    farthest = [
        np.sqrt(squared[:, some].min(axis=1).max()) * scale if some.any() else np.inf
        for some in by_image
    ]
    np.testing.assert_allclose(chosen.coverage().farthest, farthest, rtol=1e-6)
    added = chosen.added
    assert added is not None
    later = [
        np.sqrt(squared[row, seen].min()) * scale
        for row, seen in zip(chosen.ranking.tolist()[1:], by_image[1:], strict=False)
    ]
    np.testing.assert_allclose(added[chosen.ranking[1:]], later, rtol=1e-6)
    assert np.isnan(added).sum() == n - len(later)
    limit = float(chosen.coverage().farthest[1 + target // 2])
    within = replace(choice, max_distance=limit)
    cut = downsample(table, order, target, 3, within, image_of=names)
    assert len(cut.indices) == chosen.coverage().first_within(limit)
    assert cut.ranking.tolist() == chosen.ranking[: len(cut.indices)].tolist()


def test_objects_that_a_person_adds_come_with_their_images() -> None:
    """What is kept by hand is in the order in which its images first appear."""
    table, image_of = _table(8), [0, 0, 1, 1, 2, 2, 3, 3]
    choice = Choice(strategy="diverse")
    whole = downsample(table, np.arange(8), 2, choice=choice, image_of=image_of).of_objects
    edited = whole.with_kept(np.array([6, 2, 7, 3]))
    assert edited.ranking.tolist() == [6, 7, 2, 3]
    assert edited.chosen.tolist() == [6, 2]
    assert edited.explain().rank.tolist() == [0, 0, 2, 2, 0, 0, 1, 1]
    assert "Kept 2 of 4 images (50.0%) by their 8 objects" in summary(edited)


def test_labels_may_be_of_objects() -> None:
    """An image has the labels of all its objects, and is kept for one of these."""
    table, image_of = _table(12), np.repeat(np.arange(6), 2).tolist()
    species = ["deer", "fox"] * 5 + ["deer", "owl"]
    labelled = Choice(strategy="diverse", stratify_by=species, balance="equal")
    found = downsample(table, np.arange(12), 6, choice=labelled, image_of=image_of)
    sizes = {stratum.name: (stratum.size, stratum.kept) for stratum in found.count_strata()}
    assert sizes["owl"] == (1, 1)
    assert (sizes["deer"][0], sizes["fox"][0]) == (6, 5)
    assert sum(kept for _, kept in sizes.values()) == 6
    capped = replace(labelled, max_per_group=1)
    assert len(downsample(table, np.arange(12), 3, choice=capped, image_of=image_of).indices) == 3
    with pytest.raises(ParameterError, match="exceeds the 3 images"):
        downsample(table, np.arange(12), 4, choice=capped, image_of=image_of)


def test_limits_shares_and_targets_count_images() -> None:
    """Not objects, of which the first images have many; more than there are is all there are."""
    table, order = _table(56), np.arange(56)
    image_of = np.r_[np.repeat(np.arange(4), 10), np.arange(4, 20)]
    site, images = np.where(image_of < 4, "north", "south"), list(image_of)
    choice = Choice(strategy="diverse")
    assert len(downsample(table, order, 21, choice=choice, image_of=images).indices) == 20
    found = downsample(table, order, "50%", choice=choice, image_of=images)
    assert "Kept 10 of 20 images (50.0%) by their 56 objects" in summary(found)
    by_site = Choice(strategy="diverse", stratify_by=site.tolist())
    kept = downsample(table, order, 12, choice=by_site, image_of=images).indices
    assert np.unique(site[kept], return_counts=True)[1].tolist() == [3, 9]
    capped = Choice(strategy="diverse", keys={"site": site.tolist()}, max_per={"site": 5})
    kept = downsample(table, order, None, choice=capped, image_of=images).indices
    assert np.unique(site[kept], return_counts=True)[1].tolist() == [4, 5]


def test_kept_images_are_seen_with_all_their_objects() -> None:
    """Whichever of them ``keep`` names, and once."""
    table, image_of = _table(6), [0, 0, 1, 1, 2, 2]
    table.descriptor[3] = table.descriptor[2] = table.descriptor[0]  # of the image that is kept
    choice = Choice(strategy="diverse", keep=[1])
    found = downsample(table, np.arange(6), 2, choice=choice, image_of=image_of).indices
    assert found.tolist() in ([1, 4], [1, 5])
    both = Choice(strategy="diverse", keep=[0, 1])
    with pytest.raises(ParameterError, match="has 2 objects of 1 images"):
        downsample(table, np.arange(6), 2, choice=both, image_of=image_of)


@pytest.mark.parametrize(
    ("image_of", "choice", "message"),
    [
        ("a.jpg", Choice(strategy="diverse"), "image_of must be a list"),
        (["a.jpg"], Choice(strategy="diverse"), "must have a label for each of the 2"),
        (["a.jpg", None], Choice(strategy="diverse"), "must name one image for each"),
        (["a.jpg", "b.jpg"], Choice(), "needs a strategy that ranks images, not 'stride'"),
    ],
    ids=["text", "short", "none", "strategy"],
)
def test_what_does_not_fit_is_refused(image_of: object, choice: Choice, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        downsample(_table(2), np.arange(2), 1, choice=choice, image_of=image_of)  # type: ignore[arg-type]
