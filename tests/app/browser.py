"""A Chromium for Playwright: ``python -m tests.app.browser`` finds or installs one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

#: Headless and sandboxed in a container or by root, and no talk with servers of its own.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """Returns the Chromium on the PATH, else Playwright's own, else None."""
    from playwright.sync_api import sync_playwright

    for command in _COMMANDS:
        if found := shutil.which(command):
            return found
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if os.path.exists(own) else None


def ensure_browser() -> str:
    """Returns a browser, which is installed if there is none.

    Raises:
        RuntimeError: if there is none and none can be installed; says what to do
    """
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        attempts.append(["apt-get", "install", "--yes", "--no-install-recommends", "chromium"])
    for attempt in attempts:
        if found := find_browser():
            return found
        print("No browser found; trying:", *attempt, flush=True)
        subprocess.run(attempt, check=False)
    if found := find_browser():
        return found
    raise RuntimeError(
        "the tests of the App need Chromium: install it (Debian, Ubuntu: apt install chromium), "
        "or run: python -m playwright install --with-deps chromium"
    )


if __name__ == "__main__":
    try:
        print("Browser:", ensure_browser())
    except RuntimeError as error:
        sys.exit(f"error: {error}")
