"""What an interrupted run leaves behind: said in forms, and brought to an end on demand."""

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
    "written": "is written as it was to be",
    "removed": "is undone as it was to be",
    "nothing": "needed nothing",
    "abandoned": "cannot be written any more, and nothing of it is left; the server's log says why",
}


class RecoverRuns(Operator):
    """Brings to an end what was interrupted; returns ``{"runs": {run key: what was done}}``."""

    key = "recover_runs"
    about = "Do the rest of runs and undos whose process was ended half-way"

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """Says what there is to do."""
        inputs = types.Object()
        text = interrupted.notice(ctx.dataset) or "No run of this dataset was interrupted"
        inputs.md(f"{text}.", name="forecast")
        return types.Property(inputs, view=types.View(label=names.LABELS["recover_runs"]))

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Does it, and reloads the dataset."""
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
        """Does the rest of runs and undos whose process was ended half-way.

        Args:
            dataset: the dataset

        Returns:
            the keys of these runs, each with what was done: ``"written"``, ``"removed"``,
            ``"nothing"`` or, if it cannot be written any more, ``"abandoned"``

        Raises:
            ValueError: if another process is writing a run all the while
        """
        return writes.recover(targets.dataset_of(dataset))
