"""What the browser holds of a panel, and what its grid shows."""

from __future__ import annotations

from typing import cast

import fiftyone.operators as foo

from . import _sources as sources
from ._sources import Source
from ._state import FOLDS, Chosen


def chosen(ctx: foo.ExecutionContext) -> Chosen:
    """Returns what the browser holds; if a source has just been chosen, this as it opens."""
    held: Chosen = ctx.panel.state._data
    source = held["choose"]["source"]
    if source != held["source"]:
        return of_source(ctx, sources.named(ctx.dataset, sources.of_grid(ctx), source))
    return cast(
        Chosen, {name: value for name, value in held.items() if name in Chosen.__annotations__}
    )


def of_source(ctx: foo.ExecutionContext, source: Source) -> Chosen:
    """Returns what is chosen when a source is opened; unfolded settings stay unfolded."""
    held = ctx.panel.state.settings or {}
    unfolded = {name: bool(held.get(name)) for name in FOLDS}
    return {
        "choose": {"source": source.key, "other": None},
        "source": source.key,
        "stages": source.stages,
        "settings": {**source.settings, "slider": source.settings["target_count"], **unfolded},
        "show": None,
        "bucket": None,
        "part": None,
        "all_rows": False,
    }


def keep_filters(ctx: foo.ExecutionContext) -> None:
    """Has the grid go on showing what it shows, if the sidebar filters it.

    Whenever the state of a panel changes, FiftyOne (1.22.1) loads its page anew without the
    filters of the sidebar: they become stages of the view.
    """
    if ctx.request_params.get("filters"):
        ctx.ops.set_view(sources.of_grid(ctx))


def compared(chosen: Chosen) -> tuple[str, str]:
    """Returns the keys of the two runs that are compared."""
    run, other = sources.run_key(chosen["source"]), chosen["choose"]["other"]
    if not (run and other):
        raise ValueError("no runs are compared any more; choose another one under 'Compare with'")
    return run, other


def grid_is_ours(ctx: foo.ExecutionContext) -> bool:
    """Whether the grid shows what the panel has made it show, of whatever settings."""
    state = ctx.panel.state
    if not state.show or state.part:
        return False
    stages = [stage["_cls"].rpartition(".")[2] for stage in ctx.request_params.get("view") or ()]
    added = stages[len(state.stages or ()) :]
    is_part = state.show != "all" or state.bucket is not None
    return bool(added) == is_part and set(added) <= set(sources.PART_STAGES)
