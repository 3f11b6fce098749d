"""Operators on what was written: browse it, undo a run, export it, arrange the App for it."""

from __future__ import annotations

import os
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types

from .. import names
from ..base import Operator, reload
from ..forms import run_forms
from ..runs import app_settings, files, quality, shapes, writes
from ..runs import records as runs
from ..targets import kinds as targets
from ..targets import signature_fields
from . import _layout as layout
from . import _outputs as outputs
from ._edits import EditRun
from ._recovery import RecoverRuns


class ViewBuckets(Operator):
    """Shows samples by bucket, one bucket, or a run's kept or excluded samples."""

    key = "view_buckets"
    about = "Browse a dataset by visual bucket, or what a run kept and excluded"
    risk = "low"

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return run_forms.view_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Sets the App's view; returns ``{"samples": count}``, counting tiles when grouped."""
        show, run_key, bucket, stored = run_forms.view_params(ctx)
        view = runs.browse(ctx.dataset, show, run_key, bucket, stored)
        ctx.ops.set_view(view=view)
        if run_key:
            fields = app_settings.visible(ctx.dataset, run_key, ctx.active_fields)
        else:
            name = targets.of(view).view_path(f"{stored.rpartition('.')[2]}.bucket_name")
            fields = list(dict.fromkeys([*ctx.active_fields, name]))
        ctx.ops.set_active_fields(fields)
        return {"samples": len(view)}

    def __call__(
        self,
        dataset: fo.Dataset,
        show: str = "buckets",
        *,
        run_key: str | None = None,
        bucket: int | None = None,
        signature_field: str = names.DEFAULT_FIELD,
    ) -> fo.DatasetView:
        """Returns the view that the operator shows in the App.

        Args:
            dataset: the dataset
            show: ``"buckets"``: grouped by bucket; ``"bucket"``: one bucket; ``"kept"`` or
                ``"excluded"``: what a run kept or excluded; ``"stands_for"``: each kept sample with
                all that it stands for; ``"near_duplicates"``: the groups of near-duplicates that a
                run found
            run_key: the run; its samples only, or all samples of the dataset if None
            bucket: id of the bucket to show; with "kept" or "excluded", only its samples
            signature_field: where the signatures are, if no run is given

        Raises:
            ValueError: if there is no such run, bucket or field
        """
        return runs.browse(targets.dataset_of(dataset), show, run_key, bucket, signature_field)


class ViewQuality(Operator):
    """Shows images that are unreadable, damaged, blank and so on; returns the view's length."""

    key = "view_quality"
    about = "Count and show unreadable, damaged, blank, dark, bright and quiet images"
    risk = "low"

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return run_forms.quality_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Sets the App's view; returns ``{"samples": count}``."""
        asked = ("run_key", "signature_field")
        given = {name: ctx.params[name] for name in asked if ctx.params.get(name)}
        view = quality.view_of(ctx.dataset, ctx.params.get("show") or "unreadable", **given)
        ctx.ops.set_view(view=view)
        return {"samples": len(view)}

    def __call__(
        self,
        dataset: fo.Dataset,
        show: str,
        *,
        run_key: str | None = None,
        signature_field: str = names.DEFAULT_FIELD,
    ) -> fo.DatasetView:
        """Returns the view that the operator shows in the App.

        Args:
            dataset: the dataset
            show: ``"unreadable"``, ``"damaged"``, ``"blank"``, ``"faint"`` (little detail),
                ``"dark"``, ``"bright"`` or ``"quiet"``: see :data:`quality.KINDS`
            run_key: the run; its samples only, or all samples of the dataset if None
            signature_field: where the signatures are, if no run is given

        Raises:
            ValueError: if there is no such kind, run or field
        """
        return quality.view_of(targets.dataset_of(dataset), show, run_key, signature_field)


class DeleteRun(Operator):
    """Undoes a run; returns what :func:`writes.delete` does."""

    key = "delete_run"
    about = "Remove a run's tag, saved views, record and unused signatures"
    risk = "high"

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return run_forms.delete_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> shapes.Removed:
        """Undoes the run and reloads the dataset."""
        keep = bool(ctx.params.get("keep_signatures", False))
        result = writes.delete(ctx.dataset, ctx.params.get("run_key", ""), keep)
        if ctx.request_params.get("view_name") not in result["saved_views"]:
            ctx.ops.clear_view()
        reload(ctx)
        # The browser keeps what it showed, also when its page is loaded again.
        if latest := runs.latest(ctx.dataset, runs.keys(ctx.dataset)):
            gone = {path.rpartition(".")[2] for path in result["fields"]}
            left = [path for path in ctx.active_fields if path.rpartition(".")[2] not in gone]
            ctx.ops.set_active_fields(app_settings.visible(ctx.dataset, latest, left))
        return result

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property:
        """Says what was removed."""
        return outputs.deletion_output(ctx.results)

    def __call__(
        self, dataset: fo.Dataset, run_key: str, *, keep_signatures: bool = False
    ) -> shapes.Removed:
        """Removes a run's tag, saved views, record and, if nothing else uses it, the field.

        Args:
            dataset: the dataset
            run_key: the run
            keep_signatures: always keep the signature field

        Returns:
            a dict of what was removed

        Raises:
            ValueError: if there is no such run
        """
        return writes.delete(targets.dataset_of(dataset), run_key, keep_signatures)


