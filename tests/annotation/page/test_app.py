"""The page's server: what it hands out, to whom, and what it withstands."""

import json
from importlib.resources import files
from io import BytesIO

import pytest
from pages import SCRIPT, TOKEN, N, Page, open_session
from PIL import Image

pytest.importorskip("flask")

from skmal.annotation.page._app import FILES


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
    assert state["progress"]["n_pairs"] == N - 2  # two images have gone bad,
    assert state["progress"]["n_none"] == 0  # and nobody is asked what is left over
    assert state["progress"]["n_set_aside"] == 2
    assert len(state["progress"]["prequential"]) > 0


def test_the_search_goes_through_the_whole_open_pool(page):
    found = page.get("/api/search", modality=1, text="NUMBER  8").json["items"]
    assert sorted((item["text"] for item in found), key=len) == [
        "caption number 8",
        "caption number 18",
    ]
    assert len(page.get("/api/search", modality=0, text="").json["items"]) == 20
    for text, partly in (("number 8", False), ("captain number 8", True), ("", False)):
        told = page.get("/api/search", modality=1, text=text).json
        assert (told["partly"], bool(told["items"])) == (partly, True)
    (found,) = page.get("/api/search", modality=0, text="07.png").json["items"]
    assert found == {
        "key": "07.png",
        "text": None,
        "image": "api/image?modality=0&key=07.png",
    }
    image = page.get(f"/{found['image']}")
    assert image.mimetype == "image/png"
    assert Image.open(BytesIO(image.data)).getpixel((0, 0)) == (63, 0, 0)


def test_an_image_is_enlarged_and_a_table_taken_home(page):
    large = page.get("/api/image", modality=0, key="07.png", size="large")
    assert Image.open(BytesIO(large.data)).size == (20, 10)  # and never beyond its own
    for wrong in ({"size": "huge"}, {"size": ""}):
        refused = page.get("/api/image", modality=0, key="07.png", **wrong)
        assert refused.status_code == 400
    table = page.get("/api/export")
    assert table.mimetype == "text/csv"
    assert table.get_data(as_text=True).startswith('"kind","X","y",')
    assert page.get("/api/search", modality=0, text="a", how="magic").status_code == 400
    found = page.get("/api/search", modality=0, text="a", how="encoder")
    assert found.json["items"] == []  # features hold no texts


def test_a_script_in_a_caption_stays_a_text(page):
    """JSON to the page, and the page puts no HTML together."""
    found = page.get("/api/search", modality=1, text="<script>")
    assert found.json["items"][0]["text"] == SCRIPT
    assert found.mimetype == "application/json"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    folder = files("skmal.annotation.page")
    scripts = [file for file in folder.iterdir() if file.name.endswith(".js")]
    assert len(scripts) == 6
    program = "".join(file.read_text(encoding="utf-8") for file in scripts)
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
    "path",
    [
        "/api/question",
        "/api/image?modality=0&key=00.png",
        "/api/replies",
        "/api/answers",
        "/api/nothing",
    ],
)
def test_a_wrong_token_gets_nothing(page, path, token):
    headers = {"X-Skmal-Token": token.encode().decode("latin-1")}
    refused = page.get(path, headers)
    assert refused.status_code == 401
    assert list(refused.json) == ["error"]


def test_partners_are_told_one_by_one_until_that_is_all(folder, tmp_path):
    with open_session(folder, tmp_path / "s.skmal", groups="both") as session:
        page = Page(session)
        asked = page.get("/api/question").json["question"]
        assert (asked["several"], asked["partners"]) == (True, [])
        partner = asked["candidates"][0]
        body = {"question": asked["id"], "partner": partner["key"]}
        page.post("/api/answer", body)
        again = page.get("/api/question").json["question"]
        assert again["id"] == asked["id"]
        assert again["partners"] == [partner]
        assert page.post("/api/complete", {"question": asked["id"]}).status_code == 200
        assert page.get("/api/question").json["question"]["id"] != asked["id"]
        assert page.post("/api/undo", {}).json["undone"]
        assert page.get("/api/question").json["question"] == again
        session.wait()


def test_a_wrong_token_changes_nothing(page, session):
    question = session.next_question()
    body = {"question": question.id, "partner": None}
    changes = "answer", "complete", "skip", "undo", "take_back", "adopt"
    for path in (f"/api/{change}" for change in changes):
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


