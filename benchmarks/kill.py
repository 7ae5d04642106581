"""Kill a session at random moments, as often as wanted, and count what was lost.

A process answers for two people as fast as it can, and a share of questions for both of
them, while the encoder is trained beside them and the table of pairs is written, over
and over. It tells, after each answer, what has been answered by whom. It is killed with
SIGKILL, started again, and so on. After each kill the table must be whole, as it was
before the kill or after it, and the journal is opened here: every answer that was told
must be in it, and nobody may have been asked the same twice.

    python benchmarks/kill.py --kills 200

It ends with an error at the first loss. In between, other processes try to open the
journal that is in use: each must be refused.
"""

import argparse
import csv
import multiprocessing
import os
import random
import select
import signal
import tempfile
import threading
import time
import warnings
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np

from skmal import AnnotationSession, PairedActiveLearner, RandomSampling

N_ITEMS = 500  # of X, which have two partners each
MEAN_LIFE = 0.5  # seconds until a kill, opening included
OVERLAP = 0.2
PEOPLE = "ada", "bob"


def open_session(path: Path) -> AnnotationSession:
    """Open the session that parent and child share."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(N_ITEMS, 6)), rng.normal(size=(2 * N_ITEMS, 5))
    x = {f"x{i}": f"x {i}" for i in range(N_ITEMS)}
    y = {f"y{i}.{j}": f"y {i} {j}" for i in range(N_ITEMS) for j in range(2)}
    # Drawn questions, so that most of the time goes into answers, not into trainings.
    learner = PairedActiveLearner(
        query_strategy=RandomSampling(), batch_size=25, random_state=0
    )
    return AnnotationSession(
        path,
        x,
        y,
        learner,
        features=features,
        groups="X",
        overlap=OVERLAP,
        training="background",
    )


def partners(question, by: str) -> list[str]:
    """Return keys of the partners; one person errs about every fifth text."""
    key = question.item.key
    if question.modality == 0:
        return [f"y{key[1:]}.{j}" for j in range(2)]
    number = int(key[1:].split(".")[0])
    if by == "bob" and number % 5 == 0:
        number = (number + 1) % N_ITEMS
    return [f"x{number}"]


def answer_all(path: Path, pipe: int) -> None:
    """Let two people answer, skip and take back; tell each step once it is taken."""
    session = open_session(path)

    def tell(*what):
        os.write(pipe, (" ".join(map(str, what)) + "\n").encode())

    def work(by):
        step = 0
        while (question := session.next_question(by)) is not None:
            step += 1
            known = {item.key for item in question.partners}
            new = [key for key in partners(question, by) if key not in known]
            try:
                if step % 17 == 16:
                    session.skip(question, by=by)
                    continue
                answer(question, new, by)
            except ValueError:  # the other was quicker, or has given the partner away
                with suppress(ValueError):
                    session.skip(question, by=by)
                continue
            if step % 23 == 22:
                tell(by, "undo")  # before it happens: it may or may not have happened
                session.undo(by)

    def answer(question, new, by):
        # One by one: of a list, what the other has told meanwhile is not written again.
        for key in new:
            session.answer(question, key, by=by)
            tell(by, question.id, 1)
        if question.several:
            session.complete(question, by=by)

    def export():
        while True:
            tell("export")
            session.export(table_of(path))

    threading.Thread(target=export, daemon=True).start()
    workers = [threading.Thread(target=work, args=(by,)) for by in PEOPLE]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    tell("done")


def table_of(path: Path) -> Path:
    """Return where the table of a journal's pairs is written."""
    return path.with_name("pairs.csv")


