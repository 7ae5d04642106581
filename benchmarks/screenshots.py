"""Pictures of the page for the docs, both directions, in a real Chromium.

    python benchmarks/screenshots.py docs/images

Glyphs and their names, RidgeCCA, an annotator who knows the partners and has answered
two hundred questions before. It takes the Chromium on the PATH, and playwright.
"""

import queue
import shutil
import signal
import sys
import tempfile
import threading
import webbrowser
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from skmal import AnnotationSession, PairedActiveLearner
from skmal.annotation.page._serve import serve
from skmal.datasets import load_glyphs

NAMES = "chromium", "chromium-headless-shell", "chromium-browser", "google-chrome"
N, N_ANSWERS = 900, 200
VIEW = {"width": 760, "height": 840}


def take(link: str, folder: Path) -> None:
    """Photograph a question of each direction."""
    with sync_playwright() as p:
        path = next(filter(None, map(shutil.which, NAMES)))
        browser = p.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport=VIEW)
        page.goto(link)
        wanted = {"image-to-text": "Which text", "text-to-image": "Which image"}
        while wanted:
            page.locator("#asked").wait_for()
            asked = page.locator("h2").inner_text()
            n = page.locator("#progress").inner_text()
            for name, words in list(wanted.items()):
                if asked.startswith(words):
                    page.wait_for_timeout(1000)  # until all pictures are there
                    path = folder / f"annotate-{name}.png"
                    page.screenshot(path=path)
                    few = Image.open(path).convert("RGB").quantize(64)
                    few.save(path, optimize=True)
                    del wanted[name]
            page.keyboard.press("s")
            page.wait_for_function(
                "n => document.getElementById('progress').textContent !== n", arg=n
            )
        browser.close()


def main(folder: Path) -> None:
    """Answer, serve, and photograph."""
    glyphs, features = load_glyphs(), load_glyphs(features=True)
    images = {f"{c:04x}": glyphs.images[i] for i, c in enumerate(glyphs.code_point[:N])}
    images = {key: 255 - image for key, image in images.items()}  # black on white
    links = queue.Queue()
    webbrowser.open = links.put  # the link, as `serve` would open it

    def visit():
        try:
            take(links.get(), folder)
        finally:
            signal.raise_signal(signal.SIGINT)

    with (
        tempfile.TemporaryDirectory() as work,
        AnnotationSession(
            Path(work) / "s.skmal",
            images,
            dict(zip(images, glyphs.names[:N], strict=True)),
            PairedActiveLearner(batch_size=10, random_state=0),
            features=(features.X[:N], features.y[:N]),
            training="background",
            budget=500,
        ) as session,
    ):
        for _ in range(N_ANSWERS):
            question = session.next_question("Ann")
            session.answer(question, question.item.row, by="Ann")
            session.wait()
        threading.Thread(target=visit).start()
        serve(session, port=0, by="Ann", open_browser=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
