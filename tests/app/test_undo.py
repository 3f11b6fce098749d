"""What was done is undone in the App, whatever the grid shows."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.app.pages import App

_HAS_GROUP = """wanted => {
  const groups = [...document.querySelectorAll("[data-cy=sidebar] input")];
  const names = groups.map(group => group.value.toLowerCase());
  return names.length && names.includes("smartdownsample") === wanted;
}"""


def test_undo_while_the_grid_shows_what_the_run_kept(dataset, operators, page, server) -> None:
    """The App leaves the run's saved view before that is gone, and keeps those of other runs."""
    operators.downsample(dataset, 20, run_key="a")
    operators.downsample(dataset, 30, run_key="b")
    app = App(page, server, f"{dataset.name}?view=a-kept")
    expect(app.count).to_have_text("20 samples")
    app.run_operator("Undo a smart downsample run")
    app.execute()
    expect(app.page.get_by_text("Removed the run")).to_be_visible()
    app.button("Close").click()
    expect(app.count).to_have_text("80 samples")
    expect(app.page.get_by_text("GraphQL")).to_have_count(0)
    dataset.reload()
    assert dataset.list_runs() == ["b"]


def test_the_app_is_arranged_and_put_back(dataset, operators, open_app) -> None:
    """The group comes and goes; the page has to be loaded again, which is said."""
    operators.downsample(dataset, 20)
    app = open_app(dataset)
    for undo in (False, True):
        app.run_operator("Arrange the App for visual buckets")
        expect(app.dialog.get_by_text("FiftyOne's own arrangement")).to_be_visible()
        app.dialog.locator("input[type=checkbox]").last.set_checked(undo)
        app.execute()
        expect(app.page.get_by_text("Load the page of the App again")).to_be_visible()
        app.button("Close").click()
        app.page.reload(wait_until="domcontentloaded")
        app.tiles.first.wait_for()
        app.page.wait_for_function(_HAS_GROUP, arg=not undo)
