"""FiftyOne's own Embeddings panel, fed by the plugin."""

from __future__ import annotations

from playwright.sync_api import expect


def test_a_map_opens_in_the_embeddings_panel(dataset, operators, open_app) -> None:
    """The panel opens beside the grid, and has the map with a point per image."""
    operators.downsample(dataset, 20)
    app = open_app(dataset)
    app.run_operator("Make a map of a smart downsample run")
    app.execute()
    expect(app.page.get_by_text("80 images")).to_be_visible()
    app.button("Close").click()
    app.page.get_by_text("smartdownsample_map", exact=True).click()
    expect(app.page.get_by_text("80 points")).to_be_visible()
