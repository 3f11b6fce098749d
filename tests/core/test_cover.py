"""Covering: of every camera and bucket an image first, and then what differs most."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import Choice, Signatures, assign_buckets, downsample
from smartdownsample_core.report._summary import shortfalls
from smartdownsample_core.selection import _cover as module
from smartdownsample_core.selection._cover import cover, cover_keys
from smartdownsample_core.selection._distances import Nearest
from smartdownsample_core.selection._shots import Shots

_SEEDS = st.integers(0, 2**32)


def _slow_cover(
    points: np.ndarray,
    centers: list[int],
    count: int,
    groupings: list[np.ndarray],
    shot_of: np.ndarray,
    weights: np.ndarray,
) -> list[int]:
    """The definition, in int64 and group by group."""
    exact = points.astype(np.int64)
    squared = ((exact[:, None] - exact) ** 2).sum(axis=2) * np.where(
        shot_of[:, None] == shot_of, 0.5, 1
    )
    free = [row for row in range(len(points)) if row not in centers]
    chosen: list[int] = []
    for groups in groupings:
        members = {}
        for row in free:
            if groups[row] >= 0:
                members.setdefault(int(groups[row]), []).append(row)
        for group, rows in sorted(members.items(), key=lambda item: (-len(item[1]), item[1][0])):
            taken = centers + chosen
            if len(chosen) == count or group in {int(groups[row]) for row in taken}:
                continue
            if taken:
                farness = squared[np.ix_(rows, taken)].min(axis=1).astype(np.float32)
                chosen.append(rows[int((farness * weights[rows]).argmax())])
            else:
                rows = [row for row in rows if weights[row] == weights[rows].max()]
                mean = sum(exact[rows]) / len(rows)
                apart = np.round(((exact[rows] - mean) ** 2).sum(axis=1), 6)
                chosen.append(rows[int(apart.argmin())])
    return chosen


@pytest.mark.parametrize("at_a_time", [1, 3, 8192])
@given(seed=_SEEDS, n_centers=st.integers(0, 3), count=st.integers(0, 20))
def test_covering_equals_the_naive_one_and_is_nested(
    at_a_time: int, seed: int, n_centers: int, count: int
) -> None:
    """With shots, weights, centers, ties and images that need not be covered."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 30))
    points = rng.integers(0, rng.choice([3, 200]), (n, 3)).astype(np.uint8)
    groupings = [rng.integers(-1, 6, n), rng.integers(0, 9, n)]
    shot_of = rng.integers(0, 8, n)
    weights = rng.choice(np.array([0.25, 1], np.float32), n)
    centers = rng.permutation(n)[:n_centers]

    def ranked(most: int) -> list[int]:
        nearest = Nearest(points, [Shots(shot_of)])
        nearest.add(centers)
        found = cover(nearest, most, groupings, weights)
        assert nearest.is_center[found].all()
        return found.tolist()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROWS", at_a_time)
        found = ranked(count)
    expected = _slow_cover(points, centers.tolist(), 99, groupings, shot_of, weights)
    assert found == expected[:count]


def _table(n: int, seed: int = 0) -> Signatures:
    """Images of three looks, and of buckets that have little to do with them."""
    rng = np.random.default_rng(seed)
    table = Signatures.blank(n, 8)
    table.mean_rgb[:] = rng.integers(60, 200, (n, 3))
    table.ahash[:] = rng.integers(0, 256, (n, 2))
    looks = rng.integers(0, 170, (3, 128))[rng.integers(0, 3, n)]
    table.descriptor[:] = looks + rng.integers(0, 9, (n, 128))
    table.sharpness[:] = 30
    return table


def test_every_camera_and_bucket_has_an_image() -> None:
    """With as many images as there are of both; the largest camera comes first."""
    table, n = _table(200), 200
    cameras = np.where(np.arange(n) < 150, "a", np.where(np.arange(n) < 199, "b", "rare"))
    buckets = assign_buckets(table)
    target = 3 + len(np.unique(buckets))
    choice = Choice(strategy="diverse", camera=cameras.tolist())
    ranking = downsample(table, np.arange(n), target, choice=choice).ranking
    assert ranking is not None
    assert cameras[ranking[:3]].tolist() == ["a", "b", "rare"]
    assert set(buckets[ranking]) == set(buckets)
    only = Choice(strategy="diverse", cover=("bucket",))
    first = downsample(table, np.arange(n), len(np.unique(buckets)), choice=only).indices
    assert set(buckets[first]) == set(buckets)


def test_without_covering_the_seed_chooses_the_first() -> None:
    """And a bucket may have no image."""
    table = _table(200)
    choice = Choice(strategy="diverse", cover="nothing")
    first = {
        int(downsample(table, np.arange(200), 1, seed, choice).indices[0]) for seed in range(5)
    }
    assert len(first) > 1
    covering = Choice(strategy="diverse")
    first = {
        int(downsample(table, np.arange(200), 1, seed, covering).indices[0]) for seed in range(5)
    }
    assert len(first) == 1


