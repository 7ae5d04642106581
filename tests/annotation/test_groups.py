"""Items with several partners: images with captions, copies, and "that is all"."""

import json

import numpy as np
import pytest
from helpers import MICRO_CLIP, make_pairs
from sessions import learner, make_folders

from skmal import AnnotationSession, CLIPEncoder

N, EACH = 8, 3
X, Y = make_pairs(N * EACH)
IMAGES = {f"x{i}": X[i * EACH] for i in range(N)}
CAPTIONS = {f"y{j // EACH}.{j % EACH}": Y[j] for j in range(N * EACH)}
TRUTH = {(f"x{i}", f"y{i}.{j}") for i in range(N) for j in range(EACH)}


def open_session(folder, **params):
    params = {"learner": learner(batch_size=3), "groups": "X"} | params
    return AnnotationSession(folder / "s.skmal", IMAGES, CAPTIONS, **params)


def partners(question):
    """Return the keys of all partners of the item asked about."""
    key = question.item.key
    if question.modality == 1:
        return ["x" + key[1:].split(".")[0]]
    return [f"y{key[1:]}.{j}" for j in range(EACH)]


def known(session):
    return {(x.key, y.key) for x, y in session.pairs()}


def ask_about(session, modality):
    """Return a question about an item of this pool; others are answered."""
    while (question := session.next_question()).modality != modality:
        told = partners(question)
        session.answer(question, told if question.several else told[0])
    return question


@pytest.mark.parametrize("training", ["wait", "background"])
@pytest.mark.parametrize("in_lists", [True, False])
def test_every_caption_finds_its_image_and_no_image_is_asked_twice(
    tmp_path, in_lists, training
):
    asked = []
    with open_session(tmp_path, training=training) as session:
        for question in session:
            assert question.several == (question.modality == 0)
            left = [k for k in partners(question) if k not in known_of(question)]
            if not question.several:
                session.answer(question, left[0])
            elif in_lists:
                session.answer(question, partners(question))
            elif left:
                session.answer(question, left[0])
                continue
            else:
                session.complete(question)
            asked.append(question.item.key)
        progress = session.progress
        assert known(session) == TRUTH
        assert (progress.n_answers, progress.n_none) == (N * EACH, 0)
        assert progress.n_pairs == len(session.learner.X_training) == N * EACH
        assert len(asked) == len(set(asked))


def test_the_table_says_of_which_items_all_partners_are_known(tmp_path):
    with open_session(tmp_path) as session:
        question = ask_about(session, 0)
        session.answer(question, partners(question)[:2], by="ada")
        session.export(tmp_path / "a.jsonl")
        lines = (tmp_path / "a.jsonl").read_text().splitlines()
        rows = list(map(json.loads, lines))
        (closing,) = (row for row in rows if row["kind"] == "all")
        assert (closing["X"], closing["y"]) == (question.item.key, None)
        assert (closing["by"], closing["asked"]) == ("ada", "X")
        assert rows[-1] == closing
        session.undo("ada")  # whether these are all is open again
        session.export(tmp_path / "a.jsonl")
        assert '"all"' not in (tmp_path / "a.jsonl").read_text()


def known_of(question):
    return [item.key for item in question.partners]


def test_a_question_stays_open_until_that_is_all(tmp_path):
    with open_session(tmp_path) as session:
        question = ask_about(session, 0)
        wanted = [k for k in partners(question) if k not in known_of(question)]
        before = session.progress.n_answers
        session.answer(question, wanted[0])
        again = session.next_question()
        assert again == question
        assert wanted[0] in known_of(again)
        assert wanted[0] not in {item.key for item in again.candidates}
        assert question.item.key in {
            i.key for i in session.items.search("", 0, limit=N)
        }
        with pytest.raises(ValueError, match="is a partner of .* already"):
            session.answer(question, wanted[0])
        with pytest.raises(ValueError, match="call complete where these are all"):
            session.answer(question, None)
        with pytest.raises(ValueError, match="the list of all partners holds None"):
            session.answer(question, [None])
        session.complete(question)
        assert session.progress.n_answers == before + 1  # that is all costs nothing
        assert session.next_question() != question
        with pytest.raises(ValueError, match=r"closed .complete: me."):
            session.answer(question, wanted[1])
        caption = session.items.get(1, wanted[1])
        assert caption.key in {i.key for i in session.items.search("", 1, limit=99)}
        assert question.item.key not in {
            i.key for i in session.items.search("", 0, limit=N)
        }


