"""A person's way through the page, in a real Chromium, against the real command."""

import os
import re
import signal
import subprocess
import sys

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytest.importorskip("waitress", reason="needs waitress")

from pages import SCRIPT, open_session, served

COMMAND = """
import signal, sys
for name in ("SIGINT", "SIGHUP"):  # a shell may have them ignored
    if hasattr(signal, name):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
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
    session.export(f"{folder}/pairs.csv")
"""


@pytest.fixture
def bars(tmp_path):
    """Return a folder of 30 images of bars, and of 30 texts that say how long."""
    from PIL import Image

    (tmp_path / "images").mkdir()
    texts = ["id,text"]
    for i in range(30):
        image = Image.new("RGB", (64, 16), "white")
        image.paste("navy", (0, 4, 2 * i + 2, 12))
        image.save(tmp_path / f"images/{i:02}.png")
        texts.append(f"t{i:02},a bar of {i + 1}")
    (tmp_path / "texts.csv").write_text("\n".join(texts), encoding="utf-8")
    return tmp_path


@pytest.fixture
def link(bars):
    """Return the link of a server that runs until its terminal closes."""
    server = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(bars), "30"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        yield re.match(r"Open (\S+)", server.stdout.readline())[1]
        server.send_signal(getattr(signal, "SIGHUP", signal.SIGINT))
        assert server.wait(timeout=300) == 0
        assert (bars / "pairs.csv").read_text("utf-8").count('"Ann"') == 9
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def answered(page, n):
    """Wait until the page says that n answers are written down."""
    page.locator("#progress", has_text=re.compile(rf"^{n} of 10 answers")).wait_for()


def heading(page):
    return page.locator("#ask").inner_text()


def test_a_round_by_keys_in_both_directions(visit, link):
    page = visit(link)
    asked = page.locator("#item > *").first
    asked.wait_for()
    assert "#" not in page.url  # the token is not left where others can read it
    assert page.evaluate("document.activeElement.id") == "ask"
    assert re.match("Which (text|image) belongs to this (image|text)[?]", heading(page))

    item = page.locator("#item").inner_text()
    page.reload()
    asked.wait_for()
    assert page.locator("#item").inner_text() == item

    page.keyboard.press("2")
    answered(page, 1)
    page.keyboard.press("0")
    answered(page, 2)
    assert "1 without partner" in page.locator("#progress").inner_text()
    page.keyboard.press("u")
    answered(page, 1)
    page.locator("#status", has_text="Taken back").wait_for()
    page.keyboard.press("s")
    page.locator("#progress", has_text="1 skipped").wait_for()

    directions, n = set(), 1
    while n < 10:  # by keys and, once in a while, the search, until the budget is spent
        page.locator("#candidates li").first.wait_for()
        directions.add(heading(page))
        if n == 3:
            page.keyboard.press("/")
            page.keyboard.type("no such words")
            page.locator("#listed", has_text="Found: none with").wait_for()
            page.keyboard.press("Escape")
            assert page.evaluate("document.activeElement.id") == "ask"
            assert page.locator("#words").input_value() == ""
            page.locator("#candidates").wait_for()
        if n in (3, 4):  # by arrows and Enter, and by the number
            page.keyboard.press("/")
            page.keyboard.type("2")
            page.locator("#found .choice").nth(1).wait_for()
            page.keyboard.press("Enter")  # of several the first gets the focus
            page.keyboard.press("ArrowUp")  # and back into the words
            assert page.evaluate("document.activeElement.id") == "words"
            page.keyboard.press("ArrowDown")
            page.keyboard.press("ArrowRight")
            focused = "document.activeElement.querySelector('kbd').textContent"
            assert page.evaluate(focused) == "2"
            page.keyboard.press("Enter" if n == 3 else "1")
        elif n == 5:  # the first candidate without a number
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
        else:
            page.keyboard.press("1")
        n += 1
        answered(page, n)
    assert directions == {
        "Which text belongs to this image?",
        "Which image belongs to this text?",
    }
    page.locator("#ask", has_text="The budget is spent.").wait_for()
    assert page.locator("#candidates").is_hidden()
    knows = page.locator("#knows").inner_text()
    assert re.search(r"among its first five in (\d|none) of 10 cases; guessing", knows)
    page.keyboard.press("u")
    answered(page, 9)
    page.locator("#candidates li").first.wait_for()


def test_names_texts_and_images_are_what_readers_and_attackers_may_see(
    visit, folder, tmp_path
):
    with open_session(folder, tmp_path / "s.skmal") as session, served(session) as link:
        page = visit(link)
        page.locator("#candidates li").first.wait_for()
        for image in page.locator("img").all():
            assert re.fullmatch(r"image \d\d\.png", image.get_attribute("alt"))
        n = 0  # skipped so far
        while "Which image" in heading(page):
            n += 1
            page.keyboard.press("s")
            page.locator("#progress", has_text=f" {n} skipped").wait_for()
        page.locator("#words").fill("script")
        found = page.locator("#found .choice")
        found.first.wait_for()
        assert SCRIPT in found.first.inner_text()
        assert page.title() == "skmal annotate"
        unnamed = page.evaluate(
            "[...document.querySelectorAll('button, input')].filter(e => "
            "e.offsetParent && !e.innerText && !e.ariaLabel && "
            "!(e.labels && e.labels.length)).length"
        )
        assert unnamed == 0
        session.wait()


def test_the_page_without_its_token_shows_nothing(visit, session):
    with served(session) as link:
        page = visit(link)
        page.locator("#candidates li").first.wait_for()
        page.evaluate("sessionStorage.clear()")
        page.goto(link.partition("#")[0])
        page.locator("#error", has_text="open the printed link").wait_for()
        assert page.locator("#item > *").count() == 0
