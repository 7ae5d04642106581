"""A real browser, for what people see."""

import shutil

import pytest

CHROMIUMS = "chromium", "chromium-headless-shell", "chromium-browser", "google-chrome"


@pytest.fixture(scope="session")
def browser():
    """Return a real Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if chromium is None:
        pytest.skip(f"none of {', '.join(CHROMIUMS)} is on the PATH")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()
