"""The panel: what happens when it opens, and when a person changes or presses something.

All unsaved settings are panel state, which each browser has for itself.
"""

from __future__ import annotations

from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import fiftyone.operators.types as types
from fiftyone.operators.categories import Categories

from smartdownsample_core import Selection

from . import (
    charts,
    compare,
    inputs,
    names,
    outcome,
    panel_view,
    runs,
    samples,
    sources,
    targets,
    whatif,
)
from .config import DownsampleConfig
from .sources import Source


class SmartDownsample(foo.Panel):
    """Shows the buckets, answers what-if questions, and hands them to the operators."""

    @property
    def config(self) -> foo.PanelConfig:
        """Name, label and place."""
        return foo.PanelConfig(
            name=names.PANEL_NAME,
            label=names.PANEL,
            icon="/assets/icon.svg",
            light_icon="/assets/icon-light.svg",
            dark_icon="/assets/icon-dark.svg",
            category=Categories.CURATE,
            help_markdown="How many images of each visual bucket a downsampling keeps",
        )

    def render(self, ctx: foo.ExecutionContext) -> types.Property:
        """Lays the panel out from its state."""
        return panel_view.render(self, ctx.panel.state)

    def execute(self, ctx: foo.ExecutionContext) -> Any:
        """Calls a handler; what a user can do something about is said, not thrown."""
        try:
            return super().execute(ctx)
        except ValueError as error:
            ctx.ops.notify(str(error), variant="error")

    def on_load(self, ctx: foo.ExecutionContext) -> None:
        """Starts from the run whose samples the grid shows, the view, a run, or the dataset."""
        if ctx.dataset is not None:
            self._open(ctx, sources.first(ctx.dataset, ctx.view))

    def on_change_dataset(self, ctx: foo.ExecutionContext) -> None:
        """Starts again."""
        self.on_load(ctx)

    def choose_source(self, ctx: foo.ExecutionContext) -> None:
        """The dataset, the view of the grid, or a run."""
        self._open(ctx, sources.named(ctx.dataset, ctx.view, ctx.params["value"]))

    def take_view(self, ctx: foo.ExecutionContext) -> None:
        """The view that the grid shows now."""
        self._open(ctx, sources.named(ctx.dataset, ctx.view, sources.VIEW))

    def load(self, ctx: foo.ExecutionContext) -> None:
        """Reads the stored signatures, which takes a moment, and shows the chart."""
        self._enter(ctx, Source(**ctx.params["source"]))

    def change_target(self, ctx: foo.ExecutionContext) -> None:
        """Another number of images to keep, typed or dragged; the other input follows."""
        value = ctx.params.get("value")
        target = None if value is None else round(value)
        if target:
            other = "target_count" if ctx.params["path"].endswith("slider") else "slider"
            ctx.panel.set_state(f"settings.{other}", target)
        self._change(ctx, target_count=target)

    def change_setting(self, ctx: foo.ExecutionContext) -> None:
        """Another value of a setting, named by the last part of its path."""
        name = ctx.params["path"].rpartition(".")[2]
        self._change(ctx, **{name: ctx.params.get("value")})

    def click_bar(self, ctx: foo.ExecutionContext) -> None:
        """Shows the bucket of the bar."""
        self._show(ctx, bucket=int(ctx.params["id"]))

    def click_row(self, ctx: foo.ExecutionContext) -> None:
        """Shows the bucket of the table's row."""
        _, selection = self._selection(ctx)
        self._show(ctx, bucket=selection.buckets[ctx.params["row"]].id)

    def previous_bucket(self, ctx: foo.ExecutionContext) -> None:
        """Shows the next larger bucket, or the smallest."""
        self._step(ctx, -1)

    def next_bucket(self, ctx: foo.ExecutionContext) -> None:
        """Shows the next smaller bucket, or the largest."""
        self._step(ctx, 1)

    def show_all(self, ctx: foo.ExecutionContext) -> None:
        """Shows kept and excluded samples."""
        self._show(ctx, show="all")

    def show_kept(self, ctx: foo.ExecutionContext) -> None:
        """Shows the samples that are, or would be, kept."""
        self._show(ctx, show="kept")

    def show_excluded(self, ctx: foo.ExecutionContext) -> None:
        """Shows the samples that are, or would be, left out."""
        self._show(ctx, show="excluded")

    def show_everything(self, ctx: foo.ExecutionContext) -> None:
        """Leaves the bucket, and shows all that is chosen from."""
        self._show(ctx, bucket=None, show="all")

    def compute(self, ctx: foo.ExecutionContext) -> None:
        """Opens the form of the operator that computes signatures."""
        self._prompt(ctx, "compute_signatures", self.after_compute)

    def after_compute(self, ctx: foo.ExecutionContext) -> None:
        """Shows the chart that was waiting for the signatures."""
        self._answer(ctx)

    def apply(self, ctx: foo.ExecutionContext) -> None:
        """Opens the operator's form with the settings of the panel."""
        self._prompt(ctx, "downsample", self.after_apply)

    def after_apply(self, ctx: foo.ExecutionContext) -> None:
        """Opens the run that was made."""
        run_key = ctx.params["original_params"].get("run_key") or names.DEFAULT_RUN_KEY
        if runs.exists(ctx.dataset, run_key):
            self._open(ctx, sources.of_run(ctx.dataset, run_key))

    def undo(self, ctx: foo.ExecutionContext) -> None:
        """Opens the form of the operator that deletes the run."""
        run_key = sources.run_key(ctx.panel.state.source)
        params = {"run_key": run_key, "keep_signatures": True}
        ctx.prompt(names.uri("delete_run"), params=params, on_success=self.after_undo)

    def after_undo(self, ctx: foo.ExecutionContext) -> None:
        """Keeps the settings, now as a proposal for the same samples."""
        state = ctx.panel.state
        kind = sources.VIEW if state.stages else sources.DATASET
        self._open(ctx, Source(kind, state.stages, state.settings))

    def export(self, ctx: foo.ExecutionContext) -> None:
        """Opens the form of the operator that saves the list of what the run kept."""
        params = {"run_key": sources.run_key(ctx.panel.state.source)}
        ctx.prompt(names.uri("export_run"), params=params)

    def compare(self, ctx: foo.ExecutionContext) -> None:
        """Puts another run beside the one that the panel is about; none if none is named."""
        run, other = sources.run_key(ctx.panel.state.source), ctx.params.get("value")
        if not other or run is None:
            ctx.panel.set_state("compared", None)
            return
        counts = compare.overlap(ctx.dataset, run, other)
        ctx.panel.set_state("compared", {"run": run, "other": other, "counts": counts})
        records = (runs.load(ctx.dataset, key) for key in (run, other))
        ctx.panel.set_data("difference", compare.rows(*records))

    def close_comparison(self, ctx: foo.ExecutionContext) -> None:
        """Shows the panel without the other run."""
        ctx.panel.set_state({"compared": None, "versus": {"run": None}})

    def show_both(self, ctx: foo.ExecutionContext) -> None:
        """Shows what both runs kept."""
        self._show_difference(ctx, "both")

    def show_only_a(self, ctx: foo.ExecutionContext) -> None:
        """Shows what the run kept and the other did not."""
        self._show_difference(ctx, "only_a")

    def show_only_b(self, ctx: foo.ExecutionContext) -> None:
        """Shows what the other run kept and this one did not."""
        self._show_difference(ctx, "only_b")

    def _show_difference(self, ctx: foo.ExecutionContext, part: str) -> None:
        compared = ctx.panel.state.compared
        ctx.ops.set_view(compare.view(ctx.dataset, compared["run"], compared["other"], part))

    def _open(self, ctx: foo.ExecutionContext, source: Source) -> None:
        """Makes a source the one that the panel is about; says so first if it takes a moment."""
        base = samples.rebuild(ctx.dataset, source.stages)
        config = DownsampleConfig.from_params(source.settings)
        if targets.panel_refusal(base) or whatif.is_loaded(base, config):
            self._enter(ctx, source)
        else:
            ctx.panel.set_state("phase", "loading")
            # The App calls back before it has taken over the new state, so the source goes along.
            params = {"source": source._asdict()}
            ctx.prompt(self.method_to_uri("load"), params=params, skip_prompt=True)

    def _enter(self, ctx: foo.ExecutionContext, source: Source) -> None:
        ctx.panel.set_state(
            {
                "source": source.key,
                "choose": {"source": source.key},
                "stages": source.stages,
                "settings": {**source.settings, "slider": source.settings["target_count"]},
                "bucket": None,
                "show": "all",
                "compared": None,
                "versus": {"run": None},
            }
        )
        self._answer(ctx)

    def _change(self, ctx: foo.ExecutionContext, **settings: Any) -> None:
        # The browser has the new value already; to write it back would undo what is being typed.
        ctx.panel.state._data["settings"] = {**ctx.panel.state.settings, **settings}
        self._answer(ctx)

    def _answer(self, ctx: foo.ExecutionContext) -> None:
        """Shows what a run with the settings of the state would keep, or why there is no answer."""
        state = ctx.panel.state
        base = samples.rebuild(ctx.dataset, state.stages)
        if reason := targets.panel_refusal(base):
            choices = sources.offered(ctx.dataset)
            ctx.panel.set_state({"phase": "refused", "problem": reason, "choices": choices})
            return
        config, problem = _config(ctx.dataset, base, state.settings)
        stored = whatif.load(base, config)
        facts = sources.facts(ctx.dataset, stored)
        ctx.panel.set_state({**facts, "problem": problem, "phase": "ready"})
        if len(stored) == stored.n_missing:
            ctx.panel.set_state("phase", "unsigned")
        elif problem is None:
            selection = whatif.answer(ctx.dataset, base, stored, config)
            ctx.panel.set_state(sources.answer(ctx.dataset, state.source, config, selection))
            self._draw(ctx, selection)

    def _draw(self, ctx: foo.ExecutionContext, selection: Selection) -> None:
        buckets = selection.buckets
        place = charts.place(buckets, ctx.panel.state.bucket)
        ctx.panel.set_data(
            {
                "chart": charts.traces(buckets),
                "buckets": charts.table(buckets),
                "strata": charts.strata(outcome.strata(selection) or []),
            }
        )
        ctx.panel.set_state({"place": place, "bucket_text": charts.sentence(buckets, place)})

    def _selection(self, ctx: foo.ExecutionContext) -> tuple[whatif.Stored, Selection]:
        state = ctx.panel.state
        base = samples.rebuild(ctx.dataset, state.stages)
        config = DownsampleConfig.from_params(state.settings)
        stored = whatif.load(base, config)
        return stored, whatif.answer(ctx.dataset, base, stored, config)

    def _show(self, ctx: foo.ExecutionContext, **what: Any) -> None:
        """Shows a part of the samples in the grid, and marks its bar."""
        ctx.panel.set_state(what)
        state = ctx.panel.state
        stored, selection = self._selection(ctx)
        base = samples.rebuild(ctx.dataset, state.stages)
        self._draw(ctx, selection)
        try:
            field = state.settings["signature_field"]
            view = sources.part(base, field, stored, selection, state.show, state.bucket)
        except ValueError as error:
            ctx.ops.notify(str(error), variant="warning")
        else:
            ctx.ops.set_view(view)

    def _step(self, ctx: foo.ExecutionContext, by: int) -> None:
        _, selection = self._selection(ctx)
        ids = [bucket.id for bucket in selection.buckets]
        bucket = ctx.panel.state.bucket
        place = ids.index(bucket) + by if bucket in ids else min(by, 0)
        self._show(ctx, bucket=ids[place % len(ids)])

    def _prompt(self, ctx: foo.ExecutionContext, operator: str, on_success: Any) -> None:
        state = ctx.panel.state
        params = {**state.settings, "stages": state.stages or []}
        del params["slider"]
        ctx.prompt(names.uri(operator), params=params, on_success=on_success)


def _config(
    dataset: fo.Dataset, base: fo.DatasetView, settings: dict[str, Any]
) -> tuple[DownsampleConfig, str | None]:
    """Returns the settings, and what is wrong with those that the panel asks for."""
    config = DownsampleConfig.from_params(settings)
    problems = config.problems(dataset, base)
    asked = (problems[name] for name in inputs.ASKED if name in problems)
    return config, next(asked, None)


PANELS = (SmartDownsample,)
