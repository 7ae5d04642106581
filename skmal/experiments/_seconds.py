"""Curves against the seconds of a person in place of the number of answers."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from .._shared.parameters import check_number
from .._shared.types import IntArray, Items
from ..arrays._verbs import take
from ..learners._annotators import SimulatedAnnotator
from ..learners._paired import PairedActiveLearner
from ..learners._query import Query
from ._pools import Pool
from ._tables import Row

N_SHOWN = 9  # candidates that a person is shown, as in a session
MOST_SECONDS = 1e6  # of a question, more than eleven days
LEAST_SPENT = 10  # seconds; curves have points at whole ones
FOUND = f"found among {N_SHOWN}"  # the metric that counts partners that were shown


class QuestionCost(Protocol):
    """The seconds of a question: `skmal.annotation.Cost`, or what has the same two."""

    @property
    def pick(self) -> float | None:
        """Return the seconds to choose one of the candidates."""
        ...

    @property
    def search(self) -> float | None:
        """Return the seconds to find the partner elsewhere."""
        ...


def check_cost(cost: QuestionCost, n_answers: int | None = None) -> dict[str, float]:
    """Return a question's seconds, or raise unless curves can be drawn by them.

    Parameters
    ----------
    cost : Cost
        What was passed.
    n_answers : int, default=None
        Answers that are bought; None: not known yet.

    Returns
    -------
    dict of str to float
        Those to "pick" and to "search".

    Raises
    ------
    ValueError
        If it is no `Cost`, if a number is missing or out of range, or if the answers
        could take less than ten seconds in all.
    """
    if not (hasattr(cost, "pick") and hasattr(cost, "search")):
        raise ValueError(
            "cost must be a skmal.annotation.Cost, with the seconds to pick and to "
            f"search, got {cost!r}; pass Cost(verify=None, pick=4.0, search=12.0), "
            "with your own seconds"
        )
    seconds = {
        name: check_number(
            getattr(cost, name),
            f"cost.{name}",
            more_than=0,
            maximum=MOST_SECONDS,
        )
        for name in ("pick", "search")
    }
    if n_answers is not None and n_answers * min(seconds.values()) < LEAST_SPENT:
        raise ValueError(
            f"with a cost of {seconds['pick']:g} (pick) and {seconds['search']:g} "
            f"(search), the {n_answers} answers of the budget could take less than "
            f"{LEAST_SPENT} seconds, and curves are in whole ones; give the cost in "
            "seconds"
        )
    return seconds


class Shown:
    """An annotator who is always right, and counts the partners among what is shown.

    Parameters
    ----------
    pool : Pool
        The pairs that are bought.
    """

    learner: PairedActiveLearner  # whose candidates they are; set before it is fitted

    def __init__(self, pool: Pool) -> None:
        if pool.groups is not None or pool.known is not None:
            raise ValueError(
                "seconds are counted where each item has one partner and the pairs at "
                "the start are of the pool; leave out cost, or groups"
            )
        self.pool = pool
        self.n_found: list[int] = []  # of each round

    def __call__(self, query: Query, X_ids: IntArray, y_ids: IntArray) -> IntArray:
        """Name the partners, as `SimulatedAnnotator` does."""
        partners = SimulatedAnnotator()(query, X_ids, y_ids)
        shown = self.learner.rank_partners(
            query, take(self.pool.X, X_ids), take(self.pool.y, y_ids), N_SHOWN
        )
        self.n_found.append(int((shown == partners[:, None]).any(axis=1).sum()))
        return partners


def count_shown(
    learner: PairedActiveLearner,
    query: Query,
    pools: tuple[Items, Items],
    ids: Sequence[IntArray],
) -> int:
    """Return how many partners of what is asked about a person would be shown.

    `ids` are a number for each row of either pool; partners have the same.
    """
    shown = learner.rank_partners(query, *pools, N_SHOWN)
    asked = ids[query.modality][query.indices]
    near = ids[1 - query.modality][shown]
    return int((near == asked[:, None]).any(axis=1).sum())


def without_found(rows: Sequence[Row]) -> list[Row]:
    """Return runs without what was counted for the seconds, which is no score."""
    return [row for row in rows if row["metric"] != FOUND]


def in_seconds(curves: Sequence[Row], cost: QuestionCost) -> list[Row]:
    """Return curves against seconds, on points that all curves of a data set have.

    Of the answers at each point, those found among the candidates take `pick` seconds,
    all others `search`.
    """
    pick, search = check_cost(cost).values()
    rows: list[Row] = []
    for data in dict.fromkeys(row["data"] for row in curves):
        runs: dict[tuple[str, int], dict[str, dict[int, float]]] = {}
        for row in curves:
            if row["data"] == data:
                run = runs.setdefault((row["strategy"], row["seed"]), {})
                run.setdefault(row["metric"], {})[row["n_pairs"]] = row["score"]
        spent = {
            key: np.array([pick * n + search * (m - n) for m, n in run[FOUND].items()])
            for key, run in runs.items()
        }
        # From where all have begun to where the first has ended.
        start = max(own[0] for own in spent.values())
        end = min(own[-1] for own in spent.values())
        n_points = max(map(len, spent.values()))
        points = np.unique(np.linspace(start, end, n_points).round().astype(int))
        for (strategy, seed), run in runs.items():
            own = {
                metric: np.interp(points, spent[strategy, seed], [*scores.values()])
                for metric, scores in run.items()
                if metric != FOUND
            }
            rows += [
                {
                    "data": data,
                    "strategy": strategy,
                    "seed": seed,
                    "seconds": int(point),
                    "metric": metric,
                    "score": float(scores[i]),
                }
                for i, point in enumerate(points)
                for metric, scores in own.items()
            ]
    return rows
