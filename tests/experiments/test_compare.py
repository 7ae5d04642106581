"""Comparisons: the same starts, honest tables."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from skmal import RidgeCCA
from skmal.encoders.clip import _encoder as clip
from skmal.experiments import STRATEGIES, Curve, Plan, compare, curves_of
from skmal.experiments import _compare as module

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def comparison():
    """Return curves and savings of a small comparison."""
    return compare(["margin", "random"], n_seeds=2, budget=40, batch_size=10, n_jobs=1)


def test_curves_have_a_row_per_strategy_seed_round_and_metric(comparison):
    curves, _ = comparison
    assert len(curves) == 2 * 2 * 4 * 4
    assert [row["strategy"] for row in curves[:: 4 * 4]] == ["random", "margin"] * 2
    assert {row["n_pairs"] for row in curves} == {10, 20, 30, 40}
    assert {row["metric"] for row in curves} == {
        "mrr",
        "recall@1",
        "recall@5",
        "recall@10",
    }
    assert all(0 <= row["score"] <= 1 for row in curves)


def test_all_strategies_start_from_the_same_pairs(comparison):
    by_strategy = curves_of(comparison[0], "mrr")
    starts = [scores[:, 0] for _, scores in by_strategy.values()]
    np.testing.assert_array_equal(*starts)
    ends = [scores[:, -1] for _, scores in by_strategy.values()]
    assert (ends[0] != ends[1]).all()


def test_the_same_again_and_in_two_processes(comparison):
    again = compare(["margin"], n_seeds=2, budget=40, batch_size=10, n_jobs=2)
    assert again[0] == comparison[0]


def test_default_sizes_follow_the_budget(monkeypatch):
    seen = []

    def record(pool, estimator, strategy, seed, plan, **options):
        seen.append(plan)
        return Curve([plan.n_initial, plan.budget], [{"mrr": 0.1}, {"mrr": 0.2}])

    monkeypatch.setattr(module, "run", record)
    compare(["margin"], n_seeds=1, budget=0.3, n_jobs=1)
    assert seen[-1] == Plan(n_initial=129, batch_size=51, budget=1290)
    compare(["margin"], n_seeds=1, budget=11, n_jobs=1)
    assert seen[-1] == Plan(n_initial=10, batch_size=1, budget=11)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"strategies": ["best"]},
            "unknown strategy 'best'; choose from random, v-optimal",
        ),
        ({"strategies": "margin"}, r"strategies must be a list .* write \['margin'\]"),
        ({"strategies": []}, "strategies is empty; choose from random"),
        ({"data": "imagenet"}, "unknown data 'imagenet'; choose from glyphs"),
        ({"encoder": "bert"}, "unknown encoder 'bert'; choose from kernel-cca, ridge"),
        ({"n_seeds": 0}, "n_seeds must be an integer of at least 1"),
        ({"budget": 1}, "budget .* must be an integer of at least 2, got 1"),
        ({"budget": 1.5}, "budget .* must be an integer of at least 2, got 1.5"),
        ({"budget": 5000}, "budget=5000 is above the 4299 pairs"),
        (
            {"budget": 10},
            "budget=10 of 4299 pairs is no more than the 10 known",
        ),
        ({"n_jobs": 0}, "n_jobs must be an integer of at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        compare(**{"strategies": ["margin"], "n_jobs": 1, **parameters})


def test_contrastive_learns_from_the_same_features_and_is_named(comparison):
    sizes = {"n_seeds": 1, "budget": 20, "batch_size": 10}
    curves, _ = compare(["random"], encoder="contrastive", n_jobs=1, **sizes)
    assert {row["data"] for row in curves} == {"glyphs/contrastive"}

    # Ten pairs are told apart by the closed form already, but not in the same way.
    n_pairs, scores = curves_of(curves, "mrr")["random"]
    of_ridge_cca = curves_of(comparison[0], "mrr")["random"][1][0]
    np.testing.assert_array_equal(n_pairs, [10, 20])
    assert scores[0, 0] == pytest.approx(of_ridge_cca[0], rel=0.3)
    assert scores[0, 0] != of_ridge_cca[0]


class TinyCLIP(BaseEstimator):
    """Stands in for CLIPEncoder: hashes pixels and letters, then RidgeCCA."""

    def __init__(self, model, pretrained=None, random_state=None):
        self.model = model
        self.pretrained = pretrained
        self.random_state = random_state

    def fit(self, X, y):
        """Fit on images and names."""
        self.encoder_ = RidgeCCA().fit(self.pixels(X), self.letters(y))
        return self

    def transform(self, X, y):
        """Return features of images and names."""
        return self.encoder_.transform(self.pixels(X), self.letters(y))

    def pixels(self, images):
        """Return one row per image."""
        assert (self.model, self.pretrained) == ("tiny", "icons")
        assert images.shape[1:] == (32, 32)
        assert images.dtype == np.uint8
        return images[:, ::4, ::4].reshape(len(images), -1) / 255

    def letters(self, names):
        """Return one row of counts per name."""
        return np.array([[float(n.count(c)) for c in "aeinorstl"] for n in names])


def test_clip_learns_from_pixels_and_names(monkeypatch):
    monkeypatch.setattr(clip, "CLIPEncoder", TinyCLIP)
    curves, savings = compare(
        ["coreset-margin"],
        encoder="clip",
        n_seeds=1,
        budget=40,
        batch_size=15,
        n_jobs=1,
    )
    assert {row["data"] for row in [*curves, *savings]} == {"glyphs/clip/tiny/icons"}
    n_pairs, scores = curves_of(curves, "mrr")["coreset-margin"]
    assert (n_pairs[0], n_pairs[-1]) == (10, 40)
    assert scores[0, -1] > 0.0075  # chance


def test_clip_learns_from_pairs_of_your_own(monkeypatch):
    monkeypatch.setattr(clip, "CLIPEncoder", TinyCLIP)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (40, 32, 32), dtype=np.uint8)
    names = ["".join(rng.choice(list("aeinorst"), 9)) for _ in images]
    given = {"encoder": "clip", "n_seeds": 1, "budget": 12, "n_jobs": 1}
    for more in ({}, {"model": "tiny", "pretrained": "icons"}):
        curves, _ = compare(["margin"], data=(images, names), **given, **more)
        assert {row["data"] for row in curves} == {"features/clip/tiny/icons"}


def test_every_strategy_has_a_name():
    assert next(iter(STRATEGIES)) == "random"
