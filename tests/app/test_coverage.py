"""Two runs of different samples, opened in turn: nothing of one is seen in the other."""

from __future__ import annotations

import re
from typing import Any

import fiftyone as fo
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


def test_runs_of_different_coverage(dataset, operators, open_app) -> None:
    """Whatever was typed and unfolded before, and whichever comes first."""
    some = operators.downsample(dataset.limit(24), 9, run_key="some")
    apart = operators.downsample(dataset.limit(24), 8, run_key="apart", near_duplicates=3)
    every = operators.downsample(dataset, 30, run_key="every")
    panel = Panel(open_app(dataset))
    expect_run(panel, dataset, every)

    def open_in_turn(*records: dict[str, Any]) -> None:
        for record in records:
            panel.number.fill("7")
            panel.says(re.compile("Would keep 7 of"))
            panel.choose("Choose from", f"Run: {record['run_key']}")
            expect_run(panel, dataset, record)

    open_in_turn(some, every, apart, every)
    panel.root.get_by_text("More settings").click()
    panel.root.get_by_text("Random seed").wait_for()
    open_in_turn(some, every, apart, every)


def test_a_field_that_goes_without_gets_a_share_by_one_press(dataset, operators, open_app) -> None:
    """A site of few images, in the panel of the whole dataset and not in that of some of it."""
    operators.compute_signatures(dataset)
    dataset.set_values("site", ["a"] * 77 + ["b", "c", "c"])
    operators.downsample(dataset.limit(24), 9, run_key="some")
    operators.downsample(dataset, 4, run_key="every")
    missing = sorted({"a", "b", "c"} - set(dataset.match_tags("every").distinct("site")))
    have = "has" if len(missing) == 1 else "have"
    text = f"{len(missing)} of 3 values of site {have} no kept image: {', '.join(missing)}."
    panel = Panel(open_app(dataset))
    panel.says(text)
    panel.choose("Choose from", "Run: some")
    panel.says(re.compile("Kept 9 of 24"))
    expect(panel.root.get_by_text("values of site")).to_have_count(0)
    panel.choose("Choose from", "Run: every")
    panel.says(text)
    panel.button("Keep some of each site").click()
    expect(panel.root.get_by_text("values of site")).to_have_count(0)
    expect(panel.root.get_by_role("columnheader", name="site")).to_be_visible()
    for name in ("a", "b", "c"):
        row = panel.rows.filter(has=panel.app.page.get_by_role("cell", name=name, exact=True))
        assert int(row.locator("td").nth(2).inner_text()) >= 1


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


def test_the_filters_of_the_sidebar_are_taken(dataset, operators, open_app) -> None:
    """*Use the grid's view* takes what they leave, and the grid goes on showing it."""
    dataset.set_values("camera", ["a", "b", "b", "c"] * 20)
    operators.compute_signatures(dataset)
    app: App = open_app(dataset)
    panel = Panel(app)
    panel.says(re.compile("Would keep 8 of 80 images"))
    app.page.locator("[data-cy=sidebar-field-arrow-enabled-camera]").click()
    box = app.page.get_by_placeholder("+ filter by camera")
    box.fill("b")
    app.page.locator("[data-cy^=selector-results]").get_by_text("b", exact=True).wait_for()
    box.press("Enter")
    expect(app.count).to_have_text("40 samples")
    panel.button("Use the grid's view").click()
    panel.says(re.compile("Would keep 4 of 40 images"))
    expect(app.count).to_have_text("40 samples")
    panel.button("Kept").click()
    expect(app.count).to_have_text("4 samples")


def test_the_chart_stays_where_it_is(dataset, operators, open_app) -> None:
    """While a number is typed that has errors and warnings on its way."""
    operators.downsample(dataset, 20, strategy="stride")
    panel = Panel(open_app(dataset))
    panel.says(re.compile("Kept 20 of 80 images"))
    chart = panel.root.locator(".js-plotly-plot")
    place = chart.bounding_box()
    for number, text in (("3", "buckets have no kept image"), ("99", "exceeds the 80 samples")):
        panel.number.fill(number)
        panel.says(re.compile(text))
        assert chart.bounding_box() == place
