"""The whole decision on signatures: exact, reproducible, unreadable rows left out."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import Choice, allocate, downsample, extract, natural_order

_POSSIBLE = [bucket_id for bucket_id in range(128) if bucket_id & 8 or not bucket_id & 3]
_IDS = st.lists(st.sampled_from([-1, *_POSSIBLE[::9]]), max_size=80)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[list[int], int, int, int]:
    ids = draw(_IDS)
    return (
        ids,
        draw(st.integers(0, len(ids) + 5)),
        draw(st.integers(0, 2**40)),
        draw(st.sampled_from([4, 6, 8, 10])),
    )


@given(case=_cases())
def test_selection_is_exact(table_of, case: tuple[list[int], int, int, int]) -> None:
    """As many as asked for, or all that can be read; sorted, unique, and readable ones only."""
    ids, target, seed, hash_size = case
    selection = downsample(table_of(ids, hash_size), np.arange(len(ids)), target, seed)
    assert len(selection.indices) == min(target, sum(bucket_id >= 0 for bucket_id in ids))
    assert (np.diff(selection.indices) > 0).all()
    assert selection.bucket_ids.tolist() == ids
    assert (selection.bucket_ids[selection.indices] >= 0).all()
    assert np.flatnonzero(selection.kept).tolist() == selection.indices.tolist()


@given(case=_cases())
def test_buckets_add_up(table_of, case: tuple[list[int], int, int, int]) -> None:
    """The buckets account for every readable image, largest first, with the quotas of allocate."""
    ids, target, seed, hash_size = case
    selection = downsample(table_of(ids, hash_size), np.arange(len(ids)), target, seed)
    sizes = np.bincount([bucket_id for bucket_id in ids if bucket_id >= 0], minlength=128)
    quotas = allocate(sizes, target, seed)
    assert {bucket.id: (bucket.size, bucket.kept) for bucket in selection.buckets} == {
        bucket: (sizes[bucket], quotas[bucket]) for bucket in np.flatnonzero(sizes).tolist()
    }
    listed = [bucket.size for bucket in selection.buckets]
    assert listed == sorted(listed, reverse=True)
    kept = np.bincount(selection.bucket_ids[selection.indices], minlength=128)
    assert kept.tolist() == quotas.tolist()
    assert selection.n_readable == sizes.sum()


@given(case=_cases(), random=st.randoms(use_true_random=False))
def test_input_order_does_not_matter(
    table_of, case: tuple[list[int], int, int, int], random: Random
) -> None:
    """Shuffled images of the same names give the same kept names."""
    ids, target, seed, hash_size = case
    shuffled = list(range(len(ids)))
    random.shuffle(shuffled)
    plain = downsample(table_of(ids, hash_size), np.arange(len(ids)), target, seed)
    mixed_table = table_of([ids[name] for name in shuffled], hash_size)
    order = np.argsort(shuffled)
    mixed = downsample(mixed_table, order, target, seed)
    assert sorted(shuffled[index] for index in mixed.indices) == plain.indices.tolist()


def test_two_seeds_give_two_selections(table_of) -> None:
    """The seed decides where the strides start; the same one starts them at the same place."""
    table = table_of([0] * 300 + [127] * 200 + [12] * 100)
    first, again, other = (downsample(table, np.arange(600), 60, seed) for seed in (1, 1, 2))
    assert first.indices.tolist() == again.indices.tolist()
    assert first.indices.tolist() != other.indices.tolist()
    assert len(other.indices) == 60


@pytest.mark.parametrize("hash_size", [4, 8])
def test_workers_do_not_change_the_selection(burst_paths: list[str], hash_size: int) -> None:
    """1, 2 and 8 threads select the same images of real files."""
    order = natural_order(burst_paths)
    answers = [
        downsample(extract(burst_paths, hash_size, n_workers), order, 20).indices.tolist()
        for n_workers in (1, 2, 8)
    ]
    assert len(answers[0]) == 20
    assert answers[0] == answers[1] == answers[2]


def test_bucket_describes_itself(table_of) -> None:
    """Rate, stride and excluded follow from size and kept; no kept image, no stride."""
    selection = downsample(table_of([0] * 6 + [127] * 2 + [64]), np.arange(9), 2)
    first, second, third = selection.buckets
    assert (first.id, first.size, first.kept) == (0, 6, 1)
    assert (first.excluded, first.rate, first.stride) == (5, 1 / 6, 6.0)
    assert (second.id, second.kept, third.id, third.kept) == (127, 1, 64, 0)
    assert third.stride is None
    assert second.name == "bright · subdued · light top left · pattern D"


def test_members_are_in_natural_order(table_of) -> None:
    """A bucket lists its images as they follow each other by name."""
    selection = downsample(table_of([0, 64, 0, -1, 0]), np.array([4, 3, 2, 1, 0]), 1)
    assert selection.members(0).tolist() == [4, 2, 0]
    assert selection.members(127).tolist() == []


def test_unreadable_images_take_no_part(table_of) -> None:
    """They fall out of the count, and their errors are handed on."""
    table = table_of([0, -1, 0, -1, 0])
    selection = downsample(table, np.arange(5), 5)
    assert selection.indices.tolist() == [0, 2, 4]
    assert selection.unreadable == table.unreadable
    assert (selection.n_readable, selection.target_count) == (3, 5)


@pytest.mark.parametrize(
    ("target", "seed", "message"),
    [
        pytest.param(2.5, 0, "target_count must be a whole number, got 2.5", id="target"),
        pytest.param(2, -1, "random_seed must be a whole number of at least 0, got -1", id="seed"),
    ],
)
def test_bad_arguments_are_refused(table_of, target: object, seed: int, message: str) -> None:
    """The error names the argument, its bound and its value."""
    with pytest.raises(ValueError, match=message):
        downsample(table_of([0, 0, 0]), np.arange(3), target, seed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "order",
    [
        [0, 1],
        [0, 1, 1],
        [0, 1, 3],
        [-1, 0, 1],
        [0.0, 1.0, 2.0],
        None,
        "abc",
        [[0, 1, 2]],
        [True] * 3,
        [[0, 1], [2]],
    ],
    ids=["short", "twice", "above", "below", "fractions", "none", "text", "rows", "mask", "lists"],
)
def test_an_order_has_every_position_once(table_of, order: object) -> None:
    """What is none would give the wrong images, or too few."""
    message = r"^order must contain each of the indices of 3 images once, got"
    with pytest.raises(ValueError, match=message):
        downsample(table_of([0, 0, 0]), order, 2)  # type: ignore[arg-type]


def test_paths_are_no_signatures() -> None:
    """The error says what takes paths."""
    with pytest.raises(ValueError, match=r"got \['a.jpg'\]; for paths, use sample_diverse"):
        downsample(["a.jpg"], [0], 1)  # type: ignore[arg-type]


def test_an_order_may_be_a_list(table_of) -> None:
    """Of no images, too."""
    expected = downsample(table_of([0, 8, 0]), np.array([2, 0, 1]), 2).indices
    assert downsample(table_of([0, 8, 0]), [2, 0, 1], 2).indices.tolist() == expected.tolist()
    assert len(downsample(table_of([]), [], 2).indices) == 0


@pytest.mark.parametrize("choice", ["diverse", {"strategy": "diverse"}, 0, Choice])
def test_a_choice_is_made_first(table_of, choice: object) -> None:
    """A word or a dict is not taken for one."""
    with pytest.raises(ValueError, match=r"^choice must be a Choice, got .*; for example Choice"):
        downsample(table_of([0, 0, 0]), np.arange(3), 2, choice=choice)  # type: ignore[arg-type]
