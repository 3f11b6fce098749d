"""Events in FiftyOne: fields and a view to group by, removed like all else that a run writes."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import fiftyone as fo
import pytest

from plugin.jobs import times

_FIELDS = ("smartdownsample_event", "smartdownsample_event_start", "smartdownsample_event_size")


@pytest.fixture
def timed(signed_dataset: fo.Dataset) -> fo.Dataset:
    """Two cameras that take an image a minute, ten at a time; the last image has no time."""
    n, start = len(signed_dataset), datetime(2024, 5, 1, 12)
    taken = [start + timedelta(minutes=row, hours=row // 20) for row in range(n - 1)]
    signed_dataset.set_values("cam", [f"cam{row % 2}" for row in range(n)])
    signed_dataset.set_values("ground", ["xy"[row // 2 % 2] for row in range(n)])
    signed_dataset.add_sample_field("taken", fo.DateTimeField)
    signed_dataset.set_values("taken", [*taken, None])
    signed_dataset.set_values("seconds", [60.0 * row for row in range(n)])
    return signed_dataset


def test_events_are_fields_and_a_view(
    timed: fo.Dataset, operators: SimpleNamespace, tmp_path: Path
) -> None:
    """Of all samples that have a time: number, start and size; undone, nothing is left."""
    views = timed.list_saved_views()
    result = operators.downsample(
        timed, 8, camera="cam", time="taken", event_gap="5 min", min_interval=90
    )
    numbers, starts, sizes = map(timed.values, _FIELDS)
    assert result["fields"]["event"] == _FIELDS[0]
    assert "1 image has no time" in result["warning"]
    assert numbers[-1] is starts[-1] is sizes[-1] is None
    assert sizes[0] == 10
    assert starts[:2] == [datetime(2024, 5, 1, 12), datetime(2024, 5, 1, 12, 1)]
    assert numbers[0] == 1
    assert sorted(set(numbers[:-1])) == list(range(1, result["events"] + 1))
    grouped = timed.load_saved_view(result["events_view"])
    assert len(grouped) == result["events"]
    assert len(grouped.get_dynamic_group(1)) == 10

    operators.export_run(timed, "smartdownsample", str(tmp_path / "kept.csv"))
    rows = list(csv.DictReader((tmp_path / "kept.csv").open()))
    by_id = dict(zip(timed.values("id"), numbers, strict=True))
    assert [row["event"] for row in rows] == [str(by_id[row["id"]] or "") for row in rows]

    undone = operators.delete_run(timed, "smartdownsample")
    assert set(_FIELDS) < set(undone["fields"])
    assert not any(map(timed.has_field, _FIELDS))
    assert timed.list_saved_views() == views


def test_seconds_will_do(timed: fo.Dataset, operators: SimpleNamespace) -> None:
    """Starts are numbers then; cameras are folders by default."""
    operators.downsample(timed, 8, time="seconds", event_gap=3600)
    assert isinstance(timed.get_field("smartdownsample_event_seconds"), fo.FloatField)
    assert timed.values("smartdownsample_event_seconds")[0] == 0


def test_limits_name_fields(timed: fo.Dataset, operators: SimpleNamespace) -> None:
    """Fields are keys; a dict is recorded as text, by which a run can be made again."""
    limits = {"cam": 5, "event": 2}
    result = operators.downsample(
        timed, 10, max_per=limits, min_per="cam=4", time="taken", event_gap="5 min"
    )
    kept = timed.match_tags("smartdownsample")
    assert kept.count_values("cam") == {"cam0": 5, "cam1": 5}
    assert max(kept.exists(_FIELDS[0]).count_values(_FIELDS[0]).values()) <= 2
    settings = timed.get_run_info("smartdownsample").config.serialize()
    assert (settings["max_per"], settings["min_per"]) == ("cam=5, event=2", "cam=4")
    assert "at most 5 per cam; at most 2 per event; at least 4 per cam" in result["choice"]
    with pytest.raises(
        ValueError, match="11 exceeds the 10 images that the caps allow, by 1: at most 5 per cam"
    ):
        operators.downsample(timed, 11, max_per=limits, time="taken", event_gap="5 min")


def test_a_label_to_exclude_that_no_sample_has_is_named(
    timed: fo.Dataset, operators: SimpleNamespace
) -> None:
    """The run goes on, as another dataset may have it."""
    result = operators.downsample(timed, 4, exclude="cam=can1")
    assert "exclude names cam=can1, which no image has; did you mean cam=cam" in result["warning"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"time": "cam2", "event_gap": 5}, "time: the dataset has no field 'cam2'"),
        ({"time": "tags", "event_gap": 5}, "time: 'tags' is of type ListField and holds no times"),
        ({"camera": "signature", "event_gap": 5}, "camera: 'signature' is of type Embedded"),
        ({"time": "cam", "event_gap": 5}, "time must be dates such as 2024-05-31 12:00:00"),
        ({"max_per": {"site": 5}}, "max_per: the dataset has no field 'site'"),
        ({"max_per": "site"}, "max_per must be text such as 'camera=50, event=3'"),
        ({"event_gap": "x"}, "event_gap must be a duration above 0, such as 30"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    timed: fo.Dataset, operators: SimpleNamespace, settings: dict, message: str
) -> None:
    """Before anything is written."""
    with pytest.raises(ValueError, match=message):
        operators.downsample(timed, 8, **settings)
    assert not timed.list_runs()


def test_frames_have_numbers(videos: fo.Dataset, operators: SimpleNamespace) -> None:
    """Of frames, the frame number can be the time, and the folder of each video is its camera."""
    operators.sample_frames(videos, fps=2)
    frames = videos.to_frames()
    assert ("frame_number", "frame_number (counts frames, not seconds)") in times.options(frames)
    result = operators.downsample(frames, 4, time="frame_number", event_gap=100)
    assert result["fields"]["event"] == f"frames.{_FIELDS[0]}"
    found = [
        sorted(set(filter(None, numbers))) for numbers in videos.values(result["fields"]["event"])
    ]
    assert found == [[1], [2]]


def test_frame_numbers_are_no_seconds(videos: fo.Dataset, operators: SimpleNamespace) -> None:
    """Neither of a setting nor in what is said; of numbers, the unit is not known."""
    operators.sample_frames(videos, fps=2)
    frames = videos.to_frames()
    for name in ("event_gap", "min_interval"):
        with pytest.raises(ValueError, match=f"{name} must be a number, as time has numbers"):
            operators.downsample(frames, 4, time="frame_number", **{name: "5 s"})
    with pytest.raises(ValueError, match="or 'folder', which is that of the frames of each video"):
        operators.downsample(frames, 4, stratify_by="sample_id")
    result = operators.downsample(frames, time="frame_number", event_gap=9, min_interval="5")
    said = "events that end after 9 by `frame_number`; keeps images of one camera at least 5 apart"
    assert said in result["choice"]


def test_shares_of_combinations(timed: fo.Dataset, operators: SimpleNamespace) -> None:
    """Fields and other keys, joined; shares are recorded as text."""
    result = operators.downsample(
        timed, 12, stratify_by=["cam", "ground"], balance={"cam0 · x": 2, "cam1 · y": 1}
    )
    kept = timed.match_tags("smartdownsample")
    assert {(stratum["name"], stratum["kept"]) for stratum in result["strata"]} >= {
        ("cam0 · x", 8), ("cam1 · y", 4)
    }  # fmt: skip
    assert kept.count_values("cam") == {"cam0": 8, "cam1": 4}
    settings = timed.get_run_info("smartdownsample").config.serialize()
    assert settings["stratify_by"] == "cam+ground"
    assert settings["balance"] == "cam0 · x=2, cam1 · y=1"
    with pytest.raises(ValueError, match="stratify_by: the dataset has no field 'site'"):
        operators.downsample(timed, 12, stratify_by="cam+site")
    by_day = operators.downsample(
        timed, 12, stratify_by="daynight", balance="equal", time="taken", strategy="diverse"
    )
    assert {stratum["name"] for stratum in by_day["strata"]} <= {"day", "night"}
