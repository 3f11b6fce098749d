"""Strategies under constraints: exact counts, and each rule broken only where it has to be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample_core import (
    Choice,
    Selection,
    Signatures,
    allocate,
    assign_buckets,
    downsample,
    extract,
    natural_order,
    select,
)
from smartdownsample_core.report._summary import shortfalls
from smartdownsample_core.selection._constraints import Constraints
from smartdownsample_core.selection._strata import assign_strata
from smartdownsample_core.selection._strategies import STRATEGIES

_SEEDS = st.integers(0, 2**40)
_STRATEGIES = st.sampled_from(sorted(STRATEGIES))
_EACH_STRATEGY = pytest.mark.parametrize("strategy", STRATEGIES)


#: Cosine distances are 0.02, 0.8 to 1, and 2: far from the radii that are tried, as bytes round.
_DIRECTIONS = np.array([[1, 0, 0], [np.cos(0.2), np.sin(0.2), 0], [0, 5, 0], [0, 0, 1], [-2, 0, 0]])


def _table(
    n: int, seed: int = 0, unreadable: tuple[int, ...] = (), junk: tuple[int, ...] = ()
) -> Signatures:
    """Made up images of a few kinds; neighbours are often alike."""
    rng = np.random.default_rng(seed)
    kinds = np.cumsum(rng.random(n) < 0.4) % 7
    table = Signatures.blank(n, 8)
    table.dhash[:] = rng.integers(0, 256, (7, 8))[kinds]
    table.dhash[:, 0] ^= rng.integers(0, 4, n).astype(np.uint8)
    table.ahash[:] = rng.integers(0, 256, (7, 2))[kinds]
    table.mean_rgb[:] = rng.integers(0, 256, (7, 3))[kinds]
    table.descriptor[:] = rng.integers(0, 170, (7, 128))[kinds] + rng.integers(0, 9, (n, 128))
    table.sharpness[:], table.dark[:], table.bright[:] = 30, 0, 0
    table.sharpness[list(junk)] = 1
    for row in unreadable:
        for name in Signatures.columns():
            getattr(table, name)[row] = getattr(Signatures.blank(1, 8), name)[0]
        table.unreadable[row] = FileNotFoundError(f"File not found: {row}.jpg")
    return table


@dataclass(frozen=True)
class _Case:
    """All that a downsampling is made of."""

    table: Signatures
    order: np.ndarray
    target: int
    seed: int
    choice: Choice

    @property
    def strata(self) -> np.ndarray:
        labels = self.choice.stratify_by
        return np.zeros(len(self.table), int) if labels is None else assign_strata(labels)[0]

    def run(self) -> Selection:
        return downsample(self.table, self.order, self.target, self.seed, self.choice)


@st.composite
def _cases(draw: st.DrawFn, strategies: st.SearchStrategy[str] = _STRATEGIES) -> _Case:
    """Any strategy with any of the constraints, and sometimes unreadable images."""
    n = draw(st.integers(1, 36))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    unreadable = np.flatnonzero(rng.random(n) < draw(st.sampled_from([0, 0.2])))
    junk = np.flatnonzero(rng.random(n) < 0.3)
    table = _table(n, draw(st.integers(0, 99)), tuple(unreadable), tuple(junk))
    features = _DIRECTIONS[np.arange(n) // 3 % 5] if draw(st.booleans()) else None
    radii = st.sampled_from([0, 1, 20] if features is None else [0.05, 0.5])
    labels = None
    if draw(st.booleans()):
        labels = rng.choice(["fox", "owl", "elk", "rare"], n, p=[0.5, 0.3, 0.15, 0.05]).tolist()
    readable = np.flatnonzero(table.readable)
    keep = rng.permutation(readable)[: draw(st.sampled_from([0, 0, 1, 3, 8]))].tolist()
    strategy, radius = draw(strategies), draw(st.none() | radii)
    if radius is None and not STRATEGIES[strategy].compares:
        features = None  # they would not be used, which is refused
    look = draw(st.none() | st.sampled_from([0, 7.5, 100])) if radius is None else None
    choice = Choice(
        strategy=strategy,
        duplicate_distance=look,
        near_duplicates=radius,
        features=features,
        stratify_by=labels,
        balance=draw(st.sampled_from(["proportional", "equal", 0.5])) if labels else "proportional",
        max_per_group=draw(st.none() | st.integers(1, 9)) if labels else None,
        keep=keep,
        leave_out_junk=draw(st.booleans()),
    )
    target = draw(st.integers(len(keep), n + 3))
    return _Case(table, rng.permutation(n), target, draw(_SEEDS), choice)


def _groups(case: _Case) -> np.ndarray:
    """The definition of near-duplicates, image by image: the nearest that leads, or itself."""
    leaders = np.full(len(case.table), -1)
    leading: list[int] = []
    for row in case.order[case.table.readable[case.order]].tolist():
        distances = [_distance(case, row, leader) for leader in leading]
        choice = case.choice
        most = (
            choice.near_duplicates
            if choice.near_duplicates is not None
            else (choice.duplicate_distance * 5.1)
        )
        if not leading or min(distances) > most:
            leading.append(row)
            leaders[row] = row
        else:
            leaders[row] = leading[int(np.argmin(distances))]
    return leaders


def _distance(case: _Case, row: int, other: int) -> float:
    if case.choice.duplicate_distance is not None:
        one, two = case.table.descriptor[[row, other]].astype(float)
        return float(np.linalg.norm(one - two))
    if case.choice.features is None:
        different = case.table.dhash[row] ^ case.table.dhash[other]
        return sum(int(byte).bit_count() for byte in different)
    one, two = case.choice.features[row], case.choice.features[other]
    return 1 - one @ two / np.linalg.norm(one) / np.linalg.norm(two)


def _tiers(case: _Case) -> np.ndarray:
    """0 for good images, 1 for near-duplicates, 2 for junk, -1 for what is not to be picked."""
    readable, kept = case.table.readable, np.isin(np.arange(len(case.table)), case.choice.keep)
    junk = (case.table.sharpness < 3) & case.choice.leave_out_junk
    tiers = np.where(readable, 0, -1)
    if case.choice.excludes_duplicates:
        leaders = _groups(case)
        for leader in set(leaders[readable].tolist()):
            group = [row for row in case.order.tolist() if leaders[row] == leader]
            first = min(group, key=lambda row: (not kept[row], bool(junk[row])))
            tiers[[row for row in group if row != first]] = 1
    tiers[junk & readable] = 2
    tiers[kept] = -1
    return tiers


def _room(case: _Case) -> np.ndarray:
    """How many images max_per_group leaves for each stratum, beside those of keep."""
    n_strata = int(case.strata.max()) + 1
    most = case.choice.max_per_group or 10**9
    kept = np.bincount(case.strata[np.array(case.choice.keep, int)], minlength=n_strata)
    return np.maximum(most - kept, 0)


def _available(case: _Case, worst: int) -> int:
    """How many images there are up to a tier, within the room of their strata."""
    tiers, room = _tiers(case), _room(case)
    pool = case.strata[(tiers >= 0) & (tiers <= worst)]
    return int(np.minimum(np.bincount(pool, minlength=len(room)), room).sum())


@given(_cases())
def test_every_rule_holds_whatever_is_combined(case: _Case) -> None:
    """Exactly the target or all there are; keep is in; near-duplicates and junk where needed."""
    n_keep = len(case.choice.keep)
    most = n_keep + _available(case, worst=2)
    n_readable = int(case.table.readable.sum())
    if most < min(case.target, n_readable):
        with pytest.raises(ValueError, match=f"exceeds the {most} images that max_per_group"):
            case.run()
        return

    selection = case.run()
    kept = selection.indices
    assert len(kept) == min(case.target, n_readable)
    assert (np.diff(kept) > 0).all()
    assert case.table.readable[kept].all()
    assert set(case.choice.keep) <= set(kept.tolist())
    assert selection.target_count == case.target
    assert sum(bucket.kept for bucket in selection.buckets) == len(kept)

    picked = np.setdiff1d(kept, case.choice.keep)
    tiers = _tiers(case)
    assert (tiers[picked] > 0).sum() == max(len(picked) - _available(case, worst=0), 0)
    assert (tiers[picked] > 1).sum() == max(len(picked) - _available(case, worst=1), 0)
    room = _room(case)
    assert (np.bincount(case.strata[picked], minlength=len(room)) <= room).all()

    if not case.choice.excludes_duplicates:
        assert selection.leaders is None
        assert selection.n_near_duplicates_kept == 0
    else:
        assert selection.leaders.tolist() == _groups(case).tolist()
        assert selection.n_near_duplicates_kept == (tiers[picked] == 1).sum()
    assert selection.n_junk_kept == (tiers[picked] == 2).sum()
    others = np.setdiff1d(np.flatnonzero(tiers == 2), kept)
    assert selection.n_junk_left_out == len(np.setdiff1d(others, case.choice.keep))


@given(_cases())
def test_the_same_seed_gives_the_same_images(case: _Case) -> None:
    """Nothing but the arguments decides."""
    try:
        first = case.run()
    except ValueError:
        return
    assert first.indices.tolist() == case.run().indices.tolist()


@given(_cases())
def test_without_a_target_all_that_is_good_is_kept(case: _Case) -> None:
    """Everything but near-duplicates and junk, within the room of the strata."""
    if not case.choice.excludes_duplicates and case.choice.max_per_group is None:
        with pytest.raises(ValueError, match="target_count is missing"):
            downsample(case.table, case.order, None, case.seed, case.choice)
        return
    selection = downsample(case.table, case.order, None, case.seed, case.choice)
    expected = len(case.choice.keep) + _available(case, worst=0)
    assert len(selection.indices) == selection.target_count == expected
    picked = np.setdiff1d(selection.indices, case.choice.keep)
    assert (_tiers(case)[picked] == 0).all()


@given(_cases(st.just("diverse")), st.integers(0, 40))
def test_the_ranking_of_diverse_is_nested(case: _Case, fewer: int) -> None:
    """It is an order of the kept images; without strata its beginning is the answer for less."""
    try:
        selection = case.run()
    except ValueError:
        return
    assert sorted(selection.ranking.tolist()) == selection.indices.tolist()
    n_keep = len(case.choice.keep)
    assert sorted(selection.ranking[:n_keep].tolist()) == sorted(case.choice.keep)
    if case.choice.stratify_by is None:
        m = min(max(fewer, n_keep), len(selection.indices))
        small = downsample(case.table, case.order, m, case.seed, case.choice)
        assert small.ranking.tolist() == selection.ranking[:m].tolist()
        nested = selection.first(m)
        assert nested.indices.tolist() == small.indices.tolist()
        assert nested.ranking.tolist() == small.ranking.tolist()
        assert (nested.buckets, nested.target_count) == (small.buckets, m)
        assert nested.n_near_duplicates_kept == small.n_near_duplicates_kept
        assert nested.n_junk_kept == small.n_junk_kept


@pytest.mark.parametrize(
    ("choice", "count", "message"),
    [
        pytest.param(Choice(), 2, "got strategy 'stride'; choose again", id="no ranking"),
        pytest.param(
            Choice(strategy="diverse", stratify_by=["a"] * 9),
            2,
            "without stratify_by",
            id="strata",
        ),
        pytest.param(
            Choice(strategy="diverse"),
            6,
            "^target_count must be a whole number from 0 to 5",
            id="more",
        ),
        pytest.param(Choice(strategy="diverse"), "3", "from 0 to 5, got '3'", id="text"),
        pytest.param(Choice(strategy="diverse"), 2.5, "from 0 to 5, got 2.5", id="fraction"),
        pytest.param(Choice(strategy="diverse"), -1, "0 to 5, got -1", id="negative"),
    ],
)
def test_a_selection_without_a_smaller_one_says_so(
    choice: Choice, count: int, message: str
) -> None:
    """Only what is nested has a beginning."""
    selection = downsample(_table(9), np.arange(9), 5, 0, choice)
    with pytest.raises(ValueError, match=message):
        selection.first(count)


@given(_cases(), _STRATEGIES)
def test_constraints_can_be_shared_between_strategies(case: _Case, other: str) -> None:
    """Worked out once, they give what they give when worked out again, each time."""
    try:
        expected = case.run().indices.tolist()
        shared = Constraints(case.table, case.order, replace(case.choice, strategy=other))
    except ValueError:  # too much is asked for, or the features would not be used
        return
    for _ in range(2):
        again = downsample(case.table, case.order, case.target, case.seed, case.choice, shared)
        assert again.indices.tolist() == expected


@pytest.mark.parametrize("strategy", ["stride", "representative"])
def test_other_strategies_have_no_ranking(strategy: str) -> None:
    """Their images are not chosen one after the other."""
    assert downsample(_table(9), np.arange(9), 3, 0, Choice(strategy=strategy)).ranking is None


@given(st.integers(1, 60), st.integers(0, 70), st.integers(0, 99), _SEEDS)
def test_stride_alone_is_allocate_and_select(n: int, target: int, kind: int, seed: int) -> None:
    """As without a choice, and as by hand."""
    table = _table(n, kind, unreadable=(n // 2,))
    order = np.random.default_rng(kind).permutation(n)
    ids = assign_buckets(table)
    quotas = allocate(np.bincount(ids[ids >= 0], minlength=128), target, seed)
    by_hand = select(ids, quotas, order, seed).tolist()
    assert downsample(table, order, target, seed).indices.tolist() == by_hand
    assert downsample(table, order, target, seed, Choice()).indices.tolist() == by_hand


@given(_STRATEGIES, st.sampled_from(["proportional", "equal", 0.5]), st.data())
def test_quotas_of_strata_are_exact(
    strategy: str, balance: str | float, data: st.DataObject
) -> None:
    """Those of allocate, in proportion to sizes to a power, within max_per_group."""
    labels = data.draw(st.lists(st.sampled_from("aaaabbc"), min_size=1, max_size=50))
    sizes = np.array([labels.count(name) for name in sorted(set(labels))])
    most = data.draw(st.none() | st.integers(1, 20))
    capacities = sizes if most is None else np.minimum(sizes, most)
    target = data.draw(st.integers(0, int(capacities.sum())))
    choice = Choice(strategy=strategy, stratify_by=labels, balance=balance, max_per_group=most)
    kept = downsample(_table(len(labels)), np.arange(len(labels)), target, 7, choice).indices
    power = {"proportional": 1, "equal": 0}.get(balance, balance)
    shares = np.rint(sizes**power * 1024.0).astype(np.int64)
    quotas = allocate(capacities, target, 7, shares)
    assert np.bincount(assign_strata(labels)[0][kept], minlength=len(sizes)).tolist() == (
        quotas.tolist()
    )


@_EACH_STRATEGY
def test_equal_balance_gives_a_rare_label_as_much(strategy: str) -> None:
    """Or all of it, and the others share the rest."""
    labels = ["fox"] * 80 + ["owl"] * 15 + ["elk"] * 5
    choice = Choice(strategy=strategy, stratify_by=labels, balance="equal")
    kept = downsample(_table(100), np.arange(100), 30, 0, choice).indices
    assert sorted(Counter(labels[row] for row in kept).items()) == [
        ("elk", 5), ("fox", 13), ("owl", 12)
    ] or sorted(Counter(labels[row] for row in kept).items()) == [
        ("elk", 5), ("fox", 12), ("owl", 13)
    ]  # fmt: skip


@_EACH_STRATEGY
def test_what_is_kept_counts_for_its_stratum(strategy: str) -> None:
    """The others get what it would have got."""
    labels = ["a"] * 20 + ["b"] * 20
    choice = Choice(strategy=strategy, stratify_by=labels, keep=range(9))
    kept = downsample(_table(40), np.arange(40), 20, 0, choice).indices
    assert Counter(labels[row] for row in kept) == {"a": 10, "b": 10}


def test_what_is_kept_may_exceed_the_most_of_its_stratum() -> None:
    """Keep comes first; then that stratum gets no more."""
    labels = ["a"] * 10 + ["b"] * 10
    choice = Choice(stratify_by=labels, max_per_group=2, keep=[0, 1, 2, 3])
    kept = downsample(_table(20), np.arange(20), 6, 0, choice).indices
    assert Counter(labels[row] for row in kept) == {"a": 4, "b": 2}


def test_too_large_a_target_for_the_strata_is_refused() -> None:
    """The error says how many they leave, and what to do."""
    choice = Choice(stratify_by=["a"] * 10 + ["b"], max_per_group=3)
    message = (
        "^target_count 5 exceeds the 4 images that max_per_group allows; raise max_per_group "
        "or lower target_count$"
    )
    with pytest.raises(ValueError, match=message):
        downsample(_table(11), np.arange(11), 5, 0, choice)


def test_without_labels_max_per_group_is_of_each_bucket(table_of) -> None:
    """Without a target, each bucket keeps as many as that, or all that it has."""
    table = table_of([127] * 3 + [0] * 15 + [64, -1])
    selection = downsample(table, np.arange(20), None, choice=Choice(max_per_group=2))
    assert [(bucket.id, bucket.kept) for bucket in selection.buckets] == [(0, 2), (127, 2), (64, 1)]


def test_others_differ_from_what_is_kept() -> None:
    """Diverse images stay away from those of keep."""
    table = _table(3)
    table.descriptor[:] = np.array([[0], [200], [100]], np.uint8)
    kept = downsample(table, np.arange(3), 2, 0, Choice(strategy="diverse", keep=[0]))
    assert kept.ranking.tolist() == [0, 1]


def test_a_sharp_image_stands_for_its_group() -> None:
    """Where the first of a burst is junk, another one of it is good."""
    table = _table(4, junk=(0,))
    table.dhash[:] = 0
    choice = Choice(near_duplicates=0, leave_out_junk=True)
    assert downsample(table, np.arange(4), None, 0, choice).indices.tolist() == [1]
    kept = downsample(table, np.arange(4), 3, 0, choice)
    assert kept.indices.tolist() == [1, 2, 3]
    assert (kept.n_near_duplicates_kept, kept.n_junk_kept) == (2, 0)


def test_what_was_named_was_not_kept_to_reach_the_target() -> None:
    """Near-duplicates and junk of keep are no shortfall, and junk is not both."""
    table = _table(4, junk=(0, 1))
    table.dhash[:] = 0
    kept = downsample(
        table, np.arange(4), None, 0, Choice(near_duplicates=0, leave_out_junk=True, keep=[0, 2])
    )
    assert kept.indices.tolist() == [0, 2]
    assert (kept.n_near_duplicates_kept, kept.n_junk_kept) == (0, 0)
    assert (kept.n_near_duplicates_left_out, kept.n_junk_left_out) == (1, 1)
    with pytest.raises(ValueError, match="from 2 to 2, got 1"):
        downsample(table, np.arange(4), 2, 0, Choice(strategy="diverse", keep=[0, 2])).first(1)


def test_labels_that_have_only_near_duplicates_left_are_counted() -> None:
    """They get less than their share, which a warning says; not if all got what they have."""
    table = _table(60)
    table.dhash[:] = np.random.default_rng(0).integers(0, 256, (60, 8), np.uint8)
    table.dhash[40:] = 0  # "b" is one image twenty times
    labels = ["a"] * 40 + ["b"] * 20
    choice = Choice(near_duplicates=1, stratify_by=labels, balance="equal")
    found = {}
    for target in (20, 2, None):  # of one each, "b" has one; without a target all that is good is
        said = [str(m) for m in shortfalls(downsample(table, np.arange(60), target, 0, choice))]
        found[target] = [text for text in said if "may have less than their share" in text]
    assert found[20][0].startswith("1 of 2 labels may have less than their share")
    assert found[2] == found[None] == []


def test_nothing_is_far_from_an_unreadable_image() -> None:
    """One of keep has no descriptor, so the seed chooses the first, as it does without it."""
    table = _table(40, unreadable=(7,))
    alone, with_it = (
        {
            downsample(
                table,
                np.arange(40),
                1 + len(keep),
                seed,
                Choice(strategy="diverse", keep=keep, cover="nothing"),
            )
            .ranking[-1]
            .item()
            for seed in range(9)
        }
        for keep in ([], [7])
    )
    assert alone == with_it
    assert len(alone) > 1


def test_identical_features_are_near_duplicates_at_0() -> None:
    """A cosine distance of 0 is that of equal vectors, though floats round."""
    features = np.repeat(np.random.default_rng(0).normal(size=(100, 64)), 2, axis=0)
    choice = Choice(near_duplicates=0, features=features)
    assert len(downsample(_table(200), np.arange(200), None, 0, choice).indices) == 100


def test_a_cosine_radius_means_the_same_beside_vectors_of_zeros() -> None:
    """Unreadable images have no embedding; those of others are as near-duplicate as before."""
    features = np.concatenate([_DIRECTIONS, np.zeros((15, 3))])
    table = _table(20, unreadable=tuple(range(5, 20)))
    choice = Choice(near_duplicates=0.05, features=features)
    assert downsample(table, np.arange(20), None, 0, choice).indices.tolist() == [0, 2, 3, 4]


def test_features_decide_instead_of_descriptors() -> None:
    """Images that look alike are far apart if their features are, and need no descriptors."""
    table = _table(4)
    table.descriptor[:], table.sharpness[:] = 0, np.nan
    features = [[1, 0], [1, 0.01], [-1, 0], [0, 1]]
    choice = Choice(strategy="diverse", features=features, keep=[0])
    assert downsample(table, np.arange(4), 3, 0, choice).ranking.tolist() == [0, 2, 3]


@pytest.mark.parametrize(
    "fields",
    [
        {"strategy": "diverse"},
        {"strategy": "representative"},
        {"leave_out_junk": True},
        {"duplicate_distance": 3},
    ],
    ids=["diverse", "representative", "junk", "near-duplicates"],
)
def test_a_table_without_descriptors_is_refused(fields: dict) -> None:
    """The error says what to do."""
    table = _table(4)
    table.sharpness[:] = np.nan
    with pytest.raises(ValueError, match="extract them with descriptors=True"):
        downsample(table, np.arange(4), 2, 0, Choice(**fields))


@_EACH_STRATEGY
def test_no_images_give_no_images(strategy: str) -> None:
    """Also with everything else asked for."""
    choice = Choice(
        strategy=strategy,
        near_duplicates=2,
        stratify_by=[],
        balance="equal",
        max_per_group=3,
        leave_out_junk=True,
    )
    for target in (None, 0, 5):
        empty = downsample(_table(0), np.arange(0), target, 0, choice)
        assert empty.indices.tolist() == []


@_EACH_STRATEGY
def test_unreadable_images_only_give_no_images(strategy: str) -> None:
    """Nothing to choose from is no error."""
    table = _table(5, unreadable=(0, 1, 2, 3, 4))
    choice = Choice(strategy=strategy, near_duplicates=2, stratify_by=["a"] * 5)
    assert downsample(table, np.arange(5), 3, 0, choice).indices.tolist() == []


def test_unreadable_images_of_keep_are_no_near_duplicates() -> None:
    """They are kept, as was asked for, and resemble nothing."""
    table = _table(6, unreadable=(1, 4))
    table.dhash[[0, 2, 3, 5]] = np.array([[0], [255], [15], [60]], np.uint8)
    kept = downsample(table, np.arange(6), 4, 0, Choice(near_duplicates=1, keep=[1, 4]))
    assert {1, 4} <= set(kept.indices.tolist())
    assert kept.n_near_duplicates_kept == 0


@_EACH_STRATEGY
def test_workers_do_not_change_the_choice(burst_paths: list[str], strategy: str) -> None:
    """1, 2 and 8 threads give the same descriptors, and the same images."""
    order = natural_order(burst_paths)
    choice = Choice(strategy=strategy, near_duplicates=6, leave_out_junk=True, keep=[3, 40])
    answers = []
    for n_workers in (1, 2, 8):
        table = extract(burst_paths, n_workers=n_workers)
        kept = downsample(table, order, 20, 5, choice).indices
        answers.append((kept.tolist(), table.descriptor.tobytes(), table.sharpness.tobytes()))
    assert len(answers[0][0]) == 20
    assert answers[0] == answers[1] == answers[2]
