"""What was done is undone in the App, whatever the grid shows."""

from __future__ import annotations

from playwright.sync_api import expect


def test_undo_while_the_grid_shows_what_the_run_kept(dataset, operators, open_app) -> None:
    """The App leaves the run's saved view before that is gone, and keeps those of other runs."""
    operators.downsample(dataset, 20, run_key="a")
    operators.downsample(dataset, 30, run_key="b")
    app = open_app(dataset)
    app.page.goto(f"{app.page.url}?view=a-kept", wait_until="domcontentloaded")
    expect(app.count).to_have_text("20 samples")
    app.run_operator("Undo a smart downsample run")
    app.execute()
    expect(app.page.get_by_text("Removed the run")).to_be_visible()
    app.button("Close").click()
    expect(app.count).to_have_text("80 samples")
    expect(app.page.get_by_text("GraphQL")).to_have_count(0)
    dataset.reload()
    assert dataset.list_runs() == ["b"]


def test_the_app_is_arranged_and_put_back_before_ones_eyes(dataset, operators, open_app) -> None:
    """The group comes and goes without loading the page."""
    operators.downsample(dataset, 20)
    app = open_app(dataset)
    group = app.page.locator("[data-cy=sidebar-group-smartdownsample-field]")
    app.run_operator("Arrange the App for visual buckets")
    app.execute()
    expect(group.first).to_be_visible()
