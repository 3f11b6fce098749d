"""Operators that split samples into train, val and test, and undo that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types

from ..base import Operator, in_app, reload
from ..forms import job_forms, split_forms
from ..jobs import execute, show_output, splitting
from ..runs import writes
from ..targets import kinds as targets
from ._jobs import call, config_of
from ._outputs import split_output

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Split(Operator):
    """Tags samples as train, val and test; returns what :func:`splitting.run` does."""

    key = "split"
    about = "Tag samples as train, val and test, and divide no event and no near-duplicates"
    is_job = True

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return split_forms.split_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> Any:
        """Splits; returns the record, or streams to the App."""
        config = config_of(splitting.SplitConfig, ctx)
        job = splitting.run(ctx.dataset, job_forms.chosen_view(ctx), config, in_app(ctx))

        def show(result: dict[str, Any]) -> Iterator[Any]:
            rows = [{"name": name, **row} for name, row in (result["labels"] or {}).items()]
            yield show_output(ctx, split_output(result), {**result, "label_rows": rows})
            yield reload(ctx)

        return execute(ctx, job, show)

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property | None:
        """What a delegated run shows when it is done; the App has been shown it already."""
        return split_output(ctx.results) if ctx.results else None

    def __call__(
        self,
        sample_collection: fo.Dataset | fo.DatasetView,
        shares: str | dict[str, float] = "train=0.8, val=0.1, test=0.1",
        *,
        delegate: bool = False,
        **settings: Unpack[splitting.SplitOptions],
    ) -> Any:
        """Tags each sample of a dataset or view with its split.

        Args:
            sample_collection: the dataset or view, also one of patches or frames
            shares: name and share of each split; the names are the tags
            delegate: schedule it instead of running it now
            **settings: those of docs/parameters.md, such as ``stratify_by``

        Returns:
            a dict of what was found, such as ``splits`` (samples of each), ``groups`` (how many
            stay whole), ``leaks`` (what random splits would leak) and ``warning``; if delegated,
            the queued operation (in a notebook, a task of it to ``await``)

        Raises:
            TypeError: for an unknown setting
            ValueError: for bad settings, before anything is written; or if no image can be read
        """
        given = {**settings, "shares": shares}
        kind = splitting.SplitConfig
        return call(self.uri, splitting.run, kind, sample_collection, given, delegate)


class DeleteSplit(Operator):
    """Undoes a split; returns what :func:`writes.delete_split` does."""

    key = "delete_split"
    about = "Remove the tags and the record of a split"
    risk = "high"

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return split_forms.delete_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Undoes the split, and reloads the dataset."""
        result = writes.delete_split(ctx.dataset, ctx.params.get("run_key", ""))
        reload(ctx)
        return result

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property:
        """Says what was removed."""
        outputs = types.Object()
        removed = [f"`{tag}` from {n:,}" for tag, n in ctx.results["untagged"].items()]
        outputs.md(f"Removed the tags {', '.join(removed)}, and the record of the split.")
        return types.Property(outputs, view=types.View(label="Undone"))

    def __call__(self, dataset: fo.Dataset, run_key: str) -> dict[str, Any]:
        """Removes the tags and the record of a split; signatures stay.

        Args:
            dataset: the dataset
            run_key: the split

        Raises:
            ValueError: if there is no such split
        """
        return writes.delete_split(targets.dataset_of(dataset), run_key)


OPERATORS = (Split, DeleteSplit)
