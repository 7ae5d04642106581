"""Encoders for feature vectors that are made beforehand, one set per modality."""

from numbers import Real

import numpy as np
from scipy.linalg import svd
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from ._encoding import check_squares, unit_rows
from ._items import check_integer, check_same_length


class RidgeCCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
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
        if y is None:
            raise ValueError(
                "RidgeCCA requires y to be passed, but the target y is None; pass the "
                "features of the other modality"
            )
        dtypes = [np.float64, np.float32]
        rows = check_array(X, dtype=dtypes, ensure_min_samples=2, input_name="X")
        y = _as_columns(check_array(y, ensure_2d=False, dtype=dtypes, input_name="y"))
        check_same_length(rows, y)
        check_squares(rows, "X")
        check_squares(y, "y")
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
                f"y has {y.shape[1]} features, but RidgeCCA is expecting "
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
