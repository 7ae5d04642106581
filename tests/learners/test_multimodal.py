"""Three and more modalities: the encoder, the loop, and the steps in it."""

import pickle

import numpy as np
import pytest
from helpers import make_pairs
from scipy.linalg import block_diag, eigh
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

from skmal import (
    BADGE,
    CoresetMargin,
    MarginSampling,
    MultimodalActiveLearner,
    PairedActiveLearner,
    RandomSampling,
    RidgeCCA,
    RidgeMCCA,
    SimulatedAnnotator,
    VOptimalDesign,
)
from skmal.arrays._verbs import unit
from skmal.coverage import coverage_gap, greedy_k_center
from skmal.items._encoding import encode
from skmal.learners._query import MultimodalQuery
from skmal.metrics import mean_reciprocal_rank, retrieval_scores
from skmal.metrics._retrieval import scores_by_group
from skmal.uncertainty import cross_modal_margin


def make_triples(n=90):
    """Return three views of a latent variable, of 4, 2 and 5 features."""
    X, y = make_pairs(n)
    return [X[:, :4], X[:, 4:], y]


@pytest.fixture
def pools():
    """Return three pools of unequal lengths whose rows are unrelated, and the order.

    Row r of pool m is item order[m][r].
    """
    Xs, rng = make_triples(), np.random.default_rng(0)
    order = [rng.permutation(np.arange(20, 90))[:n] for n in (70, 65, 60)]
    return [X[rows] for X, rows in zip(Xs, order, strict=True)], order


@pytest.fixture
def learner():
    """Return a learner that knows 20 triples and asks the paper's way."""
    learner = MultimodalActiveLearner(None, CoresetMargin(), random_state=0)
    return learner.fit([X[:20] for X in make_triples()])


# -------------------------------------------------------------------- the encoder


def test_on_two_modalities_the_encoder_learns_what_ridge_cca_learns(pairs):
    two, many = RidgeCCA().fit(*pairs), RidgeMCCA().fit(pairs)
    np.testing.assert_allclose(many.correlations_, two.correlations_, rtol=1e-9)
    for own, same in zip(many.transform(pairs), two.transform(*pairs), strict=True):
        np.testing.assert_allclose(own, same, atol=1e-9)


def test_its_directions_solve_the_generalised_eigenproblem():
    Xs = make_triples(40)
    encoder = RidgeMCCA(reg=0.2).fit(Xs)
    Xs = [X - X.mean(axis=0) for X in Xs]
    own = [X.T @ X / len(X) for X in Xs]
    ridge = [C + 0.2 * np.trace(C) / len(C) * np.eye(len(C)) for C in own]
    stacked = np.hstack(Xs)
    cross = stacked.T @ stacked / len(stacked) - block_diag(*own)
    values = eigh(cross, block_diag(*ridge), eigvals_only=True)[::-1] / 2
    np.testing.assert_allclose(encoder.correlations_, values[values > 1e-6])
    weights = np.vstack(encoder.weights_)
    left, right = cross @ weights, block_diag(*ridge) @ weights
    np.testing.assert_allclose(left, right * (2 * encoder.correlations_), atol=1e-9)


def test_it_finds_partners_in_every_pair_and_keeps_float32():
    Xs = [X.astype(np.float32) for X in make_triples()]
    encoder = RidgeMCCA(n_components=2).fit([X[:50] for X in Xs])
    features = encoder.transform([X[50:] for X in Xs])
    assert {f.dtype for f in features} == {np.dtype(np.float32)}
    assert {f.shape for f in features} == {(40, 2)}
    for i, j in [(0, 1), (0, 2), (1, 2)]:
        assert mean_reciprocal_rank(features[i], features[j]) > 0.3  # chance: .1


