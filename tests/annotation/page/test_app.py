"""The page's server: what it hands out, to whom, and what it withstands."""

import _thread
import json
import queue
import signal
import struct
import sys
import threading
import urllib.request
import webbrowser
import zlib
from importlib.resources import files
from io import BytesIO

import numpy as np
import pytest
from helpers import MICRO_CLIP, make_pairs
from PIL import Image

from skmal import AnnotationSession, CLIPEncoder, PairedActiveLearner, RandomSampling
from skmal.annotation.page import _serve as annotate
from skmal.annotation.page._app import create_app
from skmal.annotation.page._serve import serve
from skmal.annotation.page._thumbnails import (
    MAX_PIXELS,
    SIDE,
    UnreadableImage,
    thumbnail,
)
from skmal.cli._main import main

pytest.importorskip("flask")
pytest.importorskip("waitress")

TOKEN = "the token"
SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>"
N = 24
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pools")
    (folder / "secret.txt").write_text("nobody's business")
    (folder / "images" / "below").mkdir(parents=True)
    for i in range(N):
        Image.new("RGB", (20, 10), (9 * i, 0, 0)).save(folder / f"images/{i:02}.png")
    (folder / "images" / "23.png").write_bytes(bomb())
    (folder / "images" / "22.png").write_bytes(b"no image")
    texts = [f"caption number {i}" for i in range(N - 1)]
    (folder / "texts.txt").write_text("\n".join([*texts, SCRIPT]), encoding="utf-8")
    return folder


def open_session(folder, path):
    learner = PairedActiveLearner(
        query_strategy=RandomSampling(), batch_size=4, random_state=0
    )
    return AnnotationSession(
        path,
        folder / "images",
        folder / "texts.txt",
        learner,
        features=FEATURES,
        training="background",
    )


@pytest.fixture(scope="module")
def session(folder):
    """Return a session that no test of this file changes."""
    with open_session(folder, folder / "unchanged.skmal") as session:
        yield session
        session.wait()
        progress = session.progress
        assert progress.n_answers == progress.n_skips == 0


class Page:
    """The test client, with the token that the page would send."""

    def __init__(self, session, **params):
        self.client = create_app(session, TOKEN, **params).test_client()
        self.headers = {"X-Skmal-Token": TOKEN, "Host": "127.0.0.1:8765"}

    def get(self, path, headers=(), **params):
        headers = self.headers | dict(headers)
        return self.client.get(path, query_string=params or None, headers=headers)

    def post(self, path, body, headers=(), **params):
        headers = self.headers | dict(headers)
        return self.client.post(path, json=body, headers=headers, **params)


@pytest.fixture(scope="module")
def page(session):
    return Page(session)


@pytest.fixture
def fresh(folder, tmp_path):
    """Return a session that may be changed."""
    with open_session(folder, tmp_path / "s.skmal") as session:
        yield session
        session.wait()


def test_answers_skips_and_undoes_reach_the_session(fresh):
    page = Page(fresh)
    asked = page.get("/api/question").json["question"]
    assert asked == page.get("/api/question").json["question"]  # a reload
    partner = asked["candidates"][1]["key"]
    body = {"question": asked["id"], "partner": partner, "seconds": 2.5}
    progress = page.post("/api/answer", body).json["progress"]
    assert progress["n_answers"] == progress["n_pairs"] == 1
    (pair,) = fresh.pairs()
    assert pair[1 - asked["modality"]].key == partner
    assert pair[asked["modality"]].key == asked["item"]["key"]

    again = page.post("/api/answer", body)
    assert again.status_code == 409
    assert "closed (answer: me)" in again.json["error"]

    second = page.get("/api/question").json["question"]
    taken = {"question": second["id"], "partner": partner}
    if second["modality"] == asked["modality"]:
        assert "undo that first" in page.post("/api/answer", taken).json["error"]
    none = {"question": second["id"], "partner": None, "by": "Ann"}
    assert page.post("/api/answer", none).json["progress"]["n_none"] == 1

    third = page.get("/api/question").json["question"]
    skipped = page.post("/api/skip", {"question": third["id"]})
    assert skipped.json["progress"]["n_skips"] == 1
    assert page.post("/api/undo", {}).json["undone"]
    assert page.get("/api/question").json["question"]["id"] == third["id"]
    assert page.post("/api/undo", {"by": "Ann"}).json["progress"]["n_none"] == 0
    assert not page.post("/api/undo", {"by": "Bob"}).json["undone"]
    assert page.get("/api/progress").json["kinds"] == ["image", "text"]


