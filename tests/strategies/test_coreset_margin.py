"""The contract of every strategy, and the rules of each."""

import numpy as np
import pytest
from helpers import STRATEGIES, make_pairs

from skmal import (
    CoresetMargin,
    KCenterGreedy,
    MarginSampling,
    PairedActiveLearner,
    QueryStrategy,
    RandomSampling,
    RidgeCCA,
    Round,
)
from skmal.arrays._rows import unit
from skmal.coverage import coverage_gap, greedy_k_center, isolation
from skmal.strategy_checks import parametrize_with_strategy_checks
from skmal.uncertainty import cross_modal_entropy, cross_modal_margin, cross_modal_top1


def fitted(strategy, n_aligned=15, n=80, random_state=0):
    """Return a learner that knows some pairs, and its two open pools."""
    X, y = make_pairs(n)
    learner = PairedActiveLearner(RidgeCCA(), strategy, random_state=random_state)
    learner.fit(X[:n_aligned], y[:n_aligned])
    return learner, X[n_aligned:], y[n_aligned:]


def make_round(open_, aligned, n_instances=1, seed=0):
    """Return a round of features alone."""
    open_, aligned = (tuple(map(np.float64, pair)) for pair in (open_, aligned))
    rng = np.random.default_rng(seed)
    return Round(open_, aligned, open_, aligned, n_instances, rng)


# ---------------------------------------------------------------- every strategy


@parametrize_with_strategy_checks(STRATEGIES)
def test_every_strategy_keeps_the_contract(strategy, check):
    check(strategy)


def test_two_rounds_never_draw_the_same():
    strategy = RandomSampling(0)
    picks = []
    for n_aligned in (10, 11, 12):
        learner, X, y = fitted(strategy, n_aligned)
        picks.append(tuple(strategy(learner, X[-60:], y[-60:], n_instances=9).indices))
    assert len(set(picks)) == 3


def test_the_strategys_seed_comes_before_the_learners():
    picks = [
        tuple(strategy(*fitted(strategy, random_state=seed), n_instances=9).indices)
        for strategy in (RandomSampling(0, random_state=5), RandomSampling(0))
        for seed in (0, 1)
    ]
    assert picks[0] == picks[1]
    assert picks[2] != picks[3]


def test_without_pairs_a_pretrained_encoder_starts_at_the_centre(pairs):
    class Pretrained(RidgeCCA):
        def __sklearn_is_fitted__(self):
            return True

        def transform(self, X, y=None):
            return X[:, :2], y[:, :2]

    X, y = pairs
    X[11] = X.mean(axis=0)
    learner = PairedActiveLearner(Pretrained())
    for strategy in (KCenterGreedy(), CoresetMargin(coreset_size=1.0)):
        selection = strategy(learner, X, y, n_instances=5)
        assert (selection.modality, selection.coverage_gap) == (0, None)
        expected = greedy_k_center(X[:, :2], 5)
        assert set(selection.indices) == set(expected)
    assert KCenterGreedy()(learner, X, y).indices == [greedy_k_center(X[:, :2], 1)[0]]


@pytest.mark.parametrize(
    ("n_instances", "X_rows", "message"),
    [
        (0, 65, "n_instances must be an integer of at least 1, got 0"),
        (-1, 65, "n_instances must be an integer of at least 1, got -1"),
        (2.0, 65, "n_instances must be an integer of at least 1, got 2.0"),
        (66, 65, "n_instances=66 is above the 65 items of "),
        (8, 0, "X_pool is empty"),
    ],
)
def test_bad_sizes(n_instances, X_rows, message):
    learner, X, y = fitted(None)
    with pytest.raises(ValueError, match=message):
        RandomSampling()(learner, X[:X_rows], y, n_instances=n_instances)


