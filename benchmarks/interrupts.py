"""Interrupt learners and sessions at random moments, and count what was left half done.

    OMP_NUM_THREADS=1 python benchmarks/interrupts.py benchmarks/results/interrupts.csv

A timer of the system raises KeyboardInterrupt, as Ctrl-C does, at a moment that is
drawn evenly from the time that a step takes, in whatever code runs then. A learner must
then know what it knew before the step, or all of what the whole step teaches; and the
step, called again, must do what it does without an interrupt. Of a session, memory must
be what a replay of the journal gives, which has the step's entries or none, and every
answer that was given must be there once when it is opened again.
"""

import argparse
import csv
import pickle
import random
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from skmal import AnnotationSession, PairedActiveLearner, RidgeCCA
from skmal.annotation._ledger import Ledger, replay

N = 300
rng = np.random.default_rng(0)
X = rng.normal(size=(N, 8))
Y = X @ rng.normal(size=(8, 6)) + 0.1 * rng.normal(size=(N, 6))


def is_interrupted(step: Callable[[], Any], after: float) -> bool:
    """Take a step, and interrupt it after so many seconds if it still runs."""
    is_armed = True

    def ring(*_: object) -> None:
        if is_armed:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, ring)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, after)
            step()
        finally:
            is_armed = False
    except KeyboardInterrupt:
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return False


def seconds_of(make: Callable[[], Any], step: Callable[[Any], Any]) -> float:
    """Return how long a step takes, as the median of five."""
    times = []
    for _ in range(5):
        made = make()
        start = time.perf_counter()
        step(made)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


# ---------------------------------------------------------------------------- learners


def new_learner(**params: Any) -> PairedActiveLearner:
    """Return a learner that has not been fitted."""
    return PairedActiveLearner(RidgeCCA(), random_state=0, **params)


def asked() -> PairedActiveLearner:
    """Return a learner that waits for answers."""
    learner = new_learner(audit=0.3).fit(X[:40], Y[:40])
    learner.query(X[40:], Y[40:], n_instances=8)
    return learner


STEPS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "fit": (asked, lambda learner: learner.fit(X[:80], Y[:80])),
    "fit with a budget": (
        lambda: asked().set_params(budget=30, batch_size=10),
        lambda learner: learner.fit(X[:100], Y[:100]),
    ),
    "query": (asked, lambda learner: learner.query(X[48:], Y[48:], n_instances=8)),
    "teach": (asked, lambda learner: learner.teach(X[40:48], Y[40:48])),
    "teach_unmatched": (
        asked,
        lambda learner: learner.teach_unmatched(QUERY, [0, 1, 2, 3, 4, 5, -1, -1]),
    ),
    "refit": (asked, lambda learner: learner.refit()),
}
QUERY = asked().query(X[40:], Y[40:], n_instances=8)


def learner_row(name: str, n: int, drawn: random.Random) -> dict[str, Any]:
    """Interrupt a step of a learner n times."""
    made, step = pickle.dumps(STEPS[name][0]()), STEPS[name][1]
    make = partial(pickle.loads, made)
    finished = make()
    before = pickle.dumps(vars(finished))
    step(finished)
    after = pickle.dumps(vars(finished))
    lasts = seconds_of(make, step)
    n_interrupted = n_before = n_finished = n_half = 0
    while n_interrupted < n:
        learner = make()
        if not is_interrupted(lambda: step(learner), lasts * drawn.random()):  # noqa: B023
            continue
        n_interrupted += 1
        left = pickle.dumps(vars(learner))
        n_before += left == before
        n_finished += left == after != before
        n_half += left not in (before, after)
        if left == before:
            step(learner)
            n_half += pickle.dumps(vars(learner)) != after
    return row(name, n_interrupted, n_before, n_finished, n_half)


def row(step: str, n: int, n_before: int, n_finished: int, n_half: int) -> dict:
    """Return a row of the table."""
    return {
        "of": "session" if step in SESSION_STEPS else "learner",
        "step": step,
        "interrupted": n,
        "as_before": n_before,
        "finished": n_finished,
        "half_done": n_half,
    }


# ---------------------------------------------------------------------------- sessions

SESSION_STEPS = "answer", "skip", "undo", "next_question", "train"


