"""Coverage curves and the stopping rule, against their definitions."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from smartdownsample_core import Choice, Selection, downsample, sample_diverse
from smartdownsample_core.errors import ParameterError
from smartdownsample_core.report import how_many, save_curve
from smartdownsample_core.selection import Coverage
from smartdownsample_core.selection import _coverage as module
from smartdownsample_core.selection import _downsample as choosing
from smartdownsample_core.selection._tiers import GOOD, NEVER
from tests.core.test_constraints import _Case, _cases, _table
from tests.core.test_explanation import _run

_RANKED = st.just("diverse")


def _slow(case: _Case, selection: Selection) -> tuple[list[float], list[float]]:
    """For each m, the largest and the lower median distance of what counts and is left out."""
    points = case.table.descriptor
    if case.choice.features is not None:
        points = case.choice.points(len(case.table))
    exact = points.astype(np.int64)
    squared = ((exact[:, None] - exact) ** 2).sum(axis=2)
    comparable = case.table.readable | (case.choice.features is not None)
    always = selection.kept & (selection.tiers == NEVER)
    counts = comparable & ((selection.tiers == GOOD) | always)
    farthest, median = [], []
    for m in range(len(selection.ranking) + 1):
        first = selection.ranking[:m]
        left = np.flatnonzero(counts & ~np.isin(np.arange(len(counts)), first))
        centers = first[comparable[first]]
        far = [squared[row, centers].min(initial=np.iinfo(np.int64).max) for row in left.tolist()]
        if left.size and not centers.size:
            far = [np.inf] * len(left)
        seen = selection.evidence.distance(np.sort(np.array(far, np.float64)))
        farthest.append(float(seen[-1]) if len(seen) else 0.0)
        median.append(float(seen[(len(seen) - 1) // 2]) if len(seen) else 0.0)
    return farthest, median


@pytest.fixture(params=[(4096, 1024), (7, 3)], ids=["large blocks", "small blocks"])
def _blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROWS", request.param[0])
    monkeypatch.setattr(module, "_CENTERS", request.param[1])


@pytest.mark.usefixtures("_blocks")
@given(_cases(_RANKED))
def test_curves_equal_their_definition(case: _Case) -> None:
    """In whatever blocks, with any constraints."""
    selection = _run(case)
    found, (farthest, median) = selection.coverage(), _slow(case, selection)
    assert found.farthest.tolist() == pytest.approx(farthest, rel=1e-6)
    assert found.counts.tolist() == list(range(1, len(selection.ranking) + 1))
    assert found.median.tolist() == pytest.approx(median[1:], rel=1e-6)


@given(seed=st.integers(0, 99), n=st.integers(1, 60), distance=st.floats(0, 100))
def test_the_stopping_rule_cuts_the_ranking_at_the_first_radius_within(
    seed: int, n: int, distance: float
) -> None:
    """However long the rankings are that are tried; a target is the most that are kept."""
    table, order = _table(n, seed), np.arange(n)
    whole = downsample(table, order, n, choice=Choice(strategy="diverse"))
    farthest = whole.coverage().farthest
    needed = int(np.flatnonzero(farthest <= distance)[0])
    choice = Choice(strategy="diverse", max_distance=distance)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "_FIRST_OF_RANKING", 3)
        for target in (None, 1, n // 2, n):
            selection = downsample(table, order, target, choice=choice)
            most = needed if target is None else min(needed, target)
            assert selection.ranking.tolist() == whole.ranking[:most].tolist()


@given(_cases(_RANKED), st.floats(0, 100))
def test_the_stopping_rule_holds_with_constraints(case: _Case, distance: float) -> None:
    """All that could have been kept is within the distance, unless the target came first."""
    if case.choice.stratify_by is not None:
        return
    distance = distance if case.choice.features is None else distance / 50
    case = replace(case, choice=replace(case.choice, max_distance=distance))
    selection = case.run()
    short = len(selection.indices) < min(case.target, int(case.table.readable.sum()))
    assert not short or selection.coverage().farthest[-1] <= distance
    assert set(case.choice.keep) <= set(selection.indices.tolist())


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({}, "max_distance needs a strategy that ranks images, not 'stride'; set strategy to"),
        ({"strategy": "diverse", "max_per_group": 3}, "max_distance does not go with max_per"),
        ({"strategy": "diverse", "stratify_by": ["a"]}, "max_distance does not go with strat"),
    ],
    ids=str,
)
def test_what_the_stopping_rule_does_not_go_with(choice: dict, message: str) -> None:
    """Only a nested ranking can be cut."""
    with pytest.raises(ParameterError, match=message):
        Choice(max_distance=5, **choice)


def test_a_strategy_that_does_not_rank_has_no_curve() -> None:
    """The message says which has."""
    with pytest.raises(ValueError, match="'stride' does not rank images"):
        downsample(_table(9), np.arange(9), 3).coverage()


def _curve(values: list[float]) -> Coverage:
    none = np.empty(0, np.int64)
    return Coverage(np.array([np.inf, *values], np.float32), none, none, "distance, 0-100")


@pytest.mark.parametrize(
    ("values", "knee"),
    [
        pytest.param([10, 4, 1, 0.9, 0.8, 0.7], 3, id="a bend"),
        pytest.param([4, 3, 2, 1], None, id="a line"),
        pytest.param([5, 5, 5], None, id="flat"),
        pytest.param([5], None, id="too short"),
        pytest.param([10, 9, 8, 0], None, id="bent the other way"),
    ],
)
def test_the_knee_is_where_the_curve_is_farthest_below_its_chord(values, knee) -> None:
    """None if it is nowhere below."""
    assert _curve(values).knee == knee


def test_a_curve_of_frames_chosen_by_activity_has_no_knee() -> None:
    """It is not what they were chosen for, and the text says so."""
    by_activity = replace(_curve([10, 4, 1, 0.9, 0.8, 0.7]), by_activity=True)
    assert by_activity.knee is None
    assert "standing cameras are kept for what they show" in how_many(by_activity)


def test_the_longest_title_of_a_curve_is_not_cut_off(tmp_path: Path) -> None:
    """Nothing is drawn at the margins of the chart."""
    curve = _curve(np.linspace(12.3456, 1.23456, 123_456).tolist())
    save_curve(replace(curve, by_activity=True), tmp_path / "curve.png")
    with Image.open(tmp_path / "curve.png") as image:
        pixels = np.asarray(image.convert("L"))
    assert (pixels[:, [0, 1, -2, -1]] == 255).all()


def test_there_are_at_most_200_medians() -> None:
    """All of them up to 100 images, and the last one always."""
    for k in (1, 2, 100, 101, 5000):
        numbers = module._numbers(k)
        assert numbers[-1] == k
        assert len(numbers) == k if k <= 100 else 100 <= len(numbers) <= 200


def test_a_curve_is_drawn_from_python_and_the_command_line(
    tree: list[str], run, burst_paths: list[str], tmp_path: Path
) -> None:
    """Both are PNG; the command line also says where the curve bends."""
    options = {"strategy": "diverse", "show_progress": False, "show_summary": False}
    sample_diverse(burst_paths, 20, save_curve=tmp_path / "new" / "curve.png", **options)
    code, _, text = run("photos", "-n", "6", "--strategy", "diverse", "--curve", "curve.png")
    assert code == 0
    assert "6 kept: the farthest image left out is at " in text
    for path in (tmp_path / "new" / "curve.png", Path("curve.png")):
        assert path.read_bytes().startswith(b"\x89PNG")
    assert "curve.png" not in " ".join(run(".", "-n", "20", "--quiet")[1])  # no image


def test_curves_are_refused_before_reading(tree: list[str], run) -> None:
    """With a strategy that has none, and where there is a file already."""
    code, _, text = run("photos", "-n", "4", "--strategy", "stride", "--curve", "curve.png")
    assert (code, "--curve needs a strategy that ranks images, not 'stride'" in text) == (2, True)
    Path("old.png").touch()
    diverse = ("--strategy", "diverse")
    code, _, text = run("photos", "-n", "4", *diverse, "--curve", "old.png")
    assert (code, "File already exists: old.png" in text) == (2, True)


def test_the_command_line_stops_at_a_distance(tree: list[str], run) -> None:
    """Without a target; and a record says so."""
    run("extract", "photos", "-o", "all.parquet", "-q")
    stop = ("--strategy", "diverse", "--max-distance", "18", "-q")
    code, _, _ = run("photos", *stop, "-o", "kept.json", "--explain", "why.csv")
    kept = json.loads(Path("kept.json").read_text())
    assert (code, kept["settings"]["max_distance"]) == (0, 18)
    assert run("select", "all.parquet", *stop)[1] == [image["path"] for image in kept["kept"]]
    with open("why.csv", newline="") as stream:
        assert max(float(row["distance"]) for row in csv.DictReader(stream)) <= 18