def test_rows_that_are_all_equal_teach_it_nothing():
    encoder = RidgeMCCA().fit([np.ones((5, 2)), np.ones((5, 3)), np.ones((5, 2))])
    features = encoder.transform([np.ones((4, d)) for d in (2, 3, 2)])
    assert not np.any(features)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e, Xs: e.fit(Xs[0]), "list with one array per modality, got ndarray"),
        (lambda e, Xs: e.fit(Xs[:1]), "holds 1 modality"),
        (lambda e, Xs: e.fit([Xs[0][:5], *Xs[1:]]), r"\[5, 90, 90\] rows"),
        (lambda e, Xs: e.fit([Xs[0] * np.nan, *Xs[1:]]), r"Xs\[0\] contains NaN"),
        (
            lambda e, Xs: e.set_params(reg=0).fit(Xs),
            "reg must be .* in .0, 1000000., got 0",
        ),
        (lambda e, Xs: e.transform(Xs[:2]), "2 modalities where 3 are known"),
        (lambda e, Xs: e.transform(Xs[::-1]), r"Xs\[0\] has 5 features"),
    ],
)
def test_the_encoder_says_what_is_wrong(call, message):
    Xs = make_triples()
    with pytest.raises((ValueError, TypeError), match=message):
        call(RidgeMCCA().fit(Xs), Xs)


# -------------------------------------------------------------------- the loop


def test_on_two_modalities_it_asks_what_the_paired_learner_asks(strategy, pairs):
    known, pools = [X[:20] for X in pairs], [X[20:] for X in pairs]
    many = MultimodalActiveLearner(None, strategy, random_state=3).fit(known)
    two = PairedActiveLearner(RidgeCCA(), strategy, random_state=3).fit(*known)
    query, expected = many.query(pools, 4), two.query(*pools, 4)
    assert query.modality == expected.modality
    np.testing.assert_array_equal(query.indices, expected.indices)


def test_every_strategy_asks_about_rows_of_one_of_three_pools(strategy, pools):
    learner = MultimodalActiveLearner(None, strategy, random_state=0)
    learner.fit([X[:20] for X in make_triples()])
    query = learner.query(pools[0], 5)
    assert query.modality in (0, 1, 2)
    assert len(set(query.indices.tolist())) == 5
    np.testing.assert_array_equal(
        query.instances, pools[0][query.modality][query.indices]
    )


def test_the_papers_three_steps(learner, pools):
    pools, _ = pools
    opened = learner.transform(pools)
    aligned = learner.transform(learner.Xs_training)
    gaps = [coverage_gap(*both) for both in zip(opened, aligned, strict=True)]
    asked = int(np.argmax(gaps))
    coreset = np.sort(greedy_k_center(opened[asked], 10, aligned[asked]))
    margins = [
        cross_modal_margin(opened[asked][coreset], np.vstack([opened[m], aligned[m]]))
        for m in range(3)
        if m != asked
    ]
    order = np.mean(margins, axis=0).argsort(kind="stable")[:5]
    query = learner.query(pools, 5)
    assert query.modality == asked
    assert query.coverage_gap == pytest.approx(gaps)
    np.testing.assert_array_equal(query.indices, coreset[order])


def test_turns_go_through_all_modalities(pools):
    Xs = make_triples()
    asked = []
    for n in (12, 16, 20, 24):
        learner = MultimodalActiveLearner(None, VOptimalDesign())
        asked.append(learner.fit([X[:n] for X in Xs]).query(pools[0], 4).modality)
    assert asked == [0, 1, 2, 0]


def test_the_order_of_the_pools_decides_nothing(learner, pools):
    pools, _ = pools
    query = learner.query(pools, 5)
    shuffled = [pool[::-1] for pool in pools]
    again = learner.query(shuffled, 5)
    np.testing.assert_array_equal(again.instances, query.instances)


def test_answers_teach_it_and_items_without_all_partners_are_left_out(learner, pools):
    pools, order = pools
    query = learner.query(pools, 30)
    wanted = order[query.modality][query.indices]
    partners = np.full((30, 3), -1)
    for m, rows in enumerate(order):
        where = {item: row for row, item in enumerate(rows)}
        partners[:, m] = [where.get(item, -1) for item in wanted]
    assert (partners < 0).any()  # the pools differ
    rows = query.tuples(partners)
    items = [own[r] for own, r in zip(order, rows, strict=True)]
    np.testing.assert_array_equal(items[0], items[1])
    np.testing.assert_array_equal(items[0], items[2])
    assert len(items[0]) == (partners >= 0).all(axis=1).sum() < 30
    learner.teach([pool[r] for pool, r in zip(pools, rows, strict=True)])
    assert len(learner.Xs_training[2]) == 20 + len(items[0])


