"""Runs in the panel, as a person uses it in a browser: exported, of several people."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.app.pages import App, Panel


def test_a_run_is_exported(dataset, operators, open_app, tmp_path) -> None:
    """The file that the form names holds what was kept; one that is there is not overwritten.

    Without a name, the browser saves it.
    """
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

    panel.button("Export ...").click()
    expect(app.dialog.get_by_text("Writes id, path and bucket of 20 samples")).to_be_visible()
    with app.page.expect_download() as downloading:
        app.execute()
    assert downloading.value.suggested_filename == "smartdownsample.csv"
    with open(downloading.value.path(), encoding="utf-8", newline="") as file:
        assert {(row["id"], row["filepath"]) for row in csv.DictReader(file)} == kept


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
