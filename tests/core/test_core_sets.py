"""Farthest-first in two rounds: what each part contributes, and the ranking of the union."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import Choice, Signatures, assign_buckets, downsample
from smartdownsample_core.selection import (
    CoreSet,
    Events,
    EventsOfSome,
    assign_strata,
    by_size,
    core_set,
    rank_union,
    read_times,
    shares,
)
from smartdownsample_core.selection._events import cut_events
from smartdownsample_core.selection._shots import Shots
from smartdownsample_core.selection._strata import Groups
from smartdownsample_core.selection._times import UNKNOWN

_SEEDS = st.integers(0, 2**32)
_COVERS = st.sampled_from(["camera,bucket", "camera", "bucket", "nothing"])


def _signatures(seed: int, n: int) -> Signatures:
    """Few distinct images, so that there are ties, duplicates, small groups and shots."""
    rng = np.random.default_rng(seed)
    table = Signatures.blank(n, 8)
    kinds = rng.integers(0, rng.integers(1, n + 1), n)
    table.dhash[:] = rng.integers(0, 256, (n, 8), np.uint8)[kinds]
    table.mean_rgb[:] = rng.uniform(0, 255, (n, 3))[kinds]
    table.descriptor[:] = rng.integers(0, 256, table.descriptor.shape, np.uint8)[kinds]
    table.descriptor[:] //= np.uint8(rng.integers(1, 9))
    table.sharpness[:], table.dark[:], table.bright[:] = 9, 0, 0
    table.damaged[:] = rng.random(n) < 0.1
    return table


def _set(signatures: Signatures, cover: str, cameras: list[str], count: int, most: int) -> CoreSet:
    choice = Choice(strategy="diverse", cover=cover, camera=cameras if "camera" in cover else None)
    return core_set(signatures, np.arange(len(signatures)), choice, count, most)


@given(seed=_SEEDS, n=st.integers(1, 60), cover=_COVERS, data=st.data())
def test_one_part_gives_the_exact_ranking(seed: int, n: int, cover: str, data) -> None:
    """To the last tie, and whatever a part gives beyond the target."""
    signatures = _signatures(seed, n)
    cameras = [f"c{number % 3}" for number in np.random.default_rng(seed).integers(0, 9, n)]
    n_good = int((~signatures.damaged).sum())
    target = data.draw(st.integers(0, n_good))
    budget = data.draw(st.integers(target, n + 5))
    found = _set(signatures, cover, cameras, budget, n)
    choice = Choice(strategy="diverse", cover=cover, camera=cameras if "camera" in cover else None)
    exact = downsample(signatures, np.arange(n), target, choice=choice)
    union = found.take(np.argsort(found.place))
    groupings = []
    for key in choice.covered:
        numbers = by_size([union.sizes_of[key]])
        if key == "bucket" or len(numbers) > 1:
            groupings.append(np.array([numbers[one] for one in union.groups[key]], np.int64))
    start = int(union.place.tolist().index(found.place[0])) if len(found.rows) else None
    ranking = rank_union(signatures.descriptor[union.rows], [union], groupings, start, target)
    assert exact.ranking is not None
    assert union.rows[ranking].tolist() == exact.ranking.tolist()


@given(seed=_SEEDS, n=st.integers(1, 60), cover=_COVERS, count=st.integers(0, 70))
def test_a_core_set_is_nested_and_covers_its_part(
    seed: int, n: int, cover: str, count: int
) -> None:
    """It is unique, has no damaged image, and one of each bucket; its distances do not increase."""
    signatures = _signatures(seed, n)
    cameras = [f"c{number}" for number in np.random.default_rng(seed).integers(0, 4, n)]
    found = _set(signatures, cover, cameras, count, n)
    more = _set(signatures, cover, cameras, count + 7, n)
    assert found.rows.tolist() == more.rows[: len(found.rows)].tolist()
    assert len(set(found.rows.tolist())) == len(found.rows)
    assert not signatures.damaged[found.rows].any()
    good = np.flatnonzero(~signatures.damaged)
    assert found.has_more == (len(found.rows) < len(good))
    others = found.apart[np.isfinite(found.apart)]
    assert (np.diff(others) <= 0).all()
    assert len(others) <= count
    if "bucket" in cover:
        buckets = assign_buckets(signatures)
        assert set(buckets[found.rows]) == set(buckets[good])
    if "camera" in cover:
        assert {cameras[row] for row in found.rows} >= {
            cameras[row] for row in good if len(set(cameras)) > 1
        }
    # Every image is at most as far from the core-set as the last one was from those before.
    if len(others) > 1:
        points = signatures.descriptor.astype(np.int64)
        apart = ((points[good][:, None] - points[found.rows]) ** 2).sum(axis=2)
        same = 0.5  # at most halved by shots
        assert (same * apart.min(axis=1) <= others[-1]).all()


@given(
    apart=st.lists(st.lists(st.integers(0, 5), max_size=9), min_size=1, max_size=5),
    n_first=st.integers(0, 3),
    budget=st.integers(-1, 50),
)
def test_shares_are_the_farthest_of_all(apart: list[list[int]], n_first: int, budget: int) -> None:
    """All that cover, and so many others, none of which is nearer than one that is not taken."""
    values = [np.array([np.inf] * n_first + sorted(one, reverse=True), np.float32) for one in apart]
    counts = shares(values, budget)
    others = sum(map(len, apart))
    assert counts.sum() == n_first * len(apart) + min(max(budget, 0), others)
    taken = [one[:count] for one, count in zip(values, counts, strict=True)]
    left = [one[count:] for one, count in zip(values, counts, strict=True)]
    assert all(len(one) >= n_first for one in taken)
    assert np.concatenate(taken).min(initial=np.inf) >= np.concatenate(left).max(initial=-1)


@given(seed=_SEEDS, u=st.integers(1, 50), data=st.data())
def test_the_union_is_ranked_exactly_uniquely_and_nested(seed: int, u: int, data) -> None:
    """Every group is covered if the target allows it, by its number."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 9, (u, 4)).astype(np.uint8)
    shot = np.sort(rng.integers(0, u, u))
    groups = rng.integers(0, 6, u)
    core = CoreSet(
        rows=np.arange(u),
        place=np.arange(u),
        shots=Shots(shot),
        still=None,
        weights=None,
        apart=np.zeros(u, np.float32),
        has_more=False,
        pool_size=u,
        groups={},
        sizes_of={},
        n_without_time=0,
        events=None,
    )
    start = data.draw(st.none() | st.integers(0, u - 1))
    if start is not None:
        groups[start] = 0
    count = data.draw(st.integers(0, u))
    ranking = rank_union(points, [core], [groups], start, count)
    assert len(set(ranking.tolist())) == len(ranking) == count
    assert ranking.tolist() == rank_union(points, [core], [groups], start, u)[:count].tolist()
    kept = list(dict.fromkeys(groups[ranking].tolist()))
    assert kept[: len(set(groups))] == sorted(set(groups))[:count]