def test_it_ranks_the_likeliest_partners_in_every_other_pool(learner):
    pools = [X[20:] for X in make_triples()]
    query = learner.query(pools, 5)
    ranked = learner.rank_partners(query, pools, k=3)
    features = learner.transform(pools)
    for m, (rows, gallery) in enumerate(zip(ranked, features, strict=True)):
        if m == query.modality:
            np.testing.assert_array_equal(rows[:, 0], query.indices)
            continue
        similarity = features[query.modality][query.indices] @ unit(gallery).T
        np.testing.assert_array_equal(rows[:, 0], similarity.argmax(axis=1))
        assert rows.shape == (5, 3)
    guesses = np.column_stack([rows[:, 0] for rows in ranked])
    assert len(query.tuples(guesses)) == 3


def test_the_score_is_the_mean_over_pairs_of_modalities(learner):
    Xs = [X[30:] for X in make_triples()]
    a, b, c = learner.transform(Xs)
    scores = [mean_reciprocal_rank(*pair) for pair in [(a, b), (a, c), (b, c)]]
    assert learner.score(Xs) == pytest.approx(np.mean(scores))


def test_copies_ask_the_same(learner, pools):
    query = learner.query(pools[0], 4)
    again = pickle.loads(pickle.dumps(learner)).query(pools[0], 4)
    np.testing.assert_array_equal(again.indices, query.indices)
    same = pickle.loads(pickle.dumps(query))
    assert same.modality == query.modality
    assert same.coverage_gap == query.coverage_gap
    fresh = clone(learner)
    assert repr(fresh.get_params()) == repr(learner.get_params())
    assert fresh.Xs_training is None
    with pytest.raises(NotFittedError):
        fresh.transform(pools[0])


def test_a_cold_start_draws_and_a_single_tuple_is_kept(pools):
    learner = MultimodalActiveLearner(random_state=0)
    first = learner.query(pools[0], 4)
    assert first.coverage_gap is None
    np.testing.assert_array_equal(first.indices, learner.query(pools[0], 4).indices)
    learner.teach([X[:1] for X in make_triples()])
    assert not hasattr(learner, "estimator_")
    learner.query(pools[0], 4)
    learner.teach([X[1:2] for X in make_triples()])
    assert hasattr(learner, "estimator_")
    learner.teach([X[:0] for X in make_triples()])
    assert len(learner.Xs_training[0]) == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda learner, Xs: learner.query(Xs[:2]), "2 modalities where 3 are known"),
        (lambda learner, Xs: learner.query(Xs, 91), "n_instances=91 is above the 90"),
        (lambda learner, Xs: learner.query(Xs[::-1]), r"pools\[0\] has 5 features"),
        (
            lambda learner, Xs: (
                learner.from_state(learner.state())
                .set_params(query_strategy=max)
                .query(Xs)
            ),
            "query_strategy must be a QueryStrategy",
        ),
        (lambda learner, Xs: learner.teach([*Xs[:2], Xs[2][:3]]), r"90, 90, 3\] rows"),
        (lambda learner, Xs: learner.teach([X * np.nan for X in Xs]), "NaN"),
        (
            lambda learner, Xs: learner.fit([X[:1] for X in Xs]),
            "got 1 sample, but at least 2",
        ),
        (lambda learner, Xs: learner.rank_partners([0], Xs), "query must be what"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(learner, call, message):
    before = vars(learner).copy()
    with pytest.raises((ValueError, TypeError), match=message):
        call(learner, make_triples())
    assert vars(learner) == before


@pytest.mark.parametrize(
    ("partners", "message"),
    [
        ([3, 4], "one integer row for each of the 2 items and each modality"),
        ([[3, 4, 1.5], [0, 7, 1]], "float64 of shape"),
        ([[3.0, 4.0, 1.0], [0.0, 7.0, 1.0]], "float64 of shape"),
        ([[3], [0]], r"int64 of shape \(2, 1\)"),
        ([[3, 4, -2], [0, 7, 1]], "holds -2; use -1"),
        ([[4, 3, 1], [7, 0, 1]], r"column 1 .* \[4, 7\], got \[3, 0\]"),
    ],
)
def test_answers_that_cannot_be_are_refused(partners, message):
    with pytest.raises(ValueError, match=message):
        MultimodalQuery([4, 7], ["a", "b"], 1).tuples(partners)


class Returns(BaseEstimator):
    """An encoder that returns what it was made with."""

    def __init__(self, features):
        self.features = features

    def transform(self, Xs):
        """Return it."""
        return self.features


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.ones((2, 4, 2)), "expected a list of 2 arrays"),
        ([np.ones((4, 2)), np.ones((4, 3))], r"\[2, 3\] features .* one shared space"),
        ([np.ones((4, 2)), np.ones((3, 2))], "4 rows"),
    ],
)
def test_an_encoder_that_breaks_the_contract_is_named(features, message):
    with pytest.raises((ValueError, TypeError), match=message):
        encode(Returns(features), np.ones((4, 1)), np.ones((4, 1)), listed=True)


