"""What a person does in the App, in a real browser. Every wait is for something to appear."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from playwright.sync_api import Locator, Page, Request, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

#: The App draws with the CPU here, and shares it with the server.
PATIENCE_MS = 120_000

#: After how long a person presses a button again that has done nothing.
REPRESS_MS = 10_000

#: Of a window, in pixels. Much of what a person sees of a form or the panel is seen in a wide one.
WINDOW = {"width": 1280, "height": 1200}
_WIDE = {"width": 1920, "height": 1200}


def _executes(request: Request) -> bool:
    """Whether an operator is executed, other than the panel's methods, which run all the time."""
    return "/operators/execute" in request.url and "__method__" not in (request.post_data or "")


def bucket_ids(dataset: Any, name: str) -> set[str]:
    """Returns the ids of the samples in a bucket."""
    from fiftyone import ViewField as F  # not above: it reads its settings when it is imported

    return set(dataset.match(F("signature.bucket_name") == name).values("id"))


class App:
    """The App on one dataset.

    Args:
        page: of a browser
        url: of the server
        dataset: name of the dataset
    """

    def __init__(self, page: Page, url: str, dataset: str) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        # A fresh profile is shown a pop-up over the grid.
        page.add_init_script("localStorage.setItem('fiftyone-enterprise-tooltip-seen', 'true')")
        page.goto(f"{url}/datasets/{dataset}", wait_until="domcontentloaded")
        self.tiles.first.wait_for()

    @property
    def tiles(self) -> Locator:
        """The thumbnails in the grid."""
        return self.page.locator("[data-cy=looker]")

    @property
    def count(self) -> Locator:
        """How many samples the grid says that it has."""
        return self.page.locator("[data-cy=entry-counts]")

    @property
    def view_name(self) -> Locator:
        """The name of the saved view that is selected, above the sidebar."""
        return self.page.get_by_role("combobox").get_by_role("paragraph").first

    @property
    def dialog(self) -> Locator:
        """An operator's form or output."""
        return self.page.get_by_role("dialog")

    def button(self, name: str) -> Locator:
        """A button outside the panel."""
        return self.page.get_by_role("button", name=name, exact=True)

    def execute(self) -> None:
        """Executes the operator whose form is open.

        The App loses a press while it draws its page anew, as after a run; a person presses again.
        """
        button = self.button("Execute")
        button.wait_for()
        while button.is_visible():
            with (
                suppress(PlaywrightTimeout),
                self.page.expect_request(_executes, timeout=REPRESS_MS),
            ):
                button.click(timeout=REPRESS_MS)
                return

    def keep(self, number: int, forecast: str, written: str) -> None:
        """Fills in the form of a run, reads the forecast, executes, and reads what was written."""
        self.dialog.get_by_role("textbox").first.fill(str(number))
        expect(self.page.get_by_text(forecast)).to_be_visible()
        self.execute()
        expect(self.page.get_by_text(written)).to_be_visible()
        self.button("Done").click()

    def widen(self) -> None:
        """Makes the window wide, and goes on in it."""
        self.page.set_viewport_size(_WIDE)  # type: ignore[arg-type]

    def run_operator(self, label: str) -> None:
        """Opens the form of an operator by the operator browser."""
        self.page.keyboard.press("Backquote")
        self.page.get_by_placeholder("Search operations by name...").fill(label)
        self.page.get_by_text(label, exact=True).last.click()

    def shown_ids(self, count: int) -> set[str]:
        """Waits until the grid holds ``count`` samples; returns the ids that it shows."""
        expect(self.count).to_have_text(re.compile(rf"^{count:,} samples?$"))
        box = self.page.locator("[data-cy=checkbox-id] input")
        if not box.is_checked():
            self.page.locator("[data-cy=checkbox-id]").click()
        expect(self.tiles).to_have_count(count)
        tags = self.tiles.locator("[data-cy=tag-id]")
        expect(tags).to_have_count(count)
        return {text.strip() for text in tags.all_inner_texts()}


