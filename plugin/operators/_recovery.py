"""Completes interrupted runs on demand."""

from __future__ import annotations

from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types

from .. import names
from ..base import Operator, reload
from ..runs import interrupted, writes
from ..targets import kinds as targets

_DONE = {
    "written": "is now complete",
    "removed": "is now undone",
    "nothing": "needed nothing",
    "abandoned": "can no longer be written, and nothing of it is left; see the server's log",
}


class RecoverRuns(Operator):
    """Completes interrupted runs and undos; returns ``{"runs": {run key: what was done}}``."""

    key = "recover_runs"
    about = "Complete runs and undos that were interrupted"

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """Lists the interrupted runs."""
        inputs = types.Object()
        text = interrupted.notice(ctx.dataset) or "No run of this dataset was interrupted"
        inputs.md(f"{text}.", name="forecast")
        return types.Property(inputs, view=types.View(label=names.LABELS["recover_runs"]))

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Completes the runs, and reloads the dataset."""
        done = writes.recover(ctx.dataset)
        reload(ctx)
        return {"runs": done}

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property:
        """Says what was done."""
        outputs = types.Object()
        done = [f"The run `{key}` {_DONE[what]}." for key, what in ctx.results["runs"].items()]
        outputs.md("\n\n".join(done) or "There was nothing to do.")
        return types.Property(outputs, view=types.View(label="Done"))

    def __call__(self, dataset: fo.Dataset) -> dict[str, str]:
        """Completes runs and undos that were interrupted.

        Args:
            dataset: the dataset

        Returns:
            the keys of these runs, each with what was done: ``"written"``, ``"removed"``,
            ``"nothing"`` or, if it can no longer be written, ``"abandoned"``

        Raises:
            ValueError: if another process is writing a run all the while
        """
        return writes.recover(targets.dataset_of(dataset))
