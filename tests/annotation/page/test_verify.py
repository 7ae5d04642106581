"""The page of proposals: what it asks for, and a person's way through it by keys."""

import re

import pytest
from pages import TOKEN, Page, open_session, served

pytest.importorskip("flask", reason="needs flask")


@pytest.fixture
def asked(folder, tmp_path):
    """Return a session whose encoder has learned from six answers."""
    with open_session(folder, tmp_path / "s.skmal", audit=0.5) as session:
        for _ in range(6):
            question = session.next_question("Ann")
            own = question.item.row
            session.answer(question, own, by="Ann", seconds=3.0)
            session.wait()
        session.proposals.next()
        session.wait()
        yield session
        session.wait()


def test_verdicts_are_written_down(asked):
    page = Page(asked, by="Ann")
    state = page.get("/api/proposals", n=3).get_json()
    assert [*state["proposals"][0]] == ["X", "confidence", "is_trusted", "y"]
    pairs = [[one["X"]["key"], one["y"]["key"]] for one in state["proposals"]]
    sent = {"right": pairs[:2], "wrong": pairs[2:], "seconds": 6.0}
    told = page.post("/api/verdict", sent).get_json()
    assert (told["n_right"], told["n_wrong"]) == (2, 1)
    progress = told["progress"]
    assert (progress["n_verified"], progress["n_refused"]) == (2, 1)
    assert progress["cost"] == {"verify": 2.0, "pick": 3.0, "search": None} or (
        progress["cost"]["verify"] == 2.0
    )
    assert page.get("/api/proposals").get_json()["n_in_full"] == 1
    question = page.get("/api/question").get_json()["question"]
    assert question["item"]["key"] == pairs[2][0]
    assert pairs[2][1] not in [one["key"] for one in question["candidates"]]
    # A pair that is answered by then is told apart, and nothing fails.
    again = page.post("/api/verdict", sent).get_json()
    assert (again["n_right"], again["n_wrong"]) == (0, 0)
    undone = page.post("/api/undo", {}).get_json()
    assert undone["taken"]
    assert not undone["undone"]
    assert undone["progress"]["n_refused"] == 0


def test_what_is_drawn_at_random_is_told_in_words(asked):
    progress = Page(asked).get("/api/progress").get_json()["progress"]
    assert "can be told after 10 answers" in progress["audited"]
    assert "forecast" not in progress  # which would have nothing to say
    assert "audit" not in progress


@pytest.mark.parametrize(
    ("path", "sent", "why"),
    [
        ("proposals", {"n": "0"}, "n must be a number from 1 to 100"),
        ("proposals", {"n": "1000"}, "n must be"),
        ("proposals", {"order": "best"}, "order must be"),
        ("verdict", {"right": "all"}, "right must be a list"),
        ("verdict", {"wrong": [["a"]]}, "wrong must be a list"),
        ("verdict", {"right": [["a", 3]]}, "right must be a list"),
        ("verdict", {"right": [["a", "b"]] * 101}, "right must be a list"),
    ],
)
def test_what_is_not_understood_is_refused(session, path, sent, why):
    page = Page(session)
    ask = page.get if path == "proposals" else page.post
    given = {} if path == "proposals" else {"body": sent}
    answer = ask(f"/api/{path}", **(sent if path == "proposals" else given))
    assert answer.status_code == 400
    assert why in answer.get_json()["error"]
    unknown = page.post("/api/verdict", {"right": [["no", "such"]]})
    assert unknown.status_code == 409
    assert page.client.get("/api/proposals").status_code in (401, 421)
    assert TOKEN not in unknown.get_data(as_text=True)


def test_by_keys_alone(asked, visit):
    """One right, one wrong and in full, nine at a time, and all of it back."""
    with served(asked, by="Ann") as link:
        page = visit(link)
        page.locator("#candidates li").first.wait_for()
        page.locator("#verify").focus()
        page.keyboard.press("Enter")
        page.locator("#pairs li").first.wait_for()

        def verdict(key, told):
            page.keyboard.press(key)
            page.locator("#status", has_text=told).wait_for()
            page.locator("#pairs li").first.wait_for()

        verdict("y", "1 pair written down as right")
        assert asked.progress.n_verified == 1
        verdict("s", "Put off")
        page.keyboard.press("n")
        page.locator("#candidates li").first.wait_for()
        assert asked.progress.n_refused == 1
        n = asked.progress.n_answers
        page.keyboard.press("1")
        page.wait_for_url(re.compile("verify"))
        assert asked.progress.n_answers == n + 1
        page.locator("#pairs li").first.wait_for()
        page.keyboard.press("g")
        page.locator("#pairs.several li").nth(5).wait_for()
        page.locator("#hint", has_text="Too few random questions").wait_for()
        page.keyboard.press("2")
        page.locator("#right", has_text="The other").wait_for()
        page.keyboard.press("2")
        page.locator("#right", has_text="All right").wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")  # marks the first
        page.locator("#right", has_text="The other").wait_for()
        page.keyboard.press("Enter")
        shown = page.locator("#pairs li").count()
        verdict("y", f"{shown} pairs written down as right")
        assert asked.progress.n_verified == 1 + shown
        verdict("u", "proposed again")
        assert asked.progress.n_verified == shown


def test_what_a_lost_server_did_not_hear_can_be_sent_again(asked, visit):
    with served(asked, by="Ann") as link:
        page = visit(link, has_clock=True)
        page.locator("#verify").click()
        page.locator("#pairs li").first.wait_for()
        page.route("**/api/*", lambda route: route.abort())  # until it was seen
        page.keyboard.press("y")
        page.locator("#error", has_text="The server does not answer").wait_for()
        page.unroute_all(behavior="wait")
        page.clock.fast_forward(2000)
        page.wait_for_function("() => !document.getElementById('error').textContent")
        page.keyboard.press("y")
        page.locator("#progress", has_text="7 answers").wait_for()
        assert asked.progress.n_verified == 1
