"""A real browser, headless: Debian's Chromium, driven by Playwright."""

from contextlib import contextmanager

from tests.required import missing, program

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium(*arguments):
    """Start the browser; what it has for a profile is gone with it."""
    path = program("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        missing("no playwright in this environment")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_QUIET, *arguments])
        yield browser
        browser.close()
