"""Canonical correlation analysis with a ridge, of two modalities and of more."""

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
from scipy.linalg import eigh, svd
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._shared.parameters import LARGEST_RIDGE, check_integer, check_number
from .._shared.types import FloatArray
from ..arrays._kinds import RowsLike
from ..arrays._numbers import check_numbers, check_squares
from ..items._containers import as_modalities, check_aligned
from ._linear import LinearEncoder, projected
from ._pair_encoder import FLOATS
from ._score import mean_score

SMALLEST = 1e-6  # a correlation below is none


class RidgeCCA(LinearEncoder):
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

    Rows may come in any container of numbers. Sparse matrices, such as TF-IDF rows,
    become dense, up to 2**27 values (a gibibyte of float64); larger ones are refused:
    reduce them once, with `sklearn.decomposition.TruncatedSVD`.

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

    n_components_: int
    correlations_: FloatArray
    x_mean_: FloatArray
    y_mean_: FloatArray
    x_weights_: FloatArray
    y_weights_: FloatArray

    def __init__(self, n_components: int = 128, *, reg: float = 0.1) -> None:
        self.n_components = n_components
        self.reg = reg

    def fit(self, X: RowsLike, y: RowsLike) -> Self:
        """Learn the shared space from aligned rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features of one modality, at least two rows.
        y : array-like or sparse matrix of shape (n_samples, n_targets) or (n_samples,)
            Features of the other; row i belongs to row i of X.

        Returns
        -------
        RidgeCCA
            The fitted encoder.

        Raises
        ------
        ValueError
            If X and y differ in length, hold NaN, infinity or masked values, or have
            fewer than two rows, if a sparse matrix is too large to be made dense, or if
            a parameter is out of its range.
        """
        n_components, reg = _check_parameters(self)
        rows = self._check_pairs(X, y)
        means, weights, correlations = _learn_maps(rows, n_components, reg, _of_two)
        self._remember_features(X)
        self.n_components_, self.correlations_ = len(correlations), correlations
        self.x_mean_, self.y_mean_ = means
        self.x_weights_, self.y_weights_ = weights
        return self


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

    n_components_: int
    correlations_: FloatArray
    means_: list[FloatArray]
    weights_: list[FloatArray]

    def __init__(self, n_components: int = 128, *, reg: float = 0.1) -> None:
        self.n_components = n_components
        self.reg = reg

    def fit(self, Xs: Sequence[RowsLike], y: object = None) -> Self:
        """Learn the shared space from aligned rows.

        Parameters
        ----------
        Xs : list of array-likes or sparse matrices of shape (n_samples, n_features)
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
            NaN, infinite or masked, if a sparse matrix is too large to be made dense
            (see `RidgeCCA`), or if a parameter is out of its range.
        """
        n_components, reg = _check_parameters(self)
        rows = [_check_rows(X, f"Xs[{m}]", 2) for m, X in enumerate(as_modalities(Xs))]
        check_aligned(rows)
        means, weights, correlations = _learn_maps(rows, n_components, reg, _of_many)
        self.n_components_, self.correlations_ = len(correlations), correlations
        self.means_, self.weights_ = means, weights
        return self

    def transform(self, Xs: Sequence[RowsLike]) -> list[FloatArray]:
        """Map rows of every modality into the shared space, as rows of length one.

        Parameters
        ----------
        Xs : list of array-likes or sparse matrices of shape (n_rows, n_features)
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
        features = []
        modalities = as_modalities(Xs, n_modalities=len(self.means_))
        for m, (X, mean, weights) in enumerate(
            zip(modalities, self.means_, self.weights_, strict=True)
        ):
            rows = _check_rows(X, f"Xs[{m}]", 1)
            if rows.shape[1] != len(mean):
                raise ValueError(
                    f"Xs[{m}] has {rows.shape[1]} features, but RidgeMCCA is expecting "
                    f"{len(mean)} features there; pass the modalities in the order of "
                    "fit"
                )
            features.append(projected(rows, mean, weights))
        return features

    def score(self, Xs: Sequence[RowsLike], y: None = None) -> float:
        """Return the mean reciprocal rank of the partners over pairs of modalities.

        Parameters
        ----------
        Xs : list of array-likes or sparse matrices of shape (n_samples, n_features)
            Aligned rows, one array per modality; each is looked for among all rows of
            every other modality.
        y : ignored
            Not used, present for scikit-learn's API.

        Returns
        -------
        float
            Between 0 and 1; larger galleries are harder, so compare equal sizes.

        Raises
        ------
        NotFittedError
            If the encoder has not been fitted.
        ValueError
            If lengths differ, and as `transform` does.
        """
        return mean_score(self.transform(Xs))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True  # made dense, see arrays/_sparse.py
        return tags


def _check_parameters(encoder: RidgeCCA | RidgeMCCA) -> tuple[int, float]:
    """Return (n_components, reg), or raise."""
    n_components = check_integer(encoder.n_components, "n_components", minimum=1)
    remedy = "; without a ridge, few pairs are fitted perfectly and teach nothing"
    reg = check_number(
        encoder.reg, "reg", more_than=0, maximum=LARGEST_RIDGE, remedy=remedy
    )
    return n_components, reg


def _check_rows(X: RowsLike, name: str, ensure_min_samples: int) -> FloatArray:
    rows = check_numbers(
        X, name, ensure_min_samples=ensure_min_samples, dtype=FLOATS, order="C"
    )
    check_squares(rows, name)
    return rows


# ---------------------------------------------------------------- the mathematics

Directions = tuple[Sequence[FloatArray], FloatArray]  # per modality; correlations


def _learn_maps(
    Xs: Sequence[FloatArray],
    n_components: int,
    reg: float,
    shared_directions: Callable[[Sequence[FloatArray], int], Directions],
) -> tuple[list[FloatArray], list[FloatArray], FloatArray]:
    """Return (means, weights, correlations) of aligned rows of every modality."""
    means, bases, whitenings = [], [], []
    for X in Xs:
        means.append(X.mean(axis=0))
        basis, whitening = _ridge_whitening(X - means[-1], reg)
        bases.append(basis)
        whitenings.append(whitening)
    directions, correlations = shared_directions(bases, n_components)
    # Each direction counts as much as its correlation.
    weights = [
        whitening @ (part * correlations)
        for whitening, part in zip(whitenings, directions, strict=True)
    ]
    signs = _signs_of_largest(weights[0])
    weights = [
        (part * signs).astype(X.dtype, copy=False)
        for X, part in zip(Xs, weights, strict=True)
    ]
    return means, weights, correlations


def _of_two(bases: Sequence[FloatArray], n_components: int) -> Directions:
    """Return (directions of both modalities, correlations), largest first."""
    x_basis, y_basis = bases
    left, correlations, right = svd(
        x_basis.T @ y_basis, full_matrices=False, check_finite=False
    )  # (k_x, k), (k,), (k, k_y)
    return (left[:, :n_components], right[:n_components].T), correlations[:n_components]


def _of_many(bases: Sequence[FloatArray], n_components: int) -> Directions:
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


def _ridge_whitening(rows: FloatArray, reg: float) -> tuple[FloatArray, FloatArray]:
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


def _signs_of_largest(weights: FloatArray) -> FloatArray:
    """Return the sign of the largest weight of each direction."""
    largest = np.abs(weights).argmax(axis=0)
    signs = np.sign(weights[largest, np.arange(weights.shape[1])])
    signs[signs == 0] = 1
    return signs
