"""Where things stand on the page, measured in a real Chromium."""

import numpy as np
import pytest
from pages import served
from PIL import Image

from skmal import AnnotationSession, PairedActiveLearner, RandomSampling

LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
N = 12
WORDS = ["a", "brown", "dog", "runs", "across", "the", "wide", "field", "by", "wood"]
BOX = "(e) => { const b = e.getBoundingClientRect(); return [b.top, b.bottom]; }"


def caption(i, length):
    """Return a text of so many characters; all differ."""
    words = np.random.default_rng(i).choice(WORDS, length)
    return " ".join(words)[: length - 1] + "."


def write_pools(folder, kind):
    """Write photographs larger than a page shows, long captions; or pictures, names."""
    (folder / "images").mkdir()
    texts = ["id,text"]
    for i in range(N):
        if kind == "photographs":
            size = (2800, 2100) if i % 3 else (2100, 2800)
            image = Image.linear_gradient("L").rotate(30 * i).resize(size)
            image.save(folder / f"images/{i:02}.jpg")
            texts.append(f"t{i:02},{caption(i, 240)}")
        else:
            image = Image.new("RGB", (32, 32), (20 * i, 0, 99))
            image.save(folder / f"images/{i:02}.png")
            texts.append(f"t{i:02},number {i}")
    (folder / "texts.csv").write_text("\n".join(texts), encoding="utf-8")


@pytest.fixture(scope="module", params=["photographs", "pictures"])
def pools(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    write_pools(folder, request.param)
    return folder, request.param


@pytest.fixture(scope="module", params=[0, 1], ids=["of images", "of texts"])
def asking(request, pools):
    """Return the link of a page that asks about one modality only."""
    folder, kind = pools
    features = np.eye(N)
    learner = PairedActiveLearner(
        query_strategy=RandomSampling(request.param), batch_size=3, random_state=0
    )
    with (
        AnnotationSession(
            folder / f"{request.param}.skmal",
            folder / "images",
            folder / "texts.csv",
            learner,
            features=(features, features),
            training="background",
        ) as session,
        served(session) as link,
    ):
        yield link, kind
        session.wait()


def opened(visit, link, view):
    """Return the page once all its pictures are there."""
    page = visit(link, viewport=view)
    page.locator("#candidates li").nth(8).wait_for()
    page.wait_for_function(  # and the page has been told so
        "() => [...document.images].every(i => i.complete && i.naturalWidth && "
        "i.classList.contains('small') === i.naturalWidth < 257)"
    )
    return page


def place(page, selector):
    """Return top and bottom of what is there, in pixels of the window."""
    return page.locator(selector).first.evaluate(BOX)


def test_on_a_laptop_all_is_in_view(visit, asking):
    link, _ = asking
    page = opened(visit, link, LAPTOP)
    width, height = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert (width, height) == (LAPTOP["width"], LAPTOP["height"])  # nothing to scroll
    places = page.locator("#candidates .choice").evaluate_all(f"all => all.map({BOX})")
    assert len(places) == 9
    for selector in (
        "#item",
        "#words",
        "#none",
        "#skip",
        "#undo",
        "#export",
        "#finish",
    ):
        places.append(place(page, selector))
    assert all(0 <= top < bottom <= LAPTOP["height"] for top, bottom in places)
    inside = page.locator("#candidates").evaluate(
        "e => e.scrollHeight - e.clientHeight"
    )
    assert inside <= 1
    assert page.locator("#candidates .cut").count() == 0  # captions of 240 characters
    for text in page.locator("#candidates .text").all():
        assert text.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 13
    for image in page.locator("#candidates img").all():
        assert image.bounding_box()["height"] >= 150
    for image in page.locator("#item img").all():
        assert min(image.bounding_box()[side] for side in ("width", "height")) >= 250


def test_on_a_phone_the_question_stays(visit, asking):
    link, _ = asking
    page = opened(visit, link, PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    top, bottom = place(page, "#item")
    assert top <= 100
    assert bottom <= PHONE["height"] / 2
    last = place(page, "#actions")[0]
    shown = page.locator("#candidates .choice").evaluate_all(f"all => all.map({BOX})")
    images = page.locator("#candidates img").count()
    assert sum(bottom <= last for _, bottom in shown) >= (9 if images else 2)
    assert page.locator("#candidates .cut").count() == 0
    assert page.locator("#hints").is_hidden()
    assert page.locator("#none kbd").is_hidden()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    for selector in ("#ask", "#item", "#none", "#skip", "#undo"):
        top, bottom = place(page, selector)
        assert 0 <= top < bottom <= PHONE["height"]
    # What gets the focus is not below what stays.
    for button in page.locator("#candidates .choice").all():
        button.focus()
        top, bottom = button.evaluate(BOX)
        assert top >= place(page, "#asked")[1] - 1
        assert bottom <= place(page, "#actions")[0] + 1


@pytest.mark.parametrize("view", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_a_click_or_z_enlarges_and_hits_stand_in_a_grid(visit, asking, view):
    link, kind = asking
    page = opened(visit, link, view)
    page.keyboard.press("z")
    large = page.locator("#large > *")
    large.wait_for()
    assert page.locator("#zoomed").inner_text().startswith("Asked about")
    if page.locator("#large img").count() and kind == "photographs":
        page.wait_for_function(
            "() => document.querySelector('#large img').naturalWidth"
        )
        assert large.evaluate("e => Math.max(e.naturalWidth, e.naturalHeight)") == 2400
        assert large.bounding_box()["width"] > 0.8 * view["width"]
        large.click()  # pixel by pixel
        assert max(large.bounding_box()[side] for side in ("width", "height")) == 2400
    page.keyboard.press("Escape")
    assert large.is_hidden()
    page.keyboard.press("Shift+Digit2")
    assert page.locator("#zoomed").inner_text().startswith("Candidate 2")
    page.keyboard.press("ArrowRight")
    assert page.locator("#zoomed").inner_text().startswith("Candidate 3")
    page.keyboard.press("z")
    assert large.is_hidden()

    page.keyboard.press("/")
    page.keyboard.press("Enter")  # no words: all
    page.locator("#found .choice").nth(N - 1).wait_for()
    if page.locator("#found img").count():
        lefts = page.locator("#found li").evaluate_all(
            "all => new Set(all.map(e => e.getBoundingClientRect().left)).size"
        )
        assert lefts >= 3 if view is PHONE else lefts >= 6
    assert 0 <= place(page, "#item")[0] < view["height"]
    if view is LAPTOP:
        page.locator("#found .choice").last.scroll_into_view_if_needed()
        assert place(page, "#item")[0] >= 0
    page.keyboard.press("Escape")
    assert page.locator("#found").is_hidden()
    assert page.locator("#candidates").is_visible()
