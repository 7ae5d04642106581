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
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--renderer-process-limit=1"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(browser):
    """Return where pages open fast: in the process of one that stays open."""
    context = browser.new_context()
    page = context.new_page()
    page.route("http://127.0.0.1/", lambda route: route.fulfill(body=""))
    page.goto("http://127.0.0.1/")
    return context
