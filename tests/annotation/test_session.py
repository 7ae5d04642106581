"""Sessions: nothing answered is lost, nothing is asked twice, and reopening goes on."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import nullcontext

import numpy as np
import pytest
from helpers import MICRO_CLIP, ROOT, make_pairs
from sessions import (
    KEYED_X,
    KEYED_Y,
    X,
    answer_some,
    known,
    learner,
    make_folders,
    open_keyed,
    truth,
)

from skmal import AnnotationSession, CLIPEncoder


def told_if(weights_lost):
    """Expect to be told that weights are lost, or not."""
    if not weights_lost:
        return nullcontext()
    return pytest.warns(UserWarning, match="weights not loaded")


def events(path):
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT kind, by, seconds FROM event").fetchall()
    connection.close()
    return rows


def test_an_interrupted_session_asks_what_an_uninterrupted_one_asks(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    with open_keyed(whole, budget=23) as session:
        expected = answer_some(session, 99)
        pairs, learned = known(session), session.learner
    assert len(pairs) == 23
    assert all(x[1:] == y[1:] for x, y in pairs)
    asked, is_lost, rng = [], False, np.random.default_rng(0)
    for n in (2, 4, 1, 6, 3, 2, 5, 9):
        # In another order every time, and with the weights lost or damaged.
        orders = (rng.permutation(list(k)).tolist() for k in (KEYED_X, KEYED_Y))
        with told_if(is_lost):
            session = open_keyed(parts, *orders, budget=23)
        with session:
            asked += answer_some(session, n)
        weights = parts / "s.skmal.weights"
        if n % 2:
            shutil.rmtree(weights)
        elif n == 4:
            (only,) = weights.iterdir()
            only.write_bytes(only.read_bytes()[:-1] + b"?")
        is_lost = n == 4 or not weights.exists()
    assert asked == expected
    with told_if(is_lost):
        session = open_keyed(parts, budget=23)
    with session:
        assert known(session) == pairs
        np.testing.assert_array_equal(
            session.learner.transform(X), learned.transform(X)
        )
        assert session.learner.prequential_.tolist() == learned.prequential_.tolist()
        assert session.next_question() is None


def test_any_function_answers_and_the_curve_is_kept(tmp_path):
    validation = make_pairs(30, seed=5)
    session = open_keyed(
        tmp_path, known_pairs=[("x3", "y3"), (8, 8)], validation_data=validation
    )
    with session:
        assert session.run(truth, by="ada") is session
        progress = session.progress
    assert progress.n_answers == 38
    assert progress.n_pairs == 40
    assert progress.n_open == (0, 0)
    sizes, scores = zip(*progress.validation, strict=True)
    assert sizes == (2, *range(7, 40, 5), 40)
    assert scores[-1] > 0.8 > scores[0]
    assert len(progress.prequential) == 8
    told = events(tmp_path / "s.skmal")
    assert {by for kind, by, _ in told if kind == "answer"} == {"ada"}
    assert all(0 <= s < 60 for kind, _, s in told if kind == "answer")


def test_kills_lose_no_answer_and_ask_none_again():
    script = ROOT / "benchmarks" / "kill.py"
    run = [sys.executable, str(script), "--kills", "2"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    n_told = int(done.stdout.split("kills by SIGKILL, ")[1].split()[0])
    assert n_told > 0
    assert "none lost, none asked twice" in done.stdout


def test_raw_images_and_texts_train_clip(tmp_path):
    images, texts = make_folders(tmp_path)
    encoder = CLIPEncoder(MICRO_CLIP, max_epochs=1, device="cpu")
    clip = learner(estimator=encoder, batch_size=3)
    params = {"learner": clip, "budget": 6}
    with AnnotationSession(tmp_path / "s", images, texts, **params) as session:
        assert session.kinds == ("image", "text")
        session.run(lambda question: question.candidates[0])
        expected = session.learner.transform(session.pools[0])
    with AnnotationSession(tmp_path / "s", images, texts, **params) as session:
        again = session.learner.transform(session.pools[0])
    np.testing.assert_array_equal(again, expected)