def test_an_encoder_of_two_modalities_is_named():
    with pytest.raises(TypeError, match="RidgeCCA.fit takes X and y, but"):
        MultimodalActiveLearner(RidgeCCA()).fit(make_triples())


def test_an_encoder_gets_the_learners_seed():
    class Seeded(RidgeMCCA):
        def __init__(self, random_state=None):
            super().__init__()
            self.random_state = random_state

    learner = MultimodalActiveLearner(Seeded(), random_state=5).fit(make_triples())
    assert learner.estimator_.random_state == 5


# -------------------------------------------------------------------- groups


def test_scores_by_group_add_up_to_the_scores_of_all(pairs):
    X, y = RidgeCCA(2).fit(*(p[:20] for p in pairs)).transform(*pairs)
    labels = np.array(["a"] * 50 + ["b"] * 30)
    by_group = scores_by_group(X, y, labels)
    for name, score in retrieval_scores(X, y).items():
        mean = (50 * by_group["a"][name] + 30 * by_group["b"][name]) / 80
        assert mean == pytest.approx(score)
    assert by_group["a"] != by_group["b"]
    with pytest.raises(ValueError, match="labels must hold one label for each"):
        scores_by_group(X, y, labels[:5])


# -------------------------------------------------------------------- what it knows


def complete(query, n=3):
    """Return the answers about pools whose rows are aligned."""
    return np.tile(query.indices[:, None], n)


class Rows(BaseEstimator):
    """An encoder of lists whose features are the rows themselves."""

    def fit(self, Xs):
        """Learn nothing."""
        return self

    def transform(self, Xs):
        """Return the rows."""
        return [np.asarray(X, dtype=np.float64) for X in Xs]


def test_it_tests_itself_on_each_answer_in_every_other_modality():
    angles = 2 * np.pi * np.arange(300) / 300
    circle = np.column_stack([np.cos(angles), np.sin(angles)])  # 1 % is 3 neighbours
    learner = MultimodalActiveLearner(Rows(), RandomSampling(0), random_state=0)
    assert learner.trust_ == 0
    query = learner.query([circle] * 3, 4)
    near, far = query.indices + 1, (query.indices + 100) % 300
    learner.teach([circle[query.indices], circle[near % 300], circle[far]])
    np.testing.assert_array_equal(learner.prequential_, [0.5])  # all near, none far
    query = learner.query([circle] * 3, 4)
    learner.teach([circle[query.indices]] * 3)
    assert learner.trust_ == (0.5 + 1.0) / 2


def test_strategies_see_the_trust_that_it_has_earned(pools):
    learner = MultimodalActiveLearner(random_state=0)
    learner.fit([X[:20] for X in make_triples()])
    aligned = [X[20:] for X in make_triples()]
    query, seen = learner.ask(aligned, 15)
    assert seen.trust == 0
    learner.teach([pool[query.indices] for pool in aligned])
    assert learner.ask(aligned, 15)[1].trust == learner.trust_ > 0


