"""Items with several partners on the page: one after another, then that is all."""

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytest.importorskip("waitress", reason="needs waitress")

import numpy as np
from pages import served
from PIL import Image

from skmal import AnnotationSession, PairedActiveLearner, RandomSampling


@pytest.fixture
def session(tmp_path):
    """Return a session of six images with two captions each, about images alone."""
    (tmp_path / "images").mkdir()
    for i in range(6):
        picture = Image.new("RGB", (40, 30), (40 * i, 0, 90))
        picture.save(tmp_path / f"images/{i}.png")
    captions = [f"{what} of shade {i}" for i in range(6) for what in ("a box", "a bar")]
    (tmp_path / "texts.txt").write_text("\n".join(captions))
    rng = np.random.default_rng(0)
    learner = PairedActiveLearner(
        query_strategy=RandomSampling(modality=0), batch_size=2, random_state=0
    )
    with AnnotationSession(
        tmp_path / "s.skmal",
        tmp_path / "images",
        tmp_path / "texts.txt",
        learner,
        groups="X",
        features=(rng.normal(size=(6, 4)), rng.normal(size=(12, 4))),
        n_candidates=9,
    ) as session:
        yield session


def test_a_question_stays_until_that_is_all(session, visit):
    with served(session, by="Ann") as link:
        page = visit(link)
        page.locator("#candidates li").first.wait_for()
        shown = page.locator("#item span.key").inner_text()
        assert page.locator("#all").is_hidden()
        page.keyboard.press("a")  # says nothing before there is a partner
        for n in (1, 2):
            page.keyboard.press("1")
            page.wait_for_function(
                "n => (document.getElementById('partners').textContent.match(/“/g) "
                "|| []).length === n",
                arg=n,
            )
            assert page.locator("#item span.key").inner_text() == shown
        assert page.locator("#none").is_hidden()
        page.keyboard.press("a")
        page.wait_for_function(
            "key => document.querySelector('#item span.key')?.textContent !== key",
            arg=shown,
        )
        assert page.locator("#partners").is_hidden()
        assert page.locator("#none").is_visible()
    assert session.progress.n_pairs == 2
    assert len({x.key for x, _ in session.pairs()}) == 1