class Panel:
    """Our panel in the App."""

    ROOT = "[data-cy=panel-content-smart_downsample]"

    def __init__(self, app: App) -> None:
        self.app = app
        app.page.locator("[data-cy=new-panel-btn]").first.click()
        app.page.get_by_text("Smart Downsample", exact=True).first.click()
        self.root = app.page.locator(self.ROOT)
        self.root.get_by_text("Choose from").wait_for()

    @property
    def number(self) -> Locator:
        """The number of images to keep."""
        return self.root.locator("input[type=number]").first

    @property
    def slider(self) -> Locator:
        """The slider of the number."""
        return self.root.locator("input[type=range]")

    @property
    def bars(self) -> Locator:
        """The bars of the chart, the kept ones first."""
        return self.root.locator(".js-plotly-plot .bars path")

    @property
    def rows(self) -> Locator:
        """The rows of the table."""
        return self.root.locator("tbody tr")

    def open_run(self, key: str) -> None:
        """Chooses a run of all samples, and waits until panel and grid show it."""
        self.choose("Choose from", f"Run: {key}")
        headline = self.root.get_by_text(re.compile(f"Kept .* saved as the run {key}")).first
        expect(headline).to_be_visible()
        total = re.search("of ([0-9,]+)", headline.inner_text())
        assert total, "the headline has no total"
        self.button("All").click()
        expect(self.app.count).to_have_text(f"{total[1]} samples")

    def rows_of(self, header: str) -> Locator:
        """The rows of the table that has a column of this name."""
        column = self.app.page.get_by_role("columnheader", name=header, exact=True)
        return self.root.locator("table").filter(has=column).locator("tbody tr")

    def chart(self) -> list[list[int]]:
        """Heights of the chart's bars: one list per series, in the order of the buckets."""
        heights: list[list[int]] = self.root.locator(".js-plotly-plot").evaluate(
            "plot => plot.data.map(trace => trace.y)"
        )
        return heights

    def button(self, name: str) -> Locator:
        """A button of the panel."""
        return self.root.get_by_role("button", name=name, exact=True)

    def choose(self, label: str, choice: str) -> None:
        """Chooses from a list of the first row."""
        place = ["Choose from", "Compare with"].index(label)
        self.root.get_by_role("combobox").nth(place).click()
        self.app.page.get_by_role("option", name=choice, exact=True).click()

    def show_settings(self) -> None:
        """Unfolds the settings, if they are folded."""
        if not self.root.get_by_text("Random seed").count():
            self.root.get_by_text("More settings").click()

    def show_all_rows(self) -> None:
        """Unfolds the table, if it is folded."""
        if (unfold := self.root.get_by_role("button", name="Show all")).count():
            unfold.click()
            self.root.get_by_role("button", name="Show only").wait_for()

    def says(self, text: str | re.Pattern[str]) -> None:
        """Waits until the panel says something."""
        expect(self.root.get_by_text(text).first).to_be_visible()

    def expect_kept(self, target: int) -> None:
        """Waits until table and chart show that many kept images."""
        self.show_all_rows()
        self.app.page.wait_for_function(
            """([root, target]) => {
              const sum = numbers => numbers.reduce((a, b) => a + b, 0);
              const panel = document.querySelector(root);
              const column = [...panel.querySelectorAll('tbody tr td:nth-child(4)')];
              const [kept] = panel.querySelector('.js-plotly-plot').data;
              return sum(column.map(cell => +cell.innerText.replace(',', ''))) === target
                && sum(kept.y) === target;
            }""",
            arg=[self.ROOT, target],
        )

    def drag_to(self, share: float) -> None:
        """Drags the slider to a share of its length."""
        thumb = self.root.locator(".MuiSlider-thumb").bounding_box()
        rail = self.root.locator(".MuiSlider-rail").bounding_box()
        assert thumb, "there is no slider"
        assert rail, "there is no slider"
        mouse = self.app.page.mouse
        y = thumb["y"] + thumb["height"] / 2
        mouse.move(thumb["x"] + thumb["width"] / 2, y)
        mouse.down()
        mouse.move(rail["x"] + share * rail["width"], y, steps=5)
        mouse.up()