def test_steps_back_open_what_was_all(tmp_path):
    with open_session(tmp_path) as session:
        question = ask_about(session, 0)
        wanted = [k for k in partners(question) if k not in known_of(question)]
        session.answer(question, wanted, by="ada")
        session.answer(session.next_question("bob"), None, by="bob")
        assert session.undo("ada") == question  # that is all
        assert set(wanted) <= set(known_of(session.next_question("ada")))
        session.complete(question, by="eve")
        assert session.undo("ada") == question  # the last partner, and so the whole
        found = session.next_question("ada")
        assert wanted[-1] not in known_of(found)
        assert session.undo("eve") is None
        session.skip(found, by="ada")
        session.answer(found, wanted, by="ada")  # in place of the skip
        assert session.progress.n_skips == 0
    with open_session(tmp_path) as session:
        assert not session._book.ledger.is_open(question.id)
        assert {(question.item.key, key) for key in wanted} <= known(session)


def test_none_of_several_is_one_answer(tmp_path):
    with open_session(tmp_path, groups="both") as session:
        for told in (lambda q: session.answer(q, []), session.complete):
            before = session.progress
            told(session.next_question())
            after = session.progress
            assert after.n_none == before.n_none + 1
            assert after.n_answers == before.n_answers + 1
        session.undo()
        assert session.progress.n_none == 1


def test_the_time_of_a_list_is_told_once(tmp_path):
    with open_session(tmp_path) as session:
        question = ask_about(session, 0)
        session.answer(question, partners(question), by="ada", seconds=9.0)
        times = [reply.seconds for reply in session.review.replies(by="ada")]
        assert times == [None, None, 9.0]


def test_who_may_have_one_gets_one(tmp_path):
    with open_session(tmp_path) as session:
        question = ask_about(session, 1)
        with pytest.raises(ValueError, match="of length 2, but 'y.* can have one"):
            session.answer(question, ["x0", "x1"])
        with pytest.raises(ValueError, match="which can have one partner; answer with"):
            session.complete(question)
    with pytest.raises(
        ValueError, match="groups='y' was passed, but .* begun with 'X'"
    ):
        open_session(tmp_path, groups="y")
    with pytest.raises(ValueError, match="groups must be one of"):
        open_session(tmp_path, groups="images")
    with open_session(tmp_path, groups=None) as session:  # the journal's
        assert ask_about(session, 0).several


def test_known_pairs_may_name_an_image_again(tmp_path):
    pairs = [("x0", "y0.0"), ("x0", "y0.1")]
    with pytest.raises(ValueError, match="names a pair twice"):
        open_session(tmp_path, known_pairs=[*pairs, pairs[0]])
    with pytest.raises(ValueError, match="names an item twice"):
        open_session(tmp_path, known_pairs=[*pairs, ("x1", "y0.0")])
    with open_session(tmp_path, known_pairs=pairs) as session:
        session.run(lambda q: partners(q) if q.several else partners(q)[0])
        assert known(session) == TRUTH
        assert session.progress.n_answers == N * EACH - 2


def test_a_rehearsal_names_all_of_a_group(tmp_path):
    ids = np.arange(N), np.repeat(np.arange(N), EACH)

    def annotator(query, X_ids, y_ids):
        pool, others = (X_ids, y_ids) if query.modality == 0 else (y_ids, X_ids)
        found = np.flatnonzero(others == pool[query.indices[0]])
        return [found[0] if len(found) else -1]

    with open_session(tmp_path) as session:
        session.run(annotator, ids=ids)
        assert known(session) == TRUTH


def test_random_histories_come_back_as_they_were(tmp_path):
    rng = np.random.default_rng(0)
    session = open_session(tmp_path, groups="both")

    def state(session):
        ledger = session._book.ledger
        return (
            known(session),
            ledger.partner.tolist(),
            ledger.n_closed,
            {n: p for n, p in ledger.partners.items() if p},
            session.progress.n_answers,
            session.progress.found,
            {name: pace.n for name, pace in session.progress.pace_by_rank.items()},
        )

    for _ in range(100):
        question = session.next_question("me")
        if question is None:
            break
        match rng.integers(6) if len(question.candidates) > 1 else 2:
            case 0:
                session.undo("me")
            case 1:
                session.skip(question)
            case 2:
                session.complete(question)
            case 3:
                some = rng.choice(len(question.candidates), 2, replace=False)
                session.answer(question, [question.candidates[i] for i in some])
            case _:
                session.answer(question, question.candidates[0])
        if rng.random() < 0.1:
            before = state(session)
            session.close()
            session = open_session(tmp_path, groups="both")
            assert state(session) == before
    while session._book.ledger.last_of("me"):
        session.undo("me")
    assert state(session)[:2] == (set(), [-2] * len(session._book.ledger.partner))
    assert session._book.ledger.n_closed == [0, 0]
    assert session.progress.n_answers == session.progress.found.n == 0
    session.close()


