"""Embeddings by a model of FiftyOne's zoo: FiftyOne (1.22.1) has no operator for that itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types

from ..base import Operator, check_names
from ..forms import job_forms as forms
from ..jobs import embedding, execute, show_output, with_bar
from ..targets import flat_views
from ..targets import kinds as targets
from . import _outputs as outputs


class ComputeEmbeddings(Operator):
    """Computes embeddings with a model; returns what :func:`embedding.compute` does."""

    key = "compute_embeddings"
    about = "Compute embeddings with a model of FiftyOne's zoo, to compare images by what they show"
    is_job = True

    def form(self, ctx: foo.ExecutionContext) -> types.Property:
        """The form."""
        return forms.embeddings_form(ctx)

    def execute(self, ctx: foo.ExecutionContext) -> Any:
        """Computes; returns the counts, or streams to the App."""
        check_names(ctx.params, ("model", "field"))
        model = ctx.params.get("model") or embedding.DEFAULT_MODEL
        field = ctx.params.get("field") or embedding.DEFAULT_FIELD
        view = flat_views.flat(forms.chosen_view(ctx))

        def show(result: embedding.Computed) -> Iterator[Any]:
            yield show_output(ctx, outputs.embeddings_output(result), result)
            yield ctx.ops.reload_dataset()

        return execute(ctx, embedding.compute(view, model, field), show)

    def resolve_output(self, ctx: foo.ExecutionContext) -> types.Property | None:
        """What a delegated run shows when it is done; the App has been shown it already."""
        return outputs.embeddings_output(ctx.results) if ctx.results else None

    def __call__(
        self,
        sample_collection: fo.Dataset | fo.DatasetView,
        model: str = embedding.DEFAULT_MODEL,
        *,
        field: str = embedding.DEFAULT_FIELD,
    ) -> embedding.Computed:
        """Computes embeddings, which the setting ``features`` compares images by.

        Args:
            sample_collection: the dataset or view of images
            model: its name in FiftyOne's zoo
            field: the field to write them into

        Returns:
            a dict of counts, see :func:`embedding.compute`

        Raises:
            ValueError: if there is no such model, it lacks packages, or the field is another's
            OSError: if the model cannot be downloaded
        """
        targets.dataset_of(sample_collection)
        view = flat_views.flat(sample_collection.view())
        return with_bar(embedding.compute(view, model, field))


OPERATORS = (ComputeEmbeddings,)
