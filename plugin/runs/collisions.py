"""Names that a run would give and that are taken, but for those of the run that it replaces."""

from __future__ import annotations

from collections.abc import Iterator

import fiftyone.core.utils as fou

from smartdownsample_core.errors import ParameterError, refused

from ..config import DownsampleConfig
from ..targets import Subject, written_fields
from ..targets import kinds as targets
from . import records as runs


def problems(subject: Subject, config: DownsampleConfig) -> Iterator[ParameterError]:
    """Yields which of the names are taken."""
    dataset, items = subject.dataset, subject.items
    old = runs.settings(dataset, config.run_key) if runs.exists(dataset, config.run_key) else None
    if old is None and dataset.has_run(config.run_key):
        yield refused("run_key", f"there is another run {config.run_key!r}; choose another key")
    theirs = runs.views_of(old) if old else runs.left_views(dataset, config.run_key)
    ours = set(map(fou.to_slug, theirs))
    slugs = {fou.to_slug(name) for name in dataset.list_saved_views()} - ours
    for name in runs.views_of(vars(config)):
        if fou.to_slug(name) in slugs:
            yield refused(
                "run_key",
                f"the dataset already has a saved view {name!r}; choose another key, or rename the "
                "view",
            )
    for name in map(items.dataset_path, config.fields()):
        if dataset.has_field(name) and not written_fields.is_of_run(dataset, name, config.run_key):
            yield refused(
                "run_key",
                f"there already is a field {name!r}; choose another key, or rename the field",
            )
    is_same = old is not None and old["tag"] == config.tag
    replaced = targets.of_record(old).marks if old and is_same else ()
    known = {kind.dataset_path("tags") for kind in replaced}
    new = [kind for kind in items.marks if kind.dataset_path("tags") not in known]
    if reason := items.refused_tag(config.tag):
        yield refused("tag", reason)
    elif any(kind.is_marked(dataset, config.tag) for kind in new) and not runs.left_tag(
        dataset, items, config.run_key, config.tag
    ):
        own = config.tag != config.run_key
        yield refused(
            "tag",
            f"{items.tagged} are tagged {config.tag!r} already, and not by the run "
            f"{config.run_key!r}; choose another tag{'' if own else ' or run key'}",
        )
