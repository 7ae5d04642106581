"""Encoders for feature vectors that are made beforehand, one set per modality."""

from numbers import Real

import numpy as np
from scipy.linalg import eigh, svd
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from .._shared.parameters import check_integer, check_number
from ..arrays._numbers import check_squares, unit_rows
from ..items._containers import check_same_length


class _LinearEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Two linear maps into one space, however they are learned: all but `fit`."""

    def transform(self, X, y=None):
        """Map rows into the shared space, as rows of length one.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the first modality.
        y : array-like of shape (n_other, n_targets) or (n_other,), default=None
            Rows of the second modality; not necessarily partners of X, nor as many.

        Returns
        -------
        ndarray of shape (n_samples, n_components_), or a tuple of two such arrays
            Features of X; with y, (features of X, features of y). A row that equals the
            training mean has no direction and stays zero.

        Raises
        ------
        NotFittedError
            If the encoder has not been fitted.
        ValueError
            If the number of features differs from what fit saw.
        """
        check_is_fitted(self)
        dtypes = [np.float64, np.float32]
        X = validate_data(self, X, dtype=dtypes, reset=False)
        X_features = unit_rows((X - self.x_mean_) @ self.x_weights_)
        if y is None:
            return X_features
        y = _as_columns(check_array(y, ensure_2d=False, dtype=dtypes, input_name="y"))
        if y.shape[1] != len(self.y_mean_):
            raise ValueError(
                f"y has {y.shape[1]} features, but {type(self).__name__} is expecting "
                f"{len(self.y_mean_)} features as y; pass rows of the second modality"
            )
        return X_features, unit_rows((y - self.y_mean_) @ self.y_weights_)

    @property
    def _n_features_out(self):
        return self.n_components_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _check_pairs(self, X, y):
        """Return aligned X and y as 2-D arrays of floats; nothing is changed."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None; pass the features of the other modality"
            )
        dtypes = [np.float64, np.float32]
        X = check_array(X, dtype=dtypes, ensure_min_samples=2, input_name="X")
        y = _as_columns(check_array(y, ensure_2d=False, dtype=dtypes, input_name="y"))
        check_same_length(X, y)
        check_squares(X, "X")
        check_squares(y, "y")
        return X, y


