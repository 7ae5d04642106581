"""The question in a notebook: its Python side, and in a real Chromium its front end."""

import sys

import pytest
from pages import SCRIPT, make_traps, open_session

from skmal.annotation import widget

MODEL = """
async ([esm, css, state]) => {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  let done = () => {};
  const model = {
    get: (name) => state[name],
    on: (name, act) => { if (name === "change:n_done") done = act; },
    off: () => { done = () => {}; },
    send: async (sent) => { state = await window.kernel(sent); done(); },
  };
  const file = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const { default: { render } } = await import(file);
  window.end = render({ model, el: document.body });
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pools")
    make_traps(folder)
    return folder


@pytest.fixture
def session(folder, tmp_path):
    pytest.importorskip("anywidget", reason="needs anywidget")
    with open_session(folder, tmp_path / "s.skmal", budget=12) as session:
        yield session
        session.wait()


def test_what_is_pressed_is_done_to_the_session(session):
    shown = widget(session, by="ada")
    asked = shown.question
    assert shown.kinds == ["image", "text"]
    assert shown.progress["n_answers"] == shown.n_done - 1 == 0
    images = asked["candidates"] if asked["modality"] else [asked["item"]]
    assert all(one["image"].startswith("data:image/png;base64,") for one in images)
    partner = asked["candidates"][2]["key"]
    shown.do({"do": "answer", "question": asked["id"], "partner": partner})
    assert (shown.progress["n_pairs"], shown.error, shown.n_done) == (1, "", 2)
    assert "ada" in shown.progress["pace"]
    (pair,) = session.pairs()
    assert pair[1 - asked["modality"]].key == partner

    shown.do({"do": "answer", "question": asked["id"], "partner": partner})
    assert "closed (answer: ada)" in shown.error
    second = shown.question["id"]
    shown.do({"do": "skip", "question": second})
    assert (shown.progress["n_skips"], shown.error) == (1, "")
    shown.do({"do": "undo"})
    assert shown.question["id"] == second
    shown.do({"do": "answer", "question": second, "partner": None})
    assert shown.progress["n_none"] == 1

    shown.do({"do": "search", "text": "caption 1" if pool(shown) else "07.png"})
    assert shown.found["n_by_words"] >= 1
    assert not shown.found["partly"]
    found = shown.found
    shown.do({"do": "refresh"})  # by itself, while somebody looks at what was found
    assert shown.found == found
    shown.do({"do": "search", "text": "caption zebra" if pool(shown) else "07 zebra"})
    assert shown.found["partly"]
    shown.do({"do": "search", "text": " "})
    assert shown.found is None
    session.change_budget(2)
    shown.refresh()
    assert shown.question is None
    session.close()
    shown.refresh()
    assert "is closed" in shown.error


def pool(shown):
    return 1 - shown.question["modality"]


def test_people_answer_by_click(session, browser):
    shown = widget(session, by="ada")

    def state():
        names = "kinds", "question", "progress", "found", "error", "n_done"
        return {name: getattr(shown, name) for name in names}

    def kernel(sent):
        shown.do(sent)
        return state()

    page = browser.new_page()
    page.set_default_timeout(60_000)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.expose_function("kernel", kernel)
    page.evaluate(MODEL, [shown._esm, shown._css, state()])
    ask, status = page.locator("h3"), page.locator("[role=status]")
    choices, search = page.locator("li button"), page.locator("input")

    def button(name):
        return page.get_by_role("button", name=name, exact=True)

    def said(text):
        status.filter(has_text=text).wait_for()

    for n in range(1, 9):
        kind = "text" if pool(shown) else "image"
        assert ask.inner_text().startswith(f"Which {kind} belongs to this")
        assert choices.count() == len(shown.question["candidates"])
        choices.nth(1).click()
        said(f"Answer {n} is written down: {'“' if kind == 'text' else 'image '}")
    assert session.progress.n_pairs == 8
    question = shown.question
    search.fill("caption" if pool(shown) else "png")
    page.get_by_text("Found: ").wait_for()
    hits = shown.found["items"]
    assert choices.count() == len(hits) > 0
    choices.last.click()
    said("Answer 9 is written down")
    assert hits[-1]["key"] in {item.key for item in session.pairs()[-1]}
    assert search.input_value() == ""
    button("Undo").click()
    said("8 of 12 answers")
    assert shown.question["id"] == question["id"]
    button("Skip for now").click()
    said("Skipped: it comes back later.")
    search.fill("a")
    page.get_by_text("Found: ").wait_for()
    said("Skipped: it comes back later.")
    button(f"No {'text' if pool(shown) else 'image'} belongs to it").click()
    said("belongs to it.")
    session.change_budget(9)
    button("Undo").click()
    said("8 of 9 answers")
    session.change_budget(8)
    shown.refresh()
    page.evaluate("window.end()")
    page.evaluate("document.body.replaceChildren()")
    page.evaluate(MODEL, [shown._esm, shown._css, state()])
    assert ask.inner_text() == "The budget is spent."
    assert choices.count() == 0
    shown.question = {
        "id": 1,
        "modality": 0,
        "item": {"key": SCRIPT, "text": SCRIPT, "image": None},
        "candidates": [{"key": SCRIPT, "text": SCRIPT, "image": None}],
        "partners": [{"key": SCRIPT, "text": SCRIPT, "image": None}],
    }
    page.evaluate("window.end()")
    page.evaluate(MODEL, [shown._esm, shown._css, state()])
    assert page.locator(".text").first.inner_text() == SCRIPT
    assert button("That is all").is_visible()
    page.close()
    assert problems == []


def test_without_anywidget_it_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "skmal.annotation.notebook._widget", raising=False)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(ImportError, match=r"pip install .*skmal\[notebook\]"):
        widget(None)
