"""Caps and floors of several keys, from the settings to the selection."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartdownsample_core import Choice, Signatures, downsample
from smartdownsample_core.cli import main
from smartdownsample_core.report import shortfalls
from smartdownsample_core.selection._allocation import by_ratio
from smartdownsample_core.selection._strategies import STRATEGIES

_EACH_STRATEGY = pytest.mark.parametrize("strategy", STRATEGIES)


def _table(n: int, seed: int = 0) -> Signatures:
    rng = np.random.default_rng(seed)
    table = Signatures.blank(n, 8)
    table.dhash[:] = rng.integers(0, 256, (4, 8))[rng.integers(0, 4, n)]
    table.mean_rgb[:] = rng.integers(0, 256, (n, 3))
    table.descriptor[:] = rng.integers(0, 100, table.descriptor.shape)
    table.sharpness[:], table.dark[:], table.bright[:] = 30, 0, 0
    return table


@st.composite
def _cases(draw: st.DrawFn):
    n = draw(st.integers(1, 10))
    labels = st.lists(st.none() | st.sampled_from("abc"), min_size=n, max_size=n)
    keys = {name: ["a", *draw(labels)[1:]] for name in ("site", "species")}
    caps = draw(st.dictionaries(st.sampled_from(sorted(keys)), st.integers(1, 4), min_size=1))
    floors = draw(st.dictionaries(st.sampled_from(sorted(keys)), st.integers(1, 3)))
    floors = {name: min(least, caps.get(name, least)) for name, least in floors.items()}
    return {
        "n": n,
        "keys": keys,
        "max_per": caps,
        "min_per": floors or None,
        "keep": draw(st.lists(st.integers(0, n - 1), max_size=2)),
        "near_duplicates": draw(st.none() | st.just(2)),
        "stratify_by": draw(st.none() | st.just(["x", "y"] * 5)),
    }


def _counts(labels: list[str | None], rows) -> dict[str, int]:
    found = [labels[row] for row in rows if labels[row] is not None]
    return {name: found.count(name) for name in set(filter(None, labels))}


def _is_within(case: dict, rows) -> bool:
    for name, most in case["max_per"].items():
        kept = _counts(case["keys"][name], case["keep"])
        counts = _counts(case["keys"][name], rows)
        if any(count > max(most, kept[group]) for group, count in counts.items()):
            return False
    return True


def _meets(case: dict, rows) -> bool:
    return all(
        count >= min(least, _counts(case["keys"][name], range(case["n"]))[group])
        for name, least in (case["min_per"] or {}).items()
        for group, count in _counts(case["keys"][name], rows).items()
    )


@_EACH_STRATEGY
@settings(max_examples=60)
@given(case=_cases(), target=st.integers(0, 10), seed=st.integers(0, 99))
def test_selections_are_within_caps(strategy: str, case: dict, target: int, seed: int) -> None:
    """Brute force: the exact count, or a refusal with the largest possible; floors if any can."""
    n, case = case["n"], {**case, "keep": sorted(set(case["keep"]))}
    target = min(max(target, len(case["keep"])), n)
    fields = {name: value for name, value in case.items() if name != "n"}
    if case["stratify_by"]:
        fields["stratify_by"] = case["stratify_by"][:n]
    choice = Choice(strategy=strategy, **fields)  # type: ignore[arg-type]
    sets = [
        (*case["keep"], *others)
        for size in range(n - len(case["keep"]) + 1)
        for others in combinations(sorted({*range(n)} - {*case["keep"]}), size)
    ]
    sets = [rows for rows in sets if _is_within(case, rows)]
    largest = max(map(len, sets))
    table, order = _table(n, seed), np.arange(n)
    if target > largest:
        message = f"target_count {target} exceeds the {largest} images that the caps "
        with pytest.raises(ValueError, match=message):
            downsample(table, order, target, seed, choice)
        return
    selection = downsample(table, order, target, seed, choice)
    kept = selection.indices.tolist()
    assert len(kept) == target
    assert set(case["keep"]) <= set(kept)
    assert _is_within(case, kept)
    if any(len(rows) == target and _meets(case, rows) for rows in sets):
        assert _meets(case, kept)
    assert downsample(table, order, target, seed, choice).indices.tolist() == kept
    can_cut = selection.ranking is not None and selection.strata is None
    if can_cut and selection.n_first is not None:
        for fewer in range(max(selection.n_first, len(case["keep"])), target):
            again = downsample(table, order, fewer, seed, choice)
            assert selection.first(fewer).indices.tolist() == again.indices.tolist()


@_EACH_STRATEGY
def test_events_are_capped_in_cameras(strategy: str) -> None:
    """Keys inside each other, and all at once; the target can be left out."""
    n = 120
    choice = Choice(
        strategy=strategy,  # type: ignore[arg-type]
        camera=[f"cam{row // 40}" for row in range(n)],
        time=[60.0 * (row + 30 * (row // 10)) for row in range(n)],
        event_gap=600,
        max_per_event=2,
        max_per="camera=6, bucket=9",
    )
    selection = downsample(_table(n), np.arange(n), None, choice=choice)
    assert selection.events is not None
    assert len(selection.events) == 12
    assert len(selection.indices) == 18
    assert np.bincount(selection.indices // 40).tolist() == [6, 6, 6]
    assert np.bincount(selection.events.number[selection.indices]).max() <= 2
    message = (
        "target_count 19 exceeds the 18 images that the caps allow, by 1: at most 6 per camera "
        r"\(3 are full\); raise the caps, or set target_count to 18 or fewer"
    )
    with pytest.raises(ValueError, match=message):
        downsample(_table(n), np.arange(n), 19, choice=choice)


@_EACH_STRATEGY
def test_floors_that_cannot_be_met_are_counted(strategy: str) -> None:
    """As many groups as possible have theirs; groups that are too small count as met."""
    choice = Choice(
        strategy=strategy,  # type: ignore[arg-type]
        keys={"species": [*"aaaabbbbccccd"]},
        min_per={"species": 3},
    )
    selection = downsample(_table(13), np.arange(13), 8, choice=choice)
    assert selection.below_floor["species"] in (1, 2)
    (message,) = [str(one) for one in shortfalls(selection) if "min_per" in str(one)]
    assert message.startswith(f"{selection.below_floor['species']} of the groups of 'species'")
    assert not downsample(_table(13), np.arange(13), 10, choice=choice).below_floor


def test_days_of_sites_are_keys() -> None:
    """Combinations, and images in no group, which nothing limits."""
    times = ["2024-05-01 10:00", "2024-05-01 23:00", "2024-05-02 00:00", None] * 3
    choice = Choice(
        time=times, keys={"site": ["a"] * 4 + ["b"] * 4 + [None] * 4}, max_per={"site+day": 1}
    )
    selection = downsample(_table(12), np.arange(12), None, choice=choice)
    kept = selection.indices.tolist()
    assert len(kept) == 4 + 2 + 4
    assert {2, 3, 6, 7, 8, 9, 10, 11} <= set(kept)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_per": "camera"}, "max_per must be text such as 'camera=50, event=3', got 'camera'"),
        ({"max_per": {"camera": 0}}, "max_per of 'camera' must be a whole number of at least 1"),
        ({"max_per": "day=x"}, "max_per of 'day' must be a whole number of at least 1, got 'x'"),
        ({"max_per": "day=1, day=2"}, "max_per names a key twice: 'day=1, day=2'; name each once"),
        (
            {"max_per": {"event": 3}},
            "event_gap is missing, and max_per 'event' needs it; set it to",
        ),
        ({"max_per_event": 3}, "event_gap is missing, and max_per_event needs it; set it"),
        ({"min_per": {"event": 1}}, "event_gap is missing, and min_per 'event' needs it"),
        ({"max_per": {"label": 3}}, "stratify_by is missing, and max_per 'label' needs it"),
        (
            {"max_per": {"site": 3}},
            "max_per or another limit names the key 'site', which is not in keys; keys are camera",
        ),
        (
            {"max_per": {"folder": 3}},
            "key 'folder', which is not in keys; camera is the folder of each image, unless set",
        ),
        (
            {"max_per": {"day": 3}, "min_per": {"day": 4}},
            "min_per of 'day' is 4, more than the 3 of max_per; lower min_per or raise max_per",
        ),
        ({"keys": [1]}, "keys must be a dict of names, each with a label per image, got"),
        ({"keys": {"day": [1]}}, "keys has the name 'day', but names must be text without"),
        ({"keys": {"site": "a"}}, "keys must be a list of one label per image"),
    ],
)
def test_wrong_limits_are_refused(fields: dict, message: str) -> None:
    """With what would do."""
    with pytest.raises(ValueError, match=message):
        Choice(**fields)


def test_limits_on_the_command_line(
    burst_paths: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Columns of a table are keys."""
    table, kept = tmp_path / "keys.csv", tmp_path / "kept.csv"
    rows = [f'fox{row % 2},"{path}",s{row % 3}' for row, path in enumerate(burst_paths)]
    table.write_text("\n".join(["species,path,site", *rows]))
    options = ["--keys", str(table), "--max-per", "site=2", "--min-per", "species=3"]
    options.append("--no-processes")
    assert main([*burst_paths, "-n", "6", "-q", "-o", str(kept), *options]) == 0
    found = [burst_paths.index(row["path"]) for row in csv.DictReader(kept.open())]
    assert sorted(row % 3 for row in found) == [0, 0, 1, 1, 2, 2]
    assert sorted(row % 2 for row in found) == [0, 0, 0, 1, 1, 1]
    assert main([*burst_paths, "-n", "7", "-q", *options]) == 2
    message = "6 images that the caps allow, by 1: at most 2 per site (3 are full); raise the caps"
    assert message in capsys.readouterr().err


