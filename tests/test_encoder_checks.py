"""A correct encoder passes; each check finds the encoder that breaks it."""

import random

import numpy as np
import pytest
import torch
from names_encoder import CAPTIONS, FILES, NamesEncoder
from sklearn.base import BaseEstimator
from sklearn.cross_decomposition import CCA, PLSSVD
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted
from tiny_clip import quick

from skmal import ContrastiveProjection, KernelCCA, RidgeCCA
from skmal._shared.contracts import name_of, run_check, two_views
from skmal.datasets import load_glyphs
from skmal.encoder_checks import (
    CHECKS,
    check_encoder,
    parametrize_with_encoder_checks,
)


class Covariance(BaseEstimator):
    """The directions of largest covariance: PLSSVD in a few lines."""

    def __init__(self, n_components=2):
        self.n_components = n_components

    def fit(self, X, y):
        X, y = (np.asarray(rows, dtype=float) for rows in (X, y))
        self.means_ = X.mean(axis=0), y.mean(axis=0)
        left, _, right = np.linalg.svd((X - self.means_[0]).T @ (y - self.means_[1]))
        self.maps_ = left[:, : self.n_components], right[: self.n_components].T
        return self

    def transform(self, X, y=None):
        check_is_fitted(self)
        features = self.features(X, 0)
        return features if y is None else (features, self.features(y, 1))

    def features(self, rows, m):
        return (np.asarray(rows, dtype=float) - self.means_[m]) @ self.maps_[m]


# ---------------------------------------------------------------- broken ones


class CapsItsParameter(Covariance):
    def fit(self, X, y):
        self.n_components = min(self.n_components, 5)
        return super().fit(X, y)


class FitsInSilence(Covariance):
    def fit(self, X, y):
        super().fit(X, y)


class ReturnsAList(Covariance):
    def transform(self, X, y=None):
        found = super().transform(X, y)
        return found if y is None else list(found)


class TwoWidths(Covariance):
    def features(self, rows, m):
        return super().features(rows, m)[:, m:]


class WholeNumbers(Covariance):
    def features(self, rows, m):
        return (10 * super().features(rows, m)).astype(int)


class Hasty(Covariance):
    def transform(self, X, y=None):
        features = self.features(X, 0)
        return features if y is None else (features, self.features(y, 1))


class OnlyPairs(Covariance):
    def transform(self, X, y=None):
        if y is not None and len(X) != len(y):
            raise ValueError("rows must be aligned")
        return super().transform(X, y)


class AlwaysTwo(Covariance):
    def transform(self, X, y=None):
        return (
            super().transform(X, y) if y is not None else (super().transform(X), None)
        )


class ClipsInPlace(Covariance):
    def fit(self, X, y):
        if isinstance(X, np.ndarray) and X.dtype == float:
            np.clip(X, -1.5, 1.5, out=X)
        return super().fit(X, y)


class CentresEachCall(Covariance):
    def features(self, rows, m):
        features = super().features(rows, m)
        return features - features.mean(axis=0)


class SeedsNumpy(Covariance):
    def fit(self, X, y):
        np.random.seed(0)
        return super().fit(X, y)


class DrawsFreely(Covariance):
    def fit(self, X, y):
        self.scale_ = np.random.default_rng().uniform(1, 2)
        return super().fit(X, y)

    def features(self, rows, m):
        return self.scale_ * super().features(rows, m)


class KeepsItsMeans(Covariance):
    def fit(self, X, y):
        before = getattr(self, "means_", None)
        super().fit(X, y)
        self.means_ = before or self.means_
        return self


class SoManyRows(Covariance):
    """Its warm start wants as many rows as before."""

    def __init__(self, n_components=2, warm_start=False):
        super().__init__(n_components)
        self.warm_start = warm_start

    def fit(self, X, y):
        if self.warm_start and getattr(self, "n_", len(X)) != len(X):
            raise ValueError(f"{self.n_} rows are expected")
        self.n_ = len(X)
        return super().fit(X, y)


class KeepsAFunction(Covariance):
    def fit(self, X, y):
        self.scale_ = lambda rows: rows
        return super().fit(X, y)


class OneView(Covariance):
    def unimodal_features(self, X, y):
        return np.asarray(X)


