"""The panel's timeline: what is kept and excluded of each camera over time, and a click on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import fiftyone as fo
import numpy as np
import pytest

from tests.plugin.conftest import shown_ids


@pytest.fixture
def dataset(signed_dataset: fo.Dataset) -> fo.Dataset:
    """A dataset of the 80 images, whose signatures are there already."""
    return signed_dataset


def _unfold(user: Any) -> dict[str, dict[str, Any]]:
    """Returns the traces by their names."""
    if not user.settings.get("timeline"):
        user.change("timeline", True)
    return {trace["name"]: trace for trace in user.layout["timeline"]["view"]["data"]}


def _assert_shows(dataset: fo.Dataset, user: Any, kept: set[str], chosen_from: set[str]) -> None:
    """Clicks all bars: they show what is kept, and what is not, each sample once."""
    taken = dict(zip(*dataset.values(["id", "signature.taken"]), strict=True))
    for name, expected in (("kept", kept), ("excluded", chosen_from - kept)):
        trace = _unfold(user)[name]
        shown: list[str] = []
        for bar, at in zip(trace["ids"], trace["x"], strict=True):
            user.do("click_timeline", id=bar)
            ids = shown_ids(dataset, user)
            half = timedelta(milliseconds=trace["width"] / 2 + 1)
            assert all(abs(taken[one] - datetime.fromisoformat(at)) <= half for one in ids)
            assert len({one.filepath.split("/")[-3] for one in dataset.select(ids)}) == 1
            shown += ids
        assert sorted(shown) == sorted(expected)


def test_every_bar_shows_its_samples(dataset, operators, open_panel) -> None:
    """Of two runs of different coverage, and of what the panel proposes."""
    dataset.set_values("camera", [path.split("/")[-3] for path in dataset.values("filepath")])
    operators.downsample(dataset.limit(24), 9, run_key="some")
    operators.downsample(dataset, 30, run_key="every")
    dataset.reload()
    user = open_panel(dataset)
    assert "timeline" not in user.layout
    every, first = set(dataset.values("id")), set(dataset.limit(24).values("id"))
    for run, chosen_from in (("some", first), ("every", every)):
        user.choose(f"run:{run}")
        kept = set(dataset.match_tags(run).values("id"))
        _assert_shows(dataset, user, kept, chosen_from)
    user.change("target_count", 5)
    traces = _unfold(user)
    user.do("show_kept")
    proposed = shown_ids(dataset, user)
    user.do("click_timeline", id=traces["kept"]["ids"][0])
    assert shown_ids(dataset, user) <= proposed
    assert user.state["show"] is None  # the grid does not follow the number from here
    names = user.layout["timeline"]["view"]["layout"]["yaxis"]["ticktext"]
    assert names == sorted(dataset.distinct("camera"), reverse=True)


def test_bars_stay_few_and_say_how_many_events(dataset, operators, open_panel) -> None:
    """Cameras with few images share the last row; times of a field are named."""
    rng = np.random.default_rng(0)
    dataset.set_values(
        "camera", [f"c{number % 8 if number < 40 else number}" for number in range(80)]
    )
    first = datetime(2026, 1, 1)
    minutes = [first + timedelta(minutes=int(when)) for when in rng.integers(0, 9_000, 79)]
    dataset.set_values("seen", [*minutes, None])
    operators.downsample(dataset, 10, time="seen", event_gap=3600)
    user = open_panel(dataset)
    traces = _unfold(user)
    layout = user.layout["timeline"]["view"]["layout"]
    assert layout["yaxis"]["ticktext"][0] == "36 other cameras"
    assert len(layout["yaxis"]["ticktext"]) == 12
    assert "the field `seen`" in user.text
    assert "1 have no time." in user.text
    assert any(text.endswith("<br>1 event") for text in traces["excluded"]["text"])
    assert max(traces["kept"]["y"]) <= 0.5
    assert min(traces["excluded"]["y"]) >= -0.5


def test_numbers_are_named_by_their_field(dataset, operators, open_panel) -> None:
    """They may be frame numbers, so the axis does not call them seconds."""
    dataset.set_values("tick", list(range(80)))
    operators.downsample(dataset, 10, time="tick", event_gap=5)
    user = open_panel(dataset)
    _unfold(user)
    assert user.layout["timeline"]["view"]["layout"]["xaxis"]["title"]["text"] == "tick"


@pytest.mark.parametrize("has_field", [False, True])
def test_files_without_times(
    make_dataset, images, tmp_path, operators, open_panel, has_field
) -> None:
    """It says what is missing, or takes the times of a field."""
    from PIL import Image

    paths = [str(tmp_path / f"{number}.png") for number in range(6)]
    for path, image in zip(paths, images, strict=False):
        Image.open(image).convert("RGB").save(path, exif=b"")
    dataset = make_dataset(paths)
    if has_field:
        dataset.set_values("seen", [datetime(2026, 1, day) for day in range(1, 7)])
    operators.downsample(dataset, 3)
    user = open_panel(dataset)
    user.change("timeline", True)
    assert ("timeline" in user.layout) == has_field
    said = "by the field `seen`" if has_field else "It is not known when any of the 6 samples"
    assert said in user.text
