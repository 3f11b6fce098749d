"""Preference: the best of near-duplicates, of an event, and of what differs almost as much."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartdownsample_core import Choice, Selection, Signatures, downsample, extract, natural_order
from smartdownsample_core.cli import main
from smartdownsample_core.selection import STRATEGIES
from smartdownsample_core.selection._preference import ALMOST, percentiles

_EACH_STRATEGY = pytest.mark.parametrize("strategy", STRATEGIES)
_NUMBERS = st.none() | st.sampled_from([-1.5, 0.0, 2.0, 7.0, float("nan")])


def _table(n: int, n_looks: int, seed: int = 0) -> Signatures:
    """Random images, of which many are exact duplicates."""
    rng = np.random.default_rng(seed)
    look = rng.integers(0, n_looks, n)
    table = Signatures.blank(n, 8)
    table.dhash[:] = rng.integers(0, 256, (n_looks, 8))[look]
    table.mean_rgb[:] = rng.integers(0, 256, (n_looks, 3))[look]
    table.descriptor[:] = rng.integers(0, 100, (n_looks, 128))[look]
    table.sharpness[:], table.dark[:], table.bright[:] = 30, 0, 0
    return table


@given(values=st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=12))
def test_percentiles_are_ranks(values: list[float]) -> None:
    """From 0 to 1, in the order of the values, whatever their unit; 0 for what is unknown."""
    numbers = np.array(values)
    found = percentiles(numbers)
    known = ~np.isnan(numbers)
    assert (found[~known] == 0).all()
    assert ((found >= 0) & (found <= 1)).all()
    for one, other in zip(numbers[known], found[known], strict=True):
        assert ((numbers[known] < one) == (found[known] < other)).all()
    assert (percentiles(np.float32(numbers) * 2) == percentiles(np.float32(numbers))).all()


@st.composite
def _cases(draw: st.DrawFn) -> dict:
    n = draw(st.integers(1, 14))
    prefer = draw(st.lists(_NUMBERS, min_size=n, max_size=n))
    prefer[draw(st.integers(0, n - 1))] = 1.0
    return {
        "n": n,
        "prefer": prefer,
        "time": [30.0 * gap for gap in np.cumsum(draw(st.lists(st.integers(0, 5), min_size=n)))][
            :n
        ],
        "max_per_event": draw(st.integers(1, 3)),
        "keep": draw(st.lists(st.integers(0, n - 1), unique=True, max_size=2)),
        "near_duplicates": draw(st.none() | st.just(0)),
        "camera": draw(st.lists(st.sampled_from("ab"), min_size=n, max_size=n)),
        "max_per": draw(st.none() | st.just({"camera": 3})),
        "min_per": draw(st.none() | st.just({"camera": 1})),
    }


def _select(case: dict, strategy: str, target: int | None, seed: int, **more) -> Selection:
    n = case["n"]
    fields = {name: value for name, value in case.items() if name != "n"}
    choice = Choice(strategy=strategy, event_gap=60, **{**fields, **more})  # type: ignore[arg-type]
    return downsample(_table(n, 5, seed), np.arange(n), target, seed, choice)


@_EACH_STRATEGY
@settings(max_examples=80)
@given(case=_cases(), seed=st.integers(0, 9))
def test_caps_and_counts_hold_and_the_best_of_an_event_are_kept(
    strategy: str, case: dict, seed: int
) -> None:
    """As many as without a preference, each event within its cap, and rankings are nested."""
    selection = _select(case, strategy, None, seed)
    plain = _select(case, strategy, None, seed, prefer=None)
    kept = selection.indices.tolist()
    if case["near_duplicates"] is None:  # another of a group may be of another event
        assert len(kept) == len(plain.indices)
    assert set(case["keep"]) <= set(kept)
    preferred = percentiles(np.array(case["prefer"], float))
    assert selection.events is not None
    for event in range(len(selection.events)):
        members = np.flatnonzero(selection.events.number == event)
        fixed = sum(row in case["keep"] for row in members)
        some = [row for row in members if row in kept and row not in case["keep"]]
        assert len(some) <= max(case["max_per_event"] - fixed, 0)
        if case["max_per"] or case["min_per"] or case["near_duplicates"] is not None:
            continue
        others = sorted(
            (preferred[row] for row in members if row not in case["keep"]), reverse=True
        )
        assert sorted((preferred[row] for row in some), reverse=True) == others[: len(some)]
    if selection.ranking is not None and selection.n_first is not None:
        for target in range(max(selection.n_first, len(case["keep"])), len(kept)):
            again = _select(case, strategy, target, seed)
            assert selection.first(target).indices.tolist() == again.indices.tolist()


@_EACH_STRATEGY
@pytest.mark.parametrize("within", ["near_duplicates", "duplicate_distance"])
@given(n=st.integers(1, 20), seed=st.integers(0, 99), data=st.data())
def test_of_exact_duplicates_the_preferred_one_is_kept(
    strategy: str, within: str, n: int, seed: int, data: st.DataObject
) -> None:
    """The first of several that are preferred as much."""
    prefer = data.draw(st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=n, max_size=n))
    table = _table(n, 4, seed)
    choice = Choice(strategy=strategy, prefer=prefer, **{within: 0})  # type: ignore[arg-type]
    order = np.random.default_rng(seed).permutation(n)
    selection = downsample(table, order, None, choice=choice)
    _, look = np.unique(table.descriptor, axis=0, return_inverse=True)
    places = np.argsort(order)
    best = {
        min(np.flatnonzero(look == one), key=lambda row: (-prefer[row], places[row]))
        for one in np.unique(look)
    }
    assert set(selection.indices.tolist()) == best


@pytest.mark.parametrize("strategy", [name for name, how in STRATEGIES.items() if how.compares])
def test_of_duplicates_that_are_not_excluded_the_preferred_are_chosen(strategy: str) -> None:
    """Three of each look, and as many are kept as there are looks."""
    table = _table(9, 9)
    table.descriptor[:] = np.random.default_rng(0).integers(0, 100, (9, 128))
    table = table.take(np.repeat(np.arange(9), 3))
    choice = Choice(strategy=strategy, prefer=np.tile([1, 3, 2], 9))  # type: ignore[arg-type]
    selection = downsample(table, np.arange(27), 9, choice=choice)
    assert selection.indices.tolist() == list(range(1, 27, 3))


@given(seed=st.integers(0, 99), n=st.integers(2, 40))
def test_every_pick_is_almost_as_far_as_the_farthest(seed: int, n: int) -> None:
    """What a preference may cost is bounded, pick by pick."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 3))
    choice = Choice(strategy="diverse", features=features, prefer=rng.random(n), cover="nothing")
    points = choice.points(n).astype(np.int64)
    selection = downsample(_table(n, n), np.arange(n), n, seed, choice)
    # Images of one shot count as closer: compare within the bounds that are sure.
    assert selection.ranking is not None
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    for place in range(1, n):
        nearest = squared[:, selection.ranking[:place]].min(axis=1)
        assert nearest[selection.ranking[place]] >= nearest.max() / ALMOST / 2