def test_a_proxy_may_bring_its_name(session):
    page = Page(session, allowed=("a.example",))
    for host in ("a.example", "A.example:443", "a.example.", "127.0.0.1:8765"):
        assert page.get("/", {"Host": host}).status_code == 200
    for host in ("b.a.example", "a.example.evil.example", "xa.example"):
        refused = page.get("/", {"Host": host})
        assert refused.status_code == 421
        assert f"by the name '{host}'" in refused.json["error"]
        assert "--allow-host" in refused.json["error"]

    def status(origin, host):
        headers = {"Origin": origin, "Host": host}
        return page.post("/api/answer", {}, headers).status_code

    assert status("https://a.example", "a.example") == 400  # past this check
    assert status("https://a.example", "127.0.0.1:8765") == 400  # Host changed
    assert status("https://b.example", "a.example") == 403
    assert status("ftp://a.example", "127.0.0.1:8765") == 403
    assert status("https://[", "127.0.0.1:8765") == 403


def test_only_where_nobody_else_is_at_work_does_finish_end_all(session):
    ended = []
    alone = Page(session, end=lambda: ended.append(1) or ["made"])
    assert alone.get("/api/progress").json["ends"]
    assert alone.post("/api/finish", {}, {"X-Skmal-Token": "x"}).status_code == 401
    assert alone.post("/api/finish", {}, {"Origin": "http://x"}).status_code == 403
    assert alone.get("/api/finish").status_code == 405
    assert ended == []
    assert alone.post("/api/finish", {}).json == {"made": ["made"]}
    assert ended == [1]
    others = Page(session)
    assert not others.get("/api/progress").json["ends"]
    assert others.post("/api/finish", {}).status_code == 409


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
    key = session.items.search("number 7", 1)[0].key
    assert page.get("/api/image", modality=1, key=key).status_code == 404


def test_an_image_that_cannot_be_shown_says_why(page):
    tile = page.get("/api/image", modality=0, key="23.png")
    assert tile.status_code == 422
    assert "more pixels than" in tile.json["error"]
    tile = page.get("/api/image", modality=0, key="22.png")
    assert tile.status_code == 422
    assert "cannot be read: it is damaged" in tile.json["error"]
    told = page.get("/api/progress").json["progress"]
    assert told["n_set_aside"] == 2  # and nobody is asked about them any more


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
        ("/api/undo", {"by": "a\0b"}, "control characters"),
        ("/api/answer", {"question": 1, "partner": None, "by": "\ud800"}, "control"),
        ("/api/take_back", {"reply": "1"}, "reply must be"),
        ("/api/adopt", {"question": 1}, "reply must be"),
        ("/api/adopt", {"reply": 1, "by": " "}, "by must be"),
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
    for limit in ("0", "-1", "x", "1000000", "²", "9" * 5000):
        assert page.get("/api/search", modality=0, limit=limit).status_code == 400
    assert page.get("/api/answer").status_code == 405
    assert session.progress.n_skips == 0


@pytest.mark.parametrize("path", ["answer", "skip", "undo", "complete"])
@pytest.mark.parametrize(
    "data",
    [
        b"[" * 8000 + b"]" * 8000,
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b'{"a":' * 5 + b"1" + b"}" * 5,
        b'{"a": [[[[1], 2]]]}',
        b'{"question": ' + b"1" * 5000 + b"}",
        b"\xff\xfe",
        b"nul",
        b"",
    ],
    ids=["lists", "objects", "five", "mixed", "digits", "bytes", "word", "nothing"],
)
def test_what_is_no_json_for_us_is_refused_in_one_sentence(page, path, data):
    headers = page.headers | {"Content-Type": "application/json"}
    refused = page.client.post(f"/api/{path}", data=data, headers=headers)
    assert refused.status_code == 400
    assert refused.json["error"].startswith(("the body ", "question must be "))


def test_a_full_disk_is_said(page, session, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(session, "skip", full)
    refused = page.post("/api/skip", {"question": 1})
    assert refused.status_code == 507
    assert "nothing was changed: [Errno 28]" in refused.json["error"]


def test_every_response_is_kept_from_caches_and_frames(page):
    for path in (*FILES, "/api/question", "/api/export", "/nothing"):
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
