"""What is looked at and tried out in the panel, of which nothing is written: one panel for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import fiftyone as fo
import pytest
from playwright.sync_api import Browser, expect

from tests.app.pages import WINDOW, App, Panel, bucket_ids


@pytest.fixture(scope="module")
def runs(signed_images: fo.Dataset) -> Iterator[fo.Dataset]:
    """A dataset with all ``records``."""
    dataset = signed_images.clone(persistent=True)
    yield dataset
    dataset.delete()


@pytest.fixture(scope="module")
def records(runs: fo.Dataset, operators: SimpleNamespace) -> dict[str, dict[str, Any]]:
    """Runs of two different coverages, by their keys."""
    some = runs.limit(24)
    made = [
        operators.downsample(some, 9, run_key="some"),
        operators.downsample(some, 8, run_key="apart", near_duplicates=3),
        operators.downsample(runs, 30, run_key="every"),
        operators.downsample(runs, 12, run_key="small", strategy="stride"),
        operators.downsample(runs, 20, run_key="varied", strategy="diverse"),
        operators.downsample(runs, 20, run_key="near", strategy="diverse", near_duplicates=4),
    ]
    runs.reload()
    return {record["run_key"]: record for record in made}


@pytest.fixture(scope="module")
def opened(
    browser: Browser, server: str, runs: fo.Dataset, records: dict[str, Any]
) -> Iterator[Panel]:
    """The panel, once: nine seconds of two cores pass until the App has drawn it."""
    context = browser.new_context(viewport=WINDOW)
    yield Panel(App(context.new_page(), server, runs.name))
    context.close()


@pytest.fixture
def panel(opened: Panel) -> Panel:
    """The panel, as the test before left it: each test opens a run of its own."""
    opened.app.page.set_viewport_size(WINDOW)
    return opened


def _expect_run(panel: Panel, dataset: fo.Dataset, record: dict[str, Any]) -> None:
    """Waits until headline, number, slider, chart, table and grid are all of one run."""
    buckets, kept, key = record["buckets"], record["kept"], record["run_key"]
    size = sum(bucket["size"] for bucket in buckets)
    panel.says(re.compile(f"Kept {kept} of {size} images.*saved as the run {key}"))
    expect(panel.number).to_have_value(str(kept))
    expect(panel.slider).to_have_value(str(kept))
    panel.show_all_rows()
    expect(panel.rows).to_have_count(len(buckets))
    expected = [[bucket["name"], bucket["size"], bucket["kept"]] for bucket in buckets]
    rows = [row.locator("td").all_inner_texts()[1:4] for row in panel.rows.all()]
    assert [[name, int(size), int(n)] for name, size, n in rows] == expected
    assert panel.chart() == [[b["kept"] for b in buckets], [b["size"] - b["kept"] for b in buckets]]
    panel.button("Kept").click()
    assert panel.app.shown_ids(kept) == set(dataset.match_tags(key).values("id"))


def test_runs_of_different_coverage(runs, records, panel) -> None:
    """Opened in turn, whatever was typed and unfolded before: nothing of one is in the other."""

    def open_in_turn(*keys: str) -> None:
        for key in keys:
            panel.number.fill("7")
            panel.says(re.compile("Would keep 7 of"))
            panel.choose("Choose from", f"Run: {key}")
            _expect_run(panel, runs, records[key])

    open_in_turn("every", "some", "every")
    panel.root.get_by_text("More settings").click()
    panel.root.get_by_text("Random seed").wait_for()
    open_in_turn("apart", "every", "some")


def test_typed_numbers_and_the_slider_follow_each_other(panel) -> None:
    """The slider follows what is typed, the number what is dragged, and both come to rest."""
    panel.open_run("varied")
    # The App calls a slider "Threshold" that it draws twice, until the layout comes anew.
    panel.root.evaluate(
        """panel => new MutationObserver(() => {
          window.named ||= panel.innerText.includes('Threshold');
        }).observe(panel, {childList: true, subtree: true, characterData: true})"""
    )
    panel.number.click()
    panel.number.press("Control+a")
    panel.number.press_sequentially("37", delay=100)
    panel.says(re.compile("Would keep 37 of 80 images"))
    panel.expect_kept(37)
    expect(panel.slider).to_have_value("37")
    panel.drag_to(0.25)
    expect(panel.number).not_to_have_value("37")
    panel.says(re.compile(f"(Kept|keep) {panel.number.input_value()} of 80 images"))
    expect(panel.slider).to_have_value(panel.number.input_value())
    panel.number.fill("60")
    panel.says("40 of 60 kept, first chosen")
    panel.button("Show 60, smaller").click()
    panel.says("All 60 kept, in order of choice")
    panel.number.fill("20")
    panel.says(re.compile("Kept 20 of 80 images.*saved as the run"))
    panel.says("All 20 kept, in order of choice")
    expect(panel.slider).to_have_value("20")
    assert not panel.app.page.evaluate("window.named")


def test_what_is_wrong_is_said(panel) -> None:
    """A number that cannot be kept is refused in words, and the chart stays where it is."""
    panel.open_run("small")
    chart = panel.root.locator(".js-plotly-plot")
    panel.number.click()  # the panel scrolls to it
    place = chart.bounding_box()
    for number, text in (
        ("3", "buckets have no kept image"),
        ("81", "'Images to keep' 81 exceeds the 80 samples; ask for 1 to 80"),
    ):
        panel.number.fill(number)
        panel.says(re.compile(text))
        assert chart.bounding_box() == place
    expect(panel.button("Apply ...")).to_have_count(0)
    panel.number.fill("")
    panel.says(re.compile("set how many images to keep"))
    panel.number.fill("30")
    panel.says(re.compile("Would keep 30 of 80 images"))


def test_the_grid_follows_the_number(panel) -> None:
    """While the grid shows what is kept, another number changes what it shows."""
    panel.open_run("varied")
    panel.button("Kept").click()
    panel.app.shown_ids(20)
    panel.number.fill("31")
    panel.says(re.compile("Would keep 31 of 80 images"))
    panel.app.shown_ids(31)
    panel.button("Excluded").click()
    panel.app.shown_ids(49)
    panel.number.fill("12")
    panel.app.shown_ids(68)


def test_a_strategy_is_shown_and_tried(panel) -> None:
    """The settings of a run are shown as they are; another strategy is answered at once."""
    panel.open_run("near")
    panel.show_settings()
    expect(panel.root.get_by_label("Label or train")).to_be_checked()
    room = panel.root.get_by_placeholder("Type or select").evaluate_all(
        """inputs => inputs.map(input => {
          const canvas = document.createElement('canvas').getContext('2d');
          canvas.font = getComputedStyle(input).font;
          return input.clientWidth / canvas.measureText(input.placeholder).width;
        })"""
    )
    assert min(room) > 1, "a placeholder is cut off"
    panel.app.widen()
    panel.app.page.wait_for_function(
        """root => {
          const plot = document.querySelector(`${root} .js-plotly-plot`);
          return plot.clientWidth > 600 && plot._fullLayout.width === plot.clientWidth;
        }""",
        arg=Panel.ROOT,
    )
    panel.says(re.compile("Not near-duplicates, beyond 4 bits: pairs .* apart"))
    panel.root.get_by_text("Look over: a few images").click()
    panel.says(re.compile("Would keep 20 of 80 images"))


def test_buckets_are_browsed(runs, records, panel) -> None:
    """Rows, arrows and the three buttons decide what the grid holds."""
    app, buckets = panel.app, records["varied"]["buckets"]
    panel.open_run("varied")
    panel.rows.nth(2).click()
    size, kept = buckets[2]["size"], buckets[2]["kept"]  # "diverse" has no stride to speak of
    panel.says(re.compile(f"Bucket 3 of {len(buckets)}: .* kept {kept} of {size}$"))
    assert app.shown_ids(size) == bucket_ids(runs, buckets[2]["name"])
    for caption in ("An image of each bucket, by its number", "Its images, the kept ones framed"):
        expect(panel.root.get_by_role("img", name=caption)).to_have_js_property("complete", True)
    app.widen()
    panel.root.get_by_label("Previous bucket").first.click()
    panel.says(re.compile(f"Bucket 2 of {len(buckets)}"))
    members = bucket_ids(runs, buckets[1]["name"])
    kept = set(runs.match_tags("varied").values("id"))
    panel.button("Kept").click()
    assert app.shown_ids(buckets[1]["kept"]) == members & kept
    panel.button("Excluded").click()
    assert app.shown_ids(buckets[1]["size"] - buckets[1]["kept"]) == members - kept
    panel.button("All").click()
    assert app.shown_ids(buckets[1]["size"]) == members
    panel.button("Leave the bucket").click()
    expect(app.count).to_have_text("80 samples")
    expect(panel.button("Leave the bucket")).to_have_count(0)


def test_two_runs_side_by_side(runs, panel) -> None:
    """The numbers are those of the tags, and each part of the difference is what the grid holds."""
    app = panel.app
    small, varied = (set(runs.match_tags(tag).values("id")) for tag in ("small", "varied"))
    panel.open_run("small")
    panel.choose("Compare with", "Run: varied")
    panel.says(f"Both kept {len(small & varied)}")
    for label, part in (
        ("Kept by either", small | varied),
        ("By both", small & varied),
        ("Only by small", small - varied),
        ("Only by varied", varied - small),
    ):
        panel.button(f"{label} ({len(part)})").click()
        assert app.shown_ids(len(part)) == part, label

    figures = panel.rows_of("Of the 80 samples that both chose from")
    assert figures.nth(0).locator("td").all_inner_texts() == ["Kept", "12", "20"]
    farthest = [float(text) for text in figures.nth(1).locator("td").all_inner_texts()[1:]]
    assert 0 < farthest[1] < farthest[0]  # "varied" covers more
    for one, n, other in (
        ("small", len(small - varied), "varied"),
        ("varied", len(varied - small), "small"),
    ):
        caption = f"The {n} that only {one} kept, those least like what {other} kept first"
        if n > 16:
            caption = caption.replace("The", "16 of the")
        panel.says(caption)
    for sheet in panel.root.get_by_role("img", name=re.compile("that only")).all():
        assert sheet.evaluate("sheet => sheet.naturalWidth") > 0

    app.widen()
    row = panel.rows_of("Difference").first  # the largest difference; of it, what only varied kept
    name, of_small, of_varied, both, gain = row.locator("td").all_inner_texts()
    members = bucket_ids(runs, name)
    assert [int(of_small), int(of_varied)] == [len(small & members), len(varied & members)]
    assert (int(both), int(gain)) == (len(small & varied & members), int(of_varied) - int(of_small))
    row.click()
    panel.says("In the grid:")
    assert app.shown_ids(len((varied - small) & members)) == (varied - small) & members
    panel.button("Close the comparison").click()
    panel.says(re.compile("Kept 12 of 80"))

    panel.number.fill("16")  # beside the run, what is not saved yet
    panel.says(re.compile("Would keep 16 of 80"))
    panel.choose("Compare with", "What these settings keep")
    panel.says(re.compile("small kept 12, these settings kept 16"))
    assert panel.rows_of("Of the 80 samples that both chose from").count() == 4
