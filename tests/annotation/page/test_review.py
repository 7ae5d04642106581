"""The review view: answers of several people, what they agree on, and what counts."""

import csv
from io import StringIO
from urllib.parse import parse_qs, urlsplit

import pytest
from pages import SCRIPT, Page, open_session, served

pytest.importorskip("flask")

VIEWS = {"laptop": (1366, 768), "phone": (390, 844)}


@pytest.fixture
def fresh(folder, tmp_path):
    """Return a session that asks everything of two people."""
    with open_session(folder, tmp_path / "s.skmal", overlap=1.0) as session:
        yield session
        session.wait()


def dispute(session, first="Ann", second="Bob"):
    """Let two people answer one question differently; return it."""
    question = session.next_question(first)
    session.answer(question, question.candidates[0], by=first, seconds=3.0)
    assert session.next_question(second) == question
    session.answer(question, question.candidates[1], by=second, seconds=5.0)
    return question


# -------------------------------------------------------------------- the server


def test_the_second_person_is_sent_what_the_first_was(fresh):
    page = Page(fresh)
    asked = page.get("/api/question", by="Ann").json["question"]
    body = {"question": asked["id"], "partner": asked["candidates"][0]["key"]}
    page.post("/api/answer", body | {"by": "Ann"})
    assert page.get("/api/question", by="Bob").json["question"] == asked
    search = {"modality": 1 - asked["modality"], "text": asked["candidates"][0]["key"]}
    if asked["modality"] == 1:
        assert page.get("/api/search", **search).json["items"] == []
        found = page.get("/api/search", **search, question=asked["id"]).json["items"]
        assert found == asked["candidates"][:1]
    again = page.post("/api/answer", body | {"by": "Bob"}).json["progress"]
    assert (again["n_answers"], again["agreement"]["n_agreed"]) == (2, 1)
    assert page.post("/api/answer", body | {"by": "Bob"}).status_code == 409


def test_an_undo_of_what_others_have_settled_says_that_it_was_taken_back(fresh):
    page = Page(fresh)
    question = dispute(fresh)
    assert fresh.next_question("Eve") == question
    fresh.answer(question, question.candidates[1], by="Eve")
    told = page.post("/api/undo", {"by": "Ann"}).json
    assert (told["undone"], told["taken"]) == (False, True)
    told = page.post("/api/undo", {"by": "Ann"}).json
    assert (told["undone"], told["taken"]) == (False, False)
    assert fresh.progress.n_answers == 2


def test_answers_are_listed_filtered_taken_back_and_decided(fresh):
    page = Page(fresh, by="Eve")
    question = dispute(fresh)
    lone = fresh.next_question("Ann")
    fresh.answer(lone, None, by="Ann")
    state = page.get("/api/replies").json
    assert [one["by"] for one in state["replies"]] == ["Ann", "Bob", "Ann"]
    assert state["replies"][0]["partner"] is None
    assert state["replies"][1]["item"]["key"] == question.item.key
    assert not state["more"]
    assert state["progress"]["n_disputed"] == 1
    bobs = page.get("/api/replies", of="Bob").json["replies"]
    assert [one["by"] for one in bobs] == ["Bob"]
    disputed = page.get("/api/replies", disputed="1").json["replies"]
    assert [one["turn"] for one in disputed] == [2, 1]
    older = page.get("/api/replies", before=disputed[0]["id"]).json["replies"]
    assert [one["id"] for one in older] == [disputed[1]["id"]]
    wrong = {"before": "-1"}, {"before": "x"}, {"disputed": "yes"}, {"of": ""}
    assert [page.get("/api/replies", **w).status_code for w in wrong] == [400] * 4

    bob = {"reply": bobs[0]["id"]}
    assert page.post("/api/adopt", bob).status_code == 200
    assert fresh.pairs()[0][1 - question.modality] == question.candidates[1]
    assert page.get("/api/replies", disputed="1").json["replies"] == []
    content = page.get("/api/answers").get_data(as_text=True)
    rows = list(csv.DictReader(StringIO(content)))
    assert [(row["by"], row["adopted"]) for row in rows] == [
        ("Ann", "False"),
        ("Bob", "True"),
        ("Ann", "True"),
    ]
    assert page.post("/api/take_back", bob).status_code == 200
    assert page.post("/api/take_back", bob).status_code == 409  # sent again
    assert fresh.pairs()[0][1 - question.modality] == question.candidates[0]
    refused = page.post("/api/adopt", {"reply": disputed[1]["id"]})
    assert "the only one to its question" in refused.json["error"]


