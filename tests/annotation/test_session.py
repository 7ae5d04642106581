"""Sessions: nothing answered is lost, nothing is asked twice, and reopening goes on."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading

import numpy as np
import pytest
from helpers import MICRO_CLIP, ROOT, make_pairs
from PIL import Image

from skmal import (
    AnnotationSession,
    CLIPEncoder,
    ContrastiveProjection,
    Item,
    PairedActiveLearner,
    RandomSampling,
    RidgeCCA,
    Selection,
)

X, Y = make_pairs(40)
SHUFFLED = np.random.default_rng(1).permutation(40)  # row i of Y_POOL is Y[SHUFFLED[i]]
Y_POOL = Y[SHUFFLED]
KEYED_X = {f"x{i}": x for i, x in enumerate(X)}
KEYED_Y = {f"y{i}": y for i, y in enumerate(Y)}


def learner(**params):
    return PairedActiveLearner(**{"batch_size": 5, "random_state": 0} | params)


def open_keyed(folder, x_keys=None, y_keys=None, **params):
    """Open a session on keyed items, in any order."""
    x = {key: KEYED_X[key] for key in x_keys or KEYED_X}
    y = {key: KEYED_Y[key] for key in y_keys or KEYED_Y}
    params = {"learner": learner()} | params
    return AnnotationSession(folder / "s.skmal", x, y, **params)


def truth(question):
    """Return the partner's key."""
    return "yx"[question.modality] + question.item.key[1:]


def answer_some(session, n):
    """Answer n questions; return what was asked, as text."""
    asked = []
    for question in session:
        asked.append(repr((question.id, question.modality, question.item.key)))
        asked.append(repr([candidate.key for candidate in question.candidates]))
        session.answer(question, truth(question))
        if len(asked) == 2 * n:
            break
    return asked


def known(session):
    return [(x.key, y.key) for x, y in session.pairs()]


def events(path):
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT kind, by, seconds FROM event").fetchall()
    connection.close()
    return rows


# -------------------------------------------------------------------- going on


