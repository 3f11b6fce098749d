"""The operators: parse, call, write. Each docstring is the contract of what it returns."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types
from fiftyone.operators.executor import ExecutionResult

from smartdownsample_core.selection import Strategy
from smartdownsample_core.settings import Decode

from .. import names
from ..base import Operator, check_names, reload
from ..config import Config, DownsampleConfig, SignatureConfig, WorkersSetting
from ..forms import job_forms as forms
from ..jobs import Job, choices, engine, execute, in_app, show_output, with_bar
from ..runs import files
from ..targets import kinds as targets
from . import _outputs as outputs


class Downsample(Operator):
    """Keeps exactly ``target_count`` diverse samples; returns what :func:`engine.run` does."""

    key = "downsample"
    about = "Keep exactly N diverse samples of many similar ones"
    is_job = True

    def resolve_placement(self, ctx: foo.ExecutionContext) -> types.Placement:
        """Puts a button on the samples grid."""
        return types.Placement(
            types.Places.SAMPLES_GRID_SECONDARY_ACTIONS,
            types.Button(label=names.LABELS["downsample"], icon=names.ICONS["icon"], prompt=True),
        )

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return forms.downsample_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> Any:
        """Runs; returns the record, or streams to the App."""
        config = _config(DownsampleConfig, ctx)
        job = engine.run(ctx.dataset, forms.target(ctx), config, in_app(ctx))

        def show(result: dict[str, Any]) -> Iterator[Any]:
            yield reload(ctx)
            # By its stages: the App may not have heard of the saved view yet, and then ignores it.
            if ctx.dataset.has_saved_view(result["kept_view"]):
                yield ctx.ops.set_view(ctx.dataset.load_saved_view(result["kept_view"]))
            shown = outputs.readable(result)
            yield show_output(ctx, outputs.downsample_output(result), shown)

        return execute(ctx, job, show)

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property | None:
        """What a delegated run shows when it is done; the App has been shown it already."""
        return outputs.downsample_output(ctx.results) if ctx.results else None

    def __call__(
        self,
        sample_collection: fo.Dataset | fo.DatasetView,
        target_count: int | None = None,
        *,
        strategy: Strategy = DownsampleConfig.strategy,
        near_duplicates: float | None = None,
        features: str = "",
        stratify_by: str = "",
        balance: str | float = DownsampleConfig.balance,
        max_per_group: int | None = None,
        keep: str | fo.Dataset | fo.DatasetView | Sequence[str] = "",
        leave_out_junk: bool = DownsampleConfig.leave_out_junk,
        run_key: str = names.DEFAULT_RUN_KEY,
        tag: str | None = None,
        signature_field: str = names.DEFAULT_FIELD,
        hash_size: int = SignatureConfig.hash_size,
        decode: Decode = SignatureConfig.decode,
        random_seed: int = DownsampleConfig.random_seed,
        n_workers: int = SignatureConfig.n_workers,
        workers: WorkersSetting = SignatureConfig.workers,
        scheduler: str = "",
        recompute: bool = SignatureConfig.recompute,
        group_slice: str = SignatureConfig.group_slice,
        whole_groups: bool = DownsampleConfig.whole_groups,
        save_distribution: str = "",
        save_thumbnails: str = "",
        delegate: bool = False,
    ) -> Any:
        """Keeps exactly ``target_count`` samples of a dataset or view.

        Args:
            sample_collection: the dataset or view to choose from, also one of patches or frames
            target_count: samples to keep; None, with ``near_duplicates`` or ``max_per_group``, for
                as many as these leave
            strategy: ``"stride"``: evenly from every visual bucket; ``"diverse"``: each as
                different as can be from those before it, with its place in the order in the field
                ``RUN_KEY_rank``; ``"representative"``: few of what is rare, many of what is common
            near_duplicates: leave out what differs in at most so many of the bits of the dHash
                (with ``features``: in so much cosine distance, 0-2) from another one that comes
                before it; if the target cannot be reached without them, the result says how many
                were kept. Groups are numbered in the field ``RUN_KEY_group``
            features: compare by these embeddings instead of our descriptors: a field, or the key
                of a brain run of similarity
            stratify_by: path of a field, such as ``"ground_truth.label"`` or ``"tags"``: each value
                gets its share of the target. Of several values the rarest counts, and none is a
                value, too
            balance: ``"proportional"`` shares, ``"equal"`` ones, or in proportion to sizes to the
                power of this number, 0-1
            max_per_group: the most samples of each value of ``stratify_by``, or of each bucket
            keep: samples that are kept anyway, and count: a tag, the name of a saved view, a view,
                or ids; others are chosen to differ from them
            leave_out_junk: leave out images that show next to nothing, as long as the target can
                be reached without them
            run_key: names the run and its saved views; a run of that key is replaced
            tag: for the kept samples; the run key by default
            signature_field: where the signatures are, or will be
            hash_size: side of the difference hash, at least 4
            decode: "exact", or "fast", which takes less time and is less exact
            random_seed: the same seed keeps the same samples
            n_workers: how many images are read at the same time
            workers: ``"threads"``, ``"processes"``, of which a bad file can end one without harm to
                the rest, or ``"dask"``; ``"auto"`` takes threads in the App's server only
            scheduler: address of a Dask cluster's scheduler, such as ``"tcp://10.0.0.1:8786"``,
                whose workers see the images under the same paths
            recompute: compute all signatures anew, not only those missing or out of date
            group_slice: of a grouped dataset, the slice whose images are compared; the active one
                by default
            whole_groups: choose groups by these images, and tag all of their samples
            save_distribution: path of a new PNG for the chart of the buckets
            save_thumbnails: path of a new PNG for the thumbnails of the buckets
            delegate: schedule the run instead of running it now

        Returns:
            a dict of what was written, see :func:`engine.run`; if delegated, the queued
            operation (in a notebook, a task of it to ``await``)

        Raises:
            ValueError: for bad settings, before anything is written; or if no image can be read
            ConnectionError: if there is no such cluster, before anything is written
        """
        keep = choices.named(keep)
        save_distribution, save_thumbnails = map(
            files.absolute, (save_distribution, save_thumbnails)
        )
        return _call(self.uri, engine.run, DownsampleConfig, locals())


class ComputeSignatures(Operator):
    """Writes signatures and buckets; returns what :func:`engine.compute_signatures` does."""

    key = "compute_signatures"
    about = "Write what each image looks like, and its visual bucket"
    is_job = True

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return forms.signatures_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> Any:
        """Runs; returns the counts, or streams to the App."""
        config = _config(SignatureConfig, ctx)
        job = engine.compute_signatures(ctx.dataset, forms.target(ctx), config, in_app(ctx))

        def show(result: dict[str, Any]) -> Iterator[Any]:
            yield ctx.ops.reload_dataset()
            yield show_output(ctx, outputs.signatures_output(result), result)

        return execute(ctx, job, show)

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property | None:
        """What a delegated run shows when it is done; the App has been shown it already."""
        return outputs.signatures_output(ctx.results) if ctx.results else None

    def __call__(
        self,
        sample_collection: fo.Dataset | fo.DatasetView,
        *,
        signature_field: str = names.DEFAULT_FIELD,
        hash_size: int = SignatureConfig.hash_size,
        decode: Decode = SignatureConfig.decode,
        n_workers: int = SignatureConfig.n_workers,
        workers: WorkersSetting = SignatureConfig.workers,
        scheduler: str = "",
        recompute: bool = SignatureConfig.recompute,
        group_slice: str = SignatureConfig.group_slice,
        delegate: bool = False,
    ) -> Any:
        """Writes the signature and the bucket of each sample of a dataset or view.

        Args:
            sample_collection: the dataset or view, also one of patches or frames
            signature_field: where to write them
            hash_size: side of the difference hash, at least 4
            decode: "exact", or "fast", which takes less time and is less exact
            n_workers: how many images are read at the same time
            workers: ``"threads"``, ``"processes"``, of which a bad file can end one without harm to
                the rest, or ``"dask"``; ``"auto"`` takes threads in the App's server only
            scheduler: address of a Dask cluster's scheduler, such as ``"tcp://10.0.0.1:8786"``,
                whose workers see the images under the same paths
            recompute: compute all signatures anew, not only those missing or out of date
            group_slice: of a grouped dataset, the slice to read; the active one by default
            delegate: schedule the computation instead of running it now

        Returns:
            a dict of counts, see :func:`engine.compute_signatures`; if delegated, the queued
            operation (in a notebook, a task of it to ``await``)

        Raises:
            ValueError: for bad settings, before anything is written; or if no image can be read
            ConnectionError: if there is no such cluster, before anything is written
        """
        return _call(self.uri, engine.compute_signatures, SignatureConfig, locals())


_logger = logging.getLogger("smartdownsample")

OPERATORS = (Downsample, ComputeSignatures)


def _config(kind: type[Config], ctx: foo.ExecutionContext) -> Config:
    check_names(ctx.params, kind.__dataclass_fields__)
    return kind.from_params(ctx.params)


def _call(
    uri: str,
    work: Callable[[fo.Dataset, fo.DatasetView, Config], Job],
    kind: type[Config],
    arguments: Mapping[str, Any],
) -> Any:
    """Runs a job for the SDK, or schedules it.

    Running it here rather than through ``execute_operator`` spares it the operator timeout, gives
    notebooks a result instead of a task, and lets errors through as they are.

    Args:
        uri: of the operator
        work: the job
        kind: of its settings
        arguments: of the call: the settings, each of them, ``sample_collection`` and ``delegate``
    """
    target = arguments["sample_collection"]
    dataset = targets.dataset_of(target)
    config = kind.from_params({name: arguments[name] for name in kind.__dataclass_fields__})
    if not arguments["delegate"]:
        result = with_bar(work(dataset, target.view(), config))
        for text in outputs.warnings(result):
            _logger.warning(text)
        return result
    # As the config has them: numbers of NumPy and paths cannot be queued.
    context = {"view": target.view(), "params": {**vars(config)}, "request_delegation": True}
    execution = foo.execute_operator(uri, context)
    return execution.result if isinstance(execution, ExecutionResult) else execution