def test_measures_of_signatures_are_preferred(burst_paths: list[str]) -> None:
    """The sharpest of each group of near-duplicates; with a minus, the least sharp."""
    table, order = extract(burst_paths), natural_order(burst_paths)
    for prefer, sign in (("sharpness", 1), ("-sharpness", -1)):
        choice = Choice(prefer=prefer, duplicate_distance=20, strategy="diverse")
        selection = downsample(table, order, None, choice=choice)
        values = sign * table.sharpness
        assert selection.leaders is not None
        assert len(selection.indices) < len(burst_paths)
        for row in selection.indices:
            group = np.flatnonzero(selection.leaders == selection.leaders[row])
            assert values[row] == values[group].max()


def test_equal_preferences_leave_events_to_the_strategy() -> None:
    """If all are alike, the same images are kept as without a preference."""
    case = {"n": 40, "time": [20.0 * (row // 4 * 5) for row in range(40)], "max_per_event": 1}
    alike = _select(case, "representative", 8, 0, prefer=[1.0] * 40)
    assert alike.indices.tolist() == _select(case, "representative", 8, 0).indices.tolist()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param(
            {"prefer": "sharpness"},
            "prefer has no effect with strategy 'stride', which keeps every n-th image; choose "
            "strategy 'diverse' or 'representative', or set duplicate_distance, "
            "near_duplicates, max_per_event or min_interval",
            id="without effect",
        ),
        pytest.param(
            {"prefer": "-sharp", "strategy": "diverse"},
            "prefer must name a measure or a column of keys, got '-sharp'; measures are sharpness, "
            "clipped, brightness; -clipped prefers less",
            id="unknown",
        ),
        pytest.param(
            {"prefer": 3, "strategy": "diverse"},
            "prefer must be the name of a measure or a list of one number per image, got 3; "
            "measures are sharpness, clipped, brightness",
            id="a number",
        ),
        pytest.param(
            {"prefer": [1, 2], "strategy": "diverse"},
            "prefer must have a number for each of the 3 images, got 2; use None for images "
            "without one",
            id="too few",
        ),
        pytest.param(
            {"prefer": [1, "b", None], "strategy": "diverse"},
            "prefer must have a number for each image, got 'b'; use None for images without one",
            id="no number",
        ),
        pytest.param(
            {"prefer": [None, float("nan"), ""], "strategy": "diverse"},
            "prefer has no number for any of the 3 images; give some or omit it",
            id="nothing known",
        ),
        pytest.param(
            {"prefer": "age", "keys": {"age": ["1", "old", None]}, "strategy": "diverse"},
            "prefer must have a number for each image, got 'old'; use None for images without one",
            id="a key of text",
        ),
    ],
)
def test_bad_preferences_are_refused(fields: dict, message: str) -> None:
    """With the value and a way out."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        downsample(_table(3, 3), np.arange(3), 2, choice=Choice(**fields))


def test_measures_need_descriptors() -> None:
    """Signatures of buckets alone do not have them; the setting is named."""
    table = _table(3, 3)
    table.sharpness[:] = np.nan
    with pytest.raises(ValueError, match=r"^prefer needs descriptors, and these signatures"):
        downsample(table, np.arange(3), 2, choice=Choice(prefer="clipped", near_duplicates=2))


@pytest.mark.parametrize("prefer", ["score", "-score", "sharpness"])
def test_tables_have_preferences(
    tmp_path: Path, burst_paths: list[str], prefer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the command line, a column of --keys can be preferred; it comes before a measure."""
    table = tmp_path / "keys.csv"
    column = prefer.lstrip("-")
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", column])
        writer.writerows([path, 1000 - row] for row, path in enumerate(burst_paths))
    options = ["--duplicate-distance", "20", "--no-processes", "-q", "--decode", "exact"]
    assert main([*burst_paths, "--keys", str(table), f"--prefer={prefer}", *options]) == 0
    rows = sorted(map(burst_paths.index, capsys.readouterr().out.splitlines()))
    numbers = 1000 - np.arange(len(burst_paths))
    choice = Choice(
        prefer=(-numbers if prefer[0] == "-" else numbers).tolist(),
        duplicate_distance=20,
        strategy="diverse",
    ).for_paths(burst_paths)
    found = downsample(extract(burst_paths), natural_order(burst_paths), None, choice=choice)
    assert rows == found.indices.tolist()