def test_people_answer_until_nothing_is_left(fresh):
    """Nobody waits: there is a question until the pools are empty."""
    page = Page(fresh)
    while (asked := page.get("/api/question").json["question"]) is not None:
        partner = asked["candidates"][0]["key"]
        page.post("/api/answer", {"question": asked["id"], "partner": partner})
    fresh.wait()
    state = page.get("/api/question").json
    assert state["question"] is None
    assert state["progress"]["n_pairs"] == N
    assert len(state["progress"]["prequential"]) > 0


def test_the_search_goes_through_the_whole_open_pool(page):
    found = page.get("/api/search", modality=1, text="NUMBER  8").json["items"]
    assert sorted((item["text"] for item in found), key=len) == [
        "caption number 8",
        "caption number 18",
    ]
    assert len(page.get("/api/search", modality=0, text="").json["items"]) == 20
    (found,) = page.get("/api/search", modality=0, text="07.png").json["items"]
    assert found == {
        "key": "07.png",
        "text": None,
        "image": "api/image?modality=0&key=07.png",
    }
    image = page.get(f"/{found['image']}")
    assert image.mimetype == "image/png"
    assert Image.open(BytesIO(image.data)).getpixel((0, 0)) == (63, 0, 0)


def test_a_script_in_a_caption_stays_a_text(page):
    """JSON to the page, and the page puts no HTML together."""
    found = page.get("/api/search", modality=1, text="<script>")
    assert found.json["items"][0]["text"] == SCRIPT
    assert found.mimetype == "application/json"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    program = files("skmal").joinpath("page", "page.js").read_text(encoding="utf-8")
    for danger in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
    ):
        assert danger not in program


# -------------------------------------------------------------------- attacks


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "café"])
@pytest.mark.parametrize(
    "path", ["/api/question", "/api/image?modality=0&key=00.png", "/api/nothing"]
)
def test_a_wrong_token_gets_nothing(page, path, token):
    headers = {"X-Skmal-Token": token.encode().decode("latin-1")}
    refused = page.get(path, headers)
    assert refused.status_code == 401
    assert list(refused.json) == ["error"]


def test_a_wrong_token_changes_nothing(page, session):
    question = session.next_question()
    body = {"question": question.id, "partner": None}
    for path in ("/api/answer", "/api/skip", "/api/undo"):
        assert page.post(path, body, {"X-Skmal-Token": "x"}).status_code == 401
    page.headers["Cookie"] = f"token={TOKEN}"
    assert page.post("/api/answer", body, {"X-Skmal-Token": ""}).status_code == 401
    assert session.progress.n_answers == 0


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example:8765", "192.168.0.7", "", "[", "x@y:z"],
)
@pytest.mark.parametrize("path", ["/", "/page.js", "/api/question"])
def test_a_foreign_host_gets_nothing(page, path, host):
    """DNS rebinding: a site lets its own name point to this machine."""
    assert page.get(path, {"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8765"])
def test_own_names_are_served(page, host):
    assert page.get("/", {"Host": host}).status_code == 200


def test_a_server_of_others_answers_to_addresses_and_its_own_name(session):
    page = Page(session, host="0.0.0.0")
    assert page.get("/", {"Host": "192.168.0.7:8765"}).status_code == 200
    assert page.get("/", {"Host": "evil.example"}).status_code == 421
    assert (
        Page(session, host="a.example").get("/", {"Host": "A.example"}).status_code
        == 200
    )


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:9999", "null", "file://"]
)
def test_a_foreign_origin_changes_nothing(page, session, origin):
    body = {"question": session.next_question().id, "partner": None}
    refused = page.post("/api/answer", body, {"Origin": origin})
    assert refused.status_code == 403
    assert session.progress.n_answers == 0
    own = {"Origin": "http://127.0.0.1:8765"}  # past this check, to the next one
    assert page.post("/api/answer", {}, own).status_code == 400


@pytest.mark.parametrize(
    "key",
    [
        "../secret.txt",
        "../../../../../../etc/passwd",
        "/etc/passwd",
        "%2e%2e/secret.txt",
        "below/../00.png",
        "00.png\0",
        "",
    ],
)
def test_nothing_outside_the_pools_is_served(page, folder, key):
    for query in (key, str(folder / "secret.txt")):
        answer = page.get("/api/image", modality=0, key=query)
        assert answer.status_code == 404
        assert b"business" not in answer.data
    raw = f"/api/image?modality=0&key=..%2fsecret.txt&key={key}"
    assert page.get(raw).status_code == 404
    for path in (
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/page/../session.py",
        "/static/x",
    ):
        assert page.get(path).status_code == 404