class NearestIsOne(Covariance):
    """Its unit is the smallest distance between two rows."""

    def fit(self, X, y):
        rows = np.asarray(X, dtype=float)
        gaps = np.linalg.norm(rows[:, None] - rows, axis=2)
        self.unit_ = gaps[np.triu_indices(len(rows), 1)].min()
        return super().fit(X, y)

    def features(self, rows, m):
        with np.errstate(divide="ignore", invalid="ignore"):
            return super().features(rows, m) / self.unit_


class NoFrames(Covariance):
    def fit(self, X, y):
        return super().fit(X[:, :], y)


class NeedsNoFit(Covariance):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags

    def transform(self, X, y=None):
        if not hasattr(self, "maps_"):
            raise NotFittedError("not fitted yet")
        return super().transform(X, y)


class LooksUp(Covariance):
    """Has features of the rows that it was fitted on, and of no others."""

    def fit(self, X, y):
        self.known_ = [{row.tobytes() for row in np.asarray(rows)} for rows in (X, y)]
        return super().fit(X, y)

    def features(self, rows, m):
        if unknown := [row for row in np.asarray(rows) if self.unknown(row, m)]:
            raise KeyError(f"{len(unknown)} rows")
        return super().features(rows, m)

    def unknown(self, row, m):
        return row.tobytes() not in self.known_[m]


IN_A_LEARNER = {"check_in_a_learner"}  # it breaks there as well
BROKEN = [
    (CapsItsParameter(99), "check_parameters", "'n_components': 99.* and .*5.* after"),
    (FitsInSilence(), "check_fit_returns_itself", "fit returned None"),
    (ReturnsAList(), "check_both_modalities", "returned list", IN_A_LEARNER),
    (TwoWidths(), "check_both_modalities", "X got 2 features and y 1", IN_A_LEARNER),
    (WholeNumbers(), "check_both_modalities", "the features of X are int64"),
    (Hasty(), "check_not_fitted", "raised AttributeError: .*'means_'", IN_A_LEARNER),
    (OnlyPairs(), "check_different_lengths", "rows must be aligned", IN_A_LEARNER),
    (AlwaysTwo(), "check_X_alone", "transform.X. returned tuple"),
    (ClipsInPlace(), "check_inputs_stay", "fit changed X"),
    (CentresEachCall(), "check_rows_stand_alone", "apart in another order, 16 at a t"),
    (SeedsNumpy(), "check_global_generators", "drew from the global .* of numpy"),
    (
        DrawsFreely(),
        "check_same_features_again",
        "apart of a second clone",
        {"check_fit_again"},
    ),
    (KeepsItsMeans(), "check_fit_again", "apart after a second fit"),
    (SoManyRows(), "check_warm_start", "it raised ValueError: 16 rows are expected"),
    (KeepsAFunction(), "check_pickles", "it raised .*: .*lambda"),
    (OneView(), "check_unimodal_features", "returned ndarray, not two arrays"),
    (NearestIsOne(), "check_equal_items", "repeated rows hold NaN or infinity"),
    (NoFrames(), "check_containers", "form of data frame raised .*Error"),
    (NeedsNoFit(), "check_tags", "requires no fit, and transform raised NotFittedErr"),
    (LooksUp(), "check_in_a_learner", "it raised KeyError: '.* rows'"),
]


@pytest.mark.parametrize("broken", BROKEN, ids=[name_of(b[0]) for b in BROKEN])
def test_each_check_alone_finds_what_breaks_it(broken):
    encoder, name, found, *also = broken
    failed = []
    for check in CHECKS:
        try:
            run_check(check, encoder, *two_views(32))
        except AssertionError:
            failed.append(name_of(check))
    assert failed == [name, *(also[0] if also else ())]
    message = f"(?s){name} failed for {type(encoder).__name__}.*: .*{found}.*Expected: "
    with pytest.raises(AssertionError, match=message):
        check_encoder(encoder)


def test_every_check_has_an_encoder_that_breaks_it():
    assert {broken[1] for broken in BROKEN} == {name_of(check) for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=name_of)
def test_every_check_says_what_helps(check):
    assert ". " in " ".join(check.__doc__.split())


# ---------------------------------------------------------------- correct ones

