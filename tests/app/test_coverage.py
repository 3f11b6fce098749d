"""Two runs of different samples, opened in turn: nothing of one is seen in the other."""

from __future__ import annotations

import re
from typing import Any

import fiftyone as fo
import pytest
from playwright.sync_api import expect

from tests.app.pages import App, Panel


def expect_run(panel: Panel, dataset: fo.Dataset, record: dict[str, Any]) -> None:
    """Waits until headline, number, slider, chart, table and grid are all of one run."""
    buckets, kept = record["buckets"], record["kept"]
    size = sum(bucket["size"] for bucket in buckets)
    panel.says(re.compile(f"Kept {kept} of {size} images.*saved as the run {record['run_key']}"))
    expect(panel.number).to_have_value(str(kept))
    expect(panel.root.locator("input[type=range]")).to_have_value(str(kept))
    panel.show_all_rows()
    expect(panel.rows).to_have_count(len(buckets))
    expected = [[bucket["name"], bucket["size"], bucket["kept"]] for bucket in buckets]
    rows = [row.locator("td").all_inner_texts()[1:4] for row in panel.rows.all()]
    assert [[name, int(size), int(n)] for name, size, n in rows] == expected
    assert panel.chart() == [[b["kept"] for b in buckets], [b["size"] - b["kept"] for b in buckets]]
    panel.button("Kept").click()
    dataset.reload()
    ids = set(dataset.match_tags(record["tag"]).values("id"))
    assert panel.app.shown_ids(kept) == ids


@pytest.mark.parametrize("settings", [{}, {"strategy": "diverse", "near_duplicates": 3}])
@pytest.mark.parametrize("unfolded", [False, True])
@pytest.mark.parametrize("page", [1280], indirect=True, ids=["1280"])
def test_runs_of_different_coverage(dataset, operators, open_app, settings, unfolded) -> None:
    """Whatever was typed and unfolded before, and whichever comes first."""
    some = operators.downsample(dataset.limit(24), 9, run_key="some", **settings)
    every = operators.downsample(dataset, 30, run_key="every")
    panel = Panel(open_app(dataset))
    expect_run(panel, dataset, every)
    if unfolded:
        panel.root.get_by_text("More settings").click()
        panel.root.get_by_text("Random seed").wait_for()
    for record in (some, every, some):
        panel.number.fill("7")
        panel.says(re.compile("Would keep 7 of"))
        panel.choose("Choose from", f"Run: {record['run_key']}")
        expect_run(panel, dataset, record)


@pytest.mark.parametrize("page", [1280], indirect=True, ids=["1280"])
def test_the_grid_follows_the_number(dataset, operators, open_app) -> None:
    """While the grid shows what is kept, another number changes what it shows."""
    operators.downsample(dataset, 20)
    app: App = open_app(dataset)
    panel = Panel(app)
    panel.says(re.compile("Kept 20 of 80 images"))
    panel.button("Kept").click()
    app.shown_ids(20)
    panel.number.fill("31")
    panel.says(re.compile("Would keep 31 of 80 images"))
    app.shown_ids(31)
    panel.button("Excluded").click()
    app.shown_ids(49)
    panel.number.fill("12")
    app.shown_ids(68)
