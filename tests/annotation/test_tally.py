"""What answers say of the encoder before it learned from them, and of people's pace."""

import numpy as np
import pytest
from sessions import learner, open_keyed, truth

from skmal.annotation import Found, describe_encoder


def in_words(n, n_found, by_chance, n_shown=9):
    return describe_encoder(Found(n, n_shown, n_found, by_chance))


def test_the_encoder_is_described_in_small_numbers():
    told = in_words(50, 30, 1.0)
    assert told == (
        "The encoder finds the right partner among its first nine in 6 of 10 cases; "
        "guessing would find it in 1 of 50."
    )
    assert "in 10 of 10 cases" in in_words(50, 50, 1.0)
    assert "in more than 9 of 10 cases" in in_words(50, 49, 1.0)
    assert "in none of 50 cases" in in_words(50, 0, 1.0)
    assert "among its first 20 in 1 of 12 cases" in in_words(36, 3, 0.1, n_shown=20)


def test_chance_is_called_chance():
    warning = "It may be no better than guessing."
    assert in_words(140, 26, 28.0).endswith(warning)
    assert in_words(50, 13, 10.0).endswith(warning)  # 2.83 = one standard deviation
    assert warning not in in_words(50, 16, 10.0)
    assert in_words(50, 50, 50.0).endswith(warning)  # nine are left in all
    assert "there are 9 so far" in in_words(9, 9, 0.1)


def counted(session, answers):
    """Answer by `truth`, and count what the session should have counted."""
    n_found, by_chance = 0, 0.0
    for _ in range(answers):
        question = session.next_question()
        partner = truth(question)
        shown = [candidate.key for candidate in question.candidates]
        n_found += partner in shown
        by_chance += len(shown) / session.progress.n_open[1 - question.modality]
        session.answer(question, partner)
    return n_found, by_chance


def test_what_was_found_is_what_was_shown(tmp_path):
    with open_keyed(tmp_path) as session:
        n_found, by_chance = counted(session, 20)
        session.answer(session.next_question(), None)  # says nothing of candidates
        found = session.progress.found
        assert (found.n, found.n_shown, found.n_found) == (20, 9, n_found)
        assert 0 < n_found < 20
        assert found.by_chance == pytest.approx(by_chance)
        session.undo()
        session.undo()
        assert session.progress.found.n == 19
    with open_keyed(tmp_path) as session:  # it is in the journal
        again = session.progress.found
        assert again.n == 19
        session.answer(session.next_question(), truth(session.next_question()))
        assert session.progress.found == found


def test_the_latest_answers_count(tmp_path):
    with open_keyed(tmp_path, learner=learner(batch_size=20)) as session:
        first = session.next_question()
        elsewhere = session.items.search("", 1 - first.modality, 40)[-1]
        shown = {candidate.key for candidate in first.candidates}
        assert elsewhere.key not in shown
        session.answer(first, elsewhere)
        for _ in range(2):
            session.answer(question := session.next_question(), question.candidates[0])
        found = session.progress.found
        assert (found.n, found.n_found) == (3, 2)


def test_pace_is_told_by_person_and_by_candidate(tmp_path):
    with open_keyed(tmp_path) as session:

        def answer(by, choose, seconds):
            question = session.next_question(by)
            session.answer(question, choose(question), by=by, seconds=seconds)

        answer("ada", lambda question: question.candidates[0], 4.0)
        answer("ada", lambda question: question.candidates[1], 10.0)
        answer("bob", lambda question: None, 20.0)
        answer("bob", lambda question: question.candidates[0], 3600.0)  # lunch
        session.skip(session.next_question("bob"), by="bob", seconds=16.0)
        progress = session.progress
        told = {who: (pace.n, pace.per_hour) for who, pace in progress.pace.items()}
        assert told == {"ada": (2, 2 * 3600 / 14), "bob": (1, 3600 / 36)}
        by_rank = {name: pace.seconds for name, pace in progress.pace_by_rank.items()}
        assert by_rank == {"1": 4.0, "2": 10.0, "none": 20.0}
        session.undo("bob")
        assert session.progress.pace["bob"].per_hour == 180
    assert np.isfinite(progress.pace["ada"].seconds)
