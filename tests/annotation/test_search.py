"""Items found by words: accents, parts of words, the best first; and by the encoder."""

import random

import numpy as np
import pytest
from sessions import X, Y, learner
from sklearn.base import BaseEstimator

from skmal import AnnotationSession, PairedActiveLearner
from skmal.annotation._search import Words

TEXTS = [
    "A dog runs, fast",
    "Löwe im Gras",
    "dog",
    "hot-dog stand",
    "dogma",
    "ein Hund",
]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("dog", [2, 0, 3, 4]),  # nothing else; a word; part of one
        ("DOG  stand", [3]),
        ("fast dog", [0]),  # in any order
        ("og", [0, 2, 3, 4]),
        ("lowe", [1]),
        ("LÖWE", [1]),
        ("gras lö", [1]),
        ("hot-dog", [3]),
        ("hot dog", [3]),
        ("dog cat hund", [5, 2, 0, 3, 4]),  # rare words tell most, equal ones in order
        ("cat", []),
        ("<>", []),
        ("", [0, 1, 2, 3, 4, 5]),
        (" \n", [0, 1, 2, 3, 4, 5]),
    ],
)
def test_the_best_come_first(words, found):
    rows = list(Words(TEXTS).search(words))
    if words == "dog cat hund":
        assert rows[0] == 5
        rows, found = sorted(rows), sorted(found)
    assert rows == found


def test_letters_of_other_languages_are_found_without_their_accents():
    texts = [
        "Ærø",
        "Łódź",
        "naïve",
        "Straße",
        "Ελλάδα",
        "日本語の本",
        "a\nb\x85c\u2028d",
    ]
    words = Words(texts)
    wanted = ["aero", "lodz", "naive", "strasse", "ελλαδα", "日本", "b c d"]
    assert [list(words.search(text)) for text in wanted] == [[i] for i in range(7)]


def test_every_part_of_a_text_finds_it_among_others():
    draw = random.Random(0)
    texts = ["".join(draw.choices("ab \n", k=draw.randrange(8))) for _ in range(200)]
    words = Words(texts)
    for text in texts:
        rows = list(words.search(text[2:6]))
        parts = text[2:6].split()
        by_hand = [i for i, t in enumerate(texts) if all(part in t for part in parts)]
        assert sorted(rows) == by_hand


def test_no_texts_hold_no_words():
    assert list(Words([]).search("a")) == list(Words([]).search("")) == []
    assert list(Words(["", " "]).search("")) == [0, 1]


class Letters(BaseEstimator):
    """Encode a text by its letters, and X, numbers, as the letters they stand for."""

    def fit(self, X, y):
        return self

    def transform(self, X, y):
        counts = [[text.count(letter) for letter in "abc"] for text in y]
        return np.asarray(X, dtype=float), np.array(counts, dtype=float)


@pytest.mark.parametrize("training", ["wait", "background"])
def test_the_encoder_finds_what_lies_near_the_text(tmp_path, training):
    items = np.eye(3)[[0, 1, 2, 0, 1]] + 0.01 * np.arange(15).reshape(5, 3)
    texts = ["aab", "abb", "ccc", "aaa", "bbb"]
    template = PairedActiveLearner(Letters(), batch_size=2, random_state=0)
    path = tmp_path / "s"
    with AnnotationSession(path, items, texts, template, training=training) as session:
        assert (
            session.items.search("c", 0, 1, how="encoder")[0].row == 2
        )  # it need not learn
        session.train()
        found = session.items.search("a", 0, 2, how="encoder")
        assert [item.row for item in found] == [0, 3]
        assert session.items.search("bb", 1, 1, how="encoder")[0].value == "bbb"
        assert session.items.search("c", 0, 1, how="encoder")[0].row == 2
        assert session.items.search(" ", 0, how="encoder") == []
        question = session.next_question()
        taken_from = 1 - question.modality
        taken = session.items.search("", taken_from)[0]
        session.answer(question, taken)
        left = session.items.search("a", 1 - question.modality, 9, how="encoder")
        assert len(left) == 4
        assert taken not in left
        other = session.next_question()
        for asked, is_found in ((question, True), (other, False), (other.id, False)):
            found = session.items.search("", taken_from, 9, question=asked)
            assert (taken in found) == is_found  # an answered one may name it again
        session.change_budget(1)
        session.train()  # and there is nothing more to ask
        assert session.next_question() is None
        assert (
            session.items.search("a", 1 - question.modality, 9, how="encoder") == left
        )
        with pytest.raises(ValueError, match="how must be"):
            session.items.search("a", 0, how="letters")


def test_before_it_has_learned_all_of_the_larger_pool_is_searched(tmp_path):
    texts = ["aab", "abb", "ccc", "aaa", "bbb"]
    template = PairedActiveLearner(Letters(), batch_size=2, random_state=0)
    with AnnotationSession(tmp_path / "s", np.eye(3)[:2], texts, template) as session:
        found = session.items.search("bbb", 1, 9, how="encoder")
        assert found[0].row == 4
        assert len(found) == 5


def test_an_encoder_that_reads_no_texts_finds_none(tmp_path):
    texts = [f"text {i}" for i in range(20)]
    features = X[:20], Y[:20]
    with AnnotationSession(
        tmp_path / "s", X[:20], texts, learner(batch_size=2), features=features
    ) as session:
        session.train()
        assert session.items.search("text", 1, how="encoder") == []
        assert session.items.search("text", 0, how="encoder") == []
