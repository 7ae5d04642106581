"""An encoder of names, and names to encode."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.validation import check_is_fitted


class NamesEncoder(TransformerMixin, BaseEstimator):
    """An encoder of strings or paths on both sides, fitted without alignment."""

    def __init__(self, random_state=None, warm_start=False):
        self.random_state = random_state
        self.warm_start = warm_start

    def fit(self, X, y):
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1
        self.seen_ = len(X)
        names = [str(item) for item in [*X, *y]]
        self.vectorizer_ = TfidfVectorizer(analyzer="char").fit(names)
        return self

    def transform(self, X, y=None):
        check_is_fitted(self)
        features = [
            self.vectorizer_.transform([str(item) for item in items]).toarray()
            for items in (X, y)
            if items is not None
        ]
        return features[0] if y is None else tuple(features)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags


WORDS = np.random.default_rng(0).choice(list("abcdefgh"), size=(60, 6))
FILES = ["".join(word) + ".png" for word in WORDS]
CAPTIONS = ["a photo of " + "".join(word) for word in WORDS]
