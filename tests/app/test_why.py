"""Why was this one kept or left out: asked by selecting it in the grid."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.app.pages import Panel


def test_the_selected_image_is_explained(dataset, operators, open_app) -> None:
    """The panel says so while the image stays selected, and shows all that stand together."""
    operators.downsample(dataset, 10)
    app = open_app(dataset)
    panel = Panel(app)
    tile = app.tiles.nth(1)
    tile.hover()
    # The App draws its own picture over the box, which it hides.
    tile.locator("input[type=checkbox]").evaluate("box => box.click()")
    expect(panel.root.get_by_text("and stands for it, at a distance of")).to_be_visible()
    expect(app.count).to_have_text("80 samples")
    panel.root.get_by_role("button", name="together").click()
    expect(app.count).not_to_have_text("80 samples")
    expect(panel.root.get_by_text("stands for it")).to_have_count(0)
