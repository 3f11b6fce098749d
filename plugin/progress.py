"""Runs a job where its caller can follow it: App, SDK or delegated run."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types
from pymongo.errors import PyMongoError
from tqdm import tqdm

from .engine import Progress

Job = Generator[Progress, None, dict[str, Any]]


def execute(
    ctx: foo.ExecutionContext, job: Job, show: Callable[[dict[str, Any]], Iterator[Any]]
) -> Any:
    """Runs a job: streams to the App, else returns its plain result.

    FiftyOne drops what a generator returns, so the SDK and delegated runs must not get one.

    Args:
        ctx: the context of the operator
        job: yields :class:`Progress` and returns a dict of plain values
        show: yields what the App is to do with that dict
    """
    if ctx.delegated:
        return _drain(job, lambda p: ctx.set_progress(p.done / p.total, _label(p)))
    if in_app(ctx):
        return _stream(ctx, job, show)
    return with_bar(job)


def in_app(ctx: foo.ExecutionContext) -> bool:
    """Whether an operator runs in the App's server: its routes leave an ``operator_uri``."""
    return not ctx.delegated and "operator_uri" in ctx.request_params


def with_bar(job: Job) -> dict[str, Any]:
    """Runs a job with a progress bar, if FiftyOne is set to show them; returns its result."""
    with tqdm(unit="img", delay=0.5, disable=not fo.config.show_progress_bars) as bar:

        def advance(progress: Progress) -> None:
            bar.total = progress.total
            bar.set_description(progress.label, refresh=False)
            bar.update(progress.done - bar.n)

        return _drain(job, advance)


def show_output(ctx: foo.ExecutionContext, outputs: types.Property, results: dict[str, Any]) -> Any:
    """Makes the App show an output form."""
    return ctx.ops.show_output(outputs=outputs.to_json(), results=results)


def _stream(
    ctx: foo.ExecutionContext, job: Job, show: Callable[[dict[str, Any]], Iterator[Any]]
) -> Iterator[Any]:
    # The App swallows exceptions of generators: what a user can do something about is notified.
    try:
        while True:
            progress = next(job)
            yield ctx.ops.set_progress(_label(progress), progress.done / progress.total)
    except StopIteration as finished:
        yield from show(finished.value)
    except (ValueError, OSError, PyMongoError) as error:
        yield ctx.ops.notify(str(error), variant="error")


def _drain(job: Job, report: Callable[[Progress], None]) -> dict[str, Any]:
    try:
        while True:
            report(next(job))
    except StopIteration as finished:
        result: dict[str, Any] = finished.value
        return result


def _label(progress: Progress) -> str:
    return f"{progress.label}: {progress.done:,} of {progress.total:,}"
