"""The gate between encoders and everything else."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.cross_decomposition import CCA, PLSSVD
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmal import PairedActiveLearner, RidgeCCA, RidgeMCCA
from skmal.arrays._numbers import as_floats
from skmal.arrays._verbs import unit
from skmal.encoders import Encoder, MultimodalEncoder
from skmal.items._encoding import encode, unimodal_features


def test_whoever_has_the_methods_is_an_encoder():
    assert isinstance(RidgeCCA(), Encoder)
    assert isinstance(RidgeMCCA(), MultimodalEncoder)
    assert not isinstance(object(), Encoder | MultimodalEncoder)


class Returns:
    """An encoder that returns what it is told to."""

    def __init__(self, *features):
        self.features = features

    def transform(self, X, y=None):
        return self.features if len(self.features) != 1 else self.features[0]


@pytest.mark.parametrize("encoder", [PLSSVD(n_components=2), CCA(1), RidgeCCA()])
def test_global_pandas_output_does_not_matter(pairs, encoder):
    X, y = pairs
    expected = encode(encoder.fit(X, y), X[:9], y)
    with config_context(transform_output="pandas"):
        got = encode(encoder, X[:9], y)
        PairedActiveLearner(encoder, budget=20, random_state=0).fit(X, y)
    for a, b in zip(got, expected, strict=True):
        assert type(a) is np.ndarray
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("encoder", "error", "message"),
    [
        (Returns(np.ones((2, 2))), TypeError, "expected the two arrays"),
        (Returns(np.ones((2, 2)), np.ones((2, 3))), ValueError, "one shared space"),
        (Returns(np.ones(2), np.ones(2)), ValueError, "shape \\(2,\\)"),
        (Returns(np.ones((3, 2)), np.ones((2, 2))), ValueError, "2 rows, one for each"),
        (Returns(np.ones((2, 2)), np.ones((1, 2))), ValueError, "2 rows, one for each"),
        (Returns(np.ones((2, 2)) * 1j, np.ones((2, 2))), ValueError, "complex128"),
        (Returns(np.full((2, 2), 1e200), np.ones((2, 2))), ValueError, "overflow"),
        (StandardScaler(), TypeError, "StandardScaler.transform takes X alone"),
        (make_pipeline(RidgeCCA()), TypeError, "Pipeline.transform takes X alone"),
        (Returns(np.ones((2, 2)), np.full((2, 2), np.nan)), ValueError, "NaN"),
    ],
)
def test_encoders_that_break_the_contract(encoder, error, message):
    with pytest.raises(error, match=message):
        encode(encoder, ["a", "b"], ["c", "d"])


def test_a_classifier_is_no_encoder(pairs):
    X, y = pairs
    learner = PairedActiveLearner(LogisticRegression())
    message = r"LogisticRegression has no transform.*fit\(X, y\).*Take KernelCCA\(\)"
    for ask in (learner.query, learner.fit):
        with pytest.raises(TypeError, match=message):
            ask(X, y)
    assert not hasattr(learner, "estimator_")


def test_only_float32_and_float64_are_kept():
    assert as_floats(np.ones(2, np.float32)).dtype == np.float32
    assert as_floats(np.ones(2, np.float16)).dtype == np.float32
    assert as_floats(np.ones(2, np.int64)).dtype == np.float64
    kept = np.ones(2)
    assert as_floats(kept) is kept


def test_unimodal_features_are_the_rows_where_they_are_numeric():
    rows, features = np.ones((3, 2)), (np.zeros((3, 4)), np.ones((2, 4)))
    got = unimodal_features(RidgeCCA(), (rows, ["a", "b"]), features)
    assert got[0] is rows
    assert got[1] is features[1]


class WithTowers(Returns):
    """An encoder that offers features from before its projection."""

    def unimodal_features(self, X, y):
        return self.towers


def test_unimodal_features_of_other_items_are_what_the_encoder_offers():
    rows, features = np.ones((3, 2)), (np.zeros((3, 4)), np.ones((2, 4)))
    encoder = WithTowers()
    encoder.towers = np.full((3, 7), 5.0), np.full((2, 9), 6.0)
    got = unimodal_features(encoder, (rows, ["a", "b"]), features)
    assert got[0] is rows
    assert got[1] is encoder.towers[1]
    got = unimodal_features(encoder, (["a", "b", "c"], ["a", "b"]), features)
    assert got[0] is encoder.towers[0]
    encoder.towers = np.full((3, 7), 5.0), np.full((3, 9), 6.0)
    with pytest.raises(ValueError, match="WithTowers.unimodal_features returned an ar"):
        unimodal_features(encoder, (rows, ["a", "b"]), features)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("power", [-150, -30, 0, 15, 150])
def test_unit_rows_have_length_one_whatever_their_scale(dtype, power):
    rows = np.random.default_rng(0).normal(size=(5, 3))
    if dtype == np.float32 and abs(power) > 30:
        return  # not representable
    expected = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    got = unit((rows * 10.0**power).astype(dtype))
    assert got.dtype == dtype
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    assert not unit(np.zeros((2, 3), dtype)).any()
