"""The run in which `fit` plays the annotator: pools, questions, answers, the story."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeAlias

import numpy as np

from .._shared.parameters import check_integer, check_number
from .._shared.randomness import SIMULATED_RUN, draw_seed
from .._shared.types import FloatArray, IntArray, Items
from ..arrays._verbs import picked, take
from ..encoders._usable import tell_left_out, usable_pairs
from ..strategies._base import QueryStrategy
from ._annotators import annotator_of
from ._core import ActiveLearner
from ._query import BaseQuery, MultimodalQuery, Query

Callback: TypeAlias = Callable[[Any], Any]  # of the learner, whatever it returns


@dataclass(frozen=True)
class Plan:
    """How much a run buys, and when.

    Parameters
    ----------
    n_initial : int
        Random pairs at the start.
    batch_size : int
        Items asked about in a round.
    budget : int
        Answers in all.
    buffer_size : int or None
        Rows that are there at a time; None for all.
    """

    n_initial: int
    batch_size: int
    budget: int
    buffer_size: int | None


@dataclass(frozen=True)
class Data:
    """Aligned rows, and the places that they have in the pools of a run.

    A place in the pool of the first modality is an item, which may have several rows; a
    place in any other is a row.

    Parameters
    ----------
    items : sequence of sequences
        The rows, one sequence per modality.
    item : ndarray of shape (n_rows,)
        Which item each row is of.
    first : ndarray of shape (n_items,)
        The first row of each item.
    """

    items: Sequence[Items]
    item: IntArray
    first: IntArray

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.item)

    @property
    def has_groups(self) -> bool:
        """Return whether an item has several rows."""
        return len(self.first) < len(self.item)

    def rows(self, modality: int) -> IntArray:
        """Return the row that each place stands for."""
        return self.first if modality == 0 else np.arange(len(self.item))

    def item_of(self, modality: int) -> IntArray:
        """Return the item that each place is of; partners are of the same."""
        return np.arange(len(self.first)) if modality == 0 else self.item


@dataclass(frozen=True)
class Story:
    """What a run tells of itself; the learner's attributes of the same names."""

    annotated_iter: IntArray
    answers: IntArray
    modality_iter: IntArray
    coverage_gap_iter: FloatArray
    n_iter: int
    n_pairs_iter: IntArray
    n_answers_iter: IntArray
    termination_condition: str
    validation_scores: Any = None


def plan_of(learner: ActiveLearner, n: int) -> Plan:
    """Return what a learner's parameters plan for n rows, checked."""
    batch_size = check_integer(learner.batch_size, "batch_size", minimum=1)
    if n < 2:
        raise ValueError(f"got {n} sample, but at least 2 pairs are needed to learn")
    buffer_size = learner.buffer_size
    if buffer_size is not None:
        buffer_size = check_integer(buffer_size, "buffer_size", minimum=1)
        if buffer_size < batch_size:
            raise ValueError(
                f"buffer_size={buffer_size} is below batch_size={batch_size}; each "
                "buffer is asked a whole batch of questions"
            )
    if learner.budget is None:
        return Plan(n, batch_size, n, None)
    budget: Any = learner.budget
    if isinstance(budget, (float, np.floating)):
        if not 0 < budget < 1:
            raise ValueError(
                "budget must be an integer of at least 2, or a share of the rows "
                f"between 0 and 1, got {budget!r}"
            )
        budget = max(round(budget * n), 2)
    budget = min(check_integer(budget, "budget", minimum=2), n)
    if learner.n_initial is None:
        n_initial = min(max(batch_size, 10), budget)
        return Plan(n_initial, batch_size, budget, buffer_size)
    n_initial = check_integer(learner.n_initial, "n_initial", minimum=0)
    if n_initial > budget:
        raise ValueError(
            f"n_initial={n_initial} is above the budget of {budget} pairs (capped at "
            f"the {n} rows given); lower n_initial or raise the budget"
        )
    return Plan(n_initial, batch_size, budget, buffer_size)