class RidgeCCA(_LinearEncoder):
    """Canonical correlation analysis with a ridge, in closed form.

    Finds directions in two modalities along which aligned rows vary together, and maps
    both into one space in which partners lie close. It is the light encoder of this
    package: no GPU, no iterations, no seed, and a few hundredths of a second for a
    thousand pairs, so that an active learner can refit it after every answer. Use it on
    features made beforehand without any alignment (PCA of pixels, TF-IDF of texts,
    embeddings of frozen networks).

    Parameters
    ----------
    n_components : int, default=128
        Dimensions of the shared space. The data cap it: never more than the number of
        pairs or the features of either modality.
    reg : float, default=0.1
        Ridge added to each modality's covariance, as a share of its mean eigenvalue.
        Raise it when pairs are few and features many.

    Attributes
    ----------
    n_components_ : int
        Dimensions actually used.
    correlations_ : ndarray of shape (n_components_,)
        Regularised canonical correlations, largest first.
    x_mean_, y_mean_ : ndarray of shape (n_features,)
        Means of the training rows.
    x_weights_, y_weights_ : ndarray of shape (n_features, n_components_)
        Maps from centred rows to the shared space; each canonical direction is weighted
        by its correlation.
    n_features_in_ : int
        Number of features of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features of X, where X is a data frame with names that are strings.

    See Also
    --------
    ContrastiveProjection : Starts from this and trains on the retrieval loss.
    sklearn.cross_decomposition.PLSSVD : No whitening; satisfies the same contract.
    sklearn.cross_decomposition.CCA : Iterative, without a ridge.

    Notes
    -----
    Costs one thin singular value decomposition per modality, O(n d min(n, d)) for n
    pairs and d features, and one of the min(n, d) x min(n, d) cross-covariance. Neither
    a covariance matrix nor its inverse is formed, so that more features than pairs are
    no problem. The sign of a direction is fixed by making its largest weight in X
    positive.

    References
    ----------
    .. [1] Hotelling, H. (1936). "Relations between two sets of variates". Biometrika
       28, 321-377. https://doi.org/10.1093/biomet/28.3-4.321
    .. [2] Vinod, H. D. (1976). "Canonical ridge and econometrics of joint production".
       Journal of Econometrics 4, 147-166. https://doi.org/10.1016/0304-4076(76)90010-5

    Examples
    --------
    >>> from skmal import RidgeCCA
    >>> from skmal.datasets import load_glyphs
    >>> from skmal.metrics import mean_reciprocal_rank
    >>> X, y = load_glyphs(features=True, return_X_y=True)
    >>> encoder = RidgeCCA().fit(X[::5], y[::5])          # learn from every fifth pair
    >>> X_test, y_test = encoder.transform(X[1::5], y[1::5])
    >>> X_test.shape
    (1060, 128)
    >>> print(f"{mean_reciprocal_rank(X_test, y_test):.1f}")      # chance: 0.007
    0.3
    """

    def __init__(self, n_components=128, *, reg=0.1):
        self.n_components = n_components
        self.reg = reg

    def fit(self, X, y):
        """Learn the shared space from aligned rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features of one modality, at least two rows.
        y : array-like of shape (n_samples, n_targets) or (n_samples,)
            Features of the other; row i belongs to row i of X.

        Returns
        -------
        RidgeCCA
            The fitted encoder.

        Raises
        ------
        ValueError
            If X and y differ in length, hold NaN or infinity, or have fewer than two
            rows, or if a parameter is out of its range.
        """
        n_components = check_integer(self.n_components, "n_components", minimum=1)
        if not (isinstance(self.reg, Real) and 0 < self.reg < np.inf):
            raise ValueError(
                f"reg must be a finite number above 0, got {self.reg!r}; without a "
                "ridge, few pairs are fitted perfectly and teach nothing"
            )
        rows, y = self._check_pairs(X, y)
        validate_data(self, X, skip_check_array=True)  # remembers number and names
        X = rows

        self.x_mean_, self.y_mean_ = X.mean(axis=0), y.mean(axis=0)
        x_basis, x_whitening = _ridge_whitening(X - self.x_mean_, self.reg)
        y_basis, y_whitening = _ridge_whitening(y - self.y_mean_, self.reg)
        left, correlations, right = svd(
            x_basis.T @ y_basis, full_matrices=False, check_finite=False
        )  # (k_x, k), (k,), (k, k_y)
        k = self.n_components_ = min(n_components, len(correlations))
        self.correlations_ = correlations[:k]
        self.x_weights_ = x_whitening @ (left[:, :k] * self.correlations_)
        self.y_weights_ = y_whitening @ (right[:k].T * self.correlations_)
        signs = _signs_of_largest(self.x_weights_)
        self.x_weights_ = (self.x_weights_ * signs).astype(X.dtype, copy=False)
        self.y_weights_ = (self.y_weights_ * signs).astype(y.dtype, copy=False)
        return self


def _as_columns(y):
    return y.reshape(-1, 1) if y.ndim == 1 else y


def _ridge_whitening(rows, reg):
    """Return (basis, whitening): whitening maps centred rows to uncorrelated ones.

    With rows = U diag(s) V', the covariance is V diag(s^2) V' / n, and the ridge is
    `reg` times its mean eigenvalue over all d directions. Whitening is
    V diag(1 / sqrt(s^2 / n + ridge)), and basis = rows @ whitening / sqrt(n).
    """
    n, d = rows.shape
    U, s, Vt = svd(rows, full_matrices=False, check_finite=False)
    variance = s**2 / n
    scale = np.sqrt(variance + reg * variance.sum() / d)
    scale[scale == 0] = 1  # rows without any variance carry nothing
    return U * (s / np.sqrt(n) / scale), Vt.T / scale


