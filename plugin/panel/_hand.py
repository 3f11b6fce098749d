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

    def edit_by_hand(self, ctx: foo.ExecutionContext) -> PanelState:
        """Keeps an image, leaves one out, or swaps two; see :func:`edits.edit`."""
        use_own_dataset(ctx)
        run, keep, drop = (ctx.params[name] for name in ("run", "keep", "drop"))
        return self._edited(ctx, edits.edit(ctx.dataset, run, keep, drop))

    def take_back(self, ctx: foo.ExecutionContext) -> PanelState:
        """Takes back the last hand edit."""
        use_own_dataset(ctx)
        run = sources.run_key(browser.chosen(ctx)["source"]) or ""
        return self._edited(ctx, edits.take_back(ctx.dataset, run))

    def _edited(self, ctx: foo.ExecutionContext, result: dict[str, Any]) -> PanelState:
        ctx.ops.notify(edits.worded(result))
        ctx.ops.reload_samples()
        shown: PanelState = self._change(ctx)
        return shown
