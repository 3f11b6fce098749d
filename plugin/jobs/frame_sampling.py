"""Videos to frames: FiftyOne samples them with ffmpeg, so that there are images to choose from."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Real
from typing import Any, TypedDict

import fiftyone as fo
import fiftyone.utils.video as fouv

from ..targets import kinds as targets
from ._background import waiting
from .engine import Progress
from .progress import Job

_PROGRAMS = ("ffmpeg", "ffprobe")

#: Who logs several lines, with all that ffmpeg says, for each video that it cannot read.
_LOGGERS = ("fiftyone.core.metadata", "fiftyone.utils.video", "eta.core.video")


class Sampled(TypedDict):
    """What was sampled."""

    videos: int
    frames: int
    fps: float
    failed: list[str]
    """paths of the videos that have no frames, as when ffmpeg cannot read them"""


def sample(
    view: fo.DatasetView, fps: float, take: Callable[[fo.DatasetView], object] = lambda _: None
) -> Job[Sampled]:
    """Saves frames of videos as images; existing ones are kept.

    Args:
        view: a flat view of videos
        fps: frames a second of video
        take: called with the view of the frames, which FiftyOne takes a while to generate

    Yields:
        :class:`Progress`

    Raises:
        ValueError: for what :func:`problems` finds; or if no video could be sampled
    """
    for problem in problems(view, fps).values():
        raise ValueError(str(problem))
    done, is_wanted = 0, True

    def follow(bar: Any) -> None:
        nonlocal done
        done = bar.iteration
        if not is_wanted:
            raise RuntimeError("nobody waits for the frames any more")

    total = len(view)
    try:
        yield from waiting(
            lambda: _save_frames(view, fps, follow),
            lambda: Progress(done, total, "Sampling videos"),
        )
    finally:
        is_wanted = False
    with _quiet() as withheld:
        frames = view.to_frames(sample_frames=True, fps=fps)
    sampled = set(frames.distinct("sample_id"))
    paths = zip(*view.values(["id", "filepath"]), strict=True)
    failed = [path for video, path in paths if video not in sampled]
    if len(failed) == total:
        raise ValueError(
            f"ffmpeg could read none of the {total:,} videos, the first is {failed[0]}: "
            f"{_problem_of(failed[0], withheld)}"
        )
    take(frames)
    return {"videos": total, "frames": len(frames), "fps": fps, "failed": failed}


def _save_frames(view: fo.DatasetView, fps: float, follow: Callable[[Any], None]) -> None:
    """Does what ``to_frames`` would do, which reports no progress.

    Not by ``fps`` of ``sample_videos``, which takes other frames than ``to_frames`` expects.
    """
    with _quiet():
        view.compute_metadata()
    fields = ["id", "metadata.frame_rate", "metadata.total_frame_count"]
    known = [video for video in zip(*view.values(fields), strict=True) if None not in video]
    frames = [
        fouv.sample_frames_uniform(rate, total_frame_count=count, fps=fps)
        for _, rate, count in known
    ]
    readable = view.select([video for video, _, _ in known], ordered=True)
    with _quiet():
        fouv.sample_videos(readable, frames=frames, skip_failures=True, progress=follow)


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Withholds what is logged of videos that cannot be read, which results name; yields it."""
    loggers, withheld = list(map(logging.getLogger, _LOGGERS)), list[str]()

    def is_shown(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING:
            withheld.append(record.getMessage())
        return record.levelno < logging.WARNING

    for logger in loggers:
        logger.addFilter(is_shown)
    try:
        yield withheld
    finally:
        for logger in loggers:
            logger.removeFilter(is_shown)


def _problem_of(path: str, logged: list[str]) -> str:
    """Returns the last line that ffmpeg said of a video; without any, what to do."""
    said = [text.partition("failed with error:")[2] for text in logged if path in text]
    lines = [line for text in said for line in text.replace("\\n", "\n").split("\n")]
    last = [line.removeprefix(f"{path}: ") for line in lines if len(line) > 1][-1:]
    return last[0] if last else f"to see why, run ffmpeg -i {path}"


def problems(view: fo.DatasetView, fps: Any) -> dict[str, str]:
    """Returns why these frames cannot be sampled: setting to error message."""
    if not targets.holds_videos(view):
        return {"view_target": "there are no videos here; choose a view or dataset of videos"}
    if not isinstance(fps, Real) or isinstance(fps, bool) or not 0 < float(fps) < float("inf"):
        return {"fps": f"fps must be a number above 0, got {fps!r}"}
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        return {
            "view_target": f"sampling videos needs {' and '.join(missing)}, which "
            f"{'are' if len(missing) > 1 else 'is'} not on the PATH of this server; install "
            "ffmpeg, for example with apt install ffmpeg or brew install ffmpeg"
        }
    return {}