def test_items_that_lack_a_partner_reach_the_strategy(learner):
    pools = [X[20:] for X in make_triples()]
    query = learner.query(pools, 5)
    partners = complete(query)
    partners[1, (query.modality + 1) % 3] = -1
    partners[3, (query.modality + 2) % 3] = -1
    assert learner.Xs_unmatched is None
    learner.teach_unmatched(query, partners)
    kept = learner.Xs_unmatched[query.modality]
    np.testing.assert_array_equal(kept, query.instances[[1, 3]])
    _, seen = learner.ask(pools, 5)
    assert [len(features) for features in seen.unmatched] == [
        2 if m == query.modality else 0 for m in range(3)
    ]
    np.testing.assert_array_equal(seen.unmatched_inputs[query.modality], kept)
    with pytest.raises(ValueError, match="use -1 for items without a partner"):
        learner.teach_unmatched(query, partners - 1)
    wider = np.column_stack([partners, np.full(len(partners), -1)])
    with pytest.raises(ValueError, match="4 columns where 3 modalities are known"):
        learner.teach_unmatched(query, wider)


def test_fit_buys_as_many_tuples_as_the_budget_allows(strategy):
    Xs = make_triples()
    learner = MultimodalActiveLearner(
        None, strategy, budget=50, n_initial=12, batch_size=10, random_state=0
    )
    learner.fit(Xs, validation_data=[X[:40] for X in Xs])
    assert learner.n_pairs_iter_.tolist() == [12, 22, 32, 42, 50]
    assert learner.termination_condition_ == "budget_spent"
    assert learner.coverage_gap_iter_.shape == (learner.n_iter_, 3) == (4, 3)
    rounds, *rows = learner.answers_.T
    for X, bought, own in zip(Xs, learner.Xs_training, rows, strict=True):
        np.testing.assert_array_equal(bought, X[own])
        np.testing.assert_array_equal(own, rows[0])  # nobody errs
    np.testing.assert_array_equal(learner.annotated_iter_[rows[0]], rounds)
    assert learner.validation_scores_[-1] == learner.score([X[:40] for X in Xs])
    assert len(learner.prequential_) == 4
    again = clone(learner).fit(Xs)
    np.testing.assert_array_equal(again.answers_, learner.answers_)


def test_a_run_of_two_modalities_is_that_of_the_paired_learner(pairs):
    parameters = {
        "annotator": SimulatedAnnotator(0.2, 0.2),
        "budget": 60,
        "buffer_size": 20,
        "random_state": 1,
    }
    many = MultimodalActiveLearner(Halves(), RandomSampling(), **parameters).fit(pairs)
    two = PairedActiveLearner(RidgeCCA(), RandomSampling(), **parameters).fit(*pairs)
    np.testing.assert_array_equal(many.answers_, two.answers_)
    np.testing.assert_array_equal(many.prequential_, two.prequential_)
    for m, alone in enumerate((two.X_unmatched, two.y_unmatched)):
        np.testing.assert_array_equal(many.Xs_unmatched[m], alone)


class Halves(RidgeCCA):
    """`RidgeCCA` as an encoder of lists of two."""

    def fit(self, Xs):
        """Learn from the two."""
        return super().fit(*Xs)

    def transform(self, Xs):
        """Return features of the two."""
        return list(super().transform(*Xs))


def test_errors_and_missing_partners_of_three_modalities():
    Xs = make_triples()
    annotator = SimulatedAnnotator(0.2, 0.3)
    learner = MultimodalActiveLearner(
        None, RandomSampling(), annotator=annotator, budget=80, random_state=0
    ).fit(Xs)
    rows = learner.answers_[:, 1:]
    alone = (rows < 0).any(axis=1)
    assert alone.sum() == sum(len(u) for u in learner.Xs_unmatched if u is not None) > 5
    for X, known, own in zip(Xs, learner.Xs_training, rows[~alone].T, strict=True):
        np.testing.assert_array_equal(known, X[own])
    wrong = ~alone & (rows != rows[:, :1]).any(axis=1)
    assert wrong.sum() > 5
    for own in rows.T:
        named = own[own >= 0]
        assert len(set(named)) == len(named)  # nothing is bought twice
    learner.set_params(query_strategy=RandomSampling(0))
    learner.annotator = lambda query, *ids: complete(query, 2)
    with pytest.raises(ValueError, match="items of 2 modalities, but there are 3"):
        learner.fit(Xs)
    learner.annotator = lambda query, *ids: complete(query) + np.array([0, 0, 80])
    with pytest.raises(ValueError, match=r"holds \d+, but pool 2 has"):
        learner.fit(Xs)


