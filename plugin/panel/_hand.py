"""Hand edits of the run that the panel shows."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo

from ..base import use_own_dataset
from ..jobs import edits
from . import _browser as browser
from . import _sources as sources
from ._state import PanelState


class ByHand:
    """The handlers of a panel whose run can be edited by hand."""

    _change: Any
    method_to_uri: Any

    def edit_by_hand(self, ctx: foo.ExecutionContext) -> None:
        """Keeps an image, leaves one out, or swaps two; see :func:`edits.edit`."""
        self._begin(ctx, "edit_now", {name: ctx.params[name] for name in ("run", "keep", "drop")})

    def take_back(self, ctx: foo.ExecutionContext) -> None:
        """Takes back the last hand edit."""
        run = sources.run_key(browser.chosen(ctx)["source"]) or ""
        self._begin(ctx, "take_back_now", {"run": run})

    def edit_now(self, ctx: foo.ExecutionContext) -> PanelState:
        """Does what a person is told to have begun."""
        use_own_dataset(ctx)
        run, keep, drop = (ctx.params[name] for name in ("run", "keep", "drop"))
        return self._edited(ctx, edits.edit(ctx.dataset, run, keep, drop))

    def take_back_now(self, ctx: foo.ExecutionContext) -> PanelState:
        """Likewise."""
        use_own_dataset(ctx)
        return self._edited(ctx, edits.take_back(ctx.dataset, ctx.params["run"]))

    def _begin(self, ctx: foo.ExecutionContext, method: str, params: dict[str, Any]) -> None:
        """Says what has begun: the App shows what a handler sends only when it is done."""
        ctx.ops.notify(f"Changing the run {params['run']!r} ...")
        ctx.prompt(self.method_to_uri(method), params=params, skip_prompt=True)

    def _edited(self, ctx: foo.ExecutionContext, result: dict[str, Any]) -> PanelState:
        ctx.ops.notify(edits.worded(result))
        ctx.ops.reload_samples()
        shown: PanelState = self._change(ctx)
        return shown
