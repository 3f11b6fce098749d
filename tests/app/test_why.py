"""Why was this one kept or left out, and what a person changes of it by hand."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.app.pages import Panel


def test_the_selected_image_is_explained_and_edited(dataset, operators, open_app) -> None:
    """The panel says so while the image stays selected, swaps it, and shows all that it is like."""
    operators.downsample(dataset, 10)
    dataset.reload()
    left_out = dataset.match_tags("smartdownsample", bool=False).values("id")
    app = open_app(dataset)
    panel = Panel(app)
    place = dataset.values("id").index(left_out[0])
    tile = app.tiles.nth(place)
    tile.hover()
    # The App draws its own picture over the box, which it hides.
    tile.locator("input[type=checkbox]").evaluate("box => box.click()")
    expect(panel.root.get_by_text("and stands for it, at a distance of")).to_be_visible()
    expect(app.count).to_have_text("80 samples")
    panel.button("Swap: keep this one instead").click()
    panel.says("chosen by the run: 10, added by hand: 1, left out by hand: 1")
    panel.says("kept by hand")
    panel.button("Never keep").click()
    panel.says("chosen by the run: 10, added by hand: 0, left out by hand: 1")
    panel.says("Kept 9 of 80 images")
    for text in ("added by hand: 1, left out by hand: 1", "Kept 10 of 80 images"):
        panel.button("Take back the last hand edit").click()
        panel.says(text)
    expect(panel.button("Take back the last hand edit")).to_have_count(0)
    panel.root.get_by_role("button", name="together").click()
    expect(app.count).not_to_have_text("80 samples")
    expect(panel.root.get_by_text("stands for it")).to_have_count(0)


def test_a_patch_is_explained(objects, operators, open_app) -> None:
    """Of two runs of different coverage, the one that the panel shows is asked."""
    operators.downsample(objects.to_patches("animals"), 20, run_key="every")
    operators.downsample(objects.limit(8).to_patches("animals"), 6, run_key="some")
    app = open_app(objects)
    panel = Panel(app)
    panel.says(re.compile("Kept 6 of 16"))
    panel.button("Excluded").click()
    expect(app.count).to_have_text("10 patches")
    box = app.tiles.first.locator("input[type=checkbox]")
    app.tiles.first.hover()
    box.evaluate("box => box.click()")
    panel.says(re.compile(r"deer in .*\(left\) was left out"))
    panel.root.get_by_role("button", name="together").click()
    expect(app.count).not_to_have_text("10 patches")
    expect(app.count).to_have_text(re.compile("^[0-9] patches$"))
