"""Videos to frames: FiftyOne samples them with ffmpeg, so that there are images to choose from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types

from ..base import Operator
from ..forms import job_forms as forms
from ..jobs import execute, frame_sampling, show_output, with_bar
from ..targets import flat_views
from ..targets import kinds as targets
from . import _outputs as outputs


class SampleFrames(Operator):
    """Saves frames of videos as images; returns what :func:`frame_sampling.sample` does."""

    key = "sample_frames"
    about = "Save frames of videos as images, to choose from"
    is_job = True
    risk = "high"  # it writes files

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        view = flat_views.flat(ctx.view)
        return forms.frames_form(
            view, frame_sampling.problems(view, ctx.params.get("fps", forms.DEFAULT_FPS))
        )

    def execute(self, ctx: foo.ExecutionContext) -> Any:
        """Samples; returns the counts, or streams to the App, which then shows the frames."""
        view, fps = flat_views.flat(ctx.view), ctx.params.get("fps", forms.DEFAULT_FPS)
        made: list[fo.DatasetView] = []

        def show(result: frame_sampling.Sampled) -> Iterator[Any]:
            (frames,) = made
            stages = flat_views.stages_of(frames)
            yield show_output(ctx, outputs.frames_output(result, stages), result)
            yield ctx.ops.reload_dataset()
            yield ctx.ops.set_view(frames)

        return execute(ctx, frame_sampling.sample(view, fps, made.append), show)

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property | None:
        """What a delegated run shows when it is done; the App has been shown it already."""
        return outputs.frames_output(ctx.results) if ctx.results else None

    def __call__(
        self, sample_collection: fo.Dataset | fo.DatasetView, fps: float = forms.DEFAULT_FPS
    ) -> fo.DatasetView:
        """Saves frames of videos as images, beside each video in a folder of its name.

        Args:
            sample_collection: the dataset or view of videos
            fps: frames a second of video

        Returns:
            the view of these frames, ``sample_collection.to_frames(sample_frames=True, fps=fps)``

        Raises:
            ValueError: if these are no videos, or ffmpeg is not installed
        """
        targets.dataset_of(sample_collection)
        view = flat_views.flat(sample_collection.view())
        made: list[fo.DatasetView] = []
        with_bar(frame_sampling.sample(view, fps, made.append))
        return made[0]


OPERATORS = (SampleFrames,)
