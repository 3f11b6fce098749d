"""``python -m tests.app.screenshots``: the README's pictures, of the demo dataset, into assets/."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, expect, sync_playwright

from demo import __main__ as demo
from demo.database import free_port

from .browser import ARGUMENTS, ensure_browser
from .pages import App, Panel

_ASSETS = Path(__file__).parents[2] / "assets"
_TOP = 770
_FEW = 24  # of the demo's scenes, several show the same thing
_RANK = 13  # of the image whose picture says why others were left out: a cat
_DRAWN = """() => {
  const tiles = [...document.querySelectorAll('[data-cy=looker]')];
  return tiles.every(tile => tile.querySelector('canvas[canvas-loaded=true]'));
}"""
_TITLE = "[data-cy='tag-smartdownsample_bucket']"  # what a tile says of its bucket


def main() -> None:
    """Builds the demo dataset, serves it, takes the pictures."""
    images = demo.generate_images()
    demo.configure_fiftyone()
    dataset = demo.build_dataset(images)
    import fiftyone as fo

    port = free_port()
    session = fo.launch_app(dataset, remote=True, address="127.0.0.1", port=port)
    url = f"http://127.0.0.1:{port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=ensure_browser(), args=[*ARGUMENTS])
        _form(App(_page(browser, height=800), url, dataset.name))
        _run(dataset)
        session.color_scheme = dataset.app_config.color_scheme  # it was read before the runs
        _kept(App(_page(browser), url, dataset.name))
        _charts(dataset)
        _buckets(App(_page(browser), url, dataset.name))
        session.view = _alike(dataset)
        _why(App(_page(browser), url, dataset.name))
        session.view = None
        _panel(App(_page(browser, height=1080), url, dataset.name))
        _compare(App(_page(browser, height=1080), url, dataset.name))
        browser.close()
    session.close()


def _page(browser: Browser, height: int = 900):
    return browser.new_page(viewport={"width": 1440, "height": height})


def _form(app: App) -> None:
    app.page.locator("[title='Smart downsample'], img[src*='icon.svg']").first.click()
    app.page.get_by_text(re.compile("Keeps .* samples")).wait_for()
    expect(app.button("Execute")).to_be_enabled()
    expect(app.page.get_by_text("Required property")).to_have_count(0)
    _save(app, "form")
    app.page.close()


def _run(dataset) -> None:
    import fiftyone.operators as foo

    foo.get_operator(demo.OPERATOR)(dataset, target_count=_FEW)
    _arrange(dataset)


def _arrange(dataset) -> None:
    import fiftyone.operators as foo

    foo.get_operator(demo.OPERATOR.replace("downsample/downsample", "downsample/arrange_app"))(
        dataset
    )


def _charts(dataset) -> None:
    charts = {name: _ASSETS / f"{name}.png" for name in ("distribution", "thumbnails")}
    for path in charts.values():
        path.unlink(missing_ok=True)
    demo.downsample(
        dataset, demo.N_KEPT, **{f"save_{name}": str(path) for name, path in charts.items()}
    )
    _arrange(dataset)
    for path in charts.values():
        with Image.open(path) as picture:  # of the thumbnails the README shows the top
            top = picture.crop((0, 0, picture.width, min(picture.height, _TOP)))
        _shrink(top, path)


def _panel(app: App) -> None:
    panel = Panel(app)
    panel.choose("Choose from", "Run: smartdownsample")
    panel.says("saved as the run smartdownsample")
    size = panel.rows.nth(6).locator("td").nth(2).inner_text()
    panel.rows.nth(6).click()
    panel.says(re.compile("Bucket 7 of"))
    expect(app.count).to_have_text(f"{size} samples")
    _settled(app, app.tiles.nth(8))
    panel.root.get_by_text("Choose from").scroll_into_view_if_needed()
    panel.bars.nth(6).hover(force=True)
    app.page.locator(".hoverlayer .hovertext").first.wait_for()
    _save(app, "panel")
    app.page.close()


def _compare(app: App) -> None:
    panel = Panel(app)
    panel.choose("Choose from", "Run: stride")
    panel.says("saved as the run stride")
    panel.choose("Compare with", "Run: smartdownsample")
    panel.says(re.compile("Both kept"))
    only = panel.root.get_by_role("button", name=re.compile("Only by smartdownsample"))
    count = re.search(r"\((.*)\)", only.inner_text())[1]
    only.click()
    expect(app.count).to_have_text(f"{count} samples")
    _, _, of_b, both, _ = panel.rows_of("Difference").nth(0).locator("td").all_inner_texts()
    panel.rows_of("Difference").nth(0).click()
    panel.says(re.compile("In the grid:"))
    expect(app.tiles).to_have_count(int(of_b) - int(both))
    _settled(app, app.tiles.last)
    panel.root.get_by_text("Choose from").scroll_into_view_if_needed()
    _save(app, "compare")
    app.page.close()


def _kept(app: App) -> None:
    _choose_view(app, "smartdownsample kept", f"{_FEW} samples")
    _settled(app, app.tiles.locator(_TITLE).nth(8))
    _save(app, "app")
    app.page.close()


def _alike(dataset):
    """Returns what one kept image stands for, the least similar first."""
    kept = dataset.values(["smartdownsample_rank", "id"])
    (one,) = (sample_id for rank, sample_id in zip(*kept, strict=True) if rank == _RANK)
    alike = dataset.match({"smartdownsample_kept_by": one})
    return alike.sort_by("smartdownsample_distance", reverse=True)


def _why(app: App) -> None:
    """Of the first image in the grid."""
    panel = Panel(app)
    panel.choose("Choose from", "Run: smartdownsample")
    panel.says("saved as the run smartdownsample")
    tile = app.tiles.first
    tile.hover()
    tile.locator("input[type=checkbox]").evaluate("box => box.click()")
    text = panel.root.get_by_text("and stands for it, at a distance of")
    expect(text).to_be_visible()
    text.scroll_into_view_if_needed()
    _settled(app, app.tiles.nth(4))
    _save(app, "why")
    app.page.close()


def _buckets(app: App) -> None:
    _choose_view(app, "smartdownsample buckets", re.compile("groups$"))
    _settled(app, app.tiles.locator(_TITLE).nth(8))
    _save(app, "buckets")
    app.page.close()


def _choose_view(app: App, name: str, count: str | re.Pattern[str]) -> None:
    app.page.locator("[data-cy=saved-views-selection]").click()
    app.page.get_by_text(name, exact=True).last.click()
    expect(app.count).to_have_text(count)


def _settled(app: App, last: Locator) -> None:
    """Waits until the grid has drawn its thumbnails."""
    expect(last).to_be_visible()
    app.page.wait_for_function(_DRAWN)


def _save(app: App, name: str) -> None:
    path = _ASSETS / f"{name}.png"
    app.page.screenshot(path=path)
    with Image.open(path) as picture:
        picture.load()
    _shrink(picture, path)
    print(path, flush=True)


def _shrink(picture: Image.Image, path: Path) -> None:
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