class ExportRun(Operator):
    """Saves the list of what a run kept; returns ``{"path": path, "samples": count}``."""

    key = "export_run"
    about = "Save the paths and ids of what a run kept, as CSV or JSON"

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return run_forms.export_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Writes the file, or has the browser download it."""
        run_key, place = ctx.params.get("run_key", ""), run_forms.export_place(ctx)
        if place == run_forms.SERVER:
            return _export(ctx.dataset, run_key, ctx.params.get("path", ""))
        return _download(ctx, run_key, place)

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property:
        """Says what was written."""
        outputs = types.Object()
        n, path = ctx.results["samples"], ctx.results["path"]
        where = f"to `{path}`" if os.path.isabs(path) else f"into the download `{path}`"
        outputs.md(f"Wrote {n:,} lines {where}.")
        return types.Property(outputs, view=types.View(label="Exported"))

    def __call__(
        self, dataset: fo.Dataset, run_key: str, path: str | os.PathLike[str]
    ) -> dict[str, Any]:
        """Saves what a run kept; see :func:`files.save_list` for the columns.

        Args:
            dataset: the dataset
            run_key: the run
            path: a new file that ends in ``.csv`` or ``.json``

        Raises:
            ValueError: if there is no such run, or the file cannot be written
        """
        return _export(targets.dataset_of(dataset), run_key, files.absolute(path))


class ArrangeApp(Operator):
    """Makes the App colour by bucket, with our fields in one group; returns what it changed."""

    key = "arrange_app"
    about = "A sidebar group 'smartdownsample', and a colour per bucket; or the App's defaults"
    is_dynamic = False

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return run_forms.arrange_form()

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Changes the dataset's App settings."""
        return self(
            ctx.dataset,
            sidebar=ctx.params.get("sidebar", True),
            color=ctx.params.get("color", True),
            undo=ctx.params.get("undo", False),
        )

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property:
        """Says how to see it: FiftyOne has no way to make the App read its settings again."""
        outputs = types.Object()
        outputs.md("Load the page of the App again, to see the sidebar and the colours.")
        return types.Property(outputs, view=types.View(label="Arranged"))

    def __call__(
        self, dataset: fo.Dataset, *, sidebar: bool = True, color: bool = True, undo: bool = False
    ) -> dict[str, Any]:
        """Arranges the App for browsing buckets; the rest of the layout stays.

        Args:
            dataset: the dataset
            sidebar: put our fields into a sidebar group of their own, the bucket's name first
            color: colour by value, so that each bucket has its colour
            undo: put the fields back, and colour by field, as the App does by itself

        Raises:
            ValueError: if the dataset has no signatures
        """
        dataset = targets.dataset_of(dataset)
        fields = [
            field
            for field in dataset.get_field_schema()
            if signature_fields.is_ours(dataset, field)
        ]
        if not fields and not undo:
            raise ValueError(
                "the dataset has no signatures of samples (those of patches and frames stay with "
                "their labels); run compute_signatures first"
            )
        if sidebar:
            (layout.ungroup_fields if undo else layout.group_fields)(dataset, fields)
        if color:
            layout.color_by(dataset, "field" if undo else "value")
        dataset.save()
        return {"sidebar": sidebar, "color": color, "undo": undo}


def _export(dataset: fo.Dataset, run_key: str, path: Any) -> dict[str, Any]:
    return {"path": path, "samples": files.save_list(dataset, run_key, path)}


def _download(ctx: foo.ExecutionContext, run_key: str, ending: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{run_key}{ending}"
        result = _export(ctx.dataset, run_key, str(path))
        contents = b64encode(path.read_bytes()).decode()
    ctx.ops.browser_download(f"data:application/octet-stream;base64,{contents}", path.name)
    return {**result, "path": path.name}


OPERATORS = (ViewBuckets, ViewQuality, DeleteRun, EditRun, ExportRun, ArrangeApp, RecoverRuns)