def test_each_other_modality_is_mistaken_by_itself():
    ids, rows = np.arange(200), np.arange(100)
    query = MultimodalQuery(rows, rows, modality=1)
    named = SimulatedAnnotator(0.5, random_state=0)(query, ids, ids, ids)
    first, own, last = (named != rows[:, None]).T
    assert not own.any()
    assert first.sum() > 30 < last.sum()
    assert (first != last).sum() > 30


def test_as_many_are_missing_from_every_pool():
    present = SimulatedAnnotator(missing_rate=0.5, random_state=0).present(100, 3)
    assert [int(p.sum()) for p in present] == [80, 80, 80]  # 40 of 80 lack a partner
    assert (sum(~p for p in present) <= 1).all()


@pytest.mark.parametrize("own", [CoresetMargin(), VOptimalDesign(), MarginSampling()])
def test_pools_may_lie_on_disk(tmp_path, own):
    learners = [MultimodalActiveLearner(None, own, random_state=0) for _ in "ab"]
    Xs = make_triples()
    pools = [X[20:] for X in Xs]
    on_disk = []
    for m, pool in enumerate(pools):
        np.save(tmp_path / f"{m}.npy", pool)
        on_disk.append(np.load(tmp_path / f"{m}.npy", mmap_mode="r"))
    for learner, open_pools in zip(learners, (pools, on_disk), strict=True):
        learner.fit([X[:20] for X in Xs])
        for _ in range(2):
            query = learner.query(open_pools, 5)
            learner.teach([pool[query.indices] for pool in pools])
    assert query.modality in range(3)
    expected = learners[0].Xs_training
    for a, b in zip(learners[1].Xs_training, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(*(learner.prequential_ for learner in learners))
    broken = pools[1].copy()
    broken[3] = np.nan
    np.save(tmp_path / "broken.npy", broken)
    on_disk[1] = np.load(tmp_path / "broken.npy", mmap_mode="r")
    with pytest.raises(ValueError, match=r"pools\[1\] holds NaN or infinity"):
        learners[1].query(on_disk, 5)


@pytest.mark.parametrize(
    "strategy", [VOptimalDesign(2), RandomSampling(2), CoresetMargin(2), BADGE(2)]
)
def test_a_strategy_may_ask_about_any_one_modality(strategy):
    Xs = [np.random.default_rng(m).normal(size=(60, 4 + m)) for m in range(3)]
    learner = MultimodalActiveLearner(RidgeMCCA(), strategy, random_state=0)
    learner.fit([X[:20] for X in Xs])
    assert learner.query([X[20:] for X in Xs], n_instances=3).modality == 2
    strategy = clone(strategy).set_params(modality=3)
    learner.set_params(query_strategy=strategy)
    with pytest.raises(ValueError, match="modality=3 is asked for, .* the last one is"):
        learner.query([X[20:] for X in Xs], n_instances=3)


def test_two_modalities_have_no_third():
    X, y = np.random.default_rng(0).normal(size=(2, 60, 4))
    for strategy, message in [
        (VOptimalDesign(2), "modality=2 .* there are 2 modalities; the last one is 1"),
        (VOptimalDesign(-1), "modality must be one of .*, got -1"),
        (VOptimalDesign(True), "modality must be one of .*, got True"),
    ]:
        learner = PairedActiveLearner(RidgeCCA(), strategy).fit(X[:20], y[:20])
        with pytest.raises(ValueError, match=message):
            learner.query(X[20:], y[20:], n_instances=3)