@_EACH_STRATEGY
@pytest.mark.parametrize("by", ["site+daynight", ["site", "daynight"], ("site", "daynight")])
def test_shares_of_combinations(strategy: str, by: object) -> None:
    """Each combination of two keys gets as much as the others."""
    table = _table(80)
    table.descriptor[:, 64:] = 0
    table.descriptor[:, [64 + 5, 64 + 6, 64 + 9, 64 + 10]] = 100  # grey
    table.descriptor[::4, 64] = 250  # with colours
    choice = Choice(
        strategy=strategy,  # type: ignore[arg-type]
        stratify_by=by,  # type: ignore[arg-type]
        keys={"site": ["a"] * 20 + ["b"] * 60},
        balance="equal",
    )
    selection = downsample(table, np.arange(80), 20, choice=choice)
    shares = {stratum.name: (stratum.size, stratum.kept) for stratum in selection.count_strata()}
    assert shares == {
        "b · night": (45, 5), "a · night": (15, 5), "b · day": (15, 5), "a · day": (5, 5)
    }  # fmt: skip


@_EACH_STRATEGY
@pytest.mark.parametrize("balance", [{"x": 0.9, "y": 0.1}, "x=90, y=10"])
def test_target_ratios(strategy: str, balance: object) -> None:
    """Shares as given, as far as there are images; others only if the target needs them."""
    labels = [*"x" * 40, *"y" * 40, *"z" * 40]
    choice = Choice(
        strategy=strategy,  # type: ignore[arg-type]
        stratify_by=labels,
        balance=balance,  # type: ignore[arg-type]
    )
    for target, expected in ((10, [9, 1, 0]), (40, [36, 4, 0]), (60, [40, 20, 0]), (90, None)):
        kept = downsample(_table(120), np.arange(120), target, choice=choice).indices
        counts = np.bincount(kept // 40, minlength=3).tolist()
        assert counts == (expected or [40, 40, 10])


@pytest.mark.parametrize(("z", "n_warnings"), [({}, 1), ({"z": 0}, 0)], ids=["forgotten", "none"])
def test_labels_without_a_share_are_named(z: dict[str, float], n_warnings: int) -> None:
    """Unless their share is 0, which says that none is wanted."""
    choice = Choice(stratify_by=[*"x" * 9, *"y" * 9, *"z" * 9], balance={"x": 0.5, "y": 0.3, **z})
    found = downsample(_table(27), np.arange(27), 8, choice=choice)
    said = [str(one) for one in shortfalls(found) if "has no share for" in str(one)]
    assert len(said) == n_warnings
    assert all("for z, so none of their 9 images was kept; give each" in one for one in said)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4), st.integers(0, 3)), min_size=1),
    st.data(),
)
def test_ratios_are_exact(groups: list[tuple[int, int, int]], data: st.DataObject) -> None:
    """Quotas sum to the count, within sizes; where none is full, within 1 of their ratio."""
    sizes, taken, ratios = map(np.array, zip(*groups, strict=True))
    count = data.draw(st.integers(0, int(sizes.sum())))
    quotas = by_ratio(sizes, taken, count, 5, ratios / 1.0)
    assert quotas.sum() == count
    assert (quotas >= 0).all()
    assert (quotas <= sizes).all()
    wanted = (count + taken.sum()) * ratios / max(ratios.sum(), 1)
    if ratios.any() and (np.ceil(wanted) <= sizes + taken).all() and (taken <= wanted).all():
        assert np.abs(quotas + taken - wanted).max() < 1


@pytest.mark.parametrize(
    ("balance", "message"),
    [
        ({"x": -1}, "balance of 'x' must be a number of at least 0, got -1"),
        ({"x": 0}, "balance must have a ratio above 0, got"),
        ({}, "balance must be text such as 'day=0.6, night=0.4', or a dict, got"),
        ("day=", "balance of 'day' must be a number of at least 0, got ''"),
    ],
)
def test_wrong_ratios_are_refused(balance: object, message: str) -> None:
    """With the label and what would do."""
    with pytest.raises(ValueError, match=message):
        Choice(stratify_by=["x"], balance=balance)  # type: ignore[arg-type]


def test_ratios_of_unknown_labels_are_refused() -> None:
    """A name that is misspelt would otherwise get nothing."""
    choice = Choice(stratify_by=["x"] * 4, balance={"X": 1})
    message = r"balance names the label 'X', which no image has; labels are \['x'\]"
    with pytest.raises(ValueError, match=message):
        downsample(_table(4), np.arange(4), 2, choice=choice)
