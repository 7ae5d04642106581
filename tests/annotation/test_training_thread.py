"""People answer while the encoder trains."""

import threading
import time

import numpy as np
import pytest
from sessions import answer_some, known, learner, open_keyed, truth

from skmal import Selection


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


@pytest.mark.parametrize("training", ["wait", "background"])
def test_two_who_need_the_first_questions_wait_for_one_training(tmp_path, training):
    second, asked = threading.Event(), {}

    def waits(learner, X_pool, y_pool, n_instances):
        second.wait(60)
        time.sleep(0.05)  # in which the second comes to wait as well
        return Selection(np.arange(n_instances), np.zeros(n_instances), modality=0)

    def ask(by):
        if by == "bob":
            second.set()
        asked[by] = session.next_question(by).id

    once = learner(query_strategy=waits)
    with open_keyed(tmp_path, learner=once, training=training) as session:
        people = [threading.Thread(target=ask, args=[by]) for by in ("ada", "bob")]
        for person in people:
            person.start()
        for person in people:
            person.join()
        session.wait()
        assert sorted(asked.values()) == [1, 2]
        assert session.progress.n_rounds == 1


def test_a_session_closed_while_it_trains_keeps_what_was(tmp_path):
    begun, gate = threading.Event(), threading.Event()

    def waits(learner, X_pool, y_pool, n_instances):
        if learner.X_training is not None:
            begun.set()
            assert gate.wait(60)
        return Selection(np.arange(n_instances), np.zeros(n_instances), modality=0)

    slow = learner(query_strategy=waits)
    with open_keyed(tmp_path, learner=slow, training="background") as session:
        answer_some(session, 5)
        assert begun.wait(60)
    gate.set()
    session.wait()
    assert session._trainer.error is None
    with open_keyed(tmp_path, learner=slow) as session:
        assert (session.progress.n_rounds, session.progress.n_answers) == (1, 5)


def test_the_strategys_own_reserve_serves_fast_people_first(tmp_path):
    with open_keyed(tmp_path, training="background") as session:
        session.run(truth)
        assert session.progress.n_pairs == 40
    with open_keyed(tmp_path, training="background") as session:
        assert session.next_question() is None
        assert len(session._book.ledger.rounds[0].questions) == 15


def test_people_get_different_questions_beyond_the_reserve(tmp_path):
    with open_keyed(tmp_path, training="background") as session:
        ids = {session.next_question(str(person)).id for person in range(17)}
        assert len(ids) == 17  # 15 were chosen
        session.wait()


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


def verify(session, question):
    key = question.item.key[1:]
    session.proposals.verify((f"x{key}", f"y{key}"))


@pytest.mark.parametrize(
    "tell",
    [
        lambda session, question: session.answer(question, truth(question)),
        lambda session, question: session.complete(question),
        verify,
        lambda session, _: session.review.take_back(session.review.replies()[0]),
    ],
    ids=["answer", "complete", "verify", "take back"],
)
def test_what_fills_a_batch_is_learned_though_nobody_asks_for_more(tmp_path, tell):
    with open_keyed(
        tmp_path,
        learner=learner(batch_size=1),
        known_pairs=[(f"x{i}", f"y{i}") for i in range(8)],
        groups="X",
        training="background",
    ) as session:
        is_told = False
        while not (question := session.next_question()).several or not is_told:
            is_told, partner = True, truth(question)
            session.answer(question, [partner] if question.several else partner)
            session.wait()
        n = session.progress.n_rounds
        tell(session, question)
        session.wait()
        assert session.progress.n_rounds == n + 1
