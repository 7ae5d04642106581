"""The same numbers get the same answer, whatever container they come in."""

import tempfile

import numpy as np
import pytest
from containers import CONTAINERS
from helpers import make_pairs

from skmal import (
    AnnotationSession,
    ContrastiveProjection,
    CoresetMargin,
    MultimodalActiveLearner,
    PairedActiveLearner,
    RidgeCCA,
    RidgeMCCA,
)
from skmal.coverage import coverage_gap, greedy_k_center, isolation
from skmal.metrics import compositional_scores, retrieval_scores, scores_by_group
from skmal.uncertainty import cross_modal_entropy, cross_modal_margin

X, Y = make_pairs(40)
X[X < 0.5] = 0  # as sparse rows are
KNOWN, NEXT, OPEN = slice(0, 10), slice(10, 14), slice(14, 40)


def asked(hold, strategy):
    """Return all that a learner says in two rounds, of items held in a container."""
    learner = PairedActiveLearner(query_strategy=strategy, random_state=0)
    learner.teach(hold(X[KNOWN]), hold(Y[KNOWN]))
    pools = hold(X[OPEN]), hold(Y[OPEN])
    answers = []
    for _ in range(2):
        query = learner.query(*pools, n_instances=4)
        answers += [query.modality, query.indices, query.utilities]
        answers.append(learner.rank_partners(query, *pools))
        learner.teach(hold(X[NEXT]), hold(Y[NEXT]))
        learner.teach_unmatched(query, np.full(4, -1))
    answers += [learner.prequential_, *learner.transform(*pools)]
    return [*answers, learner.score(hold(X[OPEN]), hold(Y[OPEN]))]


def asked_of_several(hold):
    """Return what a learner of several modalities says."""
    learner = MultimodalActiveLearner(random_state=0)
    learner.teach([hold(X[KNOWN]), hold(Y[KNOWN])])
    learner.teach([hold(X[NEXT]), hold(Y[NEXT])])
    query = learner.query([hold(X[OPEN]), hold(Y[OPEN])], n_instances=4)
    return [query.modality, query.indices, query.utilities]


def run(hold):
    """Return what a simulated run buys, and its scores."""
    learner = PairedActiveLearner(budget=12, batch_size=4, random_state=0)
    held_out = hold(X[KNOWN]), hold(Y[KNOWN])
    learner.fit(hold(X[OPEN]), hold(Y[OPEN]), validation_data=held_out)
    return [learner.annotated_iter_, learner.validation_scores_]


def encoded(hold):
    """Return the features of the closed forms."""
    rows, partners = hold(X), hold(Y)
    of_two = RidgeCCA().fit(rows, partners).transform(rows, partners)
    return [*of_two, *RidgeMCCA().fit([rows, partners]).transform([rows, partners])]


def trained(hold):
    """Return the features of the encoder that is trained."""
    encoder = ContrastiveProjection(max_epochs=2, random_state=0, device="cpu")
    return encoder.fit(hold(X), hold(Y)).transform(hold(X), hold(Y))


def scored(hold):
    """Return the metrics."""
    rows, partners = hold(X[:, :5]), hold(Y)
    return [
        retrieval_scores(rows, partners),
        retrieval_scores(rows, partners, groups=np.arange(40)),
        compositional_scores(rows, partners),
        scores_by_group(rows, partners, np.arange(40) % 2),
    ]


def covered(hold):
    """Return what the functions of coverage and doubt say."""
    rows, others = hold(X[:, :5]), hold(Y[:12])
    return [
        coverage_gap(rows, others),
        greedy_k_center(rows, 4),
        greedy_k_center(rows, 4, others),
        isolation(rows),
        cross_modal_margin(rows, others),
        cross_modal_entropy(rows, others),
    ]


def annotated(hold):
    """Return the questions of a session that sees the items as features."""
    texts = [[f"{side} {row}" for row in range(26)] for side in "ab"]
    features = hold(X[OPEN]), hold(Y[OPEN])
    with tempfile.TemporaryDirectory() as folder:
        session = AnnotationSession(
            f"{folder}/work.skmal",
            *texts,
            PairedActiveLearner(random_state=0),
            features=features,
            batch_size=4,
            budget=12,
        )
        questions = []
        with session:
            for question in session:
                questions.append((question.item.key, question.item.row))
                session.answer(question, question.item.row)
    return questions


ANSWERS = {
    "default": lambda hold: asked(hold, None),
    "CoresetMargin": lambda hold: asked(hold, CoresetMargin()),
    "encoders": encoded,
    "metrics": scored,
    "coverage": covered,
}


@pytest.fixture(scope="module")
def of_arrays():
    """Return the answers to the same questions about NumPy's arrays."""
    return {name: answer(np.array) for name, answer in ANSWERS.items()}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_the_same_numbers_get_the_same_answer(container, answer, of_arrays):
    """Bit for bit: they are computed with as the same arrays."""
    got = ANSWERS[answer](CONTAINERS[container])
    np.testing.assert_equal(got, of_arrays[answer])


@pytest.mark.parametrize("answer", [asked_of_several, run, trained, annotated])
@pytest.mark.parametrize("container", ["list of arrays", "arrow table", "sparse array"])
def test_a_few_containers_everywhere(container, answer):
    np.testing.assert_equal(answer(CONTAINERS[container]), answer(np.array))


@pytest.mark.parametrize("dtype", [bool, "boolean", "Int64", "int64[pyarrow]", object])
def test_truth_and_integers_are_numbers(dtype):
    """A column of truth among floats included."""

    def hold(rows):
        whole = rows > 0 if dtype in (bool, "boolean") else rows.round()
        if dtype is object:
            whole = whole.astype(int)
        return CONTAINERS["pandas"](whole).astype(dtype)

    def plain(rows):
        return np.asarray(hold(rows)).astype(float)

    np.testing.assert_equal(asked(hold, None)[1], asked(plain, None)[1])


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_containers_may_change_between_batches():
    """Rows known so far in one container take up those of every other."""
    expected = PairedActiveLearner(random_state=0).fit(X, Y).transform(X)
    for first in ("pandas Float64", "polars", "list of arrays", "arrow table"):
        for second in CONTAINERS:
            learner = PairedActiveLearner(random_state=0)
            learner.teach(*(CONTAINERS[first](rows[KNOWN]) for rows in (X, Y)))
            learner.teach(*(CONTAINERS[second](rows[10:]) for rows in (X, Y)))
            got = learner.estimator_.transform(X)
            np.testing.assert_array_equal(got, expected, err_msg=f"{first} {second}")