def test_an_interrupted_session_asks_what_an_uninterrupted_one_asks(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    with open_keyed(whole, budget=23) as session:
        expected = answer_some(session, 99)
        pairs, learned = known(session), session.learner
    assert len(pairs) == 23
    assert all(x[1:] == y[1:] for x, y in pairs)
    asked, rng = [], np.random.default_rng(0)
    for n in (2, 4, 1, 6, 3, 2, 5, 9):
        # In another order every time, and with the weights lost or damaged.
        orders = (rng.permutation(list(k)).tolist() for k in (KEYED_X, KEYED_Y))
        with open_keyed(parts, *orders, budget=23) as session:
            asked += answer_some(session, n)
        weights = parts / "s.skmal.weights"
        if n % 2:
            shutil.rmtree(weights)
        elif n == 4:
            (only,) = weights.iterdir()
            only.write_bytes(only.read_bytes()[:-1] + b"?")
    assert asked == expected
    with open_keyed(parts, budget=23) as session:
        assert known(session) == pairs
        np.testing.assert_array_equal(
            session.learner.transform(X), learned.transform(X)
        )
        assert session.learner.prequential_.tolist() == learned.prequential_.tolist()
        assert session.next_question() is None


def test_an_encoder_that_warm_starts_is_rebuilt_through_all_its_trainings(tmp_path):
    encoder = ContrastiveProjection(3, max_epochs=3, warm_start=True, device="cpu")
    with open_keyed(tmp_path, learner=learner(estimator=encoder), budget=12) as session:
        answer_some(session, 99)
        expected = session.learner.transform(X)
    for lost in (False, True):
        if lost:
            shutil.rmtree(tmp_path / "s.skmal.weights")
        again = learner(estimator=encoder)
        with open_keyed(tmp_path, learner=again, budget=12) as session:
            np.testing.assert_array_equal(session.learner.transform(X), expected)


def test_a_session_learns_what_the_learner_would(tmp_path):
    with AnnotationSession(tmp_path / "s", X, Y_POOL, learner(), budget=15) as session:
        partner = {
            0: lambda i: np.flatnonzero(i == SHUFFLED)[0],
            1: SHUFFLED.__getitem__,
        }
        for question in session:
            row = partner[question.modality](question.item.row)
            session.answer(question, int(row))
        rows = np.array([(x.row, y.row) for x, y in session.pairs()])
        np.testing.assert_array_equal(rows[:, 0], SHUFFLED[rows[:, 1]])
        alone = learner().fit(X[rows[:, 0]], Y_POOL[rows[:, 1]])
        np.testing.assert_allclose(session.learner.transform(X), alone.transform(X))


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
    assert scores[-1] > 0.9 > scores[0]
    assert len(progress.prequential) == 8
    told = events(tmp_path / "s.skmal")
    assert {by for kind, by, _ in told if kind == "answer"} == {"ada"}
    assert all(0 <= s < 60 for kind, _, s in told if kind == "answer")


def test_a_learners_annotator_rehearses_a_session(tmp_path):
    def annotator(query, X_ids, y_ids):
        pool, others = (X_ids, y_ids)[:: 1 if query.modality == 0 else -1]
        found = np.flatnonzero(others == pool[query.indices[0]])
        return found if len(found) else np.array([-1])

    ids = np.arange(40), SHUFFLED[:30]
    with AnnotationSession(tmp_path / "s", X, Y_POOL[:30], learner()) as session:
        session.run(annotator, ids=ids)
        progress = session.progress
        assert all(x.row == SHUFFLED[y.row] for x, y in session.pairs())
    assert progress.n_pairs == 30
    assert progress.n_answers == 30 + progress.n_none


# -------------------------------------------------------------------- answers


@pytest.fixture
def session(tmp_path):
    """Return an open session with budget 7 and batches of 5."""
    with open_keyed(tmp_path, budget=7) as session:
        yield session


def test_none_costs_one_and_the_item_leaves(session):
    question = session.next_question()
    session.answer(question, None)
    progress = session.progress
    assert (progress.n_answers, progress.n_none, progress.n_pairs) == (1, 1, 0)
    sides = [40, 40]
    sides[question.modality] = 39
    assert progress.n_open == tuple(sides)
    assert session.undo().item.key == question.item.key
    assert session.progress.n_open == (40, 40)


def test_a_skipped_item_comes_back_only_when_the_others_have_run_out(tmp_path):
    keys = [f"x{i}" for i in range(12)], [f"y{i}" for i in range(12)]
    fixed = learner(query_strategy=RandomSampling(0), batch_size=2)
    with open_keyed(tmp_path, *keys, learner=fixed) as session:
        skipped = session.next_question()
        session.skip(skipped)
        assert session.progress.n_answers == 0
        later = []
        for question in session:
            later.append(question.item.key)
            session.answer(question, None)
        assert later.count(skipped.item.key) == 1
        assert later[-1] == skipped.item.key


def test_undo_goes_back_step_by_step_for_each_person(session):
    mine, theirs = session.next_question("me"), session.next_question("you")
    assert mine.id != theirs.id
    assert session.next_question("me") == mine  # a page loaded again
    session.answer(mine, truth(mine), by="me")
    session.answer(theirs, truth(theirs), by="you")
    second = session.next_question("me")
    session.skip(second, by="me")
    assert session.undo("me").id == second.id
    assert session.undo("me").id == mine.id
    assert session.undo("me") is None
    assert known(session) == [tuple(sorted([theirs.item.key, truth(theirs)]))]
    assert session.next_question("me").id == mine.id


def test_a_pair_taken_back_leaves_the_encoder_with_the_next_training(tmp_path):
    with open_keyed(tmp_path, budget=10) as session:
        answer_some(session, 5)
        session.train()
        wrong = session.undo()
        session.train()
        assert len(session.learner.X_training) == 4
        session.answer(wrong, truth(wrong))
        session.train()
        rows = [(x.row, y.row) for x, y in session.pairs()]
        i, j = np.array(rows).T
        alone = learner().fit(X[i], Y[j])
        np.testing.assert_allclose(session.learner.transform(X), alone.transform(X))
        for _ in range(4):
            session.undo()
        session.train()
        assert not hasattr(session.learner, "estimator_")


def test_two_persons_never_overspend_the_budget(session):
    held = [session.next_question(by) for by in "abcdefgh"]
    assert [q is None for q in held] == [False] * 5 + [False] * 3
    assert len({q.id for q in held[:5]}) == 5  # the batch; then two heads on one
    for by, question in zip("abcde", held, strict=False):
        session.answer(question, truth(question), by=by)
    with pytest.raises(ValueError, match=r"closed \(answer: a\)"):
        session.answer(held[5], truth(held[5]), by="f")
    for by in "abcdefgh":
        if (question := session.next_question(by)) is not None:
            session.answer(question, truth(question), by=by)
    assert session.progress.n_answers == 7
    session.change_budget(9)
    assert session.next_question() is not None


def test_an_answer_takes_the_place_of_anybodys_skip(session):
    question = session.next_question("a")
    session.skip(question, by="b")
    session.answer(question, truth(question), by="a")
    assert (session.progress.n_answers, session.progress.n_skips) == (1, 0)
    with pytest.raises(ValueError, match=r"closed \(answer: a\)"):
        session.skip(question, by="b")
    assert session.undo("b") is None
    assert session.undo("a").id == question.id


def test_what_cannot_be_an_answer_changes_nothing(session):
    first = session.next_question()
    session.answer(first, truth(first))
    second = session.next_question()
    other = "yx"[second.modality]
    taken = truth(first) if second.modality == first.modality else first.item.key
    for partner, message in [
        (taken, "belongs to"),
        ("nobody", "no item with the key 'nobody'"),
        (40, "row 40 is beyond the 40 items"),
        (1.5, f"row of an item of {'X' if other == 'x' else 'y'} must be an integer"),
        (True, "must be an integer"),
    ]:
        with pytest.raises(ValueError, match=message):
            session.answer(second, partner)
    with pytest.raises(ValueError, match="no question 999"):
        session.answer(999, None)
    with pytest.raises(ValueError, match="is closed"):
        session.skip(first)
    assert session.progress.n_answers == 1
    with pytest.raises(RuntimeError, match="neither answered nor skipped"):
        list(session)
    session.answer(second.id, Item(truth(second), 0, None))
    assert session.progress.n_pairs == 2


def test_search_finds_open_items_by_words(tmp_path):
    texts = {"a": "A red  Fox", "b": "fox, red", "c": "a hen", "d": "Red fox again"}
    features = X[:4], Y[:4]
    with AnnotationSession(
        tmp_path / "s", X[:4], texts, learner(batch_size=2), features=features
    ) as session:
        assert session.kinds == ("other", "text")
        found = [item.key for item in session.search("RED fox", 1)]
        assert found == ["a", "d", "b"]
        assert [i.key for i in session.search("red fox", 1, limit=1)] == ["a"]
        question = session.next_question()
        if question.modality == 0:
            session.answer(question, "a")
        else:
            session.answer(question, session.search("", 0)[0])
        assert len(session.search("", 0)) == 3
        assert session.item(1, "c").value == "a hen"


class Listens(PairedActiveLearner):
    """Keeps what it is told of items without a partner."""

    told = ()

    def teach_unmatched(self, query, partners):
        assert (partners == -1).all()
        self.told = (*self.told, (query.modality, *query.indices))


def test_the_learner_is_told_of_items_without_a_partner(tmp_path):
    listens = Listens(batch_size=2, random_state=0)
    with open_keyed(tmp_path, learner=listens, budget=4) as session:
        asked = []
        for question in session:
            asked.append(
                (
                    question.modality,
                    session._items.row[
                        session._items.number(question.modality, question.item)
                    ],
                )
            )
            session.answer(question, None)
        told = [(m, row) for m, *rows in session.learner.told for row in rows]
        assert sorted(told) == sorted(asked)
        assert session.progress.n_pairs == 0
    with open_keyed(tmp_path, learner=listens) as session:
        assert len(session.learner.told) == len({m for m, _ in asked})


# -------------------------------------------------------------------- files


def make_folders(folder):
    """Write 12 images and a text a line for each; return both, and images."""
    images = folder / "images"
    (images / "more").mkdir(parents=True)
    for i in range(12):
        pixels = np.random.default_rng(i).integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(images / ("more" if i % 2 else "") / f"{i:02}.png")
    texts = folder / "texts.txt"
    texts.write_text("".join(f"number {i}\n" for i in range(12)), encoding="utf-8")
    return images, texts


def test_files_are_known_by_path_and_content(tmp_path):
    images, texts = make_folders(tmp_path)
    features = X[:12], Y[:12]

    def opened(**params):
        return AnnotationSession(
            tmp_path / "s", images, texts, learner(), features=features, **params
        )

    def partner(question):
        if question.modality == 0:
            return session.search(f"number {int(question.item.key[-6:-4])}", 1)[-1]
        return session.search(f"{int(question.item.value[7:]):02}.png", 0)[0]

    with opened() as session:
        for _ in range(3):
            session.answer(q := session.next_question(), partner(q))
        pairs = known(session)
        open_image = session.search("", 0)[0].value
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


def test_a_csv_file_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("text\n" + "x" * 200_000)
    with pytest.raises(ValueError, match=r"y: .*long.csv is no table of texts"):
        AnnotationSession(tmp_path / "s.skmal", X, path)


def test_keys_are_strings(tmp_path):
    with pytest.raises(TypeError, match="a number means a row"):
        AnnotationSession(tmp_path / "s.skmal", {7: "a", 0: "b"}, ["c", "d"])
    with pytest.raises(ValueError, match="no valid Unicode"):
        AnnotationSession(tmp_path / "s.skmal", {"\udce9": "a"}, ["c", "d"])
    assert not (tmp_path / "s.skmal").exists()


def test_texts_come_from_csv_and_jsonl(tmp_path):
    csv, jsonl = tmp_path / "t.csv", tmp_path / "t.jsonl"
    csv.write_text("id,text,n\n7,a fox,1\n8,a hen,2\n", encoding="utf-8")
    lines = ['"a fox"', "", '{"text": "a hen"}', '"a fox"']
    jsonl.write_text("\n".join(lines), encoding="utf-8")
    params = {"learner": learner(batch_size=1), "features": (X[:2], Y[:3])}
    with AnnotationSession(tmp_path / "s", csv, jsonl, **params) as session:
        assert session.item(0, "8").value == "a hen"
        keys = [item.key for item in session.search("fox", 1)]
        assert keys[1] == keys[0] + "-2"  # the same text twice
    for text, name, message in [
        ("id,text\n1\n", "bad.csv", "line 2: no value in the column 'text'"),
        ("{}\n", "bad.jsonl", "line 1: expected a string"),
        ('{"id": 1, "text": "a"}\n"b"', "half.jsonl", "1 texts without an id"),
        ("id,text\n1,a\n1,b\n", "twice.csv", "two items with the key '1'"),
    ]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=message):
            AnnotationSession(tmp_path / "t", tmp_path / name, jsonl, **params)
    (tmp_path / "latin.txt").write_bytes("Füchse".encode("latin-1"))
    with pytest.raises(ValueError, match="is not UTF-8"):
        AnnotationSession(tmp_path / "t", tmp_path / "latin.txt", jsonl, **params)
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        AnnotationSession(tmp_path / "t", tmp_path / "gone", jsonl, **params)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no images"):
        AnnotationSession(tmp_path / "t", tmp_path / "empty", jsonl, **params)
    assert not (tmp_path / "t").exists()


