"""The operator's form, as a person uses it in a browser."""

from __future__ import annotations

import re

from playwright.sync_api import expect

#: Keeps what the page has said, for a progress bar may be gone before anybody looks.
_LISTEN = """() => {
  window.said = [];
  const note = () => {
    const text = document.body.innerText.match(/Reading images into .*? of [0-9,]+/);
    if (text && window.said.at(-1) !== text[0]) window.said.push(text[0]);
  };
  new MutationObserver(note).observe(
    document.body, {childList: true, characterData: true, subtree: true});
}"""


def test_the_form_from_end_to_end(dataset, open_app) -> None:
    """Open it, read the forecast, execute, see progress and the table, and the kept samples."""
    app = open_app(dataset)
    app.page.evaluate(_LISTEN)
    app.run_operator("Smart downsample")
    number = app.dialog.get_by_role("textbox").first
    expect(number).to_have_value("8")
    number.fill("24")
    expect(app.page.get_by_text("Keeps 24 of 80 samples.")).to_be_visible()
    app.widen()
    app.execute()
    expect(app.page.get_by_text("Wrote the tag")).to_be_visible()
    said = app.page.evaluate("window.said")
    assert said, "no progress was shown"
    assert all(re.search(r"field 'signature': [0-9]+ of 80$", text) for text in said)
    expect(app.page.get_by_text("0 reused, 0 unreadable")).to_be_visible()
    app.button("Open the panel beside the grid, behind this window").click()
    app.button("Done").click()
    expect(app.count).to_have_text("24 samples")
    expect(app.page.get_by_text("Choose from")).to_be_visible()
    dataset.reload()
    assert dataset.count_sample_tags() == {"smartdownsample": 24}


def test_the_form_shows_what_is_wrong(dataset, open_app) -> None:
    """A target that is too large is marked, and cannot be executed."""
    app = open_app(dataset)
    app.run_operator("Smart downsample")
    number = app.dialog.get_by_role("textbox").first
    number.fill("81")
    expect(app.page.get_by_text("'Images to keep' 81 exceeds the 80 samples")).to_be_visible()
    expect(app.button("Execute")).to_be_disabled()
    number.fill("12.5%")
    expect(app.page.get_by_text("12.5% of the 80 samples: exactly 10")).to_be_visible()
    expect(app.page.get_by_text("Keeps 10 of 80 samples.")).to_be_visible()
    expect(app.button("Execute")).to_be_enabled()


def test_an_error_in_the_middle_is_shown(make_dataset, images, own_images, open_app) -> None:
    """If no image can be read, the App says so, and nothing is written."""
    dataset = make_dataset(own_images)
    app = open_app(dataset)
    for path in own_images:
        with open(path, "wb"):
            pass  # now empty
    app.run_operator("Smart downsample")
    expect(app.page.get_by_text("Keeps 2 of 24 samples.")).to_be_visible()
    app.execute()
    expect(app.page.get_by_text("none of the 24 images could be read").first).to_be_visible()
    dataset.reload()
    assert (dataset.list_runs(), dataset.has_field("signature")) == ([], False)


def test_one_of_each_near_duplicate_group(dataset, open_app) -> None:
    """With a radius the number may be emptied; the output says where the groups are."""
    app = open_app(dataset)
    app.run_operator("Smart downsample")
    number = app.dialog.get_by_role("textbox").first
    expect(number).to_have_value("8")
    app.page.get_by_text("Label or train").click()
    app.page.get_by_text("Advanced options").click()
    expect(app.page.get_by_text("Near-duplicates within", exact=True)).to_be_visible()
    app.page.locator("input[type=number]").first.fill("20")
    expect(app.page.get_by_text("excludes near-duplicates within 20 of 100")).to_be_visible()
    number.fill("")
    expect(app.page.get_by_text("Keeps one of each near-duplicate group")).to_be_visible()
    app.execute()
    expect(app.page.get_by_text("samples have near-duplicates, in")).to_be_visible()
    expect(app.page.get_by_text("in the order of their choice")).to_be_visible()
    dataset.reload()
    assert {"smartdownsample_rank", "smartdownsample_group"} <= set(dataset.get_field_schema())


def test_ratios_are_typed_into_the_form(dataset, open_app) -> None:
    """Shares are one of those offered, or a ratio for each label."""
    dataset.set_values("light", ["day", "night"] * 40)
    app = open_app(dataset)
    app.run_operator("Smart downsample")
    app.page.get_by_text("Advanced options").click()
    names = app.page.get_by_role("combobox")
    names.first.fill("light")
    names.first.press("Enter")
    shares = names.nth(1)
    expect(shares).to_have_value("Proportional to sizes")
    expect(app.page.get_by_text("roportional shares of")).to_be_visible()
    shares.click()
    shares.fill("day=0.75, night=0.25")
    shares.press("Enter")
    expect(app.page.get_by_text("ay=0.75, night=0.25 shares of")).to_be_visible(timeout=30000)
    app.execute()
    expect(app.page.get_by_text("Wrote the tag")).to_be_visible()
    dataset.reload()
    kept = dataset.match_tags("smartdownsample").values("light")
    assert sorted(kept) == ["day"] * 6 + ["night"] * 2
