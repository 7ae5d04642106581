"""A person's way through the page, in a real Chromium, against the real command."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytest.importorskip("waitress", reason="needs waitress")

NAMES = "chromium", "chromium-headless-shell", "chromium-browser", "google-chrome"
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
if CHROMIUM is None:
    pytest.skip(f"none of {', '.join(NAMES)} is on the PATH", allow_module_level=True)

SCRIPT = "<script>document.title = 'taken over'</script>"
COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
from skmal.annotation import serve
from skmal import AnnotationSession, PairedActiveLearner
import numpy as np
folder, n = sys.argv[1], int(sys.argv[2])
eyes = np.random.default_rng(0).normal(size=(n, 6))
with AnnotationSession(
    f"{folder}/s.skmal", f"{folder}/images", f"{folder}/texts.csv",
    PairedActiveLearner(batch_size=4, random_state=0), features=(eyes, eyes),
    training="background", n_candidates=5, budget=10,
) as session:
    serve(session, port=0, by="Ann")
    session.export_csv(f"{folder}/pairs.csv")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder of 30 images of bars, and of 30 texts that say how long."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pools")
    (folder / "images").mkdir()
    texts = ["id,text"]
    for i in range(30):
        image = Image.new("RGB", (64, 16), "white")
        image.paste("navy", (0, 4, 2 * i + 2, 12))
        image.save(folder / f"images/{i:02}.png")
        texts.append(f"t{i:02},a bar of {i + 1} {SCRIPT}")
    (folder / "texts.csv").write_text("\n".join(texts), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def link(folder):
    """Return the link of a server that runs until Ctrl-C, as printed."""
    server = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(folder), "30"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        yield re.match(r"Open (\S+)", server.stdout.readline())[1]
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=300) == 0
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser, link):
    """Return the page, watched for errors and for requests to anywhere else."""
    page = browser.new_page()
    page.set_default_timeout(120_000)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url))
    page.goto(link)
    yield page
    page.close()
    own = (link.partition("#")[0], "blob:")
    assert [problem for problem in problems if not problem.startswith(own)] == []


def answered(page, n):
    """Wait until the page says that n answers are written down."""
    page.locator("#progress", has_text=re.compile(rf"^{n} answers?\b")).wait_for()


def heading(page):
    return page.locator("h2").inner_text()


def test_a_round_by_keys_in_both_directions(page, folder):
    page.locator("#asked").wait_for()
    assert "#" not in page.url  # the token is not left where others can read it
    assert page.evaluate("document.activeElement.id") == "ask"
    assert re.match("Which (text|image) belongs to this (image|text)[?]", heading(page))

    asked = page.locator("#item").inner_text()
    page.reload()
    page.locator("#asked").wait_for()
    assert page.locator("#item").inner_text() == asked

    page.keyboard.press("2")
    answered(page, 1)
    page.keyboard.press("0")
    answered(page, 2)
    assert "1 without partner" in page.locator("#progress").inner_text()
    page.keyboard.press("u")
    answered(page, 1)
    assert "Taken back" in page.locator("#status").inner_text()
    page.keyboard.press("s")
    page.locator("#progress", has_text="1 skipped").wait_for()

    directions, n = set(), 1
    while n < 10:  # by keys and, once in a while, the search, until the budget is spent
        page.locator("#asked").wait_for()
        directions.add(heading(page))
        if n == 3:
            page.keyboard.press("/")
            page.keyboard.type("no such words")
            page.locator("#status", has_text="0 found").wait_for()
            page.keyboard.press("Escape")
            assert page.evaluate("document.activeElement.id") == "ask"
        if n in (3, 4):
            page.locator("#words").fill("2")
            page.locator("#found button").first.wait_for()
            page.locator("#found button").last.focus()
            page.keyboard.press("Enter")
        else:
            page.keyboard.press("1")
        n += 1
        answered(page, n)
    assert directions == {
        "Which text belongs to this image?",
        "Which image belongs to this text?",
    }
    page.locator("h2", has_text="The budget is spent.").wait_for()
    page.locator("#curve").wait_for()
    assert "% now" in page.locator("figcaption").inner_text()
    assert page.locator("#asked").is_hidden()
    page.keyboard.press("u")
    answered(page, 9)
    page.locator("#asked").wait_for()


def test_names_texts_and_images_are_what_readers_and_attackers_may_see(page, folder):
    page.locator("#asked").wait_for()
    for image in page.locator("img").all():
        assert re.fullmatch(r"image \d\d\.png", image.get_attribute("alt"))
    n = 1  # skipped so far
    while "Which image" in heading(page):
        n += 1
        page.keyboard.press("s")
        page.locator("#progress", has_text=f" {n} skipped").wait_for()
    page.locator("#words").fill("script")
    found = page.locator("#found button")
    found.first.wait_for()
    assert SCRIPT in found.first.inner_text()
    assert page.title() == "skmal annotate"
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input')].filter(e => e.offsetParent && "
        "!e.innerText && !(e.labels && e.labels.length)).length"
    )
    assert unnamed == 0


def test_the_page_without_its_token_shows_nothing(page, link):
    page.evaluate("sessionStorage.clear()")
    page.goto(link.partition("#")[0])
    page.locator("#error", has_text="open the printed link").wait_for()
    assert page.locator("#asked").is_hidden()
