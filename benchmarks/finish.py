"""From two pools to a complete table of pairs: what does it cost a person?

    python benchmarks/finish.py --real real --pool openmoji --batch-size 240
    python benchmarks/finish.py --real real --n 1200 --batch-size 120

Plays a person who is always right, in a session on a pool of real pairs (made by
`real_pairs.py`), twice: all is asked in full; or proposals are verified wherever the
session's own figures say that it pays. That is where the confidence of a proposal is
larger than the seconds of a look over those of a question in full: a look is wasted if
the proposal is wrong. Both see the same questions until the first look.

The seconds of a look, of a choice among nine and of a search are assumptions, given by
--verify, --pick and --search; the session measures them from what it is told, as it
does with people. Rows are added to results/finish/stages.csv, one for each further
tenth of the pairs.
"""

import argparse
import csv
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from skmal import AnnotationSession, PairedActiveLearner
from skmal.annotation import Proposal, Question

OUT = Path(__file__).parent / "results" / "finish"
GRID = 9  # proposals that are looked at together
SURE = 0.95
STAGES = np.arange(1, 11) / 10


class Person:
    """Who knows the partners, and takes as long as it takes.

    Parameters
    ----------
    session : AnnotationSession
        Where the answers go.
    verify, pick, search : float
        Seconds of a look at a proposal, a choice among candidates, a search.
    """

    def __init__(
        self, session: AnnotationSession, verify: float, pick: float, search: float
    ) -> None:
        self.session, self.seconds = session, 0.0
        self.verify, self.pick, self.search = verify, pick, search

    def answer(self, question: Question) -> None:
        """Answer in full."""
        partner = "yx"[question.modality] + question.item.key[1:]
        is_shown = partner in {item.key for item in question.candidates}
        seconds = self.pick if is_shown else self.search
        self.session.answer(question, partner, seconds=seconds)
        self.seconds += seconds

    def look(self, proposals: list[Proposal]) -> None:
        """Say which are right, and answer the others in full."""
        right = [own for own in proposals if own.X.key[1:] == own.y.key[1:]]
        wrong = [own for own in proposals if own not in right]
        self.seconds += self.verify * len(proposals)
        if right:
            self.session.proposals.verify([*right], seconds=self.verify * len(right))
        for own in wrong:
            self.session.proposals.refuse(own, seconds=self.verify)
        for _ in wrong:
            question = self.session.next_question()
            assert question is not None
            self.answer(question)


def pays_from(session: AnnotationSession, assumed: float) -> float:
    """Return the confidence from which on a look pays, by what the session measured."""
    progress = session.progress
    found, cost = progress.found, progress.cost
    full = cost.expected(found.n_found / found.n) if found.n else None
    look = assumed if cost.verify is None else cost.verify
    return 1.0 if full is None else look / full


def is_trusted(session: AnnotationSession) -> bool:
    """Return whether 30 answers about random items bear confidence out."""
    return session.progress.audit.n_answers >= 30


def stage(session: AnnotationSession, person: Person, arm: str) -> dict[str, Any]:
    """Return a row about how things stand, with what is proposed for the rest."""
    progress = session.progress
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        proposals = session.proposals.match()
    right = np.array([own.X.key[1:] == own.y.key[1:] for own in proposals], dtype=bool)
    sure = np.array([own.confidence >= SURE for own in proposals], dtype=bool)

    def share(of: np.ndarray) -> float | str:
        return round(float(of.mean()), 4) if len(of) else ""

    cost = progress.cost
    return {
        "arm": arm,
        "known": progress.n_pairs,
        "answered": progress.n_answers - progress.n_verified,
        "verified": progress.n_verified,
        "refused": progress.n_refused,
        "person_seconds": round(person.seconds),
        "open": progress.n_open[0],
        "sure": int(sure.sum()),
        "sure_right": share(right[sure]),
        "proposed": len(proposals),
        "proposed_right": share(right),
        "verify": cost.verify if cost.verify is None else round(cost.verify, 2),
        "in_full": round(pays_from(session, person.verify), 3),
    }


def play(arguments: argparse.Namespace, folder: Path, arm: str) -> None:
    """Play one person to the end."""
    with np.load(Path(arguments.real) / f"{arguments.pool}.npz") as data:
        X, y = data["x"].astype(np.float32), data["y"].astype(np.float32)
        captions = [str(caption) for caption in data["captions"]]
    if arguments.n is not None:
        drawn = np.random.default_rng([arguments.seed, 1]).permutation(len(X))
        drawn = np.sort(drawn[: arguments.n])
        X, y, captions = X[drawn], y[drawn], [captions[i] for i in drawn]
    n = len(X)
    order = np.random.default_rng(arguments.seed).permutation(n)  # nobody knows it
    learner = PairedActiveLearner(
        batch_size=arguments.batch_size, random_state=arguments.seed
    )
    left, began = list(STAGES), time.perf_counter()
    with AnnotationSession(
        folder / f"{arm}.skmal",
        {f"x{i}": f"picture {i}" for i in range(n)},
        {f"y{i}": captions[i] for i in order},
        learner,
        features=(X, y[order]),
        audit=arguments.audit,
    ) as session:
        person = Person(session, arguments.verify, arguments.pick, arguments.search)
        while (question := session.next_question()) is not None:
            person.answer(question)
            is_new = session.progress.n_answers % arguments.batch_size == 0
            while arm == "verify" and is_new and is_trusted(session):
                least = pays_from(session, person.verify)
                found = session.proposals.next(GRID)
                found = [own for own in found if own.confidence >= least]
                if not found:
                    break
                person.look(found)
            later = [share for share in left if session.progress.n_pairs < share * n]
            if later and len(later) < len(left):
                add(arguments, stage(session, person, arm))
            left = later
        add(arguments, stage(session, person, arm))
    print(f"{arm}: {time.perf_counter() - began:.0f} s of the machine", flush=True)


def add(arguments: argparse.Namespace, row: dict[str, Any]) -> None:
    """Add a row to the table, and print it."""
    names = ("pool", "n", "seed", "audit", "pick", "search")
    row = {name: getattr(arguments, name) for name in names} | row
    row["n"] = row["open"] + row["known"]
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / "stages.csv"
    is_new = not path.exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)
    print(row, flush=True)


def main() -> None:
    """Play both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--real", required=True)
    parser.add_argument("--pool", default="openmoji")
    parser.add_argument("--n", type=int, help="so many pairs, drawn (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--audit", type=float, default=0.1)
    parser.add_argument("--batch-size", type=int, default=60)
    parser.add_argument("--verify", type=float, default=2.0)
    parser.add_argument("--pick", type=float, default=4.0)
    parser.add_argument("--search", type=float, default=12.0)
    parser.add_argument("--arms", nargs="+", default=["verify", "in full"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for arm in arguments.arms:
            play(arguments, Path(folder), arm)


if __name__ == "__main__":
    main()