@pytest.mark.parametrize("budget", [0, 4])
def test_images_that_cannot_be_read_contribute_nothing(budget: int) -> None:
    signatures = Signatures.blank(3, 8)
    for row in range(3):
        signatures.unreadable[row] = OSError("broken")
    found = _set(signatures, "bucket", [], budget, 3)
    assert (len(found.rows), found.has_more) == (0, False)


@given(
    taken=st.lists(st.tuples(st.integers(0, 2), st.none() | st.integers(0, 40)), max_size=25),
    gap=st.integers(1, 10),
    part_of=st.lists(st.integers(0, 2), min_size=3, max_size=3),
    data=st.data(),
)
def test_events_of_parts_are_those_of_all_images(
    taken: list[tuple[int, int | None]], gap: int, part_of: list[int], data
) -> None:
    """Whichever images of each part are known, and in whatever order parts come."""
    cameras = np.array([camera for camera, _ in taken], np.int64)
    times = read_times(
        [None if second is None else float(second) for _, second in taken], len(taken)
    )
    names = np.array(["b", "a", "c"])
    part = np.array(part_of)[cameras]

    def cut(rows: np.ndarray) -> tuple[Events, Groups]:
        groups = Groups(*assign_strata(names[cameras[rows]].tolist()))
        return cut_events(groups.numbers, times.take(rows), np.arange(len(rows)), gap), groups

    whole = cut(np.arange(len(taken)))[0]
    parts, shown = [], [np.empty(0, np.int64)]
    for number in range(3):
        rows = np.flatnonzero(part == number)
        some = np.array(data.draw(st.permutations(range(len(rows)))), np.int64)[::2]
        events = EventsOfSome.among(*cut(rows), some) if times.take(rows).known.any() else None
        parts.append((events, len(some)))
        shown.append(rows[some])
    rows = np.concatenate(shown)
    places = np.flatnonzero(np.arange(len(rows)) % 3)
    joined = EventsOfSome.joined(parts, places, len(places) + 2)
    if joined is None:
        assert not times.known.any()
        return
    assert len(joined) == len(whole)
    for name in ("number", "size", "start"):
        found, expected = getattr(joined, name), getattr(whole, name)
        nothing = [{"number": -1, "size": 0, "start": UNKNOWN}[name]] * 2
        assert found.tolist() == expected[rows[places]].tolist() + nothing
    assert joined.times.micros[: len(places)].tolist() == times.micros[rows[places]].tolist()
