"""What made new users hesitate or err: in a real Chromium, against a server."""

import pytest
from pages import open_session, served


@pytest.fixture
def fresh(folder, tmp_path):
    """Return a session that may be changed."""
    with open_session(folder, tmp_path / "s.skmal") as session:
        yield session
        session.wait()


def press(page, at, clicks):
    page.mouse.move(*at)
    page.mouse.down(click_count=clicks)
    page.mouse.up(click_count=clicks)


def test_a_double_click_answers_once_and_says_what(visit, fresh):
    with served(fresh) as link:
        page = visit(link)
        first = page.locator("#candidates .choice").first
        first.wait_for()
        box = first.bounding_box()
        at = box["x"] + 20, box["y"] + 10
        press(page, at, clicks=1)
        page.locator("#status", has_text="Answer 1 is written down: ").wait_for()
        press(page, at, clicks=2)
        page.wait_for_timeout(100)
        assert fresh.progress.n_answers == 1
        (pair,) = fresh.pairs()
        assert any(item.key in page.locator("#status").inner_text() for item in pair)
        # What came under the pointer does not look chosen, until the pointer moves.
        edge = "getComputedStyle(document.querySelector('#candidates .choice'))"
        at_rest = page.evaluate(f"{edge}.borderColor")
        page.mouse.move(at[0] + 5, at[1])
        assert page.evaluate(f"{edge}.borderColor") != at_rest


def test_none_and_skip_say_what_they_do(visit, fresh):
    with served(fresh) as link:
        page = visit(link)
        page.locator("#candidates li").first.wait_for()
        kind = "text" if "Which text" in page.locator("#ask").inner_text() else "image"
        n = 22 if kind == "image" else 24
        label = f"Not among these? Search all {n} {kind}s"
        shown = page.locator("#words").get_attribute("placeholder")
        assert shown in (label, label.replace(str(n), "24"))
        assert f"No {kind} belongs to it" in page.locator("#none").inner_text()
        page.keyboard.press("0")
        said = f"Answer 1 is written down: no {kind} belongs to it."
        page.locator("#status", has_text=said).wait_for()
        page.keyboard.press("s")
        page.locator("#status", has_text="Skipped: it comes back later.").wait_for()


def test_the_search_field_stays_and_enter_takes_the_only_hit(visit, fresh):
    """The encoder's guesses behind it make no difference."""

    def guess(route):
        others = [{"key": f"t{i}", "text": f"guess {i}", "image": None} for i in (1, 2)]
        route.fulfill(json={"items": others})

    with served(fresh) as link:
        page = visit(link)
        page.locator("#candidates li").first.wait_for()
        while "Which text" not in page.locator("#ask").inner_text():
            asked = page.locator("#item").inner_text()
            page.keyboard.press("s")
            page.wait_for_function(
                "t => document.getElementById('item').innerText !== t", arg=asked
            )
        page.route("**/api/search*how=encoder*", guess)
        before = page.locator("#words").bounding_box()
        page.keyboard.press("/")
        page.keyboard.type("caption number 13")
        page.locator("#found .guessed").nth(1).wait_for()
        listed = page.locator("#listed").inner_text()
        assert listed == "Found: 1 with “caption number 13”, then 2 guesses"
        assert page.locator("#words").bounding_box() == before
        page.keyboard.press("Enter")
        page.locator("#status", has_text="“caption number 13”").wait_for()
        assert fresh.progress.n_pairs == 1
        # One that holds some of the words is looked at first.
        page.locator("#candidates li").first.wait_for()
        page.keyboard.press("/")
        page.locator("#words").fill("heading 14")
        page.locator("#listed", has_text="none with all of “heading 14”, 1").wait_for()
        page.keyboard.press("Enter")
        page.locator("#found .choice:focus").wait_for()
        assert fresh.progress.n_pairs == 1
        page.unroute_all(behavior="wait")