def run(
    learner: ActiveLearner,
    data: Data,
    score: Callable[[], Any] | None,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Let `learner` forget all, buy answers, and keep the story of that.

    `score` is called whenever the encoder has learned, and after it the `callbacks`.
    Where anything fails, the learner is what it was before.
    """
    plan = plan_of(learner, len(data))
    callbacks = check_callbacks(callbacks)
    if learner.stop_when is not None and not callable(learner.stop_when):
        raise ValueError(
            "stop_when must be a function of the learner that returns True or False, "
            f"got {learner.stop_when!r}"
        )
    check_number(learner.audit, "audit", minimum=0, maximum=1)
    learner._strategy()  # raises unless there is one
    seed = draw_seed(learner.random_state)
    annotator = annotator_of(learner, seed)
    if learner._tuned and learner.budget is None:
        warnings.warn(
            f"{learner._tuned[0]} was set, which says what answers are bought, and fit "
            "learns from all rows, for budget is None: candidates of a search that "
            "differ in it are equal; set a budget, such as budget=0.3",
            stacklevel=3,
        )
    with learner._forgetting():
        learner._tuned = ()
        learner.seed_ = seed
        simulate(learner, data, plan, annotator, score, callbacks)


def check_callbacks(callbacks: Any) -> tuple[Callback, ...]:
    """Return the callbacks, which may come out of an iterator, or raise."""
    if not isinstance(callbacks, Iterable):
        raise ValueError(
            f"callbacks must be a list of functions of the learner, got {callbacks!r}"
        )
    callbacks = tuple(callbacks)
    for callback in callbacks:
        if not callable(callback):
            raise ValueError(
                f"callbacks must be functions of the learner, got {callback!r}"
            )
    return callbacks


def simulate(
    learner: ActiveLearner,
    data: Data,
    plan: Plan,
    annotator: Any,
    score: Callable[[], Any] | None,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Let `learner` buy answers until the budget is spent, and tell the story."""
    with _progress(plan.budget, learner.verbose) as advance:
        current = Run(learner, data, plan, annotator, score, advance, callbacks)
        current.buy_start()
        ended = current.ask_until_the_end()
    if not hasattr(learner, "estimator_"):
        raise ValueError(
            f"{current.n_spent} answers named fewer than the 2 partners that are "
            "needed to learn; raise the budget, or have fewer partners missing"
        )
    current.tell(ended)


class Run:
    """A learner, the pools that it asks about, and what happened so far."""

    def __init__(
        self,
        learner: ActiveLearner,
        data: Data,
        plan: Plan,
        annotator: Any,
        score: Callable[[], Any] | None,
        advance: Callable[[int], Any],
        callbacks: Sequence[Callback],
    ) -> None:
        self.learner, self.data, self.plan = learner, data, plan
        self.annotator, self.score, self.advance = annotator, score, advance
        self.callbacks = callbacks
        self.modalities = range(len(data.items))

        # Pairs with items that the encoder cannot read are never there.
        self.usable = np.ones(len(data), dtype=bool)
        rows = usable_pairs(learner.estimator, data.items, learner._listed)
        if rows is not None:
            self.usable = np.isin(np.arange(len(data)), rows)
            tell_left_out(learner.estimator, len(rows), len(data))

        # The pools' orders tell nothing about who belongs to whom.
        rng = np.random.default_rng([learner.seed_, 0, SIMULATED_RUN])
        self.orders = [rng.permutation(len(data.rows(m))) for m in self.modalities]
        self.arriving = self.orders[0]
        if data.has_groups:
            self.arriving = rng.permutation(len(data))

        # A place leaves once it is in as many pairs as it has rows.
        self.present = _present(annotator, data)
        n_rows = np.bincount(data.item[self.usable], minlength=len(data.first))
        self.n_left = [
            np.where(own, n_rows if m == 0 else 1 * self.usable, 0)
            for m, own in enumerate(self.present)
        ]

        self.annotated = np.full(len(data), -1)
        self.answers: list[IntArray] = []
        self.asked: list[int] = []  # the modality of each round
        self.gaps: list[tuple[float, ...]] = []
        self.n_pairs: list[int] = []
        self.n_answers: list[int] = []
        self.scores: list[Any] = []

    @property
    def n_spent(self) -> int:
        """Return the number of answers bought."""
        return sum(map(len, self.answers))

    def buy_start(self) -> None:
        """Buy the pairs at the start, and let them leave the stream."""
        data, rows = self.data, self.arriving
        is_whole = self.usable[rows]
        for m in self.modalities:
            is_whole &= self.present[m][data.item[rows] if m == 0 else rows]
        start = np.sort(rows[is_whole][: self.plan.n_initial])
        if len(start):
            places = [data.item[start] if m == 0 else start for m in self.modalities]
            self.take_answers(np.column_stack(places))
        self.arriving = rows[(self.annotated[rows] < 0) & self.usable[rows]]

    def ask_until_the_end(self) -> str:
        """Ask round after round; return why that ended."""
        buffer_size = self.plan.buffer_size
        for buffer in _buffers(self.arriving, buffer_size):
            if self.n_spent >= self.plan.budget:
                break
            pools = self.places_here(buffer)
            if all(map(len, pools)):
                self.ask(pools)
            elif not buffer_size:  # nobody to name, nor will there be
                break
            if self.is_stopped():
                return "stopped"
        if self.n_spent >= self.plan.budget:
            return "budget_spent"
        return "stream_ended" if buffer_size else "pool_exhausted"

    def is_stopped(self) -> bool:
        """Say whether the caller wants no more answers."""
        stop_when = self.learner.stop_when
        return stop_when is not None and bool(stop_when(self.learner))

    def places_here(self, buffer: IntArray) -> list[IntArray]:
        """Return the open places of each pool while these rows are here, in order."""
        pools: list[IntArray] = []
        for m in self.modalities:
            is_here = np.zeros(len(self.n_left[m]), dtype=bool)
            is_here[self.data.item[buffer] if m == 0 else buffer] = True
            is_open = is_here & (self.n_left[m] > 0)
            pools.append(self.orders[m][is_open[self.orders[m]]])
        return pools

    def ask(self, pools: list[IntArray]) -> None:
        """Ask one batch of questions about these places, and take the answers."""
        learner, data = self.learner, self.data
        # Functions know nothing of rows that are not in memory.
        streams = isinstance(learner._strategy(), QueryStrategy)
        rows_of = picked if streams else take
        open_items = [
            rows_of(items, data.rows(m)[places])
            for m, (items, places) in enumerate(zip(data.items, pools, strict=True))
        ]
        n_left_to_buy = self.plan.budget - self.n_spent
        n = min(self.plan.batch_size, n_left_to_buy, *map(len, pools))
        query, _ = learner._ask(open_items, n)
        self.asked.append(query.modality)
        no_gap = (np.nan,) * len(pools)
        self.gaps.append(no_gap if query.coverage_gap is None else query.coverage_gap)

        # Answers name rows of the pools, as ids tell them who belongs to whom.
        ids = [data.item_of(m)[places] for m, places in enumerate(pools)]
        named = _named(self.annotator, query, ids)
        is_complete = (named >= 0).all(axis=1)
        learner._teach_unmatched(query, np.flatnonzero(~is_complete), len(pools))

        # From rows of the pools to places; -1 stays, for a partner that is missing.
        columns = zip(pools, named.T, strict=True)
        answers = [np.where(rows < 0, -1, own[rows]) for own, rows in columns]
        if query.modality == 0 and data.has_groups:
            _remember_other_partners(learner, answers[0][is_complete], ids[1])
        self.take_answers(np.column_stack(answers))

    def take_answers(self, places: IntArray) -> None:
        """Let the places leave the pools, learn the pairs, and write it all down.

        `places` holds an answer in each row, -1 for a partner that was missing.
        """
        data, n_rounds = self.data, len(self.asked)
        is_named = places >= 0
        is_pair = is_named.all(axis=1)
        of_items = np.column_stack(
            [data.item_of(m)[places[:, m]] for m in self.modalities]
        )
        is_right = is_pair & (of_items == of_items[:, :1]).all(axis=1)
        rows = np.column_stack([data.rows(m)[places[:, m]] for m in self.modalities])
        rows[~is_named] = -1
        rows[is_right, 0] = rows[is_right, 1]  # of an item's rows, the partner's own
        self.annotated[rows[is_right, 1]] = n_rounds

        for m in self.modalities:
            np.subtract.at(self.n_left[m], places[is_pair, m], 1)
            self.n_left[m][places[is_named[:, m] & ~is_pair, m]] = 0

        if is_pair.any():
            pairs = rows[is_pair].T
            self.learner._teach(
                [take(own, of) for own, of in zip(data.items, pairs, strict=True)]
            )
        self.answers.append(np.column_stack([np.full(len(rows), n_rounds), rows]))
        self.advance(len(rows))
        if not hasattr(self.learner, "estimator_"):  # a single pair so far
            return
        self.n_pairs.append(self.learner._n_aligned())
        self.n_answers.append(self.n_spent)
        if self.score is not None:
            self.scores.append(self.score())
        if self.callbacks:
            self.tell("running")
            for callback in self.callbacks:
                callback(self.learner)

    def tell(self, ended: str) -> None:
        """Let the learner's attributes tell what happened."""
        for name, value in vars(self.story(ended)).items():
            if value is not None:
                setattr(self.learner, f"{name}_", value)

    def story(self, ended: str) -> Story:
        """Return what happened."""
        m = len(self.modalities)
        scores: Any = None
        if self.score is not None:
            as_is = any(isinstance(score, dict) for score in self.scores)
            scores = list(self.scores) if as_is else np.array(self.scores)
        return Story(
            annotated_iter=self.annotated.copy(),
            answers=np.concatenate(
                [np.empty((0, 1 + m), dtype=np.int64), *self.answers]
            ),
            modality_iter=np.array(self.asked, dtype=np.int64),
            coverage_gap_iter=np.array(self.gaps, dtype=np.float64).reshape(-1, m),
            n_iter=len(self.asked),
            n_pairs_iter=np.array(self.n_pairs),
            n_answers_iter=np.array(self.n_answers),
            termination_condition=ended,
            validation_scores=scores,
        )


def _present(annotator: Any, data: Data) -> list[Any]:
    """Return, per modality, which of its places there are."""
    m = len(data.items)
    if not hasattr(annotator, "present"):
        return [np.ones(len(data.rows(k)), dtype=bool) for k in range(m)]
    n_items = len(data.first)
    present = annotator.present(n_items) if m == 2 else annotator.present(n_items, m)
    return [present[k][data.item_of(k)] for k in range(m)]


def _buffers(rows: IntArray, size: int | None) -> Iterable[IntArray]:
    """Return the rows that are here: the same ever again, or the next of a stream."""
    if size is None:
        return repeat(rows)
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _named(annotator: Any, query: BaseQuery, ids: list[IntArray]) -> IntArray:
    """Return the annotator's answers, checked: a row of every pool for each item."""
    partners = np.asarray(annotator(query, *ids))
    if isinstance(query, Query):
        query.pairs(partners)  # raises unless they are rows of the other pool, or -1
        named = np.empty((len(partners), 2), dtype=np.int64)
        named[:, query.modality] = query.indices
        named[:, 1 - query.modality] = partners
    else:
        assert isinstance(query, MultimodalQuery)
        query.tuples(partners)
        named = partners.astype(np.int64)
    if named.shape[1] != len(ids):
        raise ValueError(
            f"the annotator named items of {named.shape[1]} modalities, but there are "
            f"{len(ids)}; it must return a column for each"
        )
    return named


def _remember_other_partners(
    learner: ActiveLearner, asked: IntArray, of_pool: IntArray
) -> None:
    """Tell the learner which items it remembers are partners as right as those named.

    `asked` are items of X, and `of_pool` the items that the rows of y's pool belong to.
    """
    learner._prequential = learner._prequential.knowing(asked, of_pool)


@contextmanager
def _progress(total: int, verbose: int) -> Iterator[Callable[[int], Any]]:
    """Give a function that counts answers on a bar; without `verbose` there is none."""
    if not verbose:
        yield lambda _: None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit="answer", desc="answers bought") as bar:
        yield bar.update
