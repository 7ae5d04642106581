"""Kill a session at random moments, as often as wanted, and count what was lost.

A process answers as fast as it can and tells, after each `answer`, what it has
answered. It is killed with SIGKILL, started again, and so on. After each kill the
journal is opened here: every answer that was told must be in it, and nothing may have
been asked twice. Run it with

    python benchmarks/kill.py --kills 200

It ends with an error at the first loss.
"""

import argparse
import json
import multiprocessing
import os
import random
import select
import signal
import tempfile
import time
from pathlib import Path

import numpy as np

from skmal import AnnotationSession, PairedActiveLearner, RandomSampling

N_ITEMS = 3000
MEAN_LIFE = 0.5  # seconds until a kill, opening included


def open_session(path: Path) -> AnnotationSession:
    """Open the session that parent and child share."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(N_ITEMS, 6)), rng.normal(size=(N_ITEMS, 5))
    pools = [{f"{side}{i}": f"{side} {i}" for i in range(N_ITEMS)} for side in "xy"]
    # Drawn questions, so that most of the time goes into answers, not into trainings.
    learner = PairedActiveLearner(
        query_strategy=RandomSampling(0), batch_size=25, random_state=0
    )
    return AnnotationSession(path, *pools, learner, features=features)


def answer_all(path: Path, pipe: int) -> None:
    """Answer, skip and take back; tell each step when it has returned."""

    def tell(what):
        os.write(pipe, f"{what}\n".encode())

    session = open_session(path)
    for step, question in enumerate(session):
        if step % 17 == 16:
            session.skip(question)
            continue
        partner = "yx"[question.modality] + question.item.key[1:]
        session.answer(question, partner)
        tell(question.id)
        if step % 23 == 22:
            tell("undo")  # before it happens: it may or may not have happened
            question = session.undo()
            session.answer(question, partner)
            tell(question.id)
    tell("done")


def check(path: Path, told: set[int], maybe_undone: set[int]) -> int:
    """Return the number of answers in the journal, or raise where one is missing."""
    with open_session(path) as session:
        table = path.with_suffix(".jsonl")
        session.export_jsonl(table)
        pairs = session.pairs()
    answers = [json.loads(line) for line in table.read_text().splitlines()]
    known = {answer["question"] for answer in answers}
    lost = told - known - maybe_undone
    if lost:
        raise SystemExit(f"lost: questions {sorted(lost)} were answered")
    if len(known) < len(answers) or len({x.key for x, _ in pairs}) < len(pairs):
        raise SystemExit("a question was answered twice")
    if any(x.key[1:] != y.key[1:] for x, y in pairs):
        raise SystemExit("an answer changed")
    return len(answers)


def main() -> None:
    """Kill children until there have been enough kills."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    fork = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kill.skmal"
        told, n_told = set(), 0
        for left in reversed(range(options.kills)):
            reading, writing = os.pipe()
            child = fork.Process(target=answer_all, args=(path, writing))
            child.start()
            os.close(writing)
            if left == 0:  # one has answered, at least, however busy the machine is
                select.select([reading], [], [])
            time.sleep(rng.expovariate(1 / MEAN_LIFE))
            child.kill()
            child.join()
            with os.fdopen(reading) as pipe:
                lines = pipe.read().split("\n")[:-1]  # what follows the last is half
            last, maybe_undone = None, set()
            for line in lines:
                if line == "undo":
                    maybe_undone = {last}
                elif line != "done":
                    last, maybe_undone = int(line), set()
                    told.add(last)
                    n_told += 1
            check(path, told, maybe_undone)
            told -= maybe_undone
            if "done" in lines:  # all items are answered: begin anew
                told = set()
                path.unlink()
        kills = f"{options.kills} kills by {signal.SIGKILL.name}"
        print(f"{kills}, {n_told} answers told: none lost, none asked twice")


if __name__ == "__main__":
    main()