def open_session(folder: str, number: int) -> AnnotationSession:
    """Open a session whose partners are in equal rows."""
    pools = [{f"{side}{i}": row for i, row in enumerate(rows)} for side, rows in POOLS]
    learner = new_learner(batch_size=20)
    return AnnotationSession(Path(folder, f"{number}.skmal"), *pools, learner)


POOLS = ("x", X[:100]), ("y", Y[:100])


def plain(value: Any) -> Any:
    """Return what can be compared, of anything that a ledger holds."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return [(plain(key), plain(own)) for key, own in value.items()]
    if isinstance(value, list | tuple | set):
        return [plain(own) for own in value]
    if type(value).__module__.startswith("skmal"):
        names = getattr(value, "__slots__", None) or vars(value)
        return [plain(getattr(value, name)) for name in names]
    return value


def is_as_on_disk(session: AnnotationSession) -> bool:
    """Say whether memory is what a replay of the journal gives."""
    ledger, journal = session._book.ledger, session._book.journal
    again = Ledger(ledger.modality, ledger.several)
    replay(again, journal.events(), session.path)
    return plain(vars(again)) == plain(vars(ledger))


def session_rows(n: int, drawn: random.Random) -> list[dict[str, Any]]:
    """Interrupt each step of sessions n times."""
    counts = {step: [0, 0, 0, 0] for step in SESSION_STEPS}
    lasts: dict[str, list[float]] = {step: [] for step in SESSION_STEPS}
    number = 0
    with tempfile.TemporaryDirectory() as folder:
        while min(counted[0] for counted in counts.values()) < n:
            number += 1
            with open_session(folder, number) as session:
                given = one_session(session, counts, lasts, n, drawn)
            with open_session(folder, number) as session:
                replies = {reply.item: reply for reply in session.review.replies()}
                if len(replies) != session.progress.n_answers or {*replies} != given:
                    raise SystemExit("an answer was lost, or counts twice")
            print(*counts.values(), flush=True)
    return [row(step, *counted) for step, counted in counts.items()]


def one_session(session, counts, lasts, n: int, drawn: random.Random) -> set[str]:
    """Answer all of a session with interrupts; return the items that were answered."""
    given: set[str] = set()
    turn = 0

    def take(name: str, step: Callable[[], Any]) -> bool:
        """Take a step until it has been done; say whether it was."""
        counted, ledger = counts[name], session._book.ledger
        for _ in range(4):
            n_before, start = session._book.journal.n_entries, time.perf_counter()
            after = statistics.median(lasts[name][-20:] or [1.0]) * drawn.random()
            if counted[0] >= n or len(lasts[name]) < 5:
                after = 60.0
            stopped = is_interrupted(step, after)
            if not stopped:
                lasts[name].append(time.perf_counter() - start)
                return True
            is_done = session._book.journal.n_entries > n_before
            is_half = not is_as_on_disk(session)
            for i, hit in enumerate((True, not is_done, is_done, is_half)):
                counted[i] += hit
            if is_half:
                print(f"half done: {name}: {ledger.last}", flush=True)
            if is_done and name in ("answer", "skip", "undo"):
                return True
        step()
        return True

    while True:
        if turn % 4 == 3:
            take("train", session.train)
        take("next_question", session.next_question)
        question = session.next_question()
        if question is None:
            return given
        turn += 1
        key = question.item.key
        if turn % 7 == 3:
            take("skip", lambda: session.skip(question.id))  # noqa: B023
            continue
        partner = "yx"[question.modality] + key[1:]
        take("answer", lambda: session.answer(question.id, partner))  # noqa: B023
        given.add(key)
        if turn % 3 == 2 and session._book.ledger.last_of("me") is not None:
            last = session._book.ledger.last_of("me")
            take("undo", session.undo)
            given.discard(session._book.items.key(last.item))


def main() -> None:
    """Interrupt every step as often as wanted, and write one table."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--n", type=int, default=200, help="interrupts of each step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("learners", "sessions"))
    options = parser.parse_args()
    drawn = random.Random(options.seed)
    rows = []
    for name in STEPS if options.only != "sessions" else ():
        rows.append(learner_row(name, options.n, drawn))
        print(*rows[-1].values(), sep="\t", flush=True)
    for one in session_rows(options.n, drawn) if options.only != "learners" else ():
        rows.append(one)
        print(*one.values(), sep="\t")
    if options.out:
        with open(options.out, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
