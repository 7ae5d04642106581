"""Pictures of the page for the docs, in each of its states, in a real Chromium.

    python benchmarks/screenshots.py docs/images

Glyphs and their names, and two people who know most partners and have answered two
hundred questions before, a fifth of them both. It takes the Chromium on the PATH, and
playwright.
"""

import queue
import random
import shutil
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from skmal import AnnotationSession, PairedActiveLearner, RandomSampling
from skmal.annotation.page._serve import serve
from skmal.datasets import load_glyphs

NAMES = "chromium", "chromium-headless-shell", "chromium-browser", "google-chrome"
N, N_ANSWERS = 900, 200
STORY = "image-to-text", "text-to-image", "verify", "review"
LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}


def photograph(page: Page, path: Path) -> None:
    """Save what a page shows once all its pictures are there."""
    page.wait_for_timeout(1500)
    page.screenshot(path=path)
    few = Image.open(path).convert("RGB").quantize(64)
    few.save(path, optimize=True)


def reach(page: Page, words: str) -> None:
    """Skip until a question begins with these words."""
    while True:
        page.locator("#candidates li").first.wait_for()
        if page.locator("#ask").inner_text().startswith(words):
            return
        item = page.locator("#item").inner_text()
        page.keyboard.press("s")
        page.wait_for_function(
            "before => document.getElementById('item').innerText !== before", arg=item
        )


def search(page: Page, words: str) -> None:
    """Type words into the search."""
    page.keyboard.press("/")
    page.keyboard.type(words)
    page.locator("#found li").first.wait_for()


def take(link: str, folder: Path, end_budget: Callable[[], None]) -> None:
    """Photograph every state."""
    with sync_playwright() as p:
        path = next(filter(None, map(shutil.which, NAMES)))
        browser = p.chromium.launch(executable_path=path, args=["--no-sandbox"])
        phone = browser.new_page(viewport=PHONE)
        laptop = browser.new_page(viewport=LAPTOP)
        for page in (phone, laptop):
            page.set_default_timeout(300_000)  # of a machine that is busy
        for page, name in ((laptop, "review"), (phone, "review-phone")):
            page.goto(link.replace("/#", "/review#"))
            page.locator(".reply").first.wait_for()
            photograph(page, folder / f"annotate-{name}.png")
        for page, name in ((laptop, "verify"), (phone, "verify-phone")):
            page.goto(link.replace("/#", "/verify#"))
            page.locator("#pairs li").first.wait_for()
            page.keyboard.press("g")
            page.locator("#pairs.several li").nth(8).wait_for()
            photograph(page, folder / f"annotate-{name}.png")
        phone.goto(link)
        laptop.goto(link)
        for words, name in (
            ("Which text", "image-to-text"),
            ("Which image", "text-to-image"),
        ):
            reach(laptop, words)
            photograph(laptop, folder / f"annotate-{name}.png")
            phone.reload()  # the same person, and so the same question
            phone.locator("#candidates li").first.wait_for()
            photograph(phone, folder / f"annotate-{name}-phone.png")
            search(laptop, "4" if words == "Which image" else "greek let")
            photograph(laptop, folder / f"annotate-{name}-search.png")
            laptop.keyboard.press("Escape")
        laptop.keyboard.press("Shift+Digit1")
        photograph(laptop, folder / "annotate-enlarged.png")
        laptop.keyboard.press("Escape")
        end_budget()
        laptop.keyboard.press("s")
        laptop.locator("#ask", has_text="The budget is spent").wait_for()
        photograph(laptop, folder / "annotate-spent.png")
        laptop.locator("#finish").click()
        photograph(laptop, folder / "annotate-finish.png")
        laptop.locator("#yes").click()
        laptop.locator("#made").wait_for()
        photograph(laptop, folder / "annotate-finished.png")
        browser.close()


def strip(folder: Path) -> None:
    """Put four of the pictures beside each other, for the README: `story.png`."""
    width, height, gap = 680, 382, 12
    story = Image.new("RGB", (2 * width + gap, 2 * height + gap), "#888888")
    for place, name in enumerate(STORY):
        picture = Image.open(folder / f"annotate-{name}.png").convert("RGB")
        small = picture.resize((width, height), Image.Resampling.LANCZOS)
        story.paste(small, (place % 2 * (width + gap), place // 2 * (height + gap)))
    story.quantize(64).save(folder / "story.png", optimize=True)


def main(folder: Path) -> None:
    """Answer, serve, and photograph."""
    glyphs, features = load_glyphs(), load_glyphs(features=True)
    images = {f"{c:04x}": glyphs.images[i] for i, c in enumerate(glyphs.code_point[:N])}
    images = {key: 255 - image for key, image in images.items()}  # black on white
    links: queue.Queue[str] = queue.Queue()
    webbrowser.open = links.put  # the link, as `serve` would open it
    with (
        tempfile.TemporaryDirectory() as work,
        AnnotationSession(
            Path(work) / "s.skmal",
            images,
            dict(zip(images, glyphs.names[:N], strict=True)),
            PairedActiveLearner(
                query_strategy=RandomSampling(), batch_size=10, random_state=0
            ),
            features=(features.X[:N], features.y[:N]),
            training="background",
            budget=500,
            overlap=0.2,
            audit=0.2,
        ) as session,
    ):
        rng = random.Random(0)
        for n in range(N_ANSWERS):
            by = "Ben" if n % 3 == 2 else "Ann"
            question = session.next_question(by)
            errs = rng.random() < (0.25 if by == "Ben" else 0.05)
            partner = question.candidates[0] if errs else question.item.row
            seconds = rng.uniform(2, 6) if by == "Ben" else rng.uniform(3, 9)
            try:
                session.answer(question, partner, by=by, seconds=seconds)
            except ValueError:  # Ben has given the partner to another
                session.answer(question, None, by=by, seconds=seconds)
            session.wait()
        for _ in range(3):
            question = session.next_question("Cleo")
            session.answer(question, question.item.row, by="Cleo", seconds=7.0)

        def visit() -> None:
            take(links.get(), folder, lambda: session.change_budget(N_ANSWERS))

        visitor = threading.Thread(target=visit)
        visitor.start()
        serve(
            session,
            port=0,
            by="Ann",
            open_browser=True,
            finish=lambda: [
                "200 answers, 200 pairs: all are in glyphs.skmal. The same command "
                "goes on with them.",
                "Answers: pairs.csv; skmal.datasets.load_pairs reads it.",
            ],
        )
        visitor.join()
    strip(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
