"""Small pictures in the panel; see :mod:`._sheet`."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
import fiftyone.operators.types as types

from . import _browser as browser
from ._parts import button, row
from ._state import PanelState, Sheet


class Pictures:
    """The handlers of a panel that shows small pictures."""

    _change: Any

    def fold_pictures(self, ctx: foo.ExecutionContext) -> PanelState:
        """Shows more pictures of what would be kept, or fewer and larger ones."""
        unfolded = bool(browser.chosen(ctx)["settings"].get("pictures"))
        shown: PanelState = self._change(ctx, pictures=not unfolded)
        return shown


def add(panel: Any, body: types.Object, sheet: Sheet) -> None:
    """Adds pictures of what would be kept."""
    if not sheet.picture:
        return
    body.md(f"![{sheet.caption}]({sheet.picture})\n\n{sheet.caption}", name="sheet")
    if sheet.other:
        button(row(body, "sheet_size"), "fold_pictures", sheet.other, panel.fold_pictures)