def test_constraints_of_a_choice_without_cameras_are_enough() -> None:
    """Strategies share them, though some cover cameras and some do not."""
    from smartdownsample_core.selection._constraints import Constraints

    table, order = _table(60), np.arange(60)
    cameras = ["a"] * 50 + ["b"] * 10
    diverse = Choice(strategy="diverse", camera=cameras, cover="camera")
    shared = Constraints(table, order, Choice(strategy="stride"))
    found = downsample(table, order, 2, 1, diverse, shared)
    assert found.indices.tolist() == downsample(table, order, 2, 1, diverse).indices.tolist()
    assert {cameras[row] for row in found.indices} == {"a", "b"}


def test_cameras_far_from_their_share_are_named() -> None:
    """The answer says whose share of the kept images is not that of all images."""
    table, order = _table(400), np.arange(400)
    table.descriptor[:300] = table.descriptor[0]
    choice = Choice(strategy="diverse", camera=["still"] * 300 + ["busy"] * 100, cover="camera")
    (message,) = map(str, shortfalls(downsample(table, order, 40, 1, choice)))
    assert message == (
        "2 of 2 cameras are far over- or under-represented: 'busy' has "
        "25.0% of the images and 97.5% of those kept, 'still' has 75.0% of the images and 2.5% of "
        "those kept; stratify_by camera gives each its share"
    )
    table = _table(400)
    every = Choice(strategy="diverse", camera=[f"{n % 4}" for n in range(400)], cover="camera")
    assert shortfalls(downsample(table, order, 40, 1, every)) == []


def test_as_many_cameras_are_named_as_are_counted() -> None:
    """Who got their share is named apart from them, and beyond three they are counted."""
    table, order = _table(400), np.arange(400)
    some = np.repeat([0, 1, 2], [250, 75, 75])
    table.descriptor[:] = table.descriptor[0]
    table.descriptor[:250, 0] = np.arange(250)
    choice = Choice(strategy="diverse", camera=[f"camera {n}" for n in some], cover="camera")
    (message,) = map(str, shortfalls(downsample(table, order, 40, 1, choice)))
    before, after = message.split("; their share went mostly to 'camera 0', which ")
    assert before.startswith("2 of 3 cameras are far over- or under-represented: 'camera 1'")
    assert "'camera 0'" not in before
    assert after.startswith("has 62.5% of the images and 95.0% of those kept; stratify_by")
    table.descriptor[80:] = table.descriptor[0]
    five = [f"camera {n // 80}" for n in range(400)]
    choice = Choice(strategy="diverse", camera=five, cover="camera")
    (message,) = map(str, shortfalls(downsample(table, order, 40, 1, choice)))
    assert message.startswith("5 of 5 cameras are far over- or under-represented: 'camera 0'")
    assert ", and 2 more; stratify_by" in message


def test_a_camera_of_which_all_is_excluded_has_no_share() -> None:
    """That none of its images are kept is what was asked for."""
    table, order = _table(90), np.arange(90)
    camera = [f"{n % 3}" for n in range(90)]
    choice = Choice(strategy="diverse", camera=camera, exclude="camera=0", cover="camera")
    assert shortfalls(downsample(table, order, 30, 1, choice)) == []


@pytest.mark.parametrize("known", [100, 20], ids=["all", "some"])
def test_labels_that_are_no_cameras_are_noticed(known: int) -> None:
    """Such as times, of which nearly every image has one of its own."""
    table, order = _table(100), np.arange(100)
    times = [f"12:00:{min(n, known - 3)}" if n < known else None for n in range(100)]
    choice = Choice(strategy="diverse", camera=times)
    message = str(shortfalls(downsample(table, order, 30, 1, choice))[0])
    assert message.startswith(f"{known} images have {known - 2} cameras, nearly one each; camera")
    pairs = Choice(strategy="diverse", camera=[f"{n // 2}" for n in range(100)])
    assert shortfalls(downsample(table, order, 60, 1, pairs)) == []


@pytest.mark.parametrize("value", ["cameras", "bucket,bucket", 3, ["label"], None, {"camera": 1}])
def test_other_things_cannot_be_covered(value: object) -> None:
    """The error lists what can be."""
    with pytest.raises(ValueError, match="'camera,bucket', 'camera', 'bucket' or 'nothing'"):
        Choice(strategy="diverse", cover=value)  # type: ignore[arg-type]


def test_covering_has_no_effect_on_other_strategies() -> None:
    """So it is refused there, as are cameras that nothing uses."""
    with pytest.raises(ValueError, match="has no effect with strategy 'stride'; choose strategy"):
        Choice(cover="bucket")
    with pytest.raises(ValueError, match=r"^camera has no effect"):
        Choice(strategy="diverse", cover="bucket", camera=["a"])
    assert cover_keys("cover", []) == cover_keys("cover", "nothing") == ()
