"""The panel, as a person uses it in a browser."""

from __future__ import annotations

import re

import fiftyone as fo
from playwright.sync_api import expect

from tests.app.pages import App, Panel, bucket_ids


def test_from_nothing_to_a_run_and_back(dataset, open_app) -> None:
    """Compute, drag, click a bar, apply, see the tag, undo: all of it in the panel."""
    app = open_app(dataset)
    panel = Panel(app)
    panel.says("None of the 80 samples has a visual signature yet")
    panel.button("Compute signatures").click()
    app.execute()
    expect(app.page.get_by_text("80 computed, 0 reused, 0 unreadable")).to_be_visible()
    app.button("Done").click()

    panel.says(re.compile("Would keep 8 of 80 images"))
    panel.drag_to(0.5)
    expect(panel.number).not_to_have_value("8")
    target = int(panel.number.input_value())
    panel.says(f"Would keep {target} of 80 images")
    panel.expect_kept(target)
    dataset.reload()
    assert (dataset.count_sample_tags(), dataset.list_runs()) == ({}, [])

    names = panel.rows.locator("td:nth-child(2)").all_inner_texts()
    sizes = panel.rows.locator("td:nth-child(3)").all_inner_texts()
    panel.bars.nth(len(names)).click(force=True)  # the first of the excluded
    panel.says(re.compile(f"Bucket 1 of {len(names)}"))
    assert app.shown_ids(int(sizes[0])) == bucket_ids(dataset, names[0])

    app.widen()
    panel.button("Apply ...").click()
    expect(app.page.get_by_text(f"Keeps {target} of 80 images")).to_be_visible()
    app.execute()
    expect(app.page.get_by_text("Wrote the tag")).to_be_visible()
    app.button("Done").click()
    panel.says("saved as the run")
    expect(app.count).to_have_text(f"{target} samples")
    expect(app.view_name).to_have_text("smartdownsample kept")
    dataset.reload()
    assert dataset.count_sample_tags() == {"smartdownsample": target}
    app.page.locator("[data-cy=sidebar-field-arrow-enabled-tags]").click()
    sidebar = app.page.locator("[data-cy=sidebar]")
    expect(sidebar.get_by_text("smartdownsample", exact=True)).to_be_visible()

    panel.button("Undo ...").click()
    expect(app.page.get_by_text("Removes the tag")).to_be_visible()  # the form is complete
    app.execute()
    expect(app.page.get_by_text("Removed the run")).to_be_visible()
    app.button("Close").click()
    panel.says(re.compile(f"Would keep {target} of 80 images.*nothing is saved yet"))
    expect(app.count).to_have_text("80 samples")
    expect(panel.number).to_have_value(str(target))
    dataset.reload()
    assert (dataset.count_sample_tags(), dataset.list_runs()) == ({}, [])


def test_a_changed_dataset_is_noticed(dataset, operators, own_images, open_app) -> None:
    """A run of samples that have changed since says so, and can be applied again."""
    operators.downsample(dataset, 20)
    dataset.add_samples([fo.Sample(path) for path in own_images])
    panel = Panel(open_app(dataset))
    panel.says("24 of 104 samples have no up-to-date signature")
    panel.button("Compute signatures").click()
    panel.app.execute()
    expect(panel.app.page.get_by_text("24 computed, 80 reused")).to_be_visible()
    panel.app.button("Done").click()
    panel.says("The dataset has changed since this run")


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
