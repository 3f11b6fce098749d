"""Operators on runs that exist: export what was kept, arrange the App for browsing buckets."""

from __future__ import annotations

from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types

from . import files, forms, names, runs, samples


class ExportRun(foo.Operator):
    """Saves the list of what a run kept; returns ``{"path": path, "samples": count}``."""

    @property
    def config(self) -> foo.OperatorConfig:
        """Name and label."""
        return foo.OperatorConfig(
            name="export_run",
            label=names.LABELS["export_run"],
            description="Save the paths and ids of what a run kept, as CSV or JSON",
            icon="/assets/icon.svg",
            dynamic=True,
        )

    def resolve_input(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return forms.export_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Writes the file."""
        return self(ctx.dataset, ctx.params["run_key"], ctx.params["path"])

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property:
        """Says what was written."""
        outputs = types.Object()
        outputs.md(f"Wrote {ctx.results['samples']:,} samples to `{ctx.results['path']}`.")
        return types.Property(outputs, view=types.View(label="Exported"))

    def __call__(self, dataset: fo.Dataset, run_key: str, path: str) -> dict[str, Any]:
        """Saves ids, paths and buckets of what a run kept.

        Args:
            dataset: the dataset
            run_key: the run
            path: a new file that ends in ``.csv`` or ``.json``, by its full path

        Raises:
            ValueError: if there is no such run, or the file cannot be written
        """
        return {"path": path, "samples": files.save_list(dataset, run_key, path)}


class ArrangeApp(foo.Operator):
    """Makes the App colour by bucket, with our fields in one group; returns what it changed."""

    @property
    def config(self) -> foo.OperatorConfig:
        """Name and label."""
        return foo.OperatorConfig(
            name="arrange_app",
            label=names.LABELS["arrange_app"],
            description="A sidebar group 'smartdownsample', and a colour per bucket",
            icon="/assets/icon.svg",
        )

    def resolve_input(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return forms.arrange_form()

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Changes the dataset's App settings, and reloads it."""
        changed = self(
            ctx.dataset,
            sidebar=ctx.params.get("sidebar", True),
            color=ctx.params.get("color", True),
        )
        ctx.ops.reload_dataset()
        return changed

    def __call__(
        self, dataset: fo.Dataset, *, sidebar: bool = True, color: bool = True
    ) -> dict[str, Any]:
        """Arranges the App for browsing buckets; the layout that was there is kept otherwise.

        Args:
            dataset: the dataset
            sidebar: put our fields into a sidebar group of their own, the bucket's name first
            color: colour by value, so that each bucket has its colour

        Raises:
            ValueError: if the dataset has no signatures
        """
        fields = [field for field in dataset.get_field_schema() if samples.is_ours(dataset, field)]
        if not fields:
            raise ValueError("the dataset has no signatures; run compute_signatures first")
        if sidebar:
            runs.group_in_sidebar(dataset, fields)
        if color:
            scheme = dataset.app_config.color_scheme or fo.ColorScheme()
            scheme.color_by = "value"
            dataset.app_config.color_scheme = scheme
        dataset.save()
        return {"sidebar": sidebar, "color": color}


OPERATORS = (ExportRun, ArrangeApp)
