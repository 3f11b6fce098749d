"""Frames of real videos, sampled by ffmpeg."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path

import fiftyone as fo
import fiftyone.operators as foo
import pytest
from fiftyone.operators.delegated import DelegatedOperationService

from plugin.jobs import frame_sampling
from plugin.jobs.progress import with_bar
from plugin.operators import _outputs as outputs

_SECONDS = 5  # that each of the videos lasts


def _files(dataset: fo.Dataset) -> list[str]:
    folder = Path(dataset.first().filepath).parent
    return sorted(str(path) for path in folder.rglob("*.jpg"))


def test_frames_are_saved_beside_their_videos(videos, operators) -> None:
    """As many a second as were asked for; the view that comes back can be chosen from."""
    frames = operators.sample_frames(videos, fps=2)
    assert len(frames) == 2 * 2 * _SECONDS
    assert sorted(frames.values("filepath")) == _files(videos)
    assert operators.downsample(frames, 4)["kept"] == 4
    assert videos.count_values("frames.smartdownsample")[True] == 4


def test_frames_that_are_there_are_left_as_they_are(videos, operators) -> None:
    """Sampled again, nothing is written; at another rate, only what is missing."""
    before = {
        path: os.stat(path).st_mtime_ns
        for path in operators.sample_frames(videos, fps=1).values("filepath")
    }
    again = operators.sample_frames(videos, fps=1)
    assert {path: os.stat(path).st_mtime_ns for path in again.values("filepath")} == before
    more = operators.sample_frames(videos, fps=4)
    assert len(more) == 2 * 4 * _SECONDS
    assert set(more.values("filepath")) > set(before)


def test_a_video_that_cannot_be_read_costs_no_other(videos, operators, tmp_path, caplog) -> None:
    """It is named; if there is no other, that is an error, with what ffmpeg says, and no log."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    videos.add_sample(fo.Sample(str(broken)))
    counts = {"videos": 3, "frames": 2 * _SECONDS, "fps": 1}
    assert with_bar(frame_sampling.sample(videos.view(), 1)) == {
        **counts,
        "failed": [str(broken)],
    }
    problem = f"ffmpeg could read none of the 1 videos.*{broken}: Invalid data found"
    with pytest.raises(ValueError, match=problem):
        operators.sample_frames(videos.select(videos.last().id))
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == []


def test_who_stops_waiting_stops_ffmpeg(videos, monkeypatch) -> None:
    """Before its next video."""
    monkeypatch.setattr("plugin.jobs._background.SECONDS_BETWEEN_SIGNS", 0)
    before = set(threading.enumerate())
    job = frame_sampling.sample(videos.view(), 1)
    assert next(job).done == 0
    job.close()
    for thread in set(threading.enumerate()) - before:
        if thread.ident:  # others start threads, too
            thread.join(60)
    assert {Path(path).parent.name for path in _files(videos)} <= {"0"}


@pytest.mark.parametrize("fps", [0, -1, "two", True, float("nan"), float("inf"), None])
def test_rates_are_numbers_above_zero(videos, operators, fps) -> None:
    """Anything else is refused before a file is written."""
    with pytest.raises(ValueError, match="fps must be a number above 0, got"):
        operators.sample_frames(videos, fps=fps)
    assert _files(videos) == []


def test_images_are_no_videos(dataset, operators) -> None:
    """There is nothing to sample."""
    with pytest.raises(ValueError, match="there are no videos here"):
        operators.sample_frames(dataset)


def test_without_ffmpeg_the_error_says_what_to_install(videos, operators, monkeypatch) -> None:
    """Before a file is written."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ValueError, match=r"needs ffmpeg and ffprobe, which are not on the PATH"):
        operators.sample_frames(videos)


def test_in_the_app(videos, post) -> None:
    """The form says where frames go; the run ends with the frames in the grid."""
    form = post("resolve-type", "sample_frames", videos, {"fps": 2})
    text = json.dumps(form)
    assert "Saves frames of 2 videos as images" in text
    assert "000001.jpg" in text
    messages = post("execute/generator", "sample_frames", videos, {"fps": 2})
    assert "set_view" in json.dumps(messages)
    assert len(_files(videos)) == 2 * 2 * _SECONDS


def test_the_form_of_a_run_offers_it(videos, post) -> None:
    """Videos are refused, with a button to what has to be done first."""
    form = post("resolve-type", "downsample", videos, {"target_count": 3})
    button = form["type"]["properties"]["sample_frames"]["view"]
    assert button["operator"] == "@smartdownsample/smartdownsample/sample_frames"


def test_delegated(videos) -> None:
    """What is queued is sampled, and the result says how to see the frames."""
    uri = "@smartdownsample/smartdownsample/sample_frames"
    context = {"view": videos.view(), "params": {"fps": 1}, "request_delegation": True}
    queued = foo.execute_operator(uri, context).result
    service = DelegatedOperationService()
    service.execute_queued_operations(dataset_name=videos.name)
    done = service.get(queued["id"])
    service.delete_operation(queued["id"])
    assert done.result.result["frames"] == len(_files(videos)) == 2 * _SECONDS
    output = outputs.frames_output(done.result.result)
    assert "run the operator again" in json.dumps(output.to_json())
