"""What users write, typed as they would: it runs, and type checkers find nothing in it.

`tests/test_typed.py` runs all functions, and `mypy --strict` and pyright on this file.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score

from skmal import (
    AnnotationSession,
    CoresetMargin,
    PairedActiveLearner,
    Query,
    QueryStrategy,
    Question,
    RidgeCCA,
    Round,
    Selection,
    SimulatedAnnotator,
    VOptimalDesign,
)
from skmal.coverage import (
    coverage_gap,
    distance_to_aligned,
    greedy_k_center,
    isolation,
)
from skmal.datasets import load_glyphs, make_colorswap
from skmal.metrics import (
    annotation_savings,
    area_under_learning_curve,
    compositional_scores,
    make_retrieval_scorer,
    mean_reciprocal_rank,
    recall_at_k,
    retrieval_ranks,
    retrieval_scores,
    scores_by_group,
)
from skmal.uncertainty import cross_modal_entropy, cross_modal_margin

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]


def glyphs() -> tuple[Floats, Floats]:
    """Load features of some glyphs and of their names."""
    X, y = load_glyphs(features=True, return_X_y=True)
    return X[::20], y[::20]


# ---------------------------------------------------------------- the loop


def the_loop_of_the_readme() -> float:
    """Ask, answer, learn."""
    X, y = glyphs()
    X_test, y_test, X_pool, y_pool = X[::5], y[::5], X[1::5], y[1::5]

    learner = PairedActiveLearner(RidgeCCA(), random_state=0)
    for _ in range(2):
        query = learner.query(X_pool, y_pool, n_instances=10)
        learner.teach(X_pool[query.indices], y_pool[query.indices])
        X_pool, y_pool = (
            np.delete(pool, query.indices, axis=0) for pool in (X_pool, y_pool)
        )
    return learner.score(X_test, y_test)


def a_query_is_a_pair_as_in_modal() -> None:
    """Unpack it, or ask for a triple."""
    X, y = glyphs()
    learner = PairedActiveLearner(RidgeCCA(), CoresetMargin(), random_state=0)
    learner = learner.fit(X[:20], y[:20])

    query_idx, query_inst = learner.query(X[20:], y[20:], n_instances=4)
    learner.teach(X[20:][query_idx], y[20:][query_idx])
    assert len(query_inst) == len(query_idx) == 4

    indices, instances, utilities = learner.query(X, y, 4, return_metrics=True)
    best: float = utilities.max()
    assert best >= utilities.min()
    assert len(instances) == indices.size


def answers_of_people() -> None:
    """Turn answers into rows of both pools, and keep who has no partner."""
    X, y = glyphs()
    learner = PairedActiveLearner(random_state=0).fit(X[:20], y[:20])
    query: Query = learner.query(X[20:], y[20:], n_instances=4)
    partners = [int(row) for row in query.indices[:-1]] + [-1]
    x_rows, y_rows = query.pairs(partners)
    learner.teach(X[20:][x_rows], y[20:][y_rows]).teach_unmatched(query, partners)
    modality: int = query.modality
    gaps: tuple[float, ...] | None = query.coverage_gap
    assert modality in (0, 1)
    assert gaps is None or len(gaps) == 2
    guesses: Ints = learner.rank_partners(query, X[20:], y[20:], k=3)
    assert guesses.shape == (4, 3)
    trust: float = learner.trust_
    assert 0 <= trust <= 1
    x_features: Floats = learner.transform(X)
    both: tuple[Floats, Floats] = learner.transform(X, y)
    assert x_features.shape == both[0].shape


# ---------------------------------------------------------------- scikit-learn's tools


def a_grid_search() -> dict[str, Any]:
    """Search over what a learner is made of."""
    X, y = glyphs()
    learner = PairedActiveLearner(
        RidgeCCA(), CoresetMargin(), budget=40, n_initial=20, random_state=0
    )
    grid = {
        "query_strategy": [CoresetMargin(coreset_size=1.5), VOptimalDesign()],
        "estimator__reg": [0.1, 1.0],
    }
    scorer = make_retrieval_scorer(recall_at_k, k=5)
    search = GridSearchCV(learner, grid, scoring=scorer, cv=2).fit(X, y)
    best: dict[str, Any] = search.best_params_
    single: float = scorer(learner.fit(X, y), X, y)
    assert 0 < single <= 1
    assert len(cross_val_score(learner, X, y, cv=2, scoring=scorer)) == 2
    return best


def a_simulated_run() -> None:
    """Let `fit` play the annotator."""
    X, y = glyphs()
    learner = PairedActiveLearner(
        annotator=SimulatedAnnotator(error_rate=0.1), budget=40, random_state=0
    )
    learner.fit(
        X,
        y,
        validation_data=(X[::3], y[::3]),
        scoring=make_retrieval_scorer(mean_reciprocal_rank),
    )
    n_pairs: list[int] = learner.n_pairs_iter_.tolist()
    assert n_pairs[-1] <= 40


# ---------------------------------------------------------------- your own parts


class Longest(QueryStrategy):
    """Ask about the rows of X farthest from zero."""

    modality = 0

    def __init__(self, power: float = 1.0) -> None:
        self.power = power

    def select(self, round: Round) -> Selection:
        """Choose them."""
        length = np.linalg.norm(round.open_inputs[0], axis=1) ** self.power
        rows = (-length).argsort(kind="stable")[: round.n_instances]
        return Selection(rows, length[rows], modality=0)


def at_random(
    learner: PairedActiveLearner, X_pool: Any, y_pool: Any, n_instances: int = 1
) -> tuple[Ints, Floats]:
    """Choose rows of X with a function."""
    known = learner.X_training
    rng = np.random.default_rng(0 if known is None else len(known))
    rows = rng.permutation(len(X_pool))[:n_instances]
    return rows, np.zeros(n_instances)


class Characters(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An encoder of strings: RidgeCCA on counts of letters."""

    def __init__(self, letters: str = "aeioulnrst") -> None:
        self.letters = letters

    def fit(self, X: Sequence[str], y: Sequence[str]) -> Self:
        """Learn from aligned strings."""
        self.encoder_ = RidgeCCA(reg=0.5).fit(self._counts(X), self._counts(y))
        return self

    def transform(self, X: Sequence[str], y: Sequence[str]) -> tuple[Floats, Floats]:
        """Return features of both."""
        return self.encoder_.transform(self._counts(X), self._counts(y))

    def _counts(self, texts: Sequence[str]) -> Floats:
        return np.array([[float(t.count(c)) for c in self.letters] for t in texts])