def test_texts_are_no_images(page, session):
    key = session.search("number 7", 1)[0].key
    assert page.get("/api/image", modality=1, key=key).status_code == 404


def test_an_image_that_cannot_be_shown_says_why(page):
    tile = page.get("/api/image", modality=0, key="23.png")
    assert tile.status_code == 422
    assert "60000 x 60000 pixels" in tile.json["error"] or "bomb" in tile.json["error"]
    tile = page.get("/api/image", modality=0, key="22.png")
    assert tile.status_code == 422
    assert "the image is damaged" in tile.json["error"]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/api/answer", [1], "must be a JSON object"),
        ("/api/answer", {"partner": None}, "question must be"),
        ("/api/answer", {"question": True, "partner": None}, "question must be"),
        ("/api/answer", {"question": 1}, "partner is missing"),
        ("/api/answer", {"question": 1, "partner": 0}, "a key, a string"),
        ("/api/answer", {"question": 1, "partner": None, "by": ""}, "by must be"),
        ("/api/skip", {"question": 1, "by": 3}, "by must be"),
        ("/api/skip", {"question": 1, "seconds": -1}, "seconds must be"),
        ("/api/skip", {"question": 1, "seconds": float("nan")}, "seconds must be"),
        ("/api/skip", {"question": 1, "seconds": 10**400}, "seconds must be"),
        ("/api/skip", {"question": 1, "seconds": "1"}, "seconds must be"),
        ("/api/undo", {"by": "x" * 81}, "by must be"),
    ],
)
def test_wrong_json_is_refused(page, session, path, body, message):
    session.next_question()
    refused = page.post(path, body)
    assert refused.status_code == 400
    assert message in refused.json["error"]
    assert session.progress.n_answers == session.progress.n_skips == 0


def test_other_bodies_and_queries_are_refused(page, session):
    def post(data, **headers):
        return page.client.post(
            "/api/skip", data=data, headers=page.headers | headers
        ).status_code

    number = session.next_question().id
    json_type = {"Content-Type": "application/json"}
    assert post(json.dumps({"question": number})) == 415  # as a form of another site
    assert post("{", **json_type) == 400
    assert (
        post(json.dumps({"question": number, "by": "x" * 20_000}), **json_type) == 413
    )
    assert page.post("/api/skip", {"question": 10**6}).status_code == 409
    assert (
        page.post("/api/answer", {"question": number, "partner": "?"}).status_code
        == 409
    )
    assert page.get("/api/search", modality=2, text="").status_code == 400
    for limit in ("0", "-1", "x", "1000000", "²"):
        assert page.get("/api/search", modality=0, limit=limit).status_code == 400
    assert page.get("/api/answer").status_code == 405
    assert session.progress.n_skips == 0


