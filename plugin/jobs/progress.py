"""Runs a job where its caller can follow it: App, SDK or delegated run."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import Any, Generic, TypeVar

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types
from fiftyone.operators.delegated import DelegatedOperationService
from fiftyone.operators.executor import ExecutionRunState
from tqdm import tqdm

from ..base import database_errors, in_app
from .engine import Progress

_SECONDS_BETWEEN_LOOKS = 0.5

Result = TypeVar("Result")

Job = Generator[Progress, None, Result]


def execute(
    ctx: foo.ExecutionContext, job: Job[Result], show: Callable[[Result], Iterator[Any]]
) -> Any:
    """Runs a job: streams to the App, else returns its plain result.

    FiftyOne drops what a generator returns, so the SDK and delegated runs must not get one.

    Args:
        ctx: the context of the operator
        job: yields :class:`Progress` and returns a dict of plain values
        show: yields what the App is to do with that dict: first to show it, as the App carries out
            what it is told side by side, and a reload delays the last progress until after that
    """
    if ctx.delegated:
        return _drain(job, _Delegated(ctx).report)
    if in_app(ctx):
        return _stream(ctx, job, show)
    return with_bar(job)


def with_bar(job: Job[Result]) -> Result:
    """Runs a job with a progress bar, if FiftyOne is set to show them; returns its result."""
    with tqdm(unit="img", delay=0.5, disable=not fo.config.show_progress_bars) as bar:

        def advance(progress: Progress) -> None:
            bar.total = progress.total
            bar.set_description(progress.label, refresh=False)
            bar.update(progress.done - bar.n)

        return _drain(job, advance)


class CancelledError(RuntimeError):
    """A delegated run was marked as failed while it ran, which is how FiftyOne cancels one."""


class _Delegated:
    """Reports to the list of delegated operations, and looks there whether to go on."""

    def __init__(self, ctx: foo.ExecutionContext) -> None:
        self._ctx = ctx
        self._operations = DelegatedOperationService()
        self._looked = time.monotonic()

    def report(self, progress: Progress) -> None:
        """Reports progress; raises :class:`CancelledError`."""
        self._ctx.set_progress(progress.done / progress.total, _label(progress))
        if time.monotonic() - self._looked < _SECONDS_BETWEEN_LOOKS:
            return
        self._looked = time.monotonic()
        operation = self._operations.get(self._ctx.request_params["run_doc"])
        if operation.run_state == ExecutionRunState.FAILED:
            raise CancelledError(
                "cancelled; the signatures are kept, and nothing else was written: run again "
                "to continue"
            )


def show_output(
    ctx: foo.ExecutionContext, outputs: types.Property, results: Mapping[str, Any]
) -> Any:
    """Makes the App show an output form."""
    return ctx.ops.show_output(outputs=outputs.to_json(), results=results)


def _stream(
    ctx: foo.ExecutionContext, job: Job[Result], show: Callable[[Result], Iterator[Any]]
) -> Iterator[Any]:
    steps = _Steps(job)
    # The App swallows exceptions of generators, so that they have to be notified.
    try:
        with database_errors():
            for progress in steps:
                yield ctx.ops.set_progress(_label(progress), progress.done / progress.total)
            yield from show(steps.result)
    except (ValueError, OSError) as error:
        yield ctx.ops.notify(str(error), variant="error")
    except Exception as error:
        yield ctx.ops.notify(defect(error), variant="error")
        raise


def defect(error: Exception) -> str:
    """Returns the message of an unexpected error; the server's log has the traceback."""
    return f"smartdownsample failed, please report it: {type(error).__name__}: {error}"


def _drain(job: Job[Result], report: Callable[[Progress], None]) -> Result:
    steps = _Steps(job)
    with database_errors(), closing(job):  # whatever stops it, it writes what it has
        for progress in steps:
            report(progress)
    return steps.result


class _Steps(Generic[Result]):
    """The steps of a job, whose result is there after the last of them."""

    result: Result

    def __init__(self, job: Job[Result]) -> None:
        self._job = job

    def __iter__(self) -> Iterator[Progress]:
        self.result = yield from self._job


def _label(progress: Progress) -> str:
    return f"{progress.label}: {progress.done:,} of {progress.total:,}"