def check_table(path: Path) -> int:
    """Return how many rows the table has, or raise where it is not whole."""
    if not table_of(path).exists():
        return 0
    with open(table_of(path), encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        rows = [*reader]
    is_whole = all(None not in row and None not in row.values() for row in rows)
    if not (reader.fieldnames and is_whole):
        raise SystemExit("a table was left half written")
    return len(rows)


def is_refused(path: Path) -> bool:
    """Open a journal that is in use; say whether that was refused."""
    try:
        open_session(path).close()
    except BlockingIOError:
        return True
    return False


def check(path: Path, told: Counter, maybe_undone: Counter) -> tuple[int, int]:
    """Return how many answers and second answers there are, or raise for a loss."""
    with warnings.catch_warnings():
        # A step that was on its way is whole in the log, or left out.
        warnings.filterwarnings("ignore", "(?s).*: (restored|left out|made anew)")
        session = open_session(path)
    with session:
        replies = session.review.replies()
        progress, pairs = session.progress, session.pairs()
    known = Counter((reply.by, reply.question) for reply in replies)
    lost = told - known - maybe_undone
    if lost:
        raise SystemExit(f"lost: {sorted(lost.elements())} were answered")
    texts = Counter(
        (reply.by, reply.item if reply.modality else reply.partner) for reply in replies
    )
    seconds = [reply for reply in replies if reply.turn > 1]
    if any(reply.modality == 0 for reply in seconds):
        raise SystemExit("a question about an item of several partners was asked twice")
    if max(texts.values(), default=0) > 1 or any(reply.turn > 2 for reply in replies):
        raise SystemExit("somebody was asked the same twice")
    if len({y.key for _, y in pairs}) < len(pairs) or len(replies) != len(pairs) + len(
        seconds
    ):
        raise SystemExit("an answer counts twice, or not at all")
    for reply in replies:
        x, y = reply.item, reply.partner
        if reply.modality:
            x, y = y, x
        wrong = int(y[1:].split(".")[0]) != int(x[1:])
        if wrong and reply.by != "bob":
            raise SystemExit("an answer changed")
    if progress.n_answers != len(replies):
        raise SystemExit("the budget was charged with what nobody answered")
    return len(replies), len(seconds)


def main() -> None:
    """Kill children until there have been enough kills."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rivals", type=int, default=3, help="openings for each kill")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    fork = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kill.skmal"
        told, n_told, n_seconds, n_rivals = Counter(), 0, 0, 0
        second = n_exports = n_rows = n_amid = 0
        for left in reversed(range(options.kills)):
            reading, writing = os.pipe()
            child = fork.Process(target=answer_all, args=(path, writing))
            child.start()
            os.close(writing)
            # Most have begun to answer, and the last has, however busy the machine is.
            patience = 0 if left and rng.random() < 0.3 else None
            is_answering = select.select([reading], [], [], patience)[0]
            for _ in range(options.rivals if is_answering else 0):
                if child.is_alive():
                    if not is_refused(path) and child.is_alive():
                        raise SystemExit("two sessions had the journal open")
                    n_rivals += 1
            time.sleep(rng.expovariate(1 / MEAN_LIFE))
            child.kill()
            child.join()
            with os.fdopen(reading) as pipe:
                lines = pipe.read().split("\n")[:-1]  # what follows the last is half
            last, maybe_undone = {}, Counter()
            n_rows += check_table(path)
            n_amid += any("export" in line for line in lines)
            for line in lines:
                match line.split():
                    case ["export"]:
                        n_exports += 1
                    case [by, "undo"]:
                        maybe_undone[last[by]] += 1
                    case [by, question, n]:
                        last[by] = by, int(question)
                        told[last[by]] += int(n)
                        n_told += int(n)
            n_before = second
            _, second = check(path, told, maybe_undone)
            n_seconds += max(0, second - n_before)
            told -= maybe_undone
            if "done" in lines:  # all items are answered: begin anew
                told, second = Counter(), 0
                table_of(path).unlink(missing_ok=True)
                for end in ("", ".log"):  # else the one would be restored
                    Path(f"{path}{end}").unlink()
        kills = f"{options.kills} kills by {signal.SIGKILL.name}"
        print(
            f"{kills}, {n_told} answers of two people told, {n_seconds} of them second "
            f"ones: none lost, none asked twice; {n_rivals} rival openings: all "
            f"refused; {n_amid} kills while tables were written, {n_exports} times in "
            f"all: each of the tables whole, {n_rows} rows"
        )


if __name__ == "__main__":
    main()
