"""The panel, as a person uses it in a browser."""

from __future__ import annotations

import re

import fiftyone as fo
from fiftyone import ViewField as F
from playwright.sync_api import expect

from tests.app.pages import BOTH_WIDTHS, Panel


def _bucket_ids(dataset: fo.Dataset, name: str) -> set[str]:
    return set(dataset.match(F("signature.bucket_name") == name).values("id"))


def expect_kept(panel: Panel, target: int) -> None:
    """Waits until table and chart show that many kept images."""
    panel.show_all_rows()
    panel.app.page.wait_for_function(
        """([root, target]) => {
          const sum = numbers => numbers.reduce((a, b) => a + b, 0);
          const panel = document.querySelector(root);
          const column = [...panel.querySelectorAll('tbody tr td:nth-child(4)')];
          const [kept] = panel.querySelector('.js-plotly-plot').data;
          return sum(column.map(cell => +cell.innerText.replace(',', ''))) === target
            && sum(kept.y) === target;
        }""",
        arg=[Panel.ROOT, target],
    )


@BOTH_WIDTHS
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
    expect_kept(panel, target)
    dataset.reload()
    assert (dataset.count_sample_tags(), dataset.list_runs()) == ({}, [])

    names = panel.rows.locator("td:nth-child(2)").all_inner_texts()
    sizes = panel.rows.locator("td:nth-child(3)").all_inner_texts()
    panel.bars.nth(len(names)).click(force=True)  # the first of the excluded
    panel.says(re.compile(f"Bucket 1 of {len(names)}"))
    assert app.shown_ids(int(sizes[0])) == _bucket_ids(dataset, names[0])

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


def test_typed_numbers_and_the_slider_follow_each_other(dataset, operators, open_app) -> None:
    """The slider follows what is typed, the number what is dragged, and both come to rest."""
    operators.downsample(dataset, 20)
    panel = Panel(open_app(dataset))
    panel.says(re.compile("Kept 20 of 80 images.*saved as the run"))
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
    expect_kept(panel, 37)
    slider = panel.root.locator("input[type=range]")
    expect(slider).to_have_value("37")
    panel.drag_to(0.25)
    expect(panel.number).not_to_have_value("37")
    panel.says(re.compile(f"(Kept|keep) {panel.number.input_value()} of 80 images"))
    expect(slider).to_have_value(panel.number.input_value())
    panel.number.fill("60")
    panel.says("40 of 60 kept, first chosen")
    panel.button("Show 60, smaller").click()
    panel.says("All 60 kept, in order of choice")
    panel.number.fill("20")
    panel.says(re.compile("Kept 20 of 80 images.*saved as the run"))
    panel.says("All 20 kept, in order of choice")
    expect(slider).to_have_value("20")
    assert not panel.app.page.evaluate("window.named")


def test_what_is_wrong_is_said(dataset, operators, open_app) -> None:
    """A number that cannot be kept is refused in words, and mended by another one."""
    operators.downsample(dataset, 20)
    panel = Panel(open_app(dataset))
    panel.number.fill("81")
    panel.says("'Images to keep' 81 exceeds the 80 samples; ask for 1 to 80")
    expect(panel.button("Apply ...")).to_have_count(0)
    panel.number.fill("")
    panel.says(re.compile("set how many images to keep"))
    panel.number.fill("30")
    panel.says(re.compile("Would keep 30 of 80 images"))


@BOTH_WIDTHS
def test_buckets_are_browsed(dataset, operators, open_app) -> None:
    """Rows, arrows and the three buttons decide what the grid holds."""
    record = operators.downsample(dataset, 20)
    buckets = record["buckets"]
    app = open_app(dataset)
    panel = Panel(app)
    panel.rows.nth(2).click()
    size, kept = buckets[2]["size"], buckets[2]["kept"]  # "diverse" has no stride to speak of
    panel.says(re.compile(f"Bucket 3 of {len(buckets)}: .* kept {kept} of {size}$"))
    assert app.shown_ids(size) == _bucket_ids(dataset, buckets[2]["name"])
    for caption in ("An image of each bucket, by its number", "Its images, the kept ones framed"):
        expect(panel.root.get_by_role("img", name=caption)).to_have_js_property("complete", True)
    panel.root.get_by_label("Previous bucket").first.click()
    panel.says(re.compile(f"Bucket 2 of {len(buckets)}"))
    members = _bucket_ids(dataset, buckets[1]["name"])
    kept = set(dataset.match_tags("smartdownsample").values("id"))
    panel.button("Kept").click()
    assert app.shown_ids(buckets[1]["kept"]) == members & kept
    panel.button("Excluded").click()
    assert app.shown_ids(buckets[1]["size"] - buckets[1]["kept"]) == members - kept
    panel.button("All").click()
    assert app.shown_ids(buckets[1]["size"]) == members
    panel.button("Leave the bucket").click()
    expect(app.count).to_have_text("80 samples")
    expect(panel.button("Leave the bucket")).to_have_count(0)


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


def test_a_strategy_is_shown_and_tried(dataset, operators, open_app) -> None:
    """The settings of a run are shown as they are; another strategy is answered at once."""
    operators.downsample(dataset, 20, strategy="diverse", near_duplicates=4)
    panel = Panel(open_app(dataset))
    panel.says(re.compile("Kept 20 of 80 images.*saved as the run"))
    panel.root.get_by_text("More settings").click()
    expect(panel.root.get_by_label("Label or train")).to_be_checked()
    room = panel.root.get_by_placeholder("Type or select").evaluate_all(
        """inputs => inputs.map(input => {
          const canvas = document.createElement('canvas').getContext('2d');
          canvas.font = getComputedStyle(input).font;
          return input.clientWidth / canvas.measureText(input.placeholder).width;
        })"""
    )
    assert min(room) > 1, "a placeholder is cut off"
    panel.app.page.set_viewport_size({"width": 1700, "height": 1200})
    panel.app.page.wait_for_function(
        """root => {
          const plot = document.querySelector(`${root} .js-plotly-plot`);
          return plot.clientWidth > 600 && plot._fullLayout.width === plot.clientWidth;
        }""",
        arg=Panel.ROOT,
    )
    panel.says(re.compile("Not near-duplicates, beyond 4 bits: pairs .* apart"))
    panel.says(re.compile("Kept 20 of 80 images.*saved as the run"))
    panel.root.get_by_text("Look over: a few images").click()
    panel.says(re.compile("Would keep 20 of 80 images"))


def test_another_run_shows_its_number(dataset, operators, open_app) -> None:
    """Also after another number has been typed."""
    operators.downsample(dataset, 20, run_key="a")
    operators.downsample(dataset, 33, run_key="b")
    panel = Panel(open_app(dataset))
    panel.says(re.compile("Kept 33 of 80 images.*saved as the run"))
    panel.number.fill("37")
    panel.says(re.compile("Would keep 37 of 80 images"))
    panel.choose("Choose from", "Run: a")
    panel.says(re.compile("Kept 20 of 80 images.*saved as the run"))
    expect(panel.number).to_have_value("20")
