"""Items: known by key and content, found by words."""

import os

import pytest
from sessions import (
    KEYED_X,
    KEYED_Y,
    X,
    Y,
    known,
    learner,
    make_folders,
    open_keyed,
    truth,
)

from skmal import AnnotationSession


def test_search_finds_open_items_by_words(tmp_path):
    texts = {"a": "A red  Fox", "b": "fox, red", "c": "a hen", "d": "Red fox again"}
    features = X[:4], Y[:4]
    with AnnotationSession(
        tmp_path / "s", X[:4], texts, learner(batch_size=2), features=features
    ) as session:
        assert session.kinds == ("other", "text")
        found = [item.key for item in session.items.search("RED fox", 1)]
        assert found == ["a", "d", "b"]
        assert [i.key for i in session.items.search("red fox", 1, limit=1)] == ["a"]
        question = session.next_question()
        if question.modality == 0:
            session.answer(question, "a")
        else:
            session.answer(question, session.items.search("", 0)[0])
        assert len(session.items.search("", 0)) == 3
        assert session.items.get(1, "c").value == "a hen"


def test_files_are_known_by_path_and_content(tmp_path):
    images, texts = make_folders(tmp_path)
    features = X[:12], Y[:12]

    def opened(**params):
        return AnnotationSession(
            tmp_path / "s", images, texts, learner(), features=features, **params
        )

    def partner(question):
        if question.modality == 0:
            return session.items.search(f"number {int(question.item.key[-6:-4])}", 1)[
                -1
            ]
        return session.items.search(f"{int(question.item.value[7:]):02}.png", 0)[0]

    with opened() as session:
        for _ in range(3):
            session.answer(q := session.next_question(), partner(q))
        pairs = known(session)
        open_image = session.items.search("", 0)[0].value
        paired_image = session.pairs()[0][0].value
    # Other times, and another order of lines: nothing has changed.
    os.utime(paired_image, (1, 1))
    lines = texts.read_text().splitlines()[::-1]
    texts.write_text("\n\n".join(lines), encoding="utf-8")
    features = X[:12], Y[11::-1]
    with opened() as session:
        assert known(session) == pairs
    # An open image is gone, one has changed, a text has come.
    content = open_image.read_bytes()
    open_image.unlink()
    features = X[:11], Y[11::-1]
    with pytest.warns(UserWarning, match="are missing, 1 in all"):
        opened().close()
    open_image.write_bytes(content + b"\n")
    texts.write_text("\n".join([*lines, "number 12"]), encoding="utf-8")
    features = X[:12], Y[12::-1]
    with pytest.warns(UserWarning, match="items of .*, 1 in all") as told:
        session = opened()
    news = [str(w.message).split(", ")[0].split()[-1] for w in told]
    assert news == ["changed", "added"]
    with session:
        assert known(session) == pairs
        assert session.progress.n_open == (9, 10)
    # An image with a partner has changed: nothing is done before people decide.
    paired_image.write_bytes(content)
    with pytest.raises(ValueError, match=r'1 answers .* rest .* changed="ask_again"'):
        opened()
    with pytest.warns(UserWarning, match=r"changed.*; 1 answers .* taken back"):
        session = opened(changed="ask_again")
    with session:
        assert known(session) == pairs[1:]
        assert session.progress.n_answers == 2
    with opened() as session:
        assert known(session) == pairs[1:]


def test_nobody_answers_about_an_item_that_is_gone(tmp_path):
    with open_keyed(tmp_path) as session:
        skipped, held = session.next_question(), session.next_question("ada")
        session.skip(skipped)
    keys = [[*KEYED_X], [*KEYED_Y]]
    for question in (skipped, held):
        keys[question.modality].remove(question.item.key)
    with pytest.warns(UserWarning, match="are missing, 2 in all"):
        session = open_keyed(tmp_path, *keys)
    with session:
        assert session.undo() is None  # and not with another item in its place
        assert session.progress.n_skips == 0
        for question in (skipped, held):
            with pytest.raises(ValueError, match="missing from its pool"):
                session.answer(question, truth(question))
        gone = skipped.item.key, held.item.key
        assert session.next_question().item.key not in gone
