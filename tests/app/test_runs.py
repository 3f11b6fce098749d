"""Runs in the panel, as a person uses it in a browser: compared, exported, of several people."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

from fiftyone import ViewField as F
from playwright.sync_api import expect

from tests.app.pages import BOTH_WIDTHS, App, Panel


@BOTH_WIDTHS
def test_two_runs_side_by_side(dataset, operators, open_app) -> None:
    """The numbers are those of the tags, and each part of the difference is what the grid holds."""
    operators.downsample(dataset, 12, run_key="small", strategy="stride")
    operators.downsample(dataset, 20, run_key="varied", strategy="diverse")
    small, varied = (set(dataset.match_tags(tag).values("id")) for tag in ("small", "varied"))
    app = open_app(dataset)
    panel = Panel(app)
    panel.choose("Choose from", "Run: small")
    panel.says(re.compile("Kept 12 of 80"))
    panel.choose("Compare with", "Run: varied")
    shared = len(small & varied)
    panel.says(f"Both kept {shared}")
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

    row = panel.rows_of("Difference").first  # the largest difference; of it, what only varied kept
    name, of_small, of_varied, both, gain = row.locator("td").all_inner_texts()
    members = set(dataset.match(F("signature.bucket_name") == name).values("id"))
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


def test_a_run_is_exported(dataset, operators, open_app, tmp_path) -> None:
    """The file that the form names holds what was kept; one that is there is not overwritten."""
    operators.downsample(dataset, 20)
    kept = set(zip(*dataset.match_tags("smartdownsample").values(["id", "filepath"]), strict=True))
    app = open_app(dataset)
    panel = Panel(app)

    def export(path: Path) -> None:
        path.write_text("mine", encoding="utf-8")
        panel.button("Export ...").click()
        app.dialog.get_by_text("A file on the server").click()
        field = app.dialog.get_by_role("textbox")
        expect(field).to_have_value(re.compile("/smartdownsample.*[.]csv$"))
        expect(app.dialog.get_by_text("Writes id, path and bucket of 20 samples")).to_be_visible()
        for wrong, message in (
            (path, "exists already; choose another name"),
            (tmp_path / "nowhere" / path.name, "does not exist; create it"),
            (path.with_suffix(".txt"), "must end in .csv or .json"),
        ):
            field.fill(str(wrong))
            expect(app.dialog.get_by_text(message)).to_be_visible()
            expect(app.button("Execute")).to_be_disabled()
        path.unlink()
        field.fill(str(path))
        expect(app.button("Execute")).to_be_enabled()
        app.execute()
        expect(app.page.get_by_text(f"Wrote 20 lines to {path}")).to_be_visible()
        app.button("Close").click()

    export(tmp_path / "kept.csv")
    export(tmp_path / "kept.json")
    with (tmp_path / "kept.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for written in (rows, json.loads((tmp_path / "kept.json").read_text(encoding="utf-8"))):
        assert {(row["id"], row["filepath"]) for row in written} == kept


def test_a_run_is_downloaded(dataset, operators, open_app) -> None:
    """The browser saves the list of what was kept."""
    operators.downsample(dataset, 20)
    app = open_app(dataset)
    Panel(app).button("Export ...").click()
    expect(app.dialog.get_by_text("Writes id, path and bucket of 20 samples")).to_be_visible()
    with app.page.expect_download() as downloading:
        app.execute()
    assert downloading.value.suggested_filename == "smartdownsample.csv"
    with open(downloading.value.path(), encoding="utf-8", newline="") as file:
        ids = {row["id"] for row in csv.DictReader(file)}
    assert ids == set(dataset.match_tags("smartdownsample").values("id"))


def test_two_people_on_one_dataset(dataset, operators, other_server, browser, open_app) -> None:
    """What one person tries out, the other, at a server of the same database, does not see."""
    operators.downsample(dataset, 20)
    one = Panel(open_app(dataset))
    context = browser.new_context(viewport={"width": 1280, "height": 1200})
    other = Panel(App(context.new_page(), other_server, dataset.name))
    for panel in (one, other):
        panel.says(re.compile("Kept 20 of 80 images.*saved as the run"))
    one.number.fill("33")
    one.says(re.compile("Would keep 33 of 80"))
    other.root.get_by_text("More settings").click()
    other.root.get_by_text("Look over: a few images").click()
    other.says(re.compile("Would keep 20 of 80"))
    expect(other.number).to_have_value("20")
    one.root.get_by_text("More settings").click()
    expect(one.root.get_by_label("Label or train")).to_be_checked()
    one.says(re.compile("Would keep 33 of 80"))
    context.close()
