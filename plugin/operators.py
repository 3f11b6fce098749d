"""The operators: parse, call, write. Each docstring is the contract of what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types
from fiftyone.operators.executor import ExecutionResult

from smartdownsample_core.rules import Decode

from . import engine, forms, names, runs
from .config import Config, DownsampleConfig, SignatureConfig
from .progress import Job, execute, show_output, with_bar


class Downsample(foo.Operator):
    """Keeps exactly ``target_count`` diverse samples; returns what :func:`engine.run` does."""

    @property
    def config(self) -> foo.OperatorConfig:
        """Name, label and ways of execution."""
        return foo.OperatorConfig(
            name="downsample",
            label=names.LABELS["downsample"],
            description="Keep exactly N diverse samples of many similar ones",
            icon="/assets/icon.svg",
            dynamic=True,
            execute_as_generator=True,
            allow_delegated_execution=True,
        )

    def resolve_placement(self, ctx: foo.ExecutionContext) -> types.Placement:
        """Puts a button on the samples grid."""
        return types.Placement(
            types.Places.SAMPLES_GRID_SECONDARY_ACTIONS,
            types.Button(label=names.LABELS["downsample"], icon="/assets/icon.svg", prompt=True),
        )

    def resolve_input(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return forms.downsample_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> Any:
        """Runs; returns the record, or streams to the App."""
        config = DownsampleConfig.from_params(ctx.params)
        job = engine.run(ctx.dataset, forms.target(ctx), config)

        def show(result: dict[str, Any]) -> Iterator[Any]:
            yield ctx.ops.reload_dataset()
            # By its stages: the App may not have heard of the saved view yet, and then ignores it.
            yield ctx.ops.set_view(ctx.dataset.load_saved_view(result["kept_view"]))
            yield show_output(ctx, forms.downsample_output(result), result)

        return execute(ctx, job, show)

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property | None:
        """What a delegated run shows when it is done; the App has been shown it already."""
        return forms.downsample_output(ctx.results) if ctx.results else None

    def __call__(
        self,
        sample_collection: fo.Dataset | fo.DatasetView,
        target_count: int,
        *,
        run_key: str = names.DEFAULT_RUN_KEY,
        tag: str | None = None,
        signature_field: str = names.DEFAULT_FIELD,
        hash_size: int = SignatureConfig.hash_size,
        decode: Decode = SignatureConfig.decode,
        random_seed: int = DownsampleConfig.random_seed,
        n_workers: int = SignatureConfig.n_workers,
        recompute: bool = SignatureConfig.recompute,
        save_distribution: str = "",
        save_thumbnails: str = "",
        delegate: bool = False,
    ) -> Any:
        """Keeps exactly ``target_count`` diverse samples of a dataset or view.

        Args:
            sample_collection: the dataset or view to choose from
            target_count: samples to keep
            run_key: names the run and its saved views; a run of that key is replaced
            tag: for the kept samples; the run key by default
            signature_field: where the signatures are, or will be
            hash_size: side of the difference hash, at least 4
            decode: "exact", or "fast", which takes less time and is less exact
            random_seed: the same seed keeps the same samples
            n_workers: threads that read images at the same time
            recompute: compute all signatures anew, not only those missing or out of date
            save_distribution: full path of a new PNG for the chart of the buckets
            save_thumbnails: full path of a new PNG for the thumbnails of the buckets
            delegate: schedule the run instead of running it now

        Returns:
            a dict of what was written, see :func:`engine.run`; if delegated, the queued
            operation (in a notebook, a task of it to ``await``)

        Raises:
            ValueError: for bad settings, before anything is written; or if no image can be read
        """
        params = {
            "target_count": target_count,
            "run_key": run_key,
            "tag": tag,
            "signature_field": signature_field,
            "hash_size": hash_size,
            "decode": decode,
            "random_seed": random_seed,
            "n_workers": n_workers,
            "recompute": recompute,
            "save_distribution": save_distribution,
            "save_thumbnails": save_thumbnails,
        }
        return _call(self.uri, engine.run, DownsampleConfig, sample_collection, params, delegate)


class ComputeSignatures(foo.Operator):
    """Writes signatures and buckets; returns what :func:`engine.compute_signatures` does."""

    @property
    def config(self) -> foo.OperatorConfig:
        """Name, label and ways of execution."""
        return foo.OperatorConfig(
            name="compute_signatures",
            label=names.LABELS["compute_signatures"],
            description="Write what each image looks like, and its visual bucket",
            icon="/assets/icon.svg",
            dynamic=True,
            execute_as_generator=True,
            allow_delegated_execution=True,
        )

    def resolve_input(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return forms.signatures_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> Any:
        """Runs; returns the counts, or streams to the App."""
        config = SignatureConfig.from_params(ctx.params)
        job = engine.compute_signatures(ctx.dataset, forms.target(ctx), config)

        def show(result: dict[str, Any]) -> Iterator[Any]:
            yield ctx.ops.reload_dataset()
            yield show_output(ctx, forms.signatures_output(result), result)

        return execute(ctx, job, show)

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property | None:
        """What a delegated run shows when it is done; the App has been shown it already."""
        return forms.signatures_output(ctx.results) if ctx.results else None

    def __call__(
        self,
        sample_collection: fo.Dataset | fo.DatasetView,
        *,
        signature_field: str = names.DEFAULT_FIELD,
        hash_size: int = SignatureConfig.hash_size,
        decode: Decode = SignatureConfig.decode,
        n_workers: int = SignatureConfig.n_workers,
        recompute: bool = SignatureConfig.recompute,
        delegate: bool = False,
    ) -> Any:
        """Writes the signature and the bucket of each sample of a dataset or view.

        Args:
            sample_collection: the dataset or view
            signature_field: where to write them
            hash_size: side of the difference hash, at least 4
            decode: "exact", or "fast", which takes less time and is less exact
            n_workers: threads that read images at the same time
            recompute: compute all signatures anew, not only those missing or out of date
            delegate: schedule the computation instead of running it now

        Returns:
            a dict of counts, see :func:`engine.compute_signatures`; if delegated, the queued
            operation (in a notebook, a task of it to ``await``)

        Raises:
            ValueError: for bad settings, before anything is written; or if no image can be read
        """
        params = {
            "signature_field": signature_field,
            "hash_size": hash_size,
            "decode": decode,
            "n_workers": n_workers,
            "recompute": recompute,
        }
        return _call(
            self.uri,
            engine.compute_signatures,
            SignatureConfig,
            sample_collection,
            params,
            delegate,
        )


class ViewBuckets(foo.Operator):
    """Shows samples by bucket, one bucket, or a run's kept or excluded samples."""

    @property
    def config(self) -> foo.OperatorConfig:
        """Name, label and ways of execution."""
        return foo.OperatorConfig(
            name="view_buckets",
            label=names.LABELS["view_buckets"],
            description="Browse a dataset by visual bucket, or what a run kept and excluded",
            icon="/assets/icon.svg",
            dynamic=True,
        )

    def resolve_input(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return forms.view_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Sets the App's view; returns ``{"samples": count}``, counting tiles when grouped."""
        view = runs.browse(ctx.dataset, *forms.view_params(ctx))
        ctx.ops.set_view(view=view)
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
                ``"excluded"``: what a run kept or left out
            run_key: the run; its samples only, or all samples of the dataset if None
            bucket: id of the bucket to show; with "kept" or "excluded", only its samples
            signature_field: where the signatures are, if no run is given

        Raises:
            ValueError: if there is no such run, bucket or field
        """
        return runs.browse(dataset, show, run_key, bucket, signature_field)


class DeleteRun(foo.Operator):
    """Undoes a run; returns what :func:`runs.delete` does."""

    @property
    def config(self) -> foo.OperatorConfig:
        """Name and label."""
        return foo.OperatorConfig(
            name="delete_run",
            label=names.LABELS["delete_run"],
            description="Remove a run's tag, saved views, record and unused signatures",
            icon="/assets/icon.svg",
            dynamic=True,
        )

    def resolve_input(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return forms.delete_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> dict[str, Any]:
        """Undoes the run and reloads the dataset."""
        keep = bool(ctx.params.get("keep_signatures", False))
        result = runs.delete(ctx.dataset, ctx.params["run_key"], keep)
        ctx.ops.clear_view()
        ctx.ops.reload_dataset()
        return result

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property:
        """Says what was removed."""
        return forms.deletion_output(ctx.results)

    def __call__(
        self, dataset: fo.Dataset, run_key: str, *, keep_signatures: bool = False
    ) -> dict[str, Any]:
        """Removes a run's tag, saved views, record and, if nothing else uses it, the field.

        Args:
            dataset: the dataset
            run_key: the run
            keep_signatures: leave the signature field in any case

        Returns:
            a dict of what was removed

        Raises:
            ValueError: if there is no such run
        """
        return runs.delete(dataset, run_key, keep_signatures)


OPERATORS = (Downsample, ComputeSignatures, ViewBuckets, DeleteRun)


def _call(
    uri: str,
    work: Callable[[fo.Dataset, fo.DatasetView, Config], Job],
    kind: type[Config],
    target: fo.Dataset | fo.DatasetView,
    params: dict[str, Any],
    delegate: bool,
) -> Any:
    """Runs a job for the SDK, or schedules it.

    Running it here rather than through ``execute_operator`` spares it the operator timeout, gives
    notebooks a result instead of a task, and lets errors through as they are.
    """
    config = kind.from_params(params)
    if not delegate:
        return with_bar(work(fo.load_dataset(target.view().dataset_name), target.view(), config))
    context = {"view": target.view(), "params": params, "request_delegation": True}
    execution = foo.execute_operator(uri, context)
    return execution.result if isinstance(execution, ExecutionResult) else execution