# -------------------------------------------------------------------- copies


def test_copies_are_asked_about_once_and_offered_once(tmp_path):
    images, texts = make_folders(tmp_path)
    for name in ("copy.png", "zz.png"):
        (images / name).write_bytes((images / "00.png").read_bytes())
    texts.write_text(texts.read_text() + "number 4\n")
    clip = learner(
        estimator=CLIPEncoder(MICRO_CLIP, max_epochs=1, device="cpu"), batch_size=4
    )

    def open_again(**params):
        return AnnotationSession(
            tmp_path / "s.skmal", images, texts, clip, groups="X", **params
        )

    with open_again() as session:
        assert session.progress.n_open == (12, 12)
        seen, asked = set(), []
        offered = [len(session.items.search("", m, limit=99)) for m in (0, 1)]
        assert offered == [12, 12]
        for question in session:
            if len(asked) == 6:
                break
            asked.append(question.item.key)
            keys = [item.key for item in question.candidates]
            assert len(keys) == len(set(keys))
            seen |= {question.item.key, *keys}
            if question.item.value == "number 4":  # which may fit two images
                assert question.several
            only = question.candidates[0]
            session.answer(question, [only] if question.several else only)
        assert {"copy.png", "zz.png"} - seen  # one of the three stands for all
        assert len({"00.png", "copy.png", "zz.png"} & seen) <= 1
        first = session.items.get(0, "zz.png")
        assert first.key == session.items.get(0, "00.png").key
        answers = session.progress.n_answers
    # The one that stood for them leaves; another stands for it, and its answers.
    (images / first.key).unlink()
    with pytest.warns(UserWarning, match="are missing, 1 in all"):
        session = open_again()
    with session:
        assert session.progress.n_answers == answers
        assert session.progress.n_open[0] <= 12
        item = session.items.get(0, "zz.png")
        assert item.key == first.key
        assert item.value.exists()
        session.run(lambda question: question.candidates[0])
        assert session.progress.n_pairs == len(session.pairs())


def test_without_groups_copies_are_items_of_their_own(tmp_path):
    images, texts = make_folders(tmp_path)
    (images / "copy.png").write_bytes((images / "00.png").read_bytes())
    clip = learner(
        estimator=CLIPEncoder(MICRO_CLIP, max_epochs=1, device="cpu"), batch_size=4
    )
    with AnnotationSession(tmp_path / "s.skmal", images, texts, clip) as session:
        assert session.progress.n_open == (13, 12)
        assert session.items.get(0, "copy.png").key == "copy.png"


def test_several_partners_do_not_pass_the_budget(tmp_path):
    with open_session(tmp_path) as session:
        question = ask_about(session, 0)
        budget = session.progress.n_answers + 2
        session.change_budget(budget)
        with pytest.raises(ValueError, match="has 2 left.*would take 3"):
            session.answer(question, partners(question))
        assert session.progress.n_answers == budget - 2
        with pytest.raises(ValueError, match="holds None"):
            session.run(lambda q: [None, *partners(q)] if q.several else None)
        session.run(lambda q: partners(q) if q.several else partners(q)[0])
        assert session.progress.n_answers == budget
        assert known(session) <= TRUTH
        assert session._book.ledger.completed == {}  # not all of them were paid for
        with pytest.raises(ValueError, match="has 0 left.*would take 1"):
            session.answer(question, partners(question)[2])


def test_of_several_partners_the_first_is_heard_though_the_budget_is_spent(tmp_path):
    with open_session(tmp_path) as session:
        ask_about(session, 0)
        other = session.next_question("bob")
        n = session.progress.n_answers

        def told(question):  # after others have spent all
            session.change_budget(n + 1)
            session.answer(other, None, by="bob")
            return partners(question) if question.several else partners(question)[0]

        session.run(told)
        assert session.progress.n_answers == n + 2
