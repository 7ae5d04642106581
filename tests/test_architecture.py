"""The page on how it is built says what the code does."""

import re
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from helpers import ROOT

import skmal
from skmal import AnnotationSession, PairedActiveLearner

PACKAGE = Path(skmal.__file__).parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def steps_after(words):
    """Return the functions that the first numbered list after some words names."""
    _, found, rest = PAGE.partition(words)
    assert found
    start = re.search(r"^1\. ", rest, flags=re.MULTILINE)
    listed = rest[start.start() :].split("\n\n")[0]
    return re.findall(r"^\d+\. `(.+?)`:", listed, flags=re.MULTILINE)


@contextmanager
def calls_noted():
    """Note each call of a function of the package."""
    calls = []

    def note(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(PACKAGE):
            name = f"{path.relative_to(PACKAGE).as_posix()}::{frame.f_code.co_qualname}"
            calls.append(name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def assert_in_this_order(steps, calls):
    assert len(steps) > 3
    left = iter(calls)
    for step in steps:
        assert step in left, f"{step} is not called, or not after the steps before it"


@pytest.fixture
def pools():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    return X, X @ rng.normal(size=(4, 3))


def test_a_pool_goes_that_way(pools):
    X, y = pools
    learner = PairedActiveLearner(random_state=0).fit(X[:10], y[:10])
    with calls_noted() as calls:
        query = learner.query(X[10:], y[10:], n_instances=3)
    assert_in_this_order(steps_after("What `PairedActiveLearner().query("), calls)
    with calls_noted() as calls:
        learner.teach(X[10:][query.indices], y[10:][query.indices])
    assert_in_this_order(steps_after("`learner.teach("), calls)


def test_an_answer_goes_that_way(pools, tmp_path):
    names = [{f"{side}{i}": f"{side} {i}" for i in range(30)} for side in "xy"]
    learner = PairedActiveLearner(random_state=0)
    journal = tmp_path / "journal.skmal"
    with AnnotationSession(journal, *names, learner, features=pools) as session:
        question = session.next_question()
        with calls_noted() as calls:
            session.answer(question, "yx"[question.modality] + question.item.key[1:])
    assert_in_this_order(steps_after("## The walk of an answer"), calls)


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`((?:skmal|tests)/.+?)`", PAGE)))
)
def test_the_files_to_change_are_there(name):
    assert (ROOT / name).exists()
