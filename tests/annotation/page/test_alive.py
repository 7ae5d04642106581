"""The page beside a session that goes on: training, errors, restarts, and the end."""

import csv
import re
from urllib.parse import urlsplit

import numpy as np
import pytest
from pages import SCRIPT, open_session, served
from sessions import X, Y, learner

from skmal import AnnotationSession, RandomSampling

AGAIN = 2000  # milliseconds until the page looks again how things stand


@pytest.fixture
def fresh(folder, tmp_path):
    """Return a session that may be changed."""
    with open_session(folder, tmp_path / "s.skmal") as session:
        yield session
        session.wait()


def test_training_and_its_errors_show_by_themselves(visit, fresh):
    with served(fresh) as link:
        page = visit(link, has_clock=True)
        page.locator("#candidates li").first.wait_for()
        trainer = fresh._trainer
        with trainer._one_at_a_time:  # as while it learns
            page.clock.fast_forward(AGAIN)
            page.locator("#training", has_text="The encoder is learning").wait_for()
        page.clock.fast_forward(AGAIN)
        page.wait_for_function("() => !document.getElementById('training').textContent")
        trainer.error = "ValueError: no memory"
        page.clock.fast_forward(AGAIN)
        page.locator("#training", has_text="could not learn: ValueError").wait_for()
        trainer.error = None
        page.clock.fast_forward(AGAIN)
        page.wait_for_function("() => !document.getElementById('training').textContent")
        fresh.answer(fresh.next_question("Bob"), None, by="Bob")
        page.clock.fast_forward(AGAIN)
        page.locator("#progress", has_text="1 answer · 1 without").wait_for()


def test_what_was_asked_before_an_answer_is_not_shown_after_it(visit, fresh):
    held, before = [], []

    def hold(route):
        held.append(route)
        if len(held) == 1:
            before.append(route.fetch().json())
        elif len(held) > 2:
            route.continue_()

    with served(fresh, by="Ann") as link:
        page = visit(link, has_clock=True)
        page.locator("#candidates li").first.wait_for()
        page.route("**/api/progress*", hold)
        with page.expect_request("**/api/progress*"):
            page.clock.fast_forward(AGAIN)
        while not before:
            page.wait_for_timeout(10)
        page.keyboard.press("1")
        page.locator("#progress", has_text=re.compile(r"^1 answer\b")).wait_for()
        held[0].fulfill(json=before[0])
        page.clock.fast_forward(AGAIN)
        while len(held) < 2:  # it is asked for again once it was shown
            page.wait_for_timeout(10)
        assert page.locator("#progress").inner_text().startswith("1 answer")
        held[1].fulfill(json=before[0])
        page.unroute_all(behavior="wait")


def test_where_no_item_is_left_nothing_is_to_be_verified(visit, fresh):
    for question in fresh:
        fresh.answer(question, (*question.candidates, None)[0])
    assert 0 in fresh.progress.n_open
    with served(fresh) as link:
        page = visit(link)
        page.locator("#ask", has_text="Nothing is left to ask about").wait_for()
        assert page.locator("#ways-export").is_visible()
        assert page.locator("#ways-verify").is_hidden()


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_the_end_cuts_off_is_no_error(visit, fresh, when):
    held = []
    with served(fresh, by="Ann") as link:
        page = visit(link, has_clock=True)
        page.locator("#candidates li").first.wait_for()
        page.route("**/api/progress*", lambda route: held.append(route))
        with page.expect_request("**/api/progress*"):
            page.clock.fast_forward(AGAIN)
        while not held:
            page.wait_for_timeout(10)
        page.locator("#finish").click()
        if when == "before":
            held[0].abort()
            page.locator("#error", has_text="The server does not answer").wait_for()
        page.locator("#yes").click()
        page.locator("#ask", has_text="Finished").wait_for()
        if when == "after":
            with page.expect_event("requestfailed"):
                held[0].abort()
            page.wait_for_timeout(100)
        assert page.locator("#error").inner_text() == ""
        page.unroute_all(behavior="wait")


def test_after_a_question_was_lost_it_is_asked_for_again(visit, fresh):
    with served(fresh, by="Ann") as link:
        page = visit(link, has_clock=True)
        page.locator("#candidates li").first.wait_for()
        page.route("**/api/*", lambda route: route.abort())  # until it was seen
        page.locator("#by").fill("Eve")
        page.locator("#by").press("Tab")
        page.locator("#error", has_text="The server does not answer").wait_for()
        with page.expect_request("**/api/question?by=Eve"):
            page.unroute_all(behavior="wait")
            page.clock.fast_forward(AGAIN)
        page.wait_for_function("() => !document.getElementById('error').textContent")


def test_a_question_comes_by_itself_where_there_was_none(visit, fresh):
    fresh.change_budget(1)
    fresh.answer(fresh.next_question("Bob"), None, by="Bob")
    with served(fresh) as link:
        page = visit(link, has_clock=True)
        page.locator("#ask", has_text="The budget is spent.").wait_for()
        page.reload()
        page.locator("#ask", has_text="The budget is spent.").wait_for()
        hint = page.locator("#hint").inner_text()
        assert "Export" in hint
        assert "larger budget (--budget, or change_budget)" in hint
        assert page.locator("#ways-export").is_visible()
        assert page.locator("#ways-verify").is_hidden()  # it would propose nothing
        page.locator("#ways a:visible").click()
        page.locator("#replies li").first.wait_for()
        page.go_back()
        page.locator("#ask", has_text="The budget is spent.").wait_for()
        page.locator("#ways-export").focus()
        with page.expect_response("**/api/question*"):
            page.clock.fast_forward(AGAIN)
        page.wait_for_timeout(100)
        assert page.evaluate("document.activeElement.id") == "ways-export"  # as it was
        fresh.change_budget(5)
        page.clock.fast_forward(AGAIN)
        page.locator("#candidates li").first.wait_for()
        assert page.locator("#hint").is_hidden()
        assert page.locator("#ways").is_hidden()