def test_many_answers_come_in_pages(fresh):
    page = Page(fresh)
    for who in ("Ann", "Bob", "Joe") * 20:
        if (question := fresh.next_question(who)) is not None:
            fresh.answer(question, None, by=who)
    first = page.get("/api/replies").json
    n = fresh.progress.n_answers
    assert first["more"] == (n > 50)
    assert len(first["replies"]) == min(n, 50)


# -------------------------------------------------------------------- in a browser


@pytest.mark.parametrize("view", VIEWS)
def test_all_is_in_view_and_done_by_keys_alone(visit, fresh, view):
    width, height = VIEWS[view]
    question = dispute(fresh)
    with served(fresh, by="Ann") as link:
        viewport = {"width": width, "height": height}
        page = visit(link, has_clock=True, viewport=viewport)
        page.locator("#candidates li").first.wait_for()  # which takes the focus
        page.locator("#review").focus()
        page.keyboard.press("Enter")
        page.locator(".reply").nth(1).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.locator(".reply").first.bounding_box()["y"] < height / 2
        if view == "laptop":  # no column of the tables is cut off
            assert page.evaluate("""[...document.querySelectorAll('.table')]
                .every((table) => table.scrollWidth <= table.clientWidth)""")
        told = page.locator("#people").inner_text()
        assert "Ann\t1\t1200\t3.0\t0 of 1" in told
        assert page.locator("#places").inner_text().count("candidate ") == 3
        page.locator("#answers-title").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # let Bob's count
        page.locator("#status", has_text="It counts now.").wait_for()
        assert fresh.pairs()[0][1 - question.modality] == question.candidates[1]
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")  # take Ann's back
        page.locator("#sure[open]").wait_for()
        page.keyboard.press("Enter")
        page.locator("#status", has_text="Taken back.").wait_for()
        assert page.locator(".reply").count() == 1
        assert [reply.by for reply in fresh.review.replies()] == ["Bob"]
        page.locator("#of").select_option("Ann")
        page.locator("#nothing").wait_for()
        fresh.answer(fresh.next_question("Joe"), None, by="Joe")
        page.clock.fast_forward(4000)
        page.locator("#newer").wait_for()  # by itself
        page.locator("#back").click()
        page.locator("#candidates li").first.wait_for()


def test_older_answers_are_listed_once_however_often_they_are_asked_for(visit, fresh):
    dispute(fresh)
    state = Page(fresh).get("/api/replies").json
    first, second = state["replies"]

    def slowly(route):
        of = parse_qs(urlsplit(route.request.url).query)
        older = "before" in of
        route.fulfill(
            json=state | {"replies": [second if older else first], "more": not older}
        )

    with served(fresh) as link:
        page = visit(link)
        page.route("**/api/replies*", slowly)
        page.locator("#review").click()
        page.locator(".reply").first.wait_for()
        page.evaluate("() => [1, 2].map(() => document.getElementById('more').click())")
        page.locator(".reply").nth(1).wait_for()
        page.wait_for_load_state("networkidle")
        assert page.locator(".reply").count() == 2
        page.unroute_all(behavior="wait")


def test_scripts_in_names_and_texts_stay_texts(visit, fresh):
    while (question := fresh.next_question(SCRIPT)) is not None:
        partner = question.candidates[0]
        shown = [item for item in question.candidates if item.value == SCRIPT]
        fresh.answer(question, (shown or [partner])[0], by=SCRIPT, seconds=1.0)
        if question.item.value == SCRIPT or shown:
            break
    with served(fresh) as link:
        page = visit(link)
        page.locator("#review").click()
        page.locator(".reply").first.wait_for()
        assert SCRIPT in page.locator("#replies .text").first.inner_text()
        assert page.locator("#people th[scope=row]").inner_text() == SCRIPT
        assert page.locator("script").count() == 1
        page.goto(link.replace("/#", "/review#"))  # a link that somebody has kept
        page.locator(".reply").first.wait_for()
        assert page.evaluate("location.hash") == ""
