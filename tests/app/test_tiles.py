"""What the grid shows of a run without a press: names, counts, what was kept, and which view."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.app.pages import App


def _tags(app: App, field: str) -> list[str]:
    """Returns what the thumbnails say of a field, once each of them says something."""
    tags = app.tiles.locator(f"[data-cy='tag-{field}']")
    expect(tags).to_have_count(app.tiles.count())
    return sorted(text.strip() for text in tags.all_inner_texts())


def test_the_end_of_a_run_shows_what_it_kept(dataset, open_app) -> None:
    """Of the first run in the dataset, and of one that replaces it."""
    app = open_app(dataset)
    for count in (12, 7):
        app.run_operator("Smart downsample")
        app.keep(count, f"Keeps {count} of", "Wrote the tag")
        expect(app.count).to_have_text(f"{count} samples")
        expect(app.tiles).to_have_count(count)
        assert _tags(app, "smartdownsample_choice") == ["kept"] * count


def test_tiles_of_buckets_and_groups_say_what_they_are(dataset, operators, page, server) -> None:
    """In the saved views of the latest of two runs of different samples, opened by a link."""
    operators.downsample(dataset.limit(40), 9, run_key="first")
    record = operators.downsample(dataset, 20, near_duplicates=10, run_key="second")
    app = App(page, server, f"{dataset.name}?view=second-buckets")
    expect(app.tiles).to_have_count(len(record["buckets"]))
    titles = _tags(app, "second_bucket")
    for bucket in record["buckets"]:
        (title,) = [
            title
            for title in titles
            if title.endswith(f"{bucket['kept']} of {bucket['size']} kept")
            and bucket["name"].startswith(title.split(" · ")[0])
        ][:1]
        titles.remove(title)
    assert titles == []
    expect(app.page.locator("[data-cy='tag-first_bucket']")).to_have_count(0)
    colors = {
        tag.inner_text().strip(): tag.evaluate("tag => getComputedStyle(tag).backgroundColor")
        for tag in app.page.locator("[data-cy='tag-second_choice']").all()
    }
    assert colors == {"kept": "rgb(26, 165, 157)", "excluded": "rgb(139, 148, 163)"}
    app = App(page, server, f"{dataset.name}?view=second-near-duplicates")
    expect(app.tiles).to_have_count(record["groups"])
    sizes = [
        int(re.search(r"of (\d+) kept$", title)[1]) for title in _tags(app, "second_group_title")
    ]
    assert sum(sizes) == record["grouped"]
