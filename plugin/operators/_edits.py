"""The operator on hand edits of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types

from ..base import Operator, reload
from ..forms import run_forms
from ..jobs import edits
from ..targets import kinds as targets


class EditRun(Operator):
    """Changes what a run keeps; returns what :func:`edits.edit` does."""

    key = "edit_run"
    about = "Keep images besides what a run chose, leave out others, or swap two"

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return run_forms.edit_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Edits the run by the images that are selected, or named; shows what follows."""
        run_key, how = ctx.params.get("run_key", ""), ctx.params.get("edit") or "keep"
        keep, drop = (ctx.params.get(name) or [] for name in ("keep", "drop"))
        if how not in run_forms.EDITS:
            raise ValueError(f"edit must be one of {', '.join(run_forms.EDITS)}, got {how!r}")
        if not keep and not drop and how != "take_back":
            selected = list(ctx.selected or ())
            keep, drop = ([], selected) if how == "drop" else (selected, [])
            if how == "swap":
                drop = edits.standing_for(ctx.dataset, run_key, selected)
        result = self(ctx.dataset, run_key, keep=keep, drop=drop, take_back=how == "take_back")
        reload(ctx)
        return result

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property:
        """Says what is kept now."""
        outputs = types.Object()
        outputs.md(edits.worded(ctx.results), name="edited")
        return types.Property(outputs, view=types.View(label="Edited"))

    def __call__(
        self,
        dataset: fo.Dataset,
        run_key: str,
        *,
        keep: str | Sequence[str] | fo.DatasetView | None = None,
        drop: str | Sequence[str] | fo.DatasetView | None = None,
        take_back: bool = False,
    ) -> dict[str, Any]:
        """Keeps images besides what a run chose, leaves out others, or takes back an edit.

        With as many in ``keep`` as in ``drop``, the number of kept images stays. Undoing the run
        removes its hand edits, and running it again replaces them.

        Args:
            dataset: the dataset
            run_key: the run
            keep: ids of samples (patches, frames), or a view of them, that the run is to keep
            drop: likewise, that it is not to keep
            take_back: take back the last edit instead

        Returns:
            a dict of what is kept now: ``kept`` (how many), ``summary``, ``kept_by_hand`` and
            ``left_out_by_hand`` (ids), ``warning``, and more

        Raises:
            ValueError: if there is no such run, it would keep other images now, or ids do not fit
        """
        dataset = targets.dataset_of(dataset)
        if not take_back:
            return edits.edit(dataset, run_key, _ids(keep), _ids(drop))
        if _ids(keep) or _ids(drop):
            raise ValueError("take_back=True needs no keep and drop; omit them")
        return edits.take_back(dataset, run_key)


def _ids(named: str | Sequence[str] | fo.DatasetView | None) -> list[str]:
    if isinstance(named, (fo.Dataset, fo.DatasetView)):
        ids: list[str] = named.values("id")
        return ids
    return [named] if isinstance(named, str) else list(named or ())
