"""WCAG 2.2 AA as far as axe-core sees, in every state of the page, light and dark.

It takes axe-core of npm: SKMAL_AXE names its axe.min.js, or it lies in node_modules.
"""

import os
from pathlib import Path

import pytest
from pages import open_session, served

ROOT = Path(__file__).parents[3]
AXE = Path(os.environ.get("SKMAL_AXE", ROOT / "node_modules/axe-core/axe.min.js"))
if not AXE.is_file():
    pytest.skip("needs axe-core of npm", allow_module_level=True)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # the rules that look at them
# What lies partly under the buttons at the foot is as small as what shows of it, until
# it is scrolled to.
RUN = """async (rules) => {
    const foot = document.getElementById('actions')?.getBoundingClientRect();
    const end = foot?.height ? foot.top : innerHeight;
    const counts = ({ id }, { target }) => id !== 'target-size'
        || document.querySelector(target[0]).getBoundingClientRect().bottom <= end;
    return (await axe.run({runOnly: rules})).violations
        .map((found) => [found.id,
            ...found.nodes.filter((node) => counts(found, node)).map((n) => n.html)])
        .filter(([, ...nodes]) => nodes.length);
}"""


def violations(page):
    """Return what axe finds, in the light and in the dark."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    page.emulate_media(color_scheme="dark")
    found = page.evaluate(RUN, OF_COLOURS)
    page.emulate_media(color_scheme="light")
    return found + page.evaluate(RUN, TAGS)


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["laptop", "phone"])
def test_axe_finds_nothing(visit, folder, tmp_path, size):
    view = dict(zip(("width", "height"), size, strict=True))
    with (
        open_session(folder, tmp_path / "s.skmal", overlap=1.0, audit=0.5) as session,
        served(session, by="Ann") as link,
    ):
        page = visit(link, viewport=view)
        page.emulate_media(reduced_motion="reduce")
        seen = set()

        def check(state):
            assert violations(page) == [], state

        while len(seen) < 2:
            page.locator("#candidates li").first.wait_for()
            direction = page.locator("#ask").inner_text()
            if direction not in seen:
                seen.add(direction)
                check(direction)
                page.keyboard.press("/")
                page.keyboard.type("number" if "Which text" in direction else "png")
                page.locator("#found li").first.wait_for()
                check(f"{direction}: found")
                page.keyboard.press("Escape")
                page.keyboard.press("z")
                page.locator("#large > *").wait_for()
                check(f"{direction}: enlarged")
                page.keyboard.press("Escape")
            asked = page.locator("#item").inner_html()
            page.keyboard.press("1")
            page.wait_for_function(
                "html => document.getElementById('item').innerHTML !== html", arg=asked
            )
        asked = session.next_question("Bob")  # the first that Ann has answered
        session.answer(asked, asked.candidates[1], by="Bob", seconds=2.0)
        page.locator("#review").click()
        page.locator(".reply", has_text="in dispute").first.wait_for()
        check("review")
        page.get_by_role("button", name="Take back").first.click()
        check("take back?")
        page.locator("#no").click()
        page.locator("#back").click()
        page.locator("#candidates li").first.wait_for()
        session.train()
        session.proposals.next()
        session.wait()
        page.locator("#verify").click()
        page.locator("#pairs li").first.wait_for()
        check("a proposal")
        page.keyboard.press("g")
        page.locator("#pairs.several li").nth(3).wait_for()
        page.keyboard.press("1")
        check("several proposals")
        page.locator("#back").click()
        page.locator("#candidates li").first.wait_for()
        page.locator("#finish").click()
        check("finish?")
        page.locator("#no").click()
        session.change_budget(session.progress.n_answers)
        page.keyboard.press("s")
        page.locator("#ask", has_text="The budget is spent").wait_for()
        check("the budget is spent")
        page.locator("#finish").click()
        page.locator("#yes").click()
        page.locator("#made").wait_for()
        check("finished")
        session.wait()


def test_nothing_moves(visit, session):
    """There is nothing that a wish for less motion would have to stop."""
    with served(session) as link:
        page = visit(link)
        page.locator("#candidates li").first.wait_for()
        moving = page.evaluate("""[...document.querySelectorAll('*')].filter((e) => {
            const style = getComputedStyle(e);
            return style.animationName !== 'none' || style.scrollBehavior === 'smooth'
                || parseFloat(style.transitionDuration) > 0; }).length""")
        assert moving == 0


def test_large_letters_need_no_scrolling_sideways(visit, session):
    """Reflow: 320 pixels wide, as at 400 % on a screen of 1280."""
    with served(session) as link:
        page = visit(link, viewport={"width": 320, "height": 256})
        page.locator("#candidates li").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 320
