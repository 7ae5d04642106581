"""A session's learner: taught the answers, and asked what comes next.

Nothing here knows of files, of people or of the journal; items are rows of two pools.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from .._shared.randomness import CANDIDATES, MORE_QUESTIONS, RESERVED
from .._shared.types import BoolArray, FloatArray, IntArray, Items
from ..arrays._block_math import to_host
from ..arrays._verbs import picked, take, unit, whole
from ..items._encoding import encode
from ..learners._paired import PairedActiveLearner
from ..learners._query import Query, with_drawn
from ..matching._audit import Audits
from ..strategies._round import Round
from ._ids import EventId, Row

N_MORE = 4  # questions drawn at a time, since somebody waits for them
SINGLE = 1e-5  # by how much similarities in single precision may be wrong
N_SPARE = 20  # candidates kept beyond those shown, for others may take some

Rows: TypeAlias = tuple[IntArray, IntArray]  # of X and of y
Pools: TypeAlias = tuple[Items, Items]
# Modality, row, rows of likely partners, and whether the row was drawn at random.
Chosen: TypeAlias = tuple[int, Row, IntArray, bool]


@dataclass(frozen=True)
class Known:
    """What answers have told.

    Parameters
    ----------
    pairs : ndarray of shape (n_pairs, 3)
        Number of the event, row of X, row of y.
    unmatched : tuple of two ndarrays
        Rows of X and of y that have no partner.
    """

    pairs: IntArray
    unmatched: Rows


@dataclass(frozen=True)
class Askable:
    """What may be asked about.

    Parameters
    ----------
    upto : int
        The last event that this rests on.
    open_rows : tuple of two ndarrays
        Rows of X and of y without an answer.
    eligible : tuple of two ndarrays
        Those of them that may be asked about.
    n_questions, n_reserve : int
        Questions of the round, and more for people who are faster than the training.
    """

    upto: EventId
    open_rows: Rows
    eligible: Rows
    n_questions: int
    n_reserve: int


@dataclass(frozen=True)
class Features:
    """Where the open items lie for the last finished encoder: unit rows of both pools.

    Parameters
    ----------
    rows : tuple of two ndarrays
        Rows of the pools, rising.
    units : tuple of two ndarrays of shape (n, n_components)
        Their features.
    """

    rows: Rows
    units: tuple[FloatArray, FloatArray]

    def nearest(
        self, modality: int, rows: IntArray, k: int, is_open: BoolArray
    ) -> IntArray:
        """Return the k nearest open rows of the other pool for each.

        Ties go to the lowest; `is_open` is of the rows of the other pool in here.
        """
        places = np.searchsorted(self.rows[modality], rows)
        queries, gallery = self.units[modality][places], self.units[1 - modality]
        similarity = queries @ gallery.T  # (n, n_gallery)
        similarity[:, ~is_open] = -np.inf
        k = min(k, int(is_open.sum()))
        least = -np.partition(-similarity, k - 1, axis=1)[:, k - 1]
        best = np.empty((len(rows), k), dtype=np.int64)
        for i, query in enumerate(queries.astype(np.float64)):
            # All that may be as near as the k-th are compared in double precision, row
            # by row, where equal items are equally near wherever they stand.
            near = np.flatnonzero(similarity[i] >= least[i] - SINGLE)
            exact = (gallery[near] * query).sum(axis=1).round(9)
            best[i] = near[(-exact).argsort(kind="stable")[:k]]
        return self.rows[1 - modality][best]


# -------------------------------------------------------------------- teaching


def new_learner(template: PairedActiveLearner, seed: int) -> PairedActiveLearner:
    """Return an unfitted copy of a learner, with its seed drawn."""
    learner = clone(template)
    return learner.from_state(learner.state() | {"seed": seed})


def teach(
    before: PairedActiveLearner,
    pools: Pools,
    known: Known,
    upto: EventId,
    audits: Audits | None = None,
) -> PairedActiveLearner:
    """Return a learner that knows the pairs; `before` learned from events up to `upto`.

    `audits` is what the answers about items drawn at random have told; None: nothing.
    The encoder goes on from that of `before` where it warm-starts. `before` stays as it
    is, so that people can go on answering its questions.
    """
    is_old = known.pairs[:, 0] <= upto
    n_before = 0 if before.X_training is None else len(before.X_training)
    has_lost = is_old.sum() < n_before  # pairs taken back since
    old = items_of(pools, known.pairs[is_old])
    audits = Audits() if audits is None else audits
    learner = before.from_state(
        before.state()
        | {"aligned": old, "unmatched": (None, None), "audits": audits.state()}
    )
    tell_unmatched(learner, pools, known.unmatched)
    new = items_of(pools, known.pairs[~is_old])
    if new is not None:
        learner.teach(*new)
    elif has_lost:
        learner.refit()
    if len(known.pairs) < 2 and hasattr(learner, "estimator_"):
        del learner.estimator_  # all that it was fitted on has been taken back
        state = learner.state()
        asked = {"prequential": state["prequential"] | {"asked": None}}
        learner = learner.from_state(state | asked)  # nor can it rank what it asked
    return learner


def tell_unmatched(learner: PairedActiveLearner, pools: Pools, unmatched: Rows) -> None:
    """Let the learner know what has no partner."""
    for modality, rows in enumerate(unmatched):
        if len(rows):
            query = Query(rows, take(pools[modality], rows), modality)
            learner.teach_unmatched(query, np.full(len(rows), -1))


def items_of(pools: Pools, pairs: IntArray) -> Pools | None:
    """Return the aligned items of (event, row of X, row of y); None for no pairs."""
    if len(pairs) == 0:
        return None
    return take(pools[0], pairs[:, 1]), take(pools[1], pairs[:, 2])


def rebuild(
    learner: PairedActiveLearner,
    pools: Pools,
    history: Sequence[IntArray],
    eligible: Rows,
    asked: tuple[int, IntArray],
) -> PairedActiveLearner:
    """Fit again what a file would have held.

    `history` holds the pairs (event, row of X, row of y) of each training; `eligible`
    the rows that could be asked about in the last, and `asked` the modality and the
    rows that were.
    """
    trainings = [
        pairs
        for i, pairs in enumerate(history)
        if i == 0 or not np.array_equal(history[i - 1], pairs)
    ]
    if not getattr(learner.estimator, "warm_start", False):
        trainings = trainings[-1:]  # the others have left no trace
    for pairs in trainings:
        aligned = {"aligned": items_of(pools, pairs)}
        learner = learner.from_state(learner.state() | aligned).refit()
    modality, rows = asked
    if len(rows):
        query = Query(rows, take(pools[modality], rows), modality)
        learner.remember(query, *_taken(pools, eligible))
    return learner


# -------------------------------------------------------------------- asking


def ask(
    learner: PairedActiveLearner, pools: Pools, askable: Askable, n_candidates: int
) -> tuple[list[Chosen], Features | None]:
    """Return the next questions, and the Features that their candidates come from.

    With an encoder that can not tell yet, candidates are drawn, and the features are
    None.
    """
    if askable.n_questions < 1:
        return [], None
    query, round_ = learner.ask(
        *_taken(pools, askable.eligible), n_instances=askable.n_questions
    )
    drawn = np.zeros(len(query.indices), dtype=bool)
    if query.audited is not None:
        drawn = query.audited
    parts = [(query.modality, np.asarray(query.indices), drawn)]
    if round_ is not None and askable.n_reserve:
        rng = np.random.default_rng([learner.seed_, askable.upto, RESERVED])
        parts += _reserve(learner, round_, parts[0], askable.n_reserve, rng)
    if round_ is not None and all(
        map(np.array_equal, askable.open_rows, askable.eligible)
    ):
        features = _as_features(askable.open_rows, round_.open)
    else:
        features = features_of(learner, pools, askable.open_rows)
    chosen: list[Chosen] = []
    for modality, indices, drawn in parts:
        if features is None:  # nothing could be ranked before it is learned
            drawn = np.zeros(len(indices), dtype=bool)
        first = np.argsort(~drawn, kind="stable")  # those drawn, for all are answered
        rows = askable.eligible[modality][indices[first]]
        k = n_candidates + askable.n_questions + N_SPARE
        chosen += _with_partners(
            learner, askable, features, modality, rows, k, drawn[first]
        )
    return chosen, features


def ask_more(
    learner: PairedActiveLearner,
    askable: Askable,
    features: Features | None,
    n_candidates: int,
) -> list[Chosen]:
    """Return questions as `ask` does, at once: items drawn, with ranked candidates.

    Where questions are to be drawn, these tell as much as others that are.
    """
    rng = np.random.default_rng([learner.seed_, askable.upto, MORE_QUESTIONS])
    modality = int(rng.integers(2))
    eligible = askable.eligible[modality]
    if features is not None:
        ranked = eligible[np.isin(eligible, features.rows[modality], kind="table")]
        if len(ranked):
            eligible = ranked
        else:  # all that is left came back since
            features = None
    n = min(N_MORE, askable.n_questions, len(eligible))
    rows = eligible[rng.choice(len(eligible), size=n, replace=False, shuffle=False)]
    k = n_candidates + askable.n_questions + N_SPARE
    can_rank = features is not None and hasattr(learner, "estimator_")
    drawn = np.full(len(rows), can_rank and learner.audit > 0)
    return _with_partners(learner, askable, features, modality, rows, k, drawn)


def _reserve(
    learner: PairedActiveLearner,
    round_: Round,
    first: tuple[int, IntArray, BoolArray],
    n: int,
    rng: np.random.Generator,
) -> list[tuple[int, IntArray, BoolArray]]:
    """Ask the same strategy again, of what the first choice left."""
    modality, indices, _ = first
    left = [np.arange(len(features)) for features in round_.open]
    left[modality] = np.delete(left[modality], indices)
    n = min(n, *map(len, left))
    if n < 1:
        return []
    rest = replace(
        round_,
        open=tuple(f[rows] for f, rows in zip(round_.open, left, strict=True)),
        open_inputs=tuple(
            f[rows] for f, rows in zip(round_.open_inputs, left, strict=True)
        ),
        n_instances=n,
    )
    selection = learner.select(rest)
    modality = selection.modality
    n_drawn = int(learner.audit * n + rng.random())
    drawn = rng.choice(len(left[modality]), n_drawn, replace=False)
    mixed, are_drawn = with_drawn(selection, drawn)
    if are_drawn is None:
        are_drawn = np.zeros(n, dtype=bool)
    return [(modality, left[modality][np.asarray(mixed.indices)], are_drawn)]


def _with_partners(
    learner: PairedActiveLearner,
    askable: Askable,
    features: Features | None,
    modality: int,
    rows: IntArray,
    k: int,
    drawn: BoolArray,
) -> list[Chosen]:
    """Return rows with k rows of the other pool for each: the nearest, else drawn.

    `drawn` says which of the rows were drawn at random.
    """
    if len(rows) == 0:
        return []
    others = askable.open_rows[1 - modality]
    ranked = np.empty(0, bool)  # of the others with features, those that are open
    if features is not None:
        ranked = np.isin(features.rows[1 - modality], others, kind="table")
    if features is not None and ranked.any():
        partners = list(features.nearest(modality, rows, k, ranked))
    else:
        rng = np.random.default_rng([learner.seed_, askable.upto, CANDIDATES])
        size = min(k, len(others))
        partners = [rng.choice(others, size=size, replace=False) for _ in rows]
    return [
        (modality, Row(int(row)), own, bool(is_drawn))
        for row, own, is_drawn in zip(rows, partners, drawn, strict=True)
    ]


def features_of(
    learner: PairedActiveLearner, pools: Pools, rows: Rows
) -> Features | None:
    """Return the Features of these rows, or None with an encoder without any."""
    encoder = getattr(learner, "estimator_", learner.estimator)
    try:
        features = None if encoder is None else encode(encoder, *_taken(pools, rows))
    except NotFittedError:
        features = None
    return _as_features(rows, features)


def _as_features(rows: Rows, features: Sequence[Any] | None) -> Features | None:
    """Return Features, or None where there are none."""
    if features is None or features[0].shape[1] == 0:
        return None
    X, y = (unit(whole(to_host(own))).astype(np.float32) for own in features)
    return Features(rows, (X, y))


def _taken(pools: Pools, rows: Rows) -> Pools:
    return picked(pools[0], rows[0]), picked(pools[1], rows[1])
