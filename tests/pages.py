"""What the page's tests share: two pools with traps in them, and a session on these."""

import queue
import struct
import threading
import urllib.request
import webbrowser
import zlib
from contextlib import contextmanager
from unittest.mock import patch

from helpers import make_pairs
from PIL import Image

from skmal import AnnotationSession, PairedActiveLearner, RandomSampling
from skmal.annotation import serve
from skmal.annotation.page import _ending

SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>"
N = 24
TOKEN = "the token"
FEATURES = make_pairs(N)


def bomb(side=60_000):
    """Return the bytes of a PNG that would take gigabytes."""

    def chunk(kind, data):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1_000_000)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )


def make_traps(folder):
    """Write images, texts and what must not get out or run."""
    (folder / "secret.txt").write_text("nobody's business")
    (folder / "images" / "below").mkdir(parents=True)
    for i in range(N):
        Image.new("RGB", (20, 10), (9 * i, 0, 0)).save(folder / f"images/{i:02}.png")
    texts = [f"caption number {i}" for i in range(N - 1)]
    (folder / "texts.txt").write_text("\n".join([*texts, SCRIPT]), encoding="utf-8")


def open_session(folder, path, **params):
    """Return a session on these, two of whose images go bad once it is open."""
    for i in (22, 23):
        Image.new("RGB", (20, 10), (9 * i, 0, 0)).save(folder / f"images/{i:02}.png")
    learner = PairedActiveLearner(
        query_strategy=RandomSampling(), batch_size=4, random_state=0
    )
    session = AnnotationSession(
        path,
        folder / "images",
        folder / "texts.txt",
        learner,
        features=FEATURES,
        training="background",
        **params,
    )
    (folder / "images" / "23.png").write_bytes(bomb())
    (folder / "images" / "22.png").write_bytes(b"no image")
    return session


@contextmanager
def served(session, **params):
    """Serve a session in a thread; give the link, and end by the page's button."""
    links = queue.Queue()
    with (
        patch.object(webbrowser, "open", links.put),
        patch.object(_ending, "PAUSE", 600),
    ):
        params = {"port": 0, "open_browser": True} | params
        thread = threading.Thread(target=serve, args=(session,), kwargs=params)
        thread.start()
        link = links.get(timeout=300)
    try:
        yield link
    finally:
        if thread.is_alive():
            end(link)
        thread.join(60)
    assert not thread.is_alive()


def end(link):
    """Press the button that ends a server, and the pause when its answer is here."""
    address, _, token = link.partition("#token=")
    headers = {"X-Skmal-Token": token, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}api/finish", b"{}", headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
    end_pause()


def end_pause():
    """Let the server whose button was pressed close, without looking at the clock."""
    (timer,) = (t for t in threading.enumerate() if isinstance(t, threading.Timer))
    timer.function()


class Page:
    """The test client, with the token that the page would send."""

    def __init__(self, session, **params):
        from skmal.annotation.page._app import create_app  # needs Flask

        self.client = create_app(session, TOKEN, **params).test_client()
        self.headers = {"X-Skmal-Token": TOKEN, "Host": "127.0.0.1:8765"}

    def get(self, path, headers=(), **params):
        headers = self.headers | dict(headers)
        return self.client.get(path, query_string=params or None, headers=headers)

    def post(self, path, body, headers=(), **params):
        headers = self.headers | dict(headers)
        return self.client.post(path, json=body, headers=headers, **params)
