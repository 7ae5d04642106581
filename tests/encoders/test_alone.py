"""Features of the second modality without any of the first, in any container."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_pairs
from names_encoder import CAPTIONS, FILES, NamesEncoder
from sklearn.cross_decomposition import PLSSVD
from tiny_clip import pixels, quick

from skmal import ContrastiveProjection, KernelCCA, PairedActiveLearner, RidgeCCA

QUICK = ContrastiveProjection(max_epochs=2, device="cpu", random_state=0)


@pytest.mark.parametrize("encoder", [KernelCCA(), RidgeCCA(), QUICK, PLSSVD(2)])
def test_texts_alone_are_what_they_are_beside_images(encoder):
    X, y = make_pairs(60)
    learner = PairedActiveLearner(encoder).fit(X[:40], y[:40])
    both = learner.transform(X[40:], y[40:])
    np.testing.assert_allclose(learner.transform(None, y[40:]), both[1])
    with pytest.raises(ValueError, match="X and y are both None"):
        learner.transform(None)
    if not isinstance(encoder, PLSSVD):
        alone = learner.estimator_.transform(None, y[40:])
        np.testing.assert_array_equal(alone, both[1])
        with pytest.raises(ValueError, match="X and y are both None"):
            learner.estimator_.transform(None)


def test_clip_encodes_texts_without_looking_at_an_image():
    X, y = (
        pixels(6),
        [f"a {word}" for word in ("fox", "hen", "cat", "elk", "ox", "ant")],
    )
    learner = PairedActiveLearner(quick()).fit(X, y)
    both = learner.transform(X, y)
    np.testing.assert_array_equal(learner.transform(None, y), both[1])
    towers = learner.estimator_.unimodal_features(X, y)
    alone = learner.estimator_.unimodal_features(None, y)
    np.testing.assert_array_equal(alone, towers[1])
    with pytest.raises(ValueError, match="X and y are both None"):
        learner.estimator_.unimodal_features(None)


def test_an_encoder_of_somebody_else_gets_a_known_item_beside():
    learner = PairedActiveLearner(NamesEncoder()).fit(FILES, CAPTIONS)
    both = learner.transform(FILES, CAPTIONS)
    np.testing.assert_array_equal(learner.transform(None, CAPTIONS), both[1])
    forgets = PairedActiveLearner(NamesEncoder())
    forgets.teach(FILES[:9], CAPTIONS[:9], only_new=True)
    with pytest.raises(ValueError, match="NamesEncoder transforms y beside items of X"):
        forgets.transform(None, CAPTIONS)


class Doubled(RidgeCCA):
    """A transform of its own, which knows nothing of texts alone."""

    def transform(self, X, y):
        """Return the features of both."""
        return super().transform(2 * X, y)


def test_a_transform_of_a_derived_encoder_gets_a_known_item_beside():
    X, y = make_pairs(30)
    learner = PairedActiveLearner(Doubled(2)).fit(X, y)
    texts = learner.transform(X, y)[1]
    np.testing.assert_allclose(learner.transform(None, y), texts)


@pytest.mark.parametrize(
    "transformer", [RidgeCCA(2), PairedActiveLearner(PLSSVD(2)), PairedActiveLearner()]
)
def test_both_outputs_are_data_frames_where_those_are_wanted(transformer):
    X, y = make_pairs(30)
    frame = pd.DataFrame(y, index=range(100, 130)).rename(columns=str)
    transformer = transformer.fit(X, frame).set_output(transform="pandas")
    x_features, y_features = transformer.transform(X[:5], frame[:4])
    for features in (x_features, y_features, transformer.transform(None, frame[:4])):
        assert isinstance(features, pd.DataFrame)
        assert list(features.columns) == list(transformer.get_feature_names_out())
    assert list(y_features.index) == [100, 101, 102, 103]
    assert list(transformer.transform(None, frame[:4]).index) == [100, 101, 102, 103]


def test_texts_alone_keep_their_index_with_clip_as_well():
    names = ["fox", "hen", "cat", "elk", "ox", "ant"]
    texts = pd.Series([f"a {name}" for name in names], index=names)
    encoder = quick().fit(pixels(6), texts).set_output(transform="pandas")
    assert list(encoder.transform(pixels(6), texts)[1].index) == names
    assert list(encoder.transform(None, texts).index) == names
