"""How long a person waits for the panel: ``python -m benchmarks.panel --browser [--largest N]``.

In headless Chromium with the App's real server, with image files and random signatures. Each time
begins with the press or at the end of typing, and ends when the browser has drawn the answer:

- *first opening*: from the press on *Smart Downsample* to the chart, by a server that has just
  started: it reads the signatures, and ranks a tenth
- *opening*: likewise, once the server has done so
- *typing*: from a number to its headline and another sheet of small pictures
- *bar*: from a click on a bar to its bucket in the panel
- *grid*: and to its samples in the grid, which the App asks for, and draws, by itself
- *tile*: from the selection of a left-out image to the explanation with two pictures
- *hand edit*: from a press on *Swap* to the run with the other image
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import requests

from demo.bursts import make_bursts
from demo.database import free_port
from demo.photos import load_photos

from .order import synthetic_paths
from .synthetic import unsigned, write_signatures
from .table import print_table

_PANEL = "[data-cy=panel-content-smart_downsample]"
_HEADER = (
    "samples",
    "first opening s",
    "opening s",
    "typing s",
    "bar s",
    "grid s",
    "tile s",
    "hand edit s",
)
_N_FILES = 200
_PATIENCE_MS = 600_000

#: How long a person looks at one bucket before the click on the next: a click while the App is
#: still drawing is lost.
_LOOK_MS = 2_000

#: Whether the panel says a text, and whether the grid says another, if one is given.
_SAYS = """([panel, text, count]) =>
  document.querySelector(panel)?.innerText.includes(text)
  && (!count || document.querySelector('[data-cy=entry-counts]')?.innerText === count)"""

#: Whether the panel says what would be kept, and shows the sheet of that.
_FOLLOWS = """([panel, says, caption]) => {
  const text = document.querySelector(panel)?.innerText || '';
  const images = [...document.querySelectorAll(`${panel} img`)];
  return text.includes(says) && text.includes(caption)
    && images.every(image => image.complete && image.naturalWidth);
}"""


def measure(sizes: list[int], folder: Path) -> None:
    """Prints a row per size."""
    import fiftyone.operators as foo
    from playwright.sync_api import sync_playwright

    from tests.app.browser import ARGUMENTS, ensure_browser

    def visit(url: str, act: Callable[[Any, str], Iterator[float]]) -> list[float]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=ensure_browser(), args=[*ARGUMENTS]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 1100})
            page.set_default_timeout(_PATIENCE_MS)
            page.add_init_script("localStorage.setItem('fiftyone-enterprise-tooltip-seen', 'true')")
            seconds = [*act(page, url)]
            browser.close()
        return seconds

    rows = []
    for size in sizes:
        dataset = _signed(size, folder / f"images {size}")
        seconds = []
        with _serve() as url:
            seconds += visit(f"{url}/datasets/{dataset.name}", partial(_before_a_run, size=size))
        run = foo.get_operator("@smartdownsample/smartdownsample/downsample")
        run(dataset, size // 10, fixed_cameras="none")  # the files, unlike the signatures, repeat
        dataset.reload()
        with _serve() as url:
            seconds += visit(f"{url}/datasets/{dataset.name}", partial(_of_a_run, dataset=dataset))
        rows.append([f"{size:,}", *(f"{value:.2f}" for value in seconds)])
    print_table(_HEADER, rows)


def _signed(size: int, folder: Path) -> Any:
    """Returns a dataset of links to a few images, with random signatures."""
    frames = make_bursts(load_photos(), folder / "originals", _N_FILES)
    for number, path in enumerate(synthetic_paths(size)):
        link = Path(f"{folder}{path}")
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(frames[number % _N_FILES].path, link)
    dataset, target = unsigned(size, folder)
    write_signatures(dataset, target)
    return dataset


@contextmanager
def _serve() -> Iterator[str]:
    """Runs the App's server; not by ``fo.launch_app``, whose session has a dataset of its own."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "fiftyone.server.main", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--address", "127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _answers(url):
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/fiftyone", timeout=60).ok
    except requests.ConnectionError:
        return False


def _timed(act: Callable[[], object], page: Any, condition: str, arg: Any) -> float:
    """Returns the seconds from the end of an act until the browser has drawn what it leads to."""
    act()
    start = time.perf_counter()
    page.wait_for_function(condition, arg=arg)
    page.evaluate("() => new Promise(drawn => requestAnimationFrame(drawn))")
    return time.perf_counter() - start


def _open(page: Any, url: str) -> float:
    page.goto(url, wait_until="domcontentloaded")
    page.locator("[data-cy=looker]").first.wait_for()
    tab = page.locator("[data-cy^=panel-tab-smart]")
    if tab.count():  # the server remembers that it was open
        tab.first.click(button="middle")
        tab.first.wait_for(state="detached")
    page.locator("[data-cy=new-panel-btn]").first.click()
    entry = page.get_by_text("Smart Downsample", exact=True).first
    drawn = "panel => document.querySelector(`${panel} .js-plotly-plot .bars path`)"
    return _timed(entry.click, page, drawn, _PANEL)


def _before_a_run(page: Any, url: str, size: int) -> Iterator[float]:
    yield _open(page, url)
    yield _open(page, url)
    root = page.locator(_PANEL)
    number = root.locator("input[type=number]").first
    seconds = []
    for share in (0.05, 0.02, 0.5, 0.03, 0.01):
        target = int(size * share)
        arg = [_PANEL, f"Would keep {target:,} of {size:,}", f"of {target:,} kept"]
        act = partial(number.fill, str(target))
        seconds.append(_timed(act, page, _FOLLOWS, arg))
    yield statistics.median(seconds)
    texts = root.locator(".js-plotly-plot").first.evaluate("plot => plot.data[0].text")
    bars = root.locator(".js-plotly-plot").first.locator(".bars path")
    panel, grid = [], []
    for place in (0, 3, 1, 5, 2):
        n = texts[place].split("<br>")[1].split()[0]
        bar = bars.nth(len(texts) + place)
        page.wait_for_timeout(_LOOK_MS)
        says = f"Bucket {place + 1} of"
        panel.append(_timed(partial(bar.click, force=True), page, _SAYS, [_PANEL, says, ""]))
        more = _timed(lambda: None, page, _SAYS, [_PANEL, says, f"{n} samples"])
        grid.append(panel[-1] + more)
    yield statistics.median(panel)
    yield statistics.median(grid)


def _of_a_run(page: Any, url: str, dataset: Any) -> Iterator[float]:
    _open(page, url)
    page.wait_for_function(_SAYS, arg=[_PANEL, "saved as the run", ""])
    choices = dataset.limit(50).values("smartdownsample_choice")
    tiles = page.locator("[data-cy=looker]")
    places = [place for place, choice in enumerate(choices) if choice == "excluded"][:3]
    seconds = []
    for place in places:
        tiles.nth(place).hover()
        box = tiles.nth(place).locator("input[type=checkbox]")
        arg = [_PANEL, "and stands for it", ""]
        seconds.append(_timed(partial(box.evaluate, "box => box.click()"), page, _SAYS, arg))
        if place != places[-1]:
            box.evaluate("box => box.click()")
            gone = "panel => !document.querySelector(panel).innerText.includes('stands for it')"
            page.wait_for_function(gone, arg=_PANEL)
    yield statistics.median(seconds)
    swap = page.get_by_role("button", name="Swap: keep this one instead", exact=True)
    yield _timed(swap.click, page, _SAYS, [_PANEL, "added by hand: 1", ""])
