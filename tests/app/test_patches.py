"""Operator and panel on patches, as a person uses them in a browser."""

from __future__ import annotations

import re

from fiftyone import ViewField as F
from playwright.sync_api import expect

from tests.app.pages import App, Panel


def test_patches_from_end_to_end(objects, page, server) -> None:
    """Open a view of patches, read the forecast, execute, and see the crops that were kept."""
    objects.save_view("deer", objects.to_patches("animals"))
    app = App(page, server, f"{objects.name}?view=deer")
    expect(app.count).to_have_text("40 patches")
    app.run_operator("Smart downsample")
    app.keep(7, "Keeps 7 of 40 patches.", "Wrote the label tag")
    expect(app.count).to_have_text("7 patches")
    app.tiles.first.wait_for()
    objects.reload()
    assert objects.count_label_tags() == {"smartdownsample": 7}


def test_two_runs_of_patches_side_by_side(objects, operators, open_app) -> None:
    """Of different coverage: the numbers are those of the label tags, and so are the crops."""
    operators.downsample(objects.limit(8).to_patches("animals"), 6, run_key="some")
    operators.downsample(objects.to_patches("animals"), 20, run_key="every")
    some, every = (
        set(
            objects.filter_labels("animals", F("tags").contains(key)).values(
                "animals.detections.id", unwind=True
            )
        )
        for key in ("some", "every")
    )
    app = open_app(objects)
    panel = Panel(app)
    panel.choose("Choose from", "Run: some")
    panel.says(re.compile("Kept 6 of 16"))
    panel.choose("Compare with", "Run: every")
    panel.says(f"Both kept {len(some & every)}")
    panel.button(f"Only by every ({len(every - some)})").click()
    expect(app.count).to_have_text(f"{len(every - some)} patches")
    panel.button(f"Kept by either ({len(some | every)})").click()
    expect(app.count).to_have_text(f"{len(some | every)} patches")