def a_person(query: Query, X_ids: Ints, y_ids: Ints) -> Ints:
    """Answer a simulated run: who has an even number has no partner."""
    own, other = (X_ids, y_ids) if query.modality == 0 else (y_ids, X_ids)
    asked = own[query.indices]
    rows = {int(number): row for row, number in enumerate(other)}
    partners = np.array([rows.get(int(number), -1) for number in asked])
    return np.where(asked % 2 == 0, -1, partners)


def parts_of_your_own() -> None:
    """A strategy as a class and as a function, an encoder, an annotator."""
    X, y = glyphs()
    for strategy in (Longest(power=2.0), at_random):
        learner = PairedActiveLearner(RidgeCCA(), strategy, random_state=0)
        assert len(learner.fit(X[:20], y[:20]).query(X, y, 3).indices) == 3

    _, names = load_glyphs(return_X_y=True)
    texts = [str(name) for name in names[:60]]
    reader = PairedActiveLearner(Characters(), random_state=0).fit(texts, texts)
    assert reader.score(texts, texts) > 0.1

    run = PairedActiveLearner(annotator=a_person, budget=30, random_state=0).fit(X, y)
    assert len(run.answers_) == 30


# ---------------------------------------------------------------- sessions


def a_session(folder: Path) -> int:
    """Open a session, answer a few questions, look at its progress, and go on."""
    X, y = glyphs()
    pools = (
        {f"x{i}": row for i, row in enumerate(X)},
        {f"y{i}": row for i, row in enumerate(y)},
    )
    learner = PairedActiveLearner(batch_size=2, random_state=0)
    with AnnotationSession(folder / "s.skmal", *pools, learner, budget=6) as session:
        question: Question | None = session.next_question()
        if question is not None:
            session.answer(question, partner_of(question))
        for question in session:
            if question.candidates:
                session.answer(question, None)
            else:
                session.skip(question)
            if session.progress.n_answers == 3:
                break
        session.run(partner_of, by="ada")
        pairs: list[tuple[str, str]] = [(a.key, b.key) for a, b in session.pairs()]
        session.export(folder / "answers.csv")
        assert len(pairs) == session.progress.n_pairs
        return session.progress.n_answers


def partner_of(question: Question) -> str:
    """Name the partner's key."""
    return "yx"[question.modality] + question.item.key[1:]


# ---------------------------------------------------------------- data and numbers


def data_both_ways() -> None:
    """Sets come as a Bunch, or as X and y."""
    bunch = load_glyphs("mono")
    images, names = load_glyphs("mono", return_X_y=True)
    assert images.shape == bunch.images.shape
    assert names[0] == bunch.names[0]
    X, y = make_colorswap(5, features=False, random_state=0)
    scenes = make_colorswap(5, return_X_y=False, random_state=0)
    assert len(X) == len(y) == len(scenes.captions)


def numbers() -> None:
    """Free functions take what becomes an array, and return arrays or numbers."""
    X, y = RidgeCCA().fit(*glyphs()).transform(*glyphs())
    mrr: float = mean_reciprocal_rank(X, y)
    table: dict[str, float] = retrieval_scores(X, y)
    assert mrr == table["mrr"]
    ranks: Floats = retrieval_ranks(X.tolist(), y.tolist())
    assert ranks.min() >= 1
    labels = ["even", "odd"] * (len(X) // 2) + ["even"] * (len(X) % 2)
    assert scores_by_group(X, y, labels)["odd"]["mrr"] > 0
    text, image, group = compositional_scores(X[:10], y[:10])
    assert group <= min(text, image)
    area: float = area_under_learning_curve([1, 2, 3], [0.1, 0.2, 0.3])
    saved: float = annotation_savings([1, 2], [[0.1, 0.2]], [[0.1, 0.2]]).mean
    assert area > saved

    gap: float = coverage_gap(X[10:], X[:10])
    distances: Floats = distance_to_aligned(X[10:], aligned=X[:10])
    assert gap == distances.max()
    picks: Ints = greedy_k_center(X, 3)
    alone: Floats = isolation(X, n_neighbors=2, random_state=np.random.default_rng(0))
    assert len(picks) == 3
    assert len(alone) == len(X)
    margins: Floats = cross_modal_margin(X[:5], y)
    doubt: Floats = cross_modal_entropy(X[:5], y, temperature=0.1)
    assert margins.shape == doubt.shape


def everything(folder: Path) -> None:
    """Run all of it."""
    assert the_loop_of_the_readme() > 0
    a_query_is_a_pair_as_in_modal()
    answers_of_people()
    assert set(a_grid_search()) == {"query_strategy", "estimator__reg"}
    a_simulated_run()
    parts_of_your_own()
    assert a_session(folder) == 6
    data_both_ways()
    numbers()