def test_what_the_budget_does_not_pay_stays_on_the_page_to_be_sent_again(visit, fresh):
    with served(fresh, by="Ann") as link:
        page = visit(link)
        page.locator("#candidates li").first.wait_for()
        asked = page.locator("#item").inner_html()
        fresh._desk._held.clear()  # as when it is served again
        _, free = (fresh.next_question(by) for by in ("Joe", "Bob"))
        fresh.answer(free, None, by="Bob")
        fresh.change_budget(1)
        page.keyboard.press("1")
        page.locator("#error", has_text="more with change_budget").wait_for()
        fresh.change_budget(2)
        assert page.locator("#item").inner_html() == asked
        page.keyboard.press("1")
        page.locator("#progress", has_text="2 of 2 answers").wait_for()


def test_an_open_tab_goes_on_with_a_server_started_again(visit, fresh):
    with served(fresh, by="Ann") as link:
        page = visit(link, has_clock=True)
        page.locator("#candidates li").first.wait_for()
    page.clock.fast_forward(AGAIN)
    page.locator("#error", has_text="The server does not answer").wait_for()
    with served(fresh, by="Ann", port=urlsplit(link).port):
        page.clock.fast_forward(AGAIN)
        page.wait_for_function("() => !document.getElementById('error').textContent")
        page.keyboard.press("1")
        page.locator("#progress", has_text=re.compile(r"^1 answer\b")).wait_for()
    assert fresh.progress.n_answers == 1


def test_export_and_finish_say_what_was_made(visit, fresh, tmp_path):
    made = ["1 answer is in s.skmal.", "Go on with the same command."]
    with served(fresh, finish=lambda: made, by="Ann") as link:
        page = visit(link)
        page.locator("#candidates li").first.wait_for()
        page.keyboard.press("1")
        page.locator("#status", has_text="Answer 1 is written down").wait_for()
        with page.expect_download() as download:
            page.locator("#export").press("Enter")
        download.value.save_as(tmp_path / "taken.csv")
        with open(tmp_path / "taken.csv", encoding="utf-8", newline="") as file:
            (row,) = csv.DictReader(file)
        assert (row["kind"], row["by"]) == ("pair", "Ann")

        page.locator("#finish").press("Enter")
        page.keyboard.press("Escape")  # rather not
        page.keyboard.press("s")
        page.locator("#progress", has_text="1 skipped").wait_for()
        page.locator("#finish").press("Enter")
        page.keyboard.press("Enter")
        page.locator("#ask", has_text="Finished. Thank you!").wait_for()
        assert page.locator("#made li").all_inner_texts() == made
        assert page.locator("#candidates").is_hidden()


def test_where_others_work_who_finishes_only_leaves(visit, session):
    def as_one_of_several(route):
        state = route.fetch().json()
        route.fulfill(json=state | {"ends": False})

    with served(session) as link:
        page = visit(link)
        page.route("**/api/progress*", as_one_of_several)
        page.reload()
        page.locator("#candidates li").first.wait_for()
        page.locator("#finish").click()
        page.locator("#sure-text", has_text="stays open for others").wait_for()
        page.locator("#yes").click()
        page.locator("#ask", has_text="Thank you!").wait_for()
        page.locator("#back").click()
        page.locator("#candidates li").first.wait_for()
        page.unroute_all(behavior="wait")


def test_markup_in_texts_names_and_ids_stays_text(visit, tmp_path):
    hostile = [f"<img src=x onerror=alert({i})>{SCRIPT}" for i in range(12)]
    pixels = (
        np.zeros((12, 8, 8), dtype=np.uint8)
        + np.arange(12, dtype=np.uint8)[:, None, None]
    )
    with (
        AnnotationSession(
            tmp_path / "s.skmal",
            dict(zip(hostile, pixels, strict=True)),
            dict(zip(hostile, hostile, strict=True)),
            learner(batch_size=4, query_strategy=RandomSampling("alternate")),
            features=(X[:12], Y[:12]),
            training="background",
        ) as session,
        served(session, by=SCRIPT, finish=lambda: hostile) as link,
    ):
        page = visit(link)
        talked = []
        page.on("dialog", lambda dialog: talked.append(dialog) or dialog.dismiss())
        for n in range(1, 9):
            page.locator("#candidates li").nth(3).wait_for()
            page.keyboard.press("/")
            page.keyboard.type("onerror")
            page.locator("#found li").nth(3).wait_for()
            page.keyboard.press("Escape")
            page.keyboard.press("z")
            page.locator("#large > *").wait_for()
            page.keyboard.press("z")
            page.keyboard.press("s")
            page.locator("#progress", has_text=f"{n} skipped").wait_for()
        page.locator("#finish").press("Enter")
        page.keyboard.press("Enter")
        page.locator("#made li").nth(11).wait_for()
        assert page.locator("#made li").first.inner_text() == hostile[0]
        made = "document.querySelectorAll('[onerror], script:not([src])').length"
        assert page.evaluate(made) == 0
        assert talked == []
        session.wait()