def test_a_full_disk_is_said(page, session, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(session, "skip", full)
    refused = page.post("/api/skip", {"question": 1})
    assert refused.status_code == 507
    assert "nothing was changed: [Errno 28]" in refused.json["error"]


def test_every_response_is_kept_from_caches_and_frames(page):
    for path in ("/", "/page.css", "/page.js", "/api/question", "/nothing"):
        headers = page.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in headers
    document = page.get("/").get_data(as_text=True)
    assert "http" not in document.replace("https://", "http")
    assert "onclick" not in document
    assert "style=" not in document


# -------------------------------------------------------------------- thumbnails


def test_thumbnails_of_any_form_are_small(tmp_path):
    Image.new("P", (3000, 1500)).save(tmp_path / "p.png")
    content, mimetype = thumbnail(tmp_path / "p.png")
    assert mimetype == "image/jpeg"
    assert Image.open(BytesIO(content)).size == (SIDE, SIDE // 2)
    clear = Image.new("RGBA", (5, 4), (255, 0, 0, 0))
    for image in (
        clear,
        np.full((4, 5), 255, np.uint8),
        np.full((3, 4, 5), 255, np.uint8),
    ):
        shown = Image.open(BytesIO(thumbnail(image)[0]))
        assert shown.size == (5, 4)
        assert shown.getpixel((1, 1)) == (255, 255, 255)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "t.jpg", exif=turned)
    assert Image.open(BytesIO(thumbnail(tmp_path / "t.jpg")[0])).size == (20, 40)


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "x.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    )
    with pytest.raises(UnreadableImage, match="damaged, or in none") as raised:
        thumbnail(tmp_path / "x.png")
    assert str(tmp_path) not in str(raised.value)
    (tmp_path / "cut.png").write_bytes(bomb(100)[:60])
    with pytest.raises(UnreadableImage, match="cannot be read"):
        thumbnail(tmp_path / "cut.png")
    with pytest.raises(UnreadableImage, match="No such file or directory$"):
        thumbnail(tmp_path / "gone.png")
    side = int(MAX_PIXELS**0.5) + 1
    (tmp_path / "large.png").write_bytes(bomb(side))
    with pytest.raises(UnreadableImage, match=f"{side} x {side} pixels, more than"):
        thumbnail(tmp_path / "large.png")


# -------------------------------------------------------------------- serving


@pytest.fixture
def ctrl_c():
    """Let Ctrl-C raise, also where a shell has started us with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupting(act):
    """Press Ctrl-C when `act`, in a thread, has ended; return its results."""
    results = []

    def run():
        try:
            results.append(act())
        finally:
            _thread.interrupt_main()

    threading.Thread(target=run).start()
    return results


def test_serve_prints_a_link_that_opens_until_ctrl_c(
    session, capsys, monkeypatch, ctrl_c
):
    links, opened = queue.Queue(), []
    monkeypatch.setattr(webbrowser, "open", lambda link: links.put(link))

    def visit():
        link = links.get(timeout=300)
        opened.append(link)
        address, _, token = link.partition("#token=")
        bare = urllib.request.urlopen(address)
        with bare:
            assert b"skmal annotate" in bare.read()
        request = urllib.request.Request(
            f"{address}api/progress", headers={"X-Skmal-Token": token}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    results = interrupting(visit)
    serve(session, port=0, by="Ann", open_browser=True)
    assert results[0]["by"] == "Ann"
    assert f"Open {opened[0]}\n" in capsys.readouterr().out
    assert opened[0].startswith("http://127.0.0.1:")
    assert len(opened[0].partition("=")[2]) >= 40


def test_other_machines_are_let_in_with_a_warning_only(session, monkeypatch):
    from waitress import server

    def taken(*_, **__):
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(server, "create_server", taken)
    with (
        pytest.warns(UserWarning, match="'0.0.0.0' lets other machines reach the page"),
        pytest.raises(OSError, match="port 5 .*in use.*; take another port"),
    ):
        serve(session, host="0.0.0.0", port=5)


def test_serve_takes_no_port_that_is_none(session):
    with pytest.raises(ValueError, match="from 0 to 65535, got 99999"):
        serve(session, port=99_999)


def test_serve_says_what_to_install(session, monkeypatch):
    monkeypatch.setitem(sys.modules, "waitress.server", None)
    with pytest.raises(ImportError, match=r"pip install skmal\[annotate\]"):
        serve(session)


def test_a_folder_missing_for_the_export_is_said_before_anybody_answers(
    tmp_path, capsys
):
    journal, export = tmp_path / "s.skmal", tmp_path / "gone" / "pairs.csv"
    options = ["--images", ".", "--texts", ".", "--session", str(journal)]
    assert main(["annotate", *options, "--export", str(export)]) == 1
    assert "--export: there is no folder" in capsys.readouterr().err
    assert not journal.exists()


def test_the_command_ends_in_pairs_and_a_saved_encoder(tmp_path, capsys, monkeypatch):
    def micro(model, pretrained):
        assert (model, pretrained) == ("tiny", None)
        return CLIPEncoder(MICRO_CLIP, max_epochs=1)

    monkeypatch.setattr(annotate, "CLIPEncoder", micro)
    assert main(["demo", "--write", str(tmp_path), "--size", "12"]) == 0
    command = (
        f"annotate --images {tmp_path}/images --texts {tmp_path}/texts.txt "
        f"--session {tmp_path}/s.skmal --by Ann --budget 3 --batch-size 2 "
        f"--export {tmp_path}/pairs.csv --save {tmp_path}/encoder"
    ).split()

    def people(session, *, by, **_):
        session.run(lambda question: question.candidates[0], by=by)

    monkeypatch.setattr(annotate, "serve", lambda *_, **__: None)
    assert main(command) == 1
    assert "it takes 2 pairs, 0 are known" in capsys.readouterr().err
    monkeypatch.setattr(annotate, "serve", people)
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "12 images, 12 texts, 0 answers so far" in printed
    assert "3 answers, 3 pairs: all are in" in printed
    assert (tmp_path / "pairs.csv").read_text().count("Ann") == 3
    encoder = CLIPEncoder(f"local-dir:{tmp_path}/encoder")
    assert encoder.transform([tmp_path / "images/0021.png"]).shape == (1, 16)