def test_bad_pools():
    strategy = RandomSampling()
    learner, X, y = fitted(strategy)
    broken = y.copy()
    broken[2, 1] = np.nan
    with pytest.raises(ValueError, match="y_pool is missing"):
        strategy(learner, X)
    with pytest.raises(ValueError, match="y_pool contains NaN"):
        strategy(learner, X, broken)
    with pytest.raises(
        ValueError, match="X_pool has 2 features, but PairedActiveLearn"
    ):
        strategy(learner, X[:, :2], y)
    with pytest.raises(
        ValueError, match="y_pool has 2 features, but PairedActiveLearn"
    ):
        strategy(learner, X, y[:, :2])


BAD_PARAMETERS = [
    ("modality", "both", "modality must be one of"),
    ("modality", 2, "modality must be one of"),
    ("modality", True, "modality must be one of"),
    ("modality", 1.0, "modality must be one of"),
    ("coreset_size", True, "coreset_size must be an int .*got True"),
    ("metric", "cityblock", "metric must be one of"),
    ("trim", 1.0, "trim must be a share of the pool"),
    ("trim", -0.1, "trim must be a share of the pool"),
    ("trim", "0.3", "trim must be a share of the pool"),
    ("uncertainty", "entropie", "uncertainty must be one of .*got 'entropie'"),
    ("candidates", "closed", "candidates must be one of .*got 'closed'"),
    ("coreset_size", 0.5, "coreset_size must be an int .*got 0.5"),
    ("coreset_size", "2", "coreset_size must be an int .*got '2'"),
    ("coreset_size", 4, "coreset_size=4 is smaller than the batch of 8; raise it"),
    ("random_state", "seed", "random_state must be None, an integer"),
]


@pytest.mark.parametrize(
    ("cls", "parameter", "value", "message"),
    [
        (cls, *bad)
        for cls in (KCenterGreedy, MarginSampling, CoresetMargin)
        for bad in BAD_PARAMETERS
        if bad[0] in cls().get_params()
    ],
)
def test_bad_parameters(cls, parameter, value, message):
    strategy = cls().set_params(**{parameter: value})
    with pytest.raises(ValueError, match=message):
        strategy(*fitted(strategy), n_instances=8)


@pytest.mark.parametrize(
    "strategy", [CoresetMargin(coreset_size=4), KCenterGreedy(trim="a")]
)
def test_bad_parameters_are_told_before_the_first_random_batch(strategy):
    with pytest.raises(
        ValueError, match="coreset_size=4 is smaller|trim must be a sha"
    ):
        strategy(PairedActiveLearner(RidgeCCA()), *make_pairs(), n_instances=8)


def test_random_sampling_refuses_coverage():
    with pytest.raises(ValueError, match="modality must be one of .*got 'coverage'"):
        RandomSampling("coverage")(*fitted(None))


def test_alternate_starts_with_X_also_without_pairs():
    for strategy in (RandomSampling("alternate"), CoresetMargin("alternate")):
        for seed in range(5):
            learner = PairedActiveLearner(RidgeCCA(), random_state=seed)
            assert strategy(learner, *make_pairs(), n_instances=8).modality == 0


def test_a_strategy_without_select_says_so():
    with pytest.raises(TypeError, match="QueryStrategy must define select"):
        QueryStrategy()(*fitted(None))


# ---------------------------------------------------------------- step 1


def test_coverage_asks_the_modality_with_the_larger_gap():
    near, far = [[0.0, 0], [1, 0]], [[0.0, 0], [5, 0]]
    origin = [[0.0, 0]]
    for open_, modality in [((near, far), 1), ((far, near), 0), ((near, near), 0)]:
        selection = KCenterGreedy().select(make_round(open_, (origin, origin)))
        assert selection.modality == modality
        gaps = tuple(coverage_gap(features, origin) for features in open_)
        assert selection.coverage_gap == gaps


def test_relative_coverage_does_not_see_the_scale_of_a_modality():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 3))
    shrunk = 0.001 * np.concatenate([features, [[9.0, 9, 9]]])  # but with an outlier
    round = make_round((features, shrunk), (features[:1], shrunk[:1]))
    assert KCenterGreedy("coverage").select(round).modality == 0
    assert KCenterGreedy("relative_coverage").select(round).modality == 1