def _signs_of_largest(weights):
    largest = np.abs(weights).argmax(axis=0)
    signs = np.sign(weights[largest, np.arange(weights.shape[1])])
    signs[signs == 0] = 1
    return signs


SMALLEST = 1e-6  # a correlation below is none


class RidgeMCCA(BaseEstimator):
    """Multiset canonical correlation analysis with a ridge, in closed form.

    Finds directions in two or more modalities along which aligned rows vary together in
    all of them, and maps every modality into one space in which partners lie close.
    What `RidgeCCA` is for two modalities, this is for any number of them; on two it
    learns the same.

    Parameters
    ----------
    n_components : int, default=128
        Dimensions of the shared space, at most; only directions of positive correlation
        are kept.
    reg : float, default=0.1
        Ridge added to each modality's covariance, as a share of its mean eigenvalue.
        Raise it when tuples are few and features many.

    Attributes
    ----------
    n_components_ : int
        Dimensions actually used.
    correlations_ : ndarray of shape (n_components_,)
        Mean regularised correlation of a direction over the pairs of modalities,
        largest first.
    means_ : list of ndarrays of shape (n_features,)
        Means of the training rows, one per modality.
    weights_ : list of ndarrays of shape (n_features, n_components_)
        Maps from centred rows to the shared space, one per modality; each direction is
        weighted by its correlation.

    See Also
    --------
    RidgeCCA : The same for two modalities, with the contract of two arrays.
    MultimodalActiveLearner : The loop that refits this after each batch of answers.

    Notes
    -----
    With every modality whitened (its covariance, plus the ridge, becomes the identity),
    the directions are the leading eigenvectors of the matrix of cross-covariances whose
    diagonal blocks are zero: they maximise the sum of covariances over all pairs of
    modalities, for a fixed sum of variances.

    Costs one thin singular value decomposition per modality, O(n d min(n, d)) for n
    tuples and d features, and the leading eigenvectors of one matrix with sum of
    min(n, d) rows. The sign of a direction is fixed by making its largest weight in the
    first modality positive.

    A direction that two of the modalities share and a third does not is kept as well:
    between those two it tells partners apart, and the third has next to no weight on
    it.

    References
    ----------
    .. [1] Kettenring, J. R. (1971). "Canonical analysis of several sets of variables".
       Biometrika 58, 433-451. https://doi.org/10.1093/biomet/58.3.433

    Examples
    --------
    >>> from skmal import RidgeMCCA
    >>> from skmal.datasets import load_glyphs
    >>> from skmal.metrics import mean_reciprocal_rank
    >>> sans, serif = load_glyphs("sans", features=True), load_glyphs("serif", True)
    >>> Xs = [sans.X[sans.shared], serif.X[serif.shared], sans.y[sans.shared]]
    >>> encoder = RidgeMCCA().fit([X[::5] for X in Xs])   # learn from every fifth
    >>> features = encoder.transform([X[1::5] for X in Xs])
    >>> print(f"{mean_reciprocal_rank(features[0], features[2]):.1f}")  # sans and names
    0.4
    """

    def __init__(self, n_components=128, *, reg=0.1):
        self.n_components = n_components
        self.reg = reg

    def fit(self, Xs, y=None):
        """Learn the shared space from aligned rows.

        Parameters
        ----------
        Xs : list of array-likes of shape (n_samples, n_features)
            Features, one array per modality, at least two; rows i of all arrays belong
            together. At least two rows.
        y : ignored
            Not used, present for scikit-learn's API.

        Returns
        -------
        RidgeMCCA
            The fitted encoder.

        Raises
        ------
        ValueError
            If there are fewer than two arrays or rows, if lengths differ, if a value is
            NaN or infinite, or if a parameter is out of its range.
        """
        n_components = check_integer(self.n_components, "n_components", minimum=1)
        check_number(self.reg, "reg", more_than=0)
        Xs = [self._check_rows(X, f"Xs[{m}]") for m, X in enumerate(as_modalities(Xs))]
        check_aligned(Xs)
        means = [X.mean(axis=0) for X in Xs]
        bases, whitenings = zip(
            *(
                _ridge_whitening(X - mean, self.reg)
                for X, mean in zip(Xs, means, strict=True)
            ),
            strict=True,
        )
        directions, correlations = _shared_directions(bases, n_components)
        self.n_components_, self.correlations_ = len(correlations), correlations
        weights = [
            whitening @ (part * correlations)
            for whitening, part in zip(whitenings, directions, strict=True)
        ]
        signs = _signs_of_largest(weights[0])
        self.means_ = means
        self.weights_ = [
            (part * signs).astype(X.dtype) for X, part in zip(Xs, weights, strict=True)
        ]
        return self

    def transform(self, Xs):
        """Map rows of every modality into the shared space, as rows of length one.

        Parameters
        ----------
        Xs : list of array-likes of shape (n_rows, n_features)
            Rows, one array per modality; not necessarily partners, nor as many.

        Returns
        -------
        list of ndarrays of shape (n_rows, n_components_)
            Features, one array per modality. A row that equals the training mean has no
            direction and stays zero.

        Raises
        ------
        NotFittedError
            If the encoder has not been fitted.
        ValueError
            If the number of modalities or of features differs from what fit saw.
        """
        check_is_fitted(self)
        Xs = as_modalities(Xs, n_modalities=len(self.means_))
        features = []
        for m, (X, mean, weights) in enumerate(
            zip(Xs, self.means_, self.weights_, strict=True)
        ):
            X = self._check_rows(X, f"Xs[{m}]", ensure_min_samples=1)
            if X.shape[1] != len(mean):
                raise ValueError(
                    f"Xs[{m}] has {X.shape[1]} features, but RidgeMCCA is expecting "
                    f"{len(mean)} features there; pass the modalities in the order of "
                    "fit"
                )
            features.append(unit_rows((X - mean) @ weights))
        return features

    def _check_rows(self, X, name, ensure_min_samples=2):
        X = check_array(
            X,
            dtype=[np.float64, np.float32],
            ensure_min_samples=ensure_min_samples,
            input_name=name,
        )
        check_squares(X, name)
        return X


