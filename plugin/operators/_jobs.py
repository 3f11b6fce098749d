"""The operators: parse, call, write. Each docstring is the contract of what it returns."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types
from fiftyone.operators.executor import ExecutionResult

from smartdownsample_core.settings import declared

from .. import names
from ..base import Operator, check_names, in_app, reload
from ..config import (
    CHARTS,
    Config,
    DownsampleConfig,
    DownsampleOptions,
    SignatureConfig,
    SignatureOptions,
)
from ..forms import job_forms as forms
from ..jobs import Job, engine, execute, keep, omissions, show_output, with_bar
from ..runs import app_settings, files, shapes
from ..setting_labels import label
from ..targets import Subject
from ..targets import kinds as targets
from . import _outputs as outputs

if TYPE_CHECKING:
    from typing_extensions import Unpack


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
        config = config_of(DownsampleConfig, ctx)
        view = forms.chosen_view(ctx)
        job = engine.run(ctx.dataset, view, config, in_app(ctx), label)

        def show(result: shapes.RunRecord) -> Iterator[Any]:
            wholes = config.whole_groups, config.whole_images
            subject = Subject.of(ctx.dataset, view, config.group_slice, *wholes)
            without = omissions.after(subject, config.counted(subject.count))
            output = outputs.downsample_output(result, config.stratify_by, without)
            yield show_output(ctx, output, outputs.readable(result))
            yield reload(ctx)
            fields = app_settings.visible(ctx.dataset, result["run_key"], ctx.active_fields)
            yield ctx.ops.set_active_fields(fields)
            if ctx.dataset.has_saved_view(kept := result["kept_view"]):
                yield ctx.ops.set_view(ctx.dataset.load_saved_view(kept))
                yield ctx.trigger(names.uri("select_saved_view"), {"name": kept})

        return execute(ctx, job, show)

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property | None:
        """What a delegated run shows when it is done; the App has been shown it already."""
        by = ctx.params.get("stratify_by") or ""
        return outputs.downsample_output(ctx.results, by) if ctx.results else None

    def __call__(
        self,
        sample_collection: fo.Dataset | fo.DatasetView,
        target_count: int | str | None = None,
        *,
        delegate: bool = False,
        **settings: Unpack[DownsampleOptions],
    ) -> Any:
        """Keeps exactly ``target_count`` samples of a dataset or view.

        Args:
            sample_collection: the dataset or view to choose from, also one of patches or frames
            target_count: samples to keep, or a share such as ``"10%"``; None, with
                ``duplicate_distance`` or ``max_per_group``, for as many as these leave
            delegate: schedule the run instead of running it now
            **settings: those of docs/parameters.md, such as ``strategy``

        Returns:
            a dict of what was written, such as ``kept`` (how many), ``summary``, ``warning``,
            ``tag``, ``run_key``, ``kept_view`` and ``buckets_view`` (names of saved views) and
            ``fields``; if delegated, the queued operation (in a notebook, a task of it to
            ``await``)

        Raises:
            TypeError: for an unknown setting
            ValueError: for bad settings, before anything is written; or if no image can be read
            ConnectionError: if there is no such cluster, before anything is written
        """
        given: dict[str, Any] = {**settings, "target_count": target_count}
        if "keep" in given:
            given["keep"] = keep.named(given["keep"])
        given |= {name: files.absolute(given[name]) for name in CHARTS if given.get(name)}
        return call(self.uri, engine.run, DownsampleConfig, sample_collection, given, delegate)


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
        config = config_of(SignatureConfig, ctx)
        job = engine.compute_signatures(ctx.dataset, forms.chosen_view(ctx), config, in_app(ctx))

        def show(result: shapes.Counts) -> Iterator[Any]:
            yield show_output(ctx, outputs.signatures_output(result), result)
            yield ctx.ops.reload_dataset()

        return execute(ctx, job, show)

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property | None:
        """What a delegated run shows when it is done; the App has been shown it already."""
        return outputs.signatures_output(ctx.results) if ctx.results else None

    def __call__(
        self,
        sample_collection: fo.Dataset | fo.DatasetView,
        *,
        delegate: bool = False,
        **settings: Unpack[SignatureOptions],
    ) -> Any:
        """Writes the signature and the bucket of each sample of a dataset or view.

        Args:
            sample_collection: the dataset or view, also one of patches or frames
            delegate: schedule the computation instead of running it now
            **settings: those of docs/parameters.md, such as ``decode``

        Returns:
            a dict of counts, such as ``images``, ``computed`` and ``unreadable``, with the
            ``errors`` of the first; if delegated, the queued operation (in a notebook, a task of it
            to ``await``)

        Raises:
            TypeError: for an unknown setting
            ValueError: for bad settings, before anything is written; or if no image can be read
            ConnectionError: if there is no such cluster, before anything is written
        """
        job = engine.compute_signatures
        return call(self.uri, job, SignatureConfig, sample_collection, settings, delegate)


_logger = logging.getLogger("smartdownsample")

OPERATORS = (Downsample, ComputeSignatures)


def config_of(kind: type[Config], ctx: foo.ExecutionContext) -> Config:
    check_names(ctx.params, kind.__dataclass_fields__)
    return kind.from_params(ctx.params)


def call(
    uri: str,
    work: Callable[[fo.Dataset, fo.DatasetView, Config], Job[Any]],
    kind: type[Config],
    collection: Any,
    settings: Mapping[str, Any],
    delegate: bool,
) -> Any:
    """Runs a job for the SDK, or schedules it.

    Running it here rather than through ``execute_operator`` spares it the operator timeout, gives
    notebooks a result instead of a task, and lets errors through as they are.

    Args:
        uri: of the operator
        work: the job
        kind: of its settings
        collection: the dataset or view
        settings: those that were given
        delegate: schedule it
    """
    dataset = targets.dataset_of(collection)
    known = declared(kind)
    for name in settings:
        if name not in known:
            near = names.closest(name, list(known))
            raise TypeError(f"there is no setting {name!r}{near}")
    config = kind.from_params(settings)
    if not delegate:
        result = with_bar(work(dataset, collection.view(), config))
        for text in outputs.warnings(result):
            _logger.warning(text)
        return result
    # As the config has them: numbers of NumPy and paths cannot be queued.
    context = {"view": collection.view(), "params": {**vars(config)}, "request_delegation": True}
    execution = foo.execute_operator(uri, context)
    return execution.result if isinstance(execution, ExecutionResult) else execution