@pytest.mark.parametrize("modality", ["coverage", "relative_coverage"])
def test_gaps_that_differ_by_rounding_are_a_tie(modality):
    for seed in range(20):
        features = np.random.default_rng(seed).normal(size=(30, 5))
        order = np.random.default_rng(seed).permutation(25)
        other = features[5:][order]
        round = make_round((features[5:], other), (features[:5], features[:5]))
        assert KCenterGreedy(modality).select(round).modality == 0


def test_alternate_takes_turns():
    asked = []
    for n_aligned in (8, 12, 16, 20):
        strategy = KCenterGreedy("alternate")
        learner, X, y = fitted(strategy, n_aligned)
        asked.append(strategy(learner, X, y, n_instances=4).modality)
    assert asked == [0, 1, 0, 1]


def test_random_draws_from_both_pools_together():
    strategy = RandomSampling()
    learner, X, y = fitted(strategy, n=200)
    asked = []
    for seed in range(300):
        learner.seed_ = seed
        asked.append(strategy(learner, X[:20], y[:180]).modality)
    assert np.mean(asked) == pytest.approx(0.9, abs=0.05)


# ---------------------------------------------------------------- steps 2 and 3


def paper_by_hand(round, coreset_size, score):
    """Return the paper's three steps from public free functions."""
    gaps = [coverage_gap(round.open[m], round.aligned[m]) for m in (0, 1)]
    m = int(gaps[1] > gaps[0])
    coreset = np.sort(greedy_k_center(round.open[m], coreset_size, round.aligned[m]))
    gallery = np.concatenate([round.open[1 - m], round.aligned[1 - m]])
    values = score(round.open[m][coreset], gallery)
    order = np.argsort(values, kind="stable")[: round.n_instances]
    return m, coreset[order], values[order]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("uncertainty", "score"),
    [
        ("margin", cross_modal_margin),
        ("top1", cross_modal_top1),
        ("entropy", lambda q, g: -cross_modal_entropy(q, g)),
    ],
)
def test_coreset_margin_is_the_papers_three_steps(seed, uncertainty, score):
    rng = np.random.default_rng(seed)
    open_ = rng.normal(size=(60, 4)), rng.normal(size=(50, 4))
    aligned = rng.normal(size=(9, 4)), rng.normal(size=(9, 4))
    round = make_round(open_, aligned, n_instances=5)
    selection = CoresetMargin(uncertainty=uncertainty).select(round)
    m, rows, values = paper_by_hand(round, 10, score)
    assert selection.modality == m
    np.testing.assert_array_equal(selection.indices, rows)
    np.testing.assert_allclose(selection.utilities, -values, atol=1e-8)


def test_the_extremes_of_the_coreset_are_the_baselines():
    for strategy, baseline in [
        (CoresetMargin(coreset_size=1.0), KCenterGreedy()),
        (CoresetMargin(coreset_size=10_000), MarginSampling()),
    ]:
        learner, X, y = fitted(strategy)
        chosen = strategy(learner, X, y, n_instances=6)
        expected = baseline(learner, X, y, n_instances=6)
        assert set(chosen.indices) == set(expected.indices)


def test_coreset_sizes_in_rows_and_in_batches_agree():
    learner, X, y = fitted(None)
    by_rows = CoresetMargin(coreset_size=15)(learner, X, y, n_instances=6)
    by_batch = CoresetMargin(coreset_size=2.5)(learner, X, y, n_instances=6)
    np.testing.assert_array_equal(by_rows.indices, by_batch.indices)


