"""Fixtures of the tests in a real browser: the App's real server, Chromium, a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.app.browser import ARGUMENTS, ensure_browser
from tests.app.pages import WINDOW, App
from tests.plugin.conftest import (  # noqa: F401 (fixtures)
    dataset,
    images,
    make_dataset,
    operators,
    own_images,
    serve,
    server,
    signed_images,
    two_videos,
    videos,
)

_FAILURES = Path(__file__).parents[2] / ".test-failures"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium.

    Not for the whole session: as long as Playwright is there an event loop runs, and FiftyOne's
    operators then return tasks, which the other tests do not expect.
    """
    command = ensure_browser()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=command, args=[*ARGUMENTS])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a fresh profile."""
    context = browser.new_context(viewport=WINDOW)
    yield context.new_page()
    context.close()


@pytest.fixture
def open_app(page: Page, server: str) -> Callable[[Any], App]:  # noqa: F811 (a fixture)
    """``open_app(dataset)``: the App in the browser."""
    return lambda opened: App(page, server, opened.name)


@pytest.fixture
def objects(
    make_dataset: Callable[[list[Any]], Any],  # noqa: F811 (a fixture)
    images: list[str],  # noqa: F811 (a fixture)
) -> Any:
    """A dataset of 20 images with two animals each."""
    import fiftyone as fo  # not above: it reads its settings when it is imported

    boxes = ([0.1, 0.1, 0.4, 0.5], [0.4, 0.3, 0.5, 0.6])
    return make_dataset(
        [
            fo.Sample(
                path,
                animals=fo.Detections(
                    detections=[fo.Detection(label="deer", bounding_box=list(b)) for b in boxes]
                ),
            )
            for path in images[:20]
        ]
    )


@pytest.fixture
def other_server() -> Iterator[str]:
    """The base URL of a second server on the same database, as another person would start one.

    Browsers of one server are one session: FiftyOne shows the same workspace in all of them.
    """
    with serve() as url:
        yield url


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
    """Leaves a picture of each open page behind if a test fails."""
    report = yield
    if report.when == "call" and report.failed:
        _FAILURES.mkdir(exist_ok=True)
        contexts = item.funcargs["browser"].contexts  # type: ignore[attr-defined]
        for number, page in enumerate(page for context in contexts for page in context.pages):
            name = re.sub(r"[^\w.-]+", "_", item.name)
            page.screenshot(path=_FAILURES / f"{name}-{number}.png")
    return report