def as_modalities(Xs, name="Xs", n_modalities=None):
    """Return the modalities as a list, or raise unless there are as many as needed."""
    if not isinstance(Xs, (list, tuple)):
        raise TypeError(
            f"{name} must be a list with one array per modality, got "
            f"{type(Xs).__name__}; pass [first, second, third]"
        )
    if n_modalities is None and len(Xs) < 2:
        raise ValueError(
            f"{name} holds {len(Xs)} modality, but partners are looked for in another; "
            "pass a list of at least two arrays"
        )
    if n_modalities is not None and len(Xs) != n_modalities:
        raise ValueError(
            f"{name} holds {len(Xs)} modalities where {n_modalities} are known; pass "
            "one array for each of them, in the same order"
        )
    return list(Xs)


def check_aligned(Xs):
    """Raise unless all modalities have the same number of rows."""
    lengths = [len(X) for X in Xs]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"the modalities have {lengths} rows, but rows i of all of them belong "
            "together; pass aligned rows only"
        )


def _shared_directions(bases, n_components):
    """Return (a part of each direction per modality, correlations), largest first.

    Parts are scaled so that for two modalities both have length one.
    """
    ends = np.cumsum([basis.shape[1] for basis in bases])
    stacked = np.hstack(bases).astype(np.float64)
    cross = stacked.T @ stacked
    for basis, end in zip(bases, ends, strict=True):
        own = slice(end - basis.shape[1], end)
        cross[own, own] = 0
    last = len(cross) - 1
    first = max(last - n_components + 1, 0)
    values, vectors = eigh(cross, subset_by_index=[first, last], check_finite=False)
    correlations = values[::-1] / (len(bases) - 1)
    n_kept = max(int((correlations > SMALLEST).sum()), 1)
    vectors = vectors[:, ::-1][:, :n_kept] * np.sqrt(len(bases))
    return np.split(vectors, ends[:-1]), correlations[:n_kept]