# -------------------------------------------------------------------- the journal


def test_a_second_session_is_told_who_has_the_journal(session, tmp_path):
    with pytest.raises(BlockingIOError, match=f"in use by process {os.getpid()} on"):
        open_keyed(tmp_path)
    session.close()
    with open_keyed(tmp_path) as again:
        assert again.progress.n_answers == 0
    with pytest.raises(ValueError, match="is closed; open it again"):
        session.next_question()


def test_other_journals_are_refused_and_left_alone(tmp_path):
    path = tmp_path / "s.skmal"
    open_keyed(tmp_path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    content = path.read_bytes()
    with pytest.raises(ValueError, match="newer skmal .journal version 7"):
        open_keyed(tmp_path)
    assert path.read_bytes() == content
    path.write_text("my notes, in which nothing is a journal" * 99)
    with pytest.raises(ValueError, match="no skmal journal, or damaged"):
        open_keyed(tmp_path)
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(ValueError, match="a SQLite file, but no skmal journal"):
        open_keyed(tmp_path)


def test_other_parameters_are_refused(tmp_path):
    pairs = [("x1", "y1")]
    open_keyed(tmp_path, budget=9, known_pairs=pairs).close()
    for params, message in [
        ({"budget": 8}, "budget=8 was passed, but .* begun with 9"),
        ({"batch_size": 3}, "batch_size=3 was passed, but .* begun with 5"),
        ({"learner": learner(random_state=1)}, "random_state=1, but .* begun with 0"),
        ({"learner": learner(query_strategy=RandomSampling())}, "query_strategy="),
        ({"known_pairs": [("x1", "y2")]}, "pass the same"),
        ({"known_pairs": [(1, 1), (1, 2)]}, "names an item twice"),
        ({"known_pairs": ["x1"]}, "pairs .x, y. of rows or keys"),
        ({"budget": 0}, "budget must be an integer of at least 1"),
        ({"training": "later"}, "training must be one of"),
        ({"features": X}, "features must be a tuple"),
        ({"features": (X[1:], None)}, "39 rows for the 40 items of X"),
        ({"learner": learner().fit(X, Y)}, "knows pairs already"),
    ]:
        with pytest.raises(ValueError, match=message):
            open_keyed(tmp_path, **{"known_pairs": pairs} | params)
    with pytest.raises(TypeError, match="must be a PairedActiveLearner, got RidgeCCA"):
        open_keyed(tmp_path, learner=RidgeCCA())
    with pytest.raises(ValueError, match="RidgeCCA learns from rows of numbers"):
        AnnotationSession(tmp_path / "t", ["a", "b"], ["c", "d"])
    with open_keyed(tmp_path, known_pairs=pairs) as session:
        assert session.progress.budget == 9


def test_a_full_disk_takes_nothing_and_loses_nothing(session, tmp_path):
    answer_some(session, 2)
    question, before = session.next_question(), session.progress
    pages = session._journal._one("PRAGMA page_count")
    session._journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    session.answer(question, truth(question))  # what fits

    def again_and_again():
        for _ in range(2000):
            session.undo()
            session.answer(question, truth(question))

    with pytest.raises(OSError, match=r"is full, so this step was not taken") as caught:
        again_and_again()
    assert caught.value.errno == 28
    stands = session.progress
    assert stands.n_answers in (before.n_answers, before.n_answers + 1)
    session._journal._connection.execute("PRAGMA max_page_count = 1000000")
    session.answer(session.next_question(), None)  # there is room again
    session.close()
    with open_keyed(tmp_path) as again:
        assert again.progress.n_answers == stands.n_answers + 1


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    if os.geteuid() != 0:  # root may write anywhere
        tmp_path.chmod(0o500)
        with pytest.raises(PermissionError, match="cannot be written"):
            open_keyed(tmp_path)
        tmp_path.chmod(0o700)
    with pytest.raises(PermissionError, match=r"must exist and be writable"):
        open_keyed(tmp_path / "missing")
    open_keyed(tmp_path).close()
    path = f"file:{tmp_path / 's.skmal'}?mode=ro"
    opened = sqlite3.connect

    def read_only(_, **params):
        return opened(path, uri=True, **params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", read_only)
        with pytest.raises(PermissionError, match="cannot be written"):
            open_keyed(tmp_path)


def test_exports_hold_keys_hashes_and_who(session, tmp_path):
    question = session.next_question("ada")
    session.answer(question, truth(question), by="ada", seconds=2)
    lone = session.next_question()
    session.answer(lone, None)
    session.export_csv(tmp_path / "a.csv")
    session.export_jsonl(tmp_path / "a.jsonl")
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    pair, none = map(json.loads, lines)
    assert (pair["kind"], pair["by"], pair["seconds"]) == ("pair", "ada", 2.0)
    assert {pair["X"], pair["y"]} == {question.item.key, truth(question)}
    assert len(pair["X_hash"]) == len(pair["y_hash"]) == 64
    assert none["kind"] == "none"
    assert none["Xy"[1 - lone.modality]] is None
    table = (tmp_path / "a.csv").read_text().splitlines()
    assert table[0].startswith("kind,X,y,asked,by,at")
    assert len(table) == 3


def test_exports_hold_the_texts_which_have_no_key_of_their_own(tmp_path):
    texts = [f"text {i}" for i in range(40)]
    with AnnotationSession(
        tmp_path / "s.skmal", KEYED_X, texts, learner(), features=(None, Y)
    ) as session:
        question = session.next_question()
        session.answer(question, question.item.row)
        session.export_jsonl(tmp_path / "a.jsonl")
    row = json.loads((tmp_path / "a.jsonl").read_text())
    assert row["y_text"] == f"text {question.item.row}"
    assert row["X_text"] is None


# -------------------------------------------------------------------- beside people


def test_people_go_on_while_the_encoder_trains(tmp_path):
    gate = threading.Event()

    def waits(learner, X_pool, y_pool, n_instances):
        if learner.X_training is not None and len(learner.X_training) >= 5:
            assert gate.wait(300)
        return Selection(np.arange(n_instances), np.zeros(n_instances), modality=0)

    slow = learner(query_strategy=waits)
    with open_keyed(tmp_path, learner=slow, training="background") as session:
        for _ in range(14):  # of which 5 were chosen, and the others drawn meanwhile
            question = session.next_question()
            session.answer(question, truth(question))
        progress = session.progress
        assert progress.is_training
        assert (progress.n_rounds, progress.n_answers) == (1, 14)
        gate.set()
        session.wait()
        assert session.progress.n_rounds == 2
        assert len({x for x, _ in known(session)}) == 14
        session.run(truth)
        assert session.progress.n_open == (0, 0)
        assert len(session.learner.X_training) == 40


def test_the_strategys_own_reserve_serves_fast_people_first(tmp_path):
    with open_keyed(tmp_path, training="background") as session:
        session.run(truth)
        assert session.progress.n_pairs == 40
    with open_keyed(tmp_path, training="background") as session:
        assert session.next_question() is None
        first = session._ledger.questions
        assert sum(asked.round == 0 for asked in first.values()) >= 15


def test_a_training_that_fails_stops_nobody(tmp_path):
    def fails(learner, X_pool, y_pool, n_instances):
        if learner.X_training is not None:
            raise ZeroDivisionError("by people")
        return Selection(np.arange(n_instances), np.zeros(n_instances), modality=0)

    failing = learner(query_strategy=fails)
    with open_keyed(tmp_path, learner=failing, training="background") as session:
        for _ in range(8):
            question = session.next_question()
            session.answer(question, truth(question))
        session.wait()
        assert session.progress.training_error == "ZeroDivisionError: by people"
    with open_keyed(tmp_path, learner=failing) as session:
        with pytest.raises(ZeroDivisionError):
            answer_some(session, 20)
        assert session.progress.n_answers >= 8


def test_threads_share_a_session(tmp_path):
    with open_keyed(tmp_path, training="background", budget=30) as session:

        def work(by):
            while (question := session.next_question(by)) is not None:
                try:
                    session.answer(question, truth(question), by=by)
                except ValueError as error:
                    assert "is closed" in str(error)

        threads = [threading.Thread(target=work, args=[str(i)]) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        session.wait()
        pairs = known(session)
        assert session.progress.n_answers == len(pairs) == 30
        assert len({x for x, _ in pairs}) == len({y for _, y in pairs}) == 30
        assert all(x[1:] == y[1:] for x, y in pairs)


# -------------------------------------------------------------------- kills


def test_kills_lose_no_answer_and_ask_none_again():
    script = ROOT / "benchmarks" / "kill.py"
    run = [sys.executable, str(script), "--kills", "5"]
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
