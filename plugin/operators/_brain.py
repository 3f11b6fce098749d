"""Operators that feed FiftyOne's own panels: a map of a run's images, and search by likeness."""

from __future__ import annotations

from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types

from .. import names
from ..base import Operator
from ..forms import run_forms
from ..jobs import maps
from ..run_fields import CHOICE
from ..runs import brain
from ..runs import records as runs
from ..targets import kinds as targets

_UNDO = f"*{names.LABELS['delete_run']}* removes it with the run."


class MakeMap(Operator):
    """Shows the images of a run in the Embeddings panel; returns what :func:`maps.make` does."""

    key = "make_map"
    about = "Show the images of a run in the Embeddings panel, similar ones close to each other"

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        about = (
            "FiftyOne's Embeddings panel then has a point per image: color them by what the run "
            "kept and excluded; draw around some, and the grid shows them. Registers the brain run "
            f"`{{key}}`; {_UNDO}"
        )
        return run_forms.brain_form(ctx, self.key, brain.MAP, about)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Makes the map, and opens it beside the grid."""
        run_key, method = ctx.params.get("run_key", ""), ctx.params.get("method") or "pca"
        made = maps.make(ctx.dataset, run_key, brain.MAP, method)
        ctx.ops.reload_dataset()
        color = runs.fields_of(ctx.dataset, run_key).get(CHOICE.name)
        # As a trigger: ctx.ops has no state in FiftyOne 1.8. The panel of 1.22 does not take it,
        # and lists the maps to choose from.
        state = {"brainResult": made["brain_key"], "colorByField": color}
        params = {"name": "Embeddings", "isActive": True, "layout": "horizontal", "state": state}
        ctx.trigger("open_panel", params=params)
        return made

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property:
        """Says where it is."""
        where = (
            "In the panel *Embeddings* beside the grid, choose `{brain_key}`, and color by "
            "`{color}`."
        )
        return _output(ctx, where)

    def __call__(self, dataset: fo.Dataset, run_key: str, *, method: str = "pca") -> dict[str, Any]:
        """Registers a brain run that FiftyOne's Embeddings panel shows.

        Args:
            dataset: the dataset
            run_key: the run
            method: ``"pca"``, or ``"umap"`` if umap-learn is installed

        Raises:
            ValueError: if there is no such run, method or signature, or the run is of frames
        """
        return maps.make(targets.dataset_of(dataset), run_key, brain.MAP, method)


class MakeSearchable(Operator):
    """Lets FiftyOne sort by similarity to an image; returns what :func:`maps.make` does."""

    key = "make_searchable"
    about = "Sort by similarity to selected images, without a model"

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        about = (
            "Then select one image or more, and press the magnifying glass above the grid: it "
            "sorts the images by how similar they look, also those that the run left out. "
            f"Registers the brain run `{{key}}`; {_UNDO}"
        )
        return run_forms.brain_form(ctx, self.key, brain.SEARCH, about)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Makes the index."""
        made = maps.make(ctx.dataset, ctx.params.get("run_key", ""), brain.SEARCH)
        ctx.ops.reload_dataset()
        return made

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property:
        """Says how to use it."""
        return _output(ctx, "Select an image and press the magnifying glass above the grid.")

    def __call__(self, dataset: fo.Dataset, run_key: str) -> dict[str, Any]:
        """Registers a brain run for ``dataset.sort_by_similarity(id, brain_key=...)``.

        Args:
            dataset: the dataset
            run_key: the run

        Raises:
            ValueError: if there is no such run or signature, or the run is of frames
        """
        return maps.make(targets.dataset_of(dataset), run_key, brain.SEARCH)


def _output(ctx: foo.ExecutionContext, how: str) -> types.Property:
    outputs, made = types.Object(), ctx.results
    missing = f", and {made['missing']:,} have no signature" if made["missing"] else ""
    color = made["brain_key"].removesuffix(brain.MAP) + CHOICE.name
    how = how.format(brain_key=made["brain_key"], color=color)
    outputs.md(f"`{made['brain_key']}` has {made['samples']:,} images{missing}. {how}")
    return types.Property(outputs, view=types.View(label="Registered"))


OPERATORS = (MakeMap, MakeSearchable)