def test_cosine_changes_nothing_for_unit_rows_and_something_for_others():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2, 60, 4)) * rng.uniform(0.1, 5, size=(2, 60, 1))
    unit = rows / np.linalg.norm(rows, axis=2, keepdims=True)
    picks = {}
    for name, features in [("any", rows), ("unit", unit)]:
        for metric in ("euclidean", "cosine"):
            round = make_round(features[:, 10:], features[:, :10], n_instances=8)
            strategy = CoresetMargin(0, metric=metric)
            picks[name, metric] = strategy.select(round).indices.tolist()
    assert picks["unit", "euclidean"] == picks["unit", "cosine"]
    assert picks["any", "cosine"] == picks["unit", "cosine"]
    assert picks["any", "euclidean"] != picks["any", "cosine"]


def test_trim_keeps_the_most_isolated_rows_out():
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(size=(90, 3)), 20 * rng.normal(size=(10, 3))])
    round = make_round(
        (features, features), (features[:5], features[:5]), n_instances=9
    )
    outliers = set(range(90, 100))
    assert set(KCenterGreedy().select(round).indices) <= outliers
    trimmed = KCenterGreedy(trim=0.1).select(round).indices
    assert not set(trimmed) & set(isolation(features).argsort()[-10:])


def test_equally_isolated_rows_are_trimmed_from_the_highest_row():
    grid = np.stack(np.meshgrid(*[[0.0, 1.0]] * 4), axis=-1).reshape(-1, 4)
    for rows in (grid, grid + 0.1, unit(grid + 0.5)[:1].repeat(16, axis=0)):
        round = make_round((rows, rows), (rows[:1], rows[:1]), n_instances=8)
        strategy = CoresetMargin(0, trim=0.5, coreset_size=8)
        assert sorted(strategy.select(round).indices) == list(range(8))


def test_one_far_outlier_does_not_hide_the_others_from_trim():
    rng = np.random.default_rng(0)
    features = np.concatenate(
        [30 * rng.normal(size=(20, 3)), rng.normal(size=(180, 3))]
    )
    features[50] = 1e8
    round = make_round((features, features), (features[60:65], features[60:65]), 30)
    strategy = CoresetMargin(0, trim=0.105, coreset_size=30)
    assert strategy.select(round).indices.min() >= 20
    assert 50 not in strategy.select(round).indices


def test_equal_margins_in_a_coreset_go_to_the_lowest_row():
    x = np.array([[9.0, 9.0, 0.0], [8.0, 8.0, 0.0], [1.0, 1.0, 0.1], [1.0, 1.0, -0.1]])
    y = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]) / 3  # every margin is 0
    round = make_round((x[::-1], y), (np.zeros((1, 3)), y[:1]), n_instances=2)
    selection = CoresetMargin(0, coreset_size=3).select(round)
    coreset = greedy_k_center(x[::-1], 3, np.zeros((1, 3)))
    assert selection.indices.tolist() == sorted(coreset)[:2] != coreset[:2].tolist()


def test_trim_leaves_at_least_a_batch():
    learner, X, y = fitted(None)
    for strategy in (KCenterGreedy(trim=0.9), CoresetMargin(trim=0.9)):
        assert len(strategy(learner, X, y, n_instances=60).indices) == 60


def test_open_candidates_leave_the_aligned_items_out():
    x = [[1.0, 0.0]]
    aligned_y, open_y = [[1.0, 0.001]], [[0.9, 0.3], [0.0, 1.0]]
    round = make_round((x, open_y), (x, aligned_y))
    both = MarginSampling(0, candidates="all").select(round).utilities
    only_open = MarginSampling(0, candidates="open").select(round).utilities
    assert only_open < both < 0


def test_equal_uncertainties_go_to_the_lowest_row():
    x = np.tile([[1.0, 0.0], [0.6, 0.8]], (10, 1))
    y = [[1.0, 0.0], [0.0, 1.0]]
    empty = np.empty((0, 2))
    round = make_round((x, y), (empty, empty), n_instances=4)
    assert MarginSampling(0).select(round).indices.tolist() == [1, 3, 5, 7]