GLYPHS = [items[40:1240:50] for items in load_glyphs(return_X_y=True)]


@parametrize_with_encoder_checks(
    [
        Covariance(),
        RidgeCCA(),
        RidgeCCA(2, reg=1.0),
        KernelCCA(),
        KernelCCA(n_landmarks=8, random_state=0),
        ContrastiveProjection(max_epochs=2, device="cpu"),
        ContrastiveProjection(2, max_epochs=2, warm_start=True, device="cpu"),
        FrozenEstimator(RidgeCCA().fit(*two_views(20))),
        PLSSVD(),
        CCA(),
    ]
)
def test_encoders_of_numbers_keep_the_contract(encoder, check):
    check(encoder)


@parametrize_with_encoder_checks(
    [
        quick(max_epochs=1, random_state=None),
        quick(max_epochs=1, trainable="text", warm_start=True, output="torch"),
        quick(trainable="none"),
    ],
    *GLYPHS,
)
def test_encoders_of_images_and_texts_keep_the_contract(encoder, check):
    check(encoder)


def test_encoders_of_names_keep_the_contract():
    assert check_encoder(NamesEncoder(), FILES[:24], CAPTIONS[:24]) is None


# ---------------------------------------------------------------- what is refused


def test_an_encoder_without_parameters_is_told_to_derive_from_scikit_learns_base():
    class Bare:
        fit, transform = Covariance.fit, Covariance.transform

    message = "check_parameters failed for .*no get_params.*sklearn.base.BaseEstimator"
    with pytest.raises(AssertionError, match=message):
        check_encoder(Bare())


def test_what_an_encoder_raised_is_the_cause():
    with pytest.raises(AssertionError, match="check_not_fitted failed") as info:
        check_encoder(Hasty())
    assert isinstance(info.value.__cause__.__cause__, AttributeError)


def test_tags_that_promise_numbers_are_false_of_names():
    class Silent(NamesEncoder):
        __sklearn_tags__ = BaseEstimator.__sklearn_tags__

    with pytest.raises(AssertionError, match="check_tags .*two_d_array = False"):
        check_encoder(Silent(), FILES[:24], CAPTIONS[:24])


@pytest.mark.parametrize("module", ["random", "torch"])
def test_the_other_global_generators_are_watched_and_put_back(module):
    if module == "random":
        draw, state = random.random, random.getstate
    else:
        draw, state = torch.seed, lambda: torch.get_rng_state().tolist()

    class Draws(Covariance):
        def fit(self, X, y):
            draw()
            return super().fit(X, y)

    check = next(c for c in CHECKS if name_of(c) == "check_global_generators")
    before = state()
    with pytest.raises(AssertionError, match=f"from the global generator of {module}"):
        run_check(check, Draws(), *two_views(32))
    assert state() == before


@pytest.mark.parametrize("encoder", [RidgeCCA, 3, None, np.mean], ids=name_of)
def test_what_is_no_encoder_is_refused(encoder):
    with pytest.raises(TypeError, match=r"must be an instance with fit\(X, y\) and"):
        check_encoder(encoder)
    with pytest.raises(TypeError, match=r"must be an instance with fit\(X, y\) and"):
        parametrize_with_encoder_checks([encoder])


def test_items_that_do_not_do_are_refused():
    X, y = two_views(10)
    with pytest.raises(ValueError, match="X has 10 rows and y has 9"):
        check_encoder(RidgeCCA(), X, y[:9])
    with pytest.raises(ValueError, match="hold 7 pairs; pass at least 8"):
        check_encoder(RidgeCCA(), X[:7], y[:7])
    with pytest.raises(ValueError, match="X is None"):
        check_encoder(RidgeCCA(), None, y)
    with pytest.raises(ValueError, match="reads no rows of numbers .*pass a few align"):
        check_encoder(NamesEncoder())


def test_pytest_gets_one_test_for_each_encoder_and_check():
    mark = parametrize_with_encoder_checks([RidgeCCA(), PLSSVD()]).mark
    ids = [parameter.id for parameter in mark.args[1]]
    assert len(set(ids)) == 2 * len(CHECKS)
    assert ids[0] == "RidgeCCA()-check_parameters"
    assert ids[-1] == "PLSSVD()-check_in_a_learner"
