"""Notice of interrupted runs, for forms and the panel."""

from __future__ import annotations

import fiftyone as fo

from .. import names
from . import _lock as lock
from . import writes


def notice(dataset: fo.Dataset) -> str | None:
    """Returns which runs are half written, and what to do about it; None if there are none.

    Returns:
        sentences, the last one without its full stop
    """
    keys = writes.unfinished(dataset)
    if not keys:
        return None
    which = f"The run{'s' * (len(keys) > 1)} {names.in_words(keys)}"
    if lock.is_held(dataset):
        return f"{which} is being written or undone just now: try again in a moment"
    return (
        f"{which}: writing or undoing was interrupted. To complete it, run "
        f"*{names.LABELS['recover_runs']}*; the next run or undo does so, too"
    )
