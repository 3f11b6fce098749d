"""The panel: what happens when it opens, and when a person changes or presses something.

All unsaved settings are panel state, which is of a session of the App. What a handler changes is
sent once, at its end: the App draws the panel anew for whatever it is sent.
"""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
import fiftyone.operators.types as types
from fiftyone.operators.categories import Categories

from smartdownsample_core.report import totals

from .. import names
from ..forms import inputs
from ..jobs import defect
from ..runs import compare
from ..runs import records as runs
from ..targets import flat_views
from . import _answers as answers
from . import _charts as charts
from . import _sources as sources
from . import _view as panel_view
from ._answers import OvertakenError
from ._sources import Source

_turns = answers.Turns()


class SmartDownsample(foo.Panel):
    """Shows the buckets, answers what-if questions, and hands them to the operators."""

    @property
    def config(self) -> foo.PanelConfig:
        """Name, label and place."""
        return foo.PanelConfig(
            name=names.PANEL_NAME,
            label=names.PANEL,
            icon="apps",  # the App shows no picture of a plugin here
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
        except OvertakenError:
            return None
        except ValueError as error:
            ctx.ops.notify(str(error), variant="error")
        except Exception as error:
            ctx.ops.notify(defect(error), variant="error")
            raise

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

    def work(self, ctx: foo.ExecutionContext) -> None:
        """Does what takes long, now that the panel says so."""
        self._answer(ctx, ctx.params["changed"], at_once=False)

    def change_target(self, ctx: foo.ExecutionContext) -> None:
        """Another number of images to keep, typed or dragged; the other input follows."""
        value = ctx.params.get("value")
        is_whole = value is not None and value == round(value)
        target = round(value) if is_whole else value
        other = "target_count" if ctx.params["path"].endswith("slider") else "slider"
        follow = {f"settings.{other}": target} if target and is_whole else {}
        self._change(ctx, follow, target_count=target)

    def change_setting(self, ctx: foo.ExecutionContext) -> None:
        """Another value of a setting, named by the last part of its path."""
        name = ctx.params["path"].rpartition(".")[2]
        self._change(ctx, {}, **{name: ctx.params.get("value")})

    def fold_settings(self, ctx: foo.ExecutionContext) -> None:
        """Shows the settings besides the number, or hides them."""
        settings = {**ctx.panel.state.settings, "more": ctx.params.get("value")}
        ctx.panel.state._data["settings"] = settings
        if settings["more"]:
            ctx.panel.set_state("options", inputs.options(ctx.dataset))

    def click_bar(self, ctx: foo.ExecutionContext) -> None:
        """Shows the bucket of the bar."""
        self._show(ctx, bucket=int(ctx.params["id"]))

    def click_row(self, ctx: foo.ExecutionContext) -> None:
        """Shows the bucket of the table's row."""
        found, row = self._selection(ctx), ctx.params["row"]
        if row < len(found.selection.buckets):
            self._show(ctx, found, bucket=found.selection.buckets[row].id)
        else:  # the samples have changed since the table was drawn
            self._answer(ctx)

    def fold_table(self, ctx: foo.ExecutionContext) -> None:
        """Shows all rows of the table, or the first ones only."""
        _, _, selection = self._selection(ctx)
        all_rows = not ctx.panel.state.all_rows
        _send(ctx, {"all_rows": all_rows}, {"buckets": answers.rows(selection, all_rows)})

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

    def leave_bucket(self, ctx: foo.ExecutionContext) -> None:
        """Shows the samples of all buckets again."""
        self._show(ctx, bucket=None)

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
        if not (run and other):
            ctx.panel.set_state("compared", None)
            return
        compared = compare.compared(ctx.dataset, run, other)
        rows = {"versus_chart": charts.versus(compared), "difference": charts.differences(compared)}
        _send(ctx, {"compared": compared}, rows)

    def close_comparison(self, ctx: foo.ExecutionContext) -> None:
        """Shows the panel without the other run, and in the grid what the run chose from."""
        closed = dict.fromkeys(("compared", "choose.other", "bucket", "place", "bucket_text"))
        ctx.panel.set_state({**closed, "show": "all"})
        ctx.ops.set_view(flat_views.rebuild(ctx.dataset, ctx.panel.state.stages))

    def show_either(self, ctx: foo.ExecutionContext) -> None:
        """Shows what at least one of the two runs kept."""
        self._show_difference(ctx, part="either", bucket=None)

    def show_both(self, ctx: foo.ExecutionContext) -> None:
        """Shows what both runs kept."""
        self._show_difference(ctx, part="both", bucket=None)

    def show_only_a(self, ctx: foo.ExecutionContext) -> None:
        """Shows what the run kept and the other did not."""
        self._show_difference(ctx, part="only_a", bucket=None)

    def show_only_b(self, ctx: foo.ExecutionContext) -> None:
        """Shows what the other run kept and this one did not."""
        self._show_difference(ctx, part="only_b", bucket=None)

    def click_versus_bar(self, ctx: foo.ExecutionContext) -> None:
        """Shows the bucket of the bar: of what was shown before, or of what either run kept."""
        self._show_difference(ctx, bucket=int(ctx.params["id"]))

    def click_difference(self, ctx: foo.ExecutionContext) -> None:
        """Shows the bucket of the row: of what was shown before, or of what either run kept."""
        row = ctx.panel.state.compared["rows"][ctx.params["row"]]
        self._show_difference(ctx, bucket=int(row["id"]))

    def _show_difference(self, ctx: foo.ExecutionContext, **what: Any) -> None:
        what = {"part": ctx.panel.state.compared["part"] or "either", **what}
        ctx.panel.set_state({f"compared.{name}": value for name, value in what.items()})
        compared = ctx.panel.state.compared
        a, b, part = compared["a"], compared["b"], compared["part"]
        ctx.ops.set_view(compare.view(ctx.dataset, a, b, part, compared["bucket"]))

    def _open(self, ctx: foo.ExecutionContext, source: Source) -> None:
        """Makes a source the one that the panel is about."""
        target = source.settings["target_count"]
        changed = {
            "source": source.key,
            "choose": {"source": source.key},
            "stages": source.stages,
            "settings": {**source.settings, "slider": target},
            # By itself as well, or the input would go on showing what was typed into it.
            "settings.target_count": target,
            "bucket": None,
            "show": None,  # nobody has chosen what the grid shows
            "compared": None,
            "all_rows": False,
        }
        self._answer(ctx, changed)

    def _change(self, ctx: foo.ExecutionContext, changed: dict[str, Any], **settings: Any) -> None:
        if ctx.panel.state.show != "all":  # the grid goes on showing what other settings keep
            changed = {**changed, "show": None}
        # The browser has the new value already; to write it back would undo what is being typed.
        ctx.panel.state._data["settings"] = {**ctx.panel.state.settings, **settings}
        self._answer(ctx, changed)

    def _answer(
        self,
        ctx: foo.ExecutionContext,
        changed: dict[str, Any] | None = None,
        *,
        at_once: bool = True,
    ) -> None:
        """Shows what a run with the settings of the state would keep, or why there is no answer.

        Args:
            ctx: the context
            changed: what else to change of the state
            at_once: if it takes long, say so instead and call back

        Raises:
            OvertakenError: if the settings have changed meanwhile, whose answer is to come
        """
        changed = dict(changed or {})
        question = answers.Question(ctx.dataset, {**ctx.panel.state._data, **changed})
        _turns.ask(ctx.panel.id, question.key)
        if at_once and (working := question.takes_long()):
            ctx.panel.set_state({**changed, "working": working})
            # The App calls back before it has taken over the new state, so that goes along.
            params = {"changed": changed}
            ctx.prompt(self.method_to_uri("work"), params=params, skip_prompt=True)
            return
        said, drawn = question.answer()
        _turns.check(ctx.panel.id, question.key)
        _send(ctx, {**changed, **said, "working": None}, drawn)

    def _selection(self, ctx: foo.ExecutionContext) -> answers.Found:
        return answers.Question(ctx.dataset, ctx.panel.state._data).find()

    def _show(
        self, ctx: foo.ExecutionContext, found: answers.Found | None = None, **what: Any
    ) -> None:
        """Shows a part of the samples in the grid, and marks its bar."""
        base, stored, selection = found or self._selection(ctx)
        what = {"show": ctx.panel.state.show or "all", **what}
        state = {**ctx.panel.state._data, **what}
        field = state["settings"]["signature_field"]
        try:
            view = sources.part(base, field, stored, selection, state["show"], state["bucket"])
        except ValueError as error:
            ctx.ops.notify(str(error), variant="warning")
        else:
            if totals(selection) != state["totals"]:  # samples have changed since it was drawn
                self._answer(ctx, what)
            ctx.panel.set_state({**what, **answers.marked(selection, state["bucket"])})
            ctx.ops.set_view(view)

    def _step(self, ctx: foo.ExecutionContext, by: int) -> None:
        found = self._selection(ctx)
        ids = [bucket.id for bucket in found.selection.buckets]
        if not ids:  # the signatures are gone since the panel was drawn
            self._answer(ctx)
            return
        bucket = ctx.panel.state.bucket
        place = ids.index(bucket) + by if bucket in ids else min(by, 0)
        self._show(ctx, found, bucket=ids[place % len(ids)])

    def _prompt(self, ctx: foo.ExecutionContext, operator: str, on_success: Any) -> None:
        state = ctx.panel.state
        settings = {k: v for k, v in state.settings.items() if k not in ("slider", "more")}
        params = {**settings, "stages": state.stages or []}
        ctx.prompt(names.uri(operator), params=params, on_success=on_success)


def _send(ctx: foo.ExecutionContext, said: dict[str, Any], drawn: dict[str, Any]) -> None:
    """Changes the state, and what is drawn from data.

    The App copies data into the state and merges the two, so that of a longer list the tail would
    stay: the copy is emptied.
    """
    if drawn:
        ctx.panel.set_data(drawn)
    ctx.panel.set_state({**said, **dict.fromkeys(drawn)})


PANELS = (SmartDownsample,)
