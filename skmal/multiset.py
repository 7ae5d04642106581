"""An encoder for feature vectors of any number of modalities."""

import numpy as np
from scipy.linalg import eigh
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, check_is_fitted

from ._encoding import check_squares, unit_rows
from ._items import check_integer, check_number
from .linear import _ridge_whitening, _signs_of_largest

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
        check_number(self.reg, "reg", above=True)
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
