"""From videos to the frames that are kept, as a person goes in a browser."""

from __future__ import annotations

from playwright.sync_api import expect


def test_videos_from_end_to_end(videos, open_app) -> None:
    """The form of a run offers to sample frames, and what was sampled can be chosen from."""
    app = open_app(videos)
    app.run_operator("Smart downsample")
    app.dialog.get_by_role("button", name="Sample frames of videos").click()
    expect(app.page.get_by_text("Saves frames of 2 videos as images")).to_be_visible()
    app.page.locator("input[type=number]").first.fill("2")
    app.execute()
    expect(app.page.get_by_text("20 frames of 2 videos, 2 a second.")).to_be_visible()
    expect(app.count).to_have_text("20 frames")  # the App loads its page again for another view
    app.dialog.get_by_role("button", name="Choose from these frames").click()
    app.keep(7, "Keeps 7 of 20 frames.", "Wrote the field")
    expect(app.count).to_have_text("7 frames")
    app.tiles.first.wait_for()
    videos.reload()
    assert videos.count_values("frames.smartdownsample")[True] == 7
