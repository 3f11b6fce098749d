"""Has the App select a saved view that has just been made."""

from __future__ import annotations

import fiftyone.operators as foo
import fiftyone.operators.types as types

from .. import names
from ..base import Operator

#: How often the App is asked, once per answer of its; it needs a second or so.
_MOST_TRIES = 50


class SelectSavedView(Operator):
    """Selects a saved view, and asks again until the App has done so.

    The App ignores a view that it has not heard of yet, and says nowhere when it has.
    """

    key = "select_saved_view"
    about = "Select a saved view that has just been made; for the App itself"
    risk = "low"
    is_listed = False

    def resolve_input(self, ctx: foo.ExecutionContext) -> types.Property:
        """No form: nobody fills it in."""
        return types.Property(types.Object())

    def execute(self, ctx: foo.ExecutionContext) -> None:
        """Asks the App, unless it has selected the view, or nobody is there to do so."""
        name, tries = ctx.params.get("name", ""), ctx.params.get("tries", 0)
        is_done = ctx.request_params.get("view_name") == name
        if not is_done and tries < _MOST_TRIES and ctx.dataset.has_saved_view(name):
            ctx.ops.set_view(name=name)
            ctx.trigger(names.uri(self.key), {"name": name, "tries": tries + 1})


OPERATORS = (SelectSavedView,)
