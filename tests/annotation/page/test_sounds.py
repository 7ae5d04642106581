"""Sounds on the page, by mouse and keys; texts that run from right to left."""

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytest.importorskip("waitress", reason="needs waitress")

import wave

import numpy as np
from pages import Page, served

from skmal import AnnotationSession, PairedActiveLearner, RandomSampling


@pytest.fixture
def session(tmp_path):
    """Return a session of four sounds of a second, and four words of Arabic."""
    (tmp_path / "sounds").mkdir()
    for i in range(4):
        with wave.open(str(tmp_path / f"sounds/{i}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes([0, i]) * 80_000)
    words = ["مطر", "ريح", "بحر", "طير"]
    (tmp_path / "texts.txt").write_text("\n".join(words), encoding="utf-8")
    eyes = np.random.default_rng(0).normal(size=(4, 3))
    learner = PairedActiveLearner(query_strategy=RandomSampling(modality=0))
    with AnnotationSession(
        tmp_path / "s.skmal",
        tmp_path / "sounds",
        tmp_path / "texts.txt",
        learner.set_params(batch_size=2, random_state=0),
        features=(eyes, eyes),
        n_candidates=3,
    ) as session:
        yield session


def test_a_sound_is_played_by_a_key_and_texts_run_as_they_are_written(session, visit):
    sent = Page(session).get("/api/question").json["question"]["item"]["audio"]
    content = Page(session).get(f"/{sent}&size=large")
    assert content.mimetype == "audio/wav"
    assert content.data[:4] == b"RIFF"
    with served(session, by="Ann") as link:
        page = visit(link)
        page.locator("#item audio[src]").wait_for()
        is_paused = "document.querySelector('#item audio').paused"
        assert page.evaluate(is_paused)
        page.keyboard.press("p")
        page.wait_for_function(f"() => !{is_paused}")
        page.keyboard.press("p")
        page.wait_for_function(f"() => {is_paused}")
        candidate = page.locator("#candidates .text").first
        assert candidate.evaluate("e => getComputedStyle(e).direction") == "rtl"
        page.keyboard.press("z")  # enlarged, it plays at once
        page.wait_for_function("() => !document.querySelector('#large audio').paused")
        page.keyboard.press("z")
        page.wait_for_function("() => !document.querySelector('#large audio')")
        page.keyboard.press("1")
        page.wait_for_function("() => document.body.textContent.includes('1 answer')")
