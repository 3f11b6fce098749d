"""The panel: what happens when it opens, and when a person changes or presses something.

Every handler changes what is chosen, and returns all that the panel shows now: the browser is sent
the choices that differ, and one layout.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, cast

import fiftyone.operators as foo
from fiftyone.operators.categories import Categories

from .. import names
from ..jobs import defect, embedding
from ..runs import records as runs
from . import _answers as answers
from . import _browser as browser
from . import _sources as sources
from . import _view as panel_view
from ._enough import Enough
from ._hand import ByHand
from ._pictures import Pictures
from ._quality import ByQuality
from ._sources import Source
from ._standing import Stands
from ._state import FOLDS, Chosen, PanelState, changes
from ._timeline import OverTime
from ._turns import OvertakenError, turns
from ._versus import Compares
from ._why import Explains, explained

#: Seconds after which a number counts as typed to its end.
_HALF_TYPED = 0.5

Grid = Literal["stays", "follows", "shows"]


class SmartDownsample(
    Enough, OverTime, Stands, Explains, ByHand, Compares, Pictures, ByQuality, foo.Panel
):
    """Shows the buckets, answers what-if questions, and hands them to the operators."""

    @property
    def config(self) -> foo.PanelConfig:
        """Name, label and place."""
        return foo.PanelConfig(
            name=names.PANEL_NAME,
            label=names.PANEL,
            icon="grain",  # of Material Icons: the App shows no picture of a plugin here
            category=Categories.CURATE,
            help_markdown="How many images of each visual bucket a downsampling keeps",
        )

    def execute(self, ctx: foo.ExecutionContext) -> None:
        """Calls a handler and shows what it returns; errors that a user can fix are notices."""
        name = ctx.params.get("__method__", "on_startup")
        if name == "on_startup":
            self.on_startup(ctx)
            return
        try:
            shown = getattr(self, name)(ctx)
        except OvertakenError:
            return
        except ValueError as error:
            ctx.ops.notify(str(error), variant="error")
            return
        except Exception as error:
            ctx.ops.notify(defect(error), variant="error")
            raise
        if shown is not None:
            ctx.ops.show_panel_output(panel_view.render(self, explained(ctx, shown)))

    def on_load(self, ctx: foo.ExecutionContext) -> PanelState | None:
        """Starts from the run whose samples the grid shows, the view, a run, or the dataset."""
        if ctx.dataset is None:
            ctx.ops.show_panel_output(panel_view.nothing())
            return None
        return self._open(ctx, sources.first(ctx.dataset, sources.of_grid(ctx)))

    def on_change_dataset(self, ctx: foo.ExecutionContext) -> PanelState | None:
        """Starts again."""
        return self.on_load(ctx)

    def choose_source(self, ctx: foo.ExecutionContext) -> PanelState:
        """The dataset, the view of the grid, or a run."""
        source = sources.named(ctx.dataset, sources.of_grid(ctx), ctx.params["value"])
        return self._open(ctx, source, follow=True)

    def take_view(self, ctx: foo.ExecutionContext) -> PanelState:
        """The view that the grid shows now."""
        return self._open(ctx, sources.named(ctx.dataset, sources.of_grid(ctx), sources.VIEW))

    def work(self, ctx: foo.ExecutionContext) -> PanelState:
        """Does what takes long, now that the panel says so."""
        return self._answer(ctx, ctx.params["chosen"], grid=ctx.params["grid"], at_once=False)

    def change_target(self, ctx: foo.ExecutionContext) -> PanelState:
        """Another number of images to keep, typed or dragged; the other input follows."""
        value = ctx.params.get("value")
        is_whole = value is not None and value == round(value)
        target = round(value) if is_whole else value
        follow = {"slider": target} if target and is_whole else {}
        return self._change(ctx, is_typed=True, target_count=target, **follow)

    def change_setting(self, ctx: foo.ExecutionContext) -> PanelState:
        """Another value of a setting, named by the last part of its path."""
        name = ctx.params["path"].rpartition(".")[2]
        return self._change(ctx, **{name: ctx.params.get("value")})

    def fold_settings(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the settings besides the number, or hides them."""
        return self._change(ctx, more=bool(ctx.params.get("value")))

    def fold_table(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows all rows of the table, or the first ones only."""
        chosen = browser.chosen(ctx)
        chosen["all_rows"] = not chosen["all_rows"]
        return self._answer(ctx, chosen)

    def click_bar(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the bucket of the bar."""
        return self._show(ctx, bucket=int(ctx.params["id"]))

    def click_row(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the bucket of the table's row."""
        buckets, row = self._buckets(ctx), ctx.params["row"]
        if row >= len(buckets):  # the samples have changed since the table was drawn
            return self._answer(ctx, browser.chosen(ctx))
        return self._show(ctx, bucket=buckets[row])

    def previous_bucket(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the next larger bucket, or the smallest."""
        return self._step(ctx, -1)

    def next_bucket(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the next smaller bucket, or the largest."""
        return self._step(ctx, 1)

    def show_all(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows kept and excluded samples."""
        return self._show(ctx, show="all")

    def show_kept(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the samples that are, or would be, kept."""
        return self._show(ctx, show="kept")

    def show_excluded(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the samples that are, or would be, left out."""
        return self._show(ctx, show="excluded")

    def show_unreadable(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the samples whose images could not be read."""
        return self._show(ctx, show="unreadable", bucket=None)

    def stratify_by(self, ctx: foo.ExecutionContext) -> PanelState:
        """Gives each folder, or each label of a field, its share."""
        return self._change(ctx, stratify_by=ctx.params["field"])

    def leave_bucket(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the samples of all buckets again."""
        return self._show(ctx, bucket=None)

    def compute(self, ctx: foo.ExecutionContext) -> None:
        """Opens the form of the operator that computes signatures."""
        self._prompt(ctx, "compute_signatures", self.after_compute)

    def after_compute(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows the chart that was waiting for the signatures."""
        return self._answer(ctx, browser.chosen(ctx))

    def compute_embeddings(self, ctx: foo.ExecutionContext) -> None:
        """Opens the form of the operator that computes embeddings."""
        params = {"stages": browser.chosen(ctx)["stages"] or []}
        uri = names.uri("compute_embeddings")
        ctx.prompt(uri, params=params, on_success=self.after_embeddings)

    def after_embeddings(self, ctx: foo.ExecutionContext) -> PanelState:
        """Compares by what was computed, if it is there: it may have been scheduled."""
        field = ctx.params["original_params"].get("field") or embedding.DEFAULT_FIELD
        ctx.dataset.reload()
        if ctx.dataset.has_field(field):
            return self._change(ctx, features=field)
        return self._change(ctx)

    def sample_frames(self, ctx: foo.ExecutionContext) -> None:
        """Opens the form of the operator that samples the frames of videos."""
        ctx.prompt(names.uri("sample_frames"))

    def apply(self, ctx: foo.ExecutionContext) -> None:
        """Opens the operator's form with the settings of the panel."""
        self._prompt(ctx, "downsample", self.after_apply)

    def after_apply(self, ctx: foo.ExecutionContext) -> PanelState | None:
        """Opens the run that was made."""
        run_key = ctx.params["original_params"].get("run_key") or names.DEFAULT_RUN_KEY
        if not runs.exists(ctx.dataset, run_key):
            return None
        return self._open(ctx, sources.of_run(ctx.dataset, run_key))

    def undo(self, ctx: foo.ExecutionContext) -> None:
        """Opens the form of the operator that deletes the run."""
        params = {
            "run_key": sources.run_key(browser.chosen(ctx)["source"]),
            "keep_signatures": True,
        }
        ctx.prompt(names.uri("delete_run"), params=params, on_success=self.after_undo)

    def after_undo(self, ctx: foo.ExecutionContext) -> PanelState:
        """Keeps the settings, now as a proposal for the same samples."""
        chosen = browser.chosen(ctx)
        kind = sources.VIEW if chosen["stages"] else sources.DATASET
        return self._open(ctx, Source(kind, chosen["stages"], chosen["settings"]))

    def export(self, ctx: foo.ExecutionContext) -> None:
        """Opens the form of the operator that saves the list of what the run kept."""
        params = {"run_key": sources.run_key(browser.chosen(ctx)["source"])}
        ctx.prompt(names.uri("export_run"), params=params)

    def _open(
        self, ctx: foo.ExecutionContext, source: Source, *, follow: bool = False
    ) -> PanelState:
        """Makes a source the one that the panel is about.

        Args:
            ctx: the context
            source: the source
            follow: what the panel has made the grid show, it shows of this source from now on
        """
        chosen = browser.of_source(ctx, source)
        follows = follow and browser.grid_is_ours(ctx) and ctx.panel.state.show != "unreadable"
        if follows:
            chosen["show"] = ctx.panel.state.show
        return self._answer(ctx, chosen, grid="follows" if follows else "stays")

    def _change(
        self, ctx: foo.ExecutionContext, *, is_typed: bool = False, **settings: Any
    ) -> PanelState:
        chosen = browser.chosen(ctx)
        chosen["settings"] = {**chosen["settings"], **settings}
        if not browser.grid_is_ours(ctx):
            chosen |= {"show": None, "bucket": None}
        follows = chosen["show"] in ("kept", "excluded")
        grid: Grid = "follows" if follows else "stays"
        return self._answer(ctx, chosen, grid=grid, is_typed=is_typed)

    def _show(self, ctx: foo.ExecutionContext, **what: Any) -> PanelState:
        """Shows a part of the samples in the grid, and marks its bar."""
        chosen = browser.chosen(ctx)
        before = "all" if chosen["show"] in (None, "unreadable") else chosen["show"]
        chosen = cast(Chosen, {**chosen, "show": before, **what})
        return self._answer(ctx, chosen, grid="shows")

    def _step(self, ctx: foo.ExecutionContext, by: int) -> PanelState:
        chosen, buckets = browser.chosen(ctx), self._buckets(ctx)
        if not buckets:  # the signatures are gone since the panel was drawn
            return self._answer(ctx, chosen)
        bucket = chosen["bucket"]
        place = buckets.index(bucket) + by if bucket in buckets else min(by, 0)
        return self._show(ctx, bucket=buckets[place % len(buckets)])

    def _buckets(self, ctx: foo.ExecutionContext) -> list[int]:
        """Returns the ids of the buckets, in the order of the chart."""
        found = answers.Question(ctx.dataset, browser.chosen(ctx)).found
        return [bucket.id for bucket in found.selection.buckets]

    def _answer(
        self,
        ctx: foo.ExecutionContext,
        chosen: Chosen,
        *,
        grid: Grid = "stays",
        at_once: bool = True,
        is_typed: bool = False,
    ) -> PanelState:
        """Returns what to show, and sends what the browser has to hold for that.

        Args:
            ctx: the context
            chosen: what is chosen
            grid: "shows": it is made to show what is chosen, or else an error is raised;
                "follows": likewise, or else it is left alone
            at_once: if it takes long, say so instead and have the App call back
            is_typed: a number may be half typed: errors and warnings wait for its end

        Raises:
            OvertakenError: if the settings have changed meanwhile, whose answer is to come
            ValueError: if the grid cannot show what is chosen
        """
        question = answers.Question(ctx.dataset, chosen)
        turns.ask(ctx.panel.id, question.key)
        if at_once and (working := question.takes_long()):
            # The App calls back before it has taken over the new state, so that goes along.
            params = {"chosen": chosen, "grid": grid}
            ctx.prompt(self.method_to_uri("work"), params=params, skip_prompt=True)
            shown = question.promise(working)
        else:
            shown = question.answer(lambda: turns.check(ctx.panel.id, question.key))
            if is_typed and (shown.problem or shown.warnings):
                turns.wait(ctx.panel.id, question.key, _HALF_TYPED)
            turns.check(ctx.panel.id, question.key)
            if grid != "stays" and shown.has_answer:
                shown = self._show_in_grid(ctx, question, shown, grid)
        if grid == "stays":
            browser.keep_filters(ctx)
        ctx.panel.set_state(changes(ctx.panel.state._data, shown.chosen))
        return shown

    def _show_in_grid(
        self, ctx: foo.ExecutionContext, question: answers.Question, shown: PanelState, grid: Grid
    ) -> PanelState:
        try:
            ctx.ops.set_view(question.part())
        except ValueError as error:
            if grid == "shows":
                raise
            ctx.ops.notify(str(error), variant="warning")
            return replace(shown, chosen={**shown.chosen, "show": None})
        return shown

    def _prompt(self, ctx: foo.ExecutionContext, operator: str, on_success: Any) -> None:
        chosen = browser.chosen(ctx)
        own = ("slider", *FOLDS)
        settings = {k: v for k, v in chosen["settings"].items() if k not in own}
        params = {**settings, "stages": chosen["stages"] or []}
        ctx.prompt(names.uri(operator), params=params, on_success=on_success)


PANELS = (SmartDownsample,)
