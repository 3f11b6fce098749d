"""Cameras over time and image quality in the panel: a bar and a button are clicked."""

from __future__ import annotations

import re
from contextlib import suppress

from playwright.sync_api import Locator, expect

from tests.app.pages import PATIENCE_MS, REPRESS_MS, App, Panel


def _press(app: App, bar: Locator, count: int) -> None:
    """Clicks a bar until the grid shows its images: a click is lost while the App draws anew."""
    for _ in range(PATIENCE_MS // REPRESS_MS):
        bar.click(force=True)
        with suppress(AssertionError):
            expect(app.count).to_have_text(re.compile(rf"^{count:,} samples?$"), timeout=REPRESS_MS)
            return


def test_a_bar_of_the_timeline_is_clicked(dataset, operators, open_app) -> None:
    """Of a run of some samples: the grid shows what the bar is of."""
    operators.compute_signatures(dataset)
    dataset.limit(17).set_values("signature.sharpness", [0.1] * 17)  # as if they were blank
    operators.downsample(dataset, 30, run_key="every")
    operators.downsample(dataset.limit(40), 10, run_key="some")
    app = open_app(dataset)
    panel = Panel(app)
    panel.says(re.compile("Kept 10 of 40 images"))
    panel.root.get_by_text("Over time").click()
    panel.says(re.compile("Click a bar to see its samples in the grid"))
    plot = panel.root.locator(".js-plotly-plot").nth(1)
    plot.locator(".bars path").first.wait_for()
    kept, excluded = plot.evaluate("plot => plot.data.map(trace => trace.text)")
    places = {"kept": 0, "excluded": len(kept)}
    dataset.reload()
    for name, texts in (("kept", kept), ("excluded", excluded)):
        n = int(re.search(rf"(\d+) {name}", texts[0])[1])
        _press(app, plot.locator(".bars path").nth(places[name]), n)
        ids = app.shown_ids(n)
        assert set(dataset.select(ids).values("some_choice")) == {name}

    panel.root.get_by_text("Image quality").click()
    blank = operators.view_quality(dataset, "blank", run_key="some").values("id")
    assert len(blank) != n  # or the grid would not tell that it has followed
    _press(app, panel.button(f"Blank ({len(blank)})"), len(blank))
    assert app.shown_ids(len(blank)) == set(blank) >= set(dataset.limit(17).values("id"))
