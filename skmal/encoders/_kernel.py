"""Kernel canonical correlation analysis with a ridge, in closed form."""

from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from .._shared.parameters import check_integer, check_number
from .._shared.sizes import SIZES
from .._shared.types import FloatArray
from ..arrays._kinds import RowsLike
from ..arrays._verbs import unit
from ._pair_encoder import PairEncoder
from ._seeds import Seed, generator_of

SMALLEST = 1e-10  # of the largest eigenvalue of a kernel: what is below is rounding
WEAKEST = 1e-6  # a correlation below is none
POWER = 0.5  # of its correlation, by which a direction counts


class KernelCCA(PairEncoder):
    """Canonical correlation analysis in the space of a kernel, in closed form.

    What `RidgeCCA` does with rows themselves this does with their similarities to the
    pairs known so far: partners then need not be related by a linear map. From features
    of pretrained networks it ranks partners better than `RidgeCCA` from the same pairs,
    by a fifth or more from 200 to 2,000 of them. Still no GPU, no iterations and no
    step size: a second for 1,000 pairs on one core. Take `RidgeCCA` where pools are
    very large, or pairs many times `n_landmarks`.

    Parameters
    ----------
    gamma : float, default=1.0
        The kernel of two rows is ``exp(-gamma * (1 - cos))``, of the angle between them
        seen from the mean of the pairs. Larger: only near rows are alike.
    reg : float, default=1.0
        Ridge added to each kernel matrix, as a share of its mean eigenvalue.
    n_components : int, default=512
        Dimensions of the shared space, at most; the pairs cap it.
    n_landmarks : int, default=1024
        Pairs that new rows are compared with. Up to so many the kernel is exact; of
        more pairs so many are drawn at random, and all others are seen through them
        (Nystroem's method [2]_). That costs quality: with half of the pairs as
        landmarks about a twentieth of it; raise the number where time allows.
    random_state : int, RandomState instance or None, default=None
        Determines the landmarks, where they are drawn.

    Attributes
    ----------
    n_components_ : int
        Dimensions actually used.
    correlations_ : ndarray of shape (n_components_,)
        Regularised canonical correlations, largest first.
    x_mean_, y_mean_ : ndarray of shape (n_features,)
        Means of the training rows.
    x_landmarks_, y_landmarks_ : ndarray of shape (n_landmarks_, n_features)
        Landmarks, less the mean and scaled to length one.
    x_weights_, y_weights_ : ndarray of shape (n_landmarks_, n_components_)
        Maps from kernel values to the shared space; each direction counts by the root
        of its correlation.
    x_offset_, y_offset_ : ndarray of shape (n_components_,)
        What the training rows have there on average, which is taken off.
    n_features_in_ : int
        Number of features of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features of X, where X is a data frame with names that are strings.

    See Also
    --------
    RidgeCCA : The linear one.
    sklearn.kernel_approximation.Nystroem : The approximation, for one modality.

    Notes
    -----
    With K the centred kernel matrix of the n pairs in a modality, w its eigenvalues and
    U its eigenvectors, and l the ridge, pairs are represented by U diag(sqrt(w / (w +
    l))); the singular vectors of the product of both modalities' representations are
    the shared directions [1]_.

    `fit` costs an eigenvalue decomposition of an m x m matrix for each modality and one
    of their product, O(m^3) for m landmarks, and O(n m (d + m)) beyond; `transform`
    O(m (d + k)) for a row of d features and k components. The sign of a direction is
    fixed by making its largest weight in X positive. A row that equals the mean of the
    pairs has no angle: its cosine with everything counts as 0.

    References
    ----------
    .. [1] Hardoon, D. R., Szedmak, S. and Shawe-Taylor, J. (2004). "Canonical
       Correlation Analysis: An Overview with Application to Learning Methods". Neural
       Computation 16, 2639-2664. https://doi.org/10.1162/0899766042321814
    .. [2] Williams, C. K. I. and Seeger, M. (2001). "Using the Nystroem Method to Speed
       Up Kernel Machines". NIPS 13.

    Examples
    --------
    >>> from skmal import KernelCCA, RidgeCCA
    >>> from skmal.datasets import load_glyphs
    >>> from skmal.metrics import mean_reciprocal_rank
    >>> X, y = load_glyphs(features=True, return_X_y=True)
    >>> kernel = KernelCCA().fit(X[::10], y[::10])         # learn from every tenth pair
    >>> linear = RidgeCCA().fit(X[::10], y[::10])
    >>> better = mean_reciprocal_rank(*kernel.transform(X[1::5], y[1::5]))
    >>> better > 1.1 * mean_reciprocal_rank(*linear.transform(X[1::5], y[1::5]))
    True
    """

    n_components_: int
    correlations_: FloatArray
    x_mean_: FloatArray
    y_mean_: FloatArray
    x_landmarks_: FloatArray
    y_landmarks_: FloatArray
    x_weights_: FloatArray
    y_weights_: FloatArray
    x_offset_: FloatArray
    y_offset_: FloatArray

    def __init__(
        self,
        gamma: float = 1.0,
        *,
        reg: float = 1.0,
        n_components: int = 512,
        n_landmarks: int = 1024,
        random_state: Seed = None,
    ) -> None:
        self.gamma = gamma
        self.reg = reg
        self.n_components = n_components
        self.n_landmarks = n_landmarks
        self.random_state = random_state

    def fit(self, X: RowsLike, y: RowsLike) -> Self:
        """Learn the shared space from aligned rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features of one modality, at least two rows.
        y : array-like of shape (n_samples, n_targets) or (n_samples,)
            Features of the other; row i belongs to row i of X.

        Returns
        -------
        KernelCCA
            The fitted encoder.

        Raises
        ------
        ValueError
            If X and y differ in length, hold NaN or infinity, or have fewer than two
            rows, or if a parameter is out of its range.
        """
        gamma = check_number(self.gamma, "gamma", more_than=0)
        remedy = "; without a ridge, few pairs are fitted perfectly and teach nothing"
        reg = check_number(self.reg, "reg", more_than=0, remedy=remedy)
        n_components = check_integer(self.n_components, "n_components", minimum=1)
        n_landmarks = check_integer(self.n_landmarks, "n_landmarks", minimum=2)
        pairs = self._check_pairs(X, y)
        n = len(pairs[0])
        chosen = np.arange(n)
        if n > n_landmarks:
            rng = generator_of(self.random_state)
            chosen = np.sort(rng.choice(n, n_landmarks, replace=False))

        means = [rows.mean(axis=0) for rows in pairs]
        rows = [unit(own - mean) for own, mean in zip(pairs, means, strict=True)]
        landmarks = [own[chosen] for own in rows]
        bases, maps, centres = [], [], []
        for own, of in zip(rows, landmarks, strict=True):
            values = kernel(own, of, gamma).astype(np.float64, copy=False)
            whiten = _whitening if n <= n_landmarks else _nystroem_whitening
            basis, weights = whiten(values, chosen, reg)
            bases.append(basis)
            maps.append(weights)
            centres.append(values.mean(axis=0))
        left, correlations, right = _shared_directions(bases[0], bases[1], n_components)

        # Each direction counts by the root of its correlation.
        scale = correlations**POWER
        parts = left * scale, right * scale
        weights = [own @ part for own, part in zip(maps, parts, strict=True)]
        largest = np.abs(weights[0]).argmax(axis=0)
        signs = np.where(weights[0][largest, np.arange(len(scale))] < 0, -1.0, 1.0)
        weights = [own * signs for own in weights]
        offsets = [centre @ own for centre, own in zip(centres, weights, strict=True)]

        self._remember_features(X)
        self.n_components_, self.correlations_ = len(correlations), correlations
        self.x_mean_, self.y_mean_ = means
        self.x_landmarks_, self.y_landmarks_ = landmarks
        kinds = [own.dtype for own in pairs]
        self.x_weights_, self.y_weights_ = (
            own.astype(kind) for own, kind in zip(weights, kinds, strict=True)
        )
        self.x_offset_, self.y_offset_ = (
            own.astype(kind) for own, kind in zip(offsets, kinds, strict=True)
        )
        return self

    def _mapped(self, rows: FloatArray, modality: int) -> FloatArray:
        if modality == 0:
            mean, landmarks = self.x_mean_, self.x_landmarks_
            weights, offset = self.x_weights_, self.x_offset_
        else:
            mean, landmarks = self.y_mean_, self.y_landmarks_
            weights, offset = self.y_weights_, self.y_offset_
        features = np.empty(
            (len(rows), weights.shape[1]), np.result_type(rows, weights)
        )
        # Block by block, so that kernel values never take more than the features.
        for start in range(0, len(rows), SIZES.rows):
            block = slice(start, start + SIZES.rows)
            values = kernel(unit(rows[block] - mean), landmarks, self.gamma)
            features[block] = values @ weights - offset
        return features


def kernel(rows: FloatArray, landmarks: FloatArray, gamma: float) -> FloatArray:
    """Return exp(-gamma (1 - cos)) of rows of length one and of landmarks."""
    values = rows @ landmarks.T  # (n, m)
    values -= 1
    values *= gamma
    return np.exp(values, out=values)


def _whitening(
    values: FloatArray, _: npt.NDArray[np.intp], reg: float
) -> tuple[FloatArray, FloatArray]:
    """Return (basis, whitening) of a kernel matrix of all pairs.

    With the centred matrix U diag(w) U' and the ridge l, basis is U diag(sqrt(w / (w +
    l))), and whitening maps centred kernel values to it: U diag(1 / sqrt(w (w + l))).
    """
    row_means = values.mean(axis=0)
    centred = values - row_means - row_means[:, None] + row_means.mean()
    w, U = _eigenvalues(centred)
    ridged = w + reg * w.sum() / len(values)
    return U * np.sqrt(w / ridged), U / np.sqrt(w * ridged)


def _nystroem_whitening(
    values: FloatArray, chosen: npt.NDArray[np.intp], reg: float
) -> tuple[FloatArray, FloatArray]:
    """Return the same of kernel values of all pairs to those of them that are chosen.

    In the space of the landmarks rows have the coordinates values @ root, with root the
    inverse root of the landmarks' own kernel matrix; w and U are of these, centred.
    """
    w, U = _eigenvalues(values[chosen])
    root = U / np.sqrt(w)  # (m, r)
    coordinates = values @ root
    coordinates -= coordinates.mean(axis=0)
    w, U = _eigenvalues(coordinates.T @ coordinates)
    ridged = w + reg * w.sum() / len(values)
    whitening = U / np.sqrt(ridged)
    return coordinates @ whitening, root @ whitening


def _eigenvalues(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the eigenvalues and vectors of a matrix but those that are rounding."""
    w, U = eigh(matrix, check_finite=False)
    kept = w > SMALLEST * max(w[-1], 1.0)
    kept[-1] = True  # rows without any variance have one direction, of length zero
    return np.maximum(w[kept], np.finfo(w.dtype).tiny ** 0.5), U[:, kept]


def _shared_directions(
    x_basis: FloatArray, y_basis: FloatArray, n_components: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (directions of X, correlations, directions of y), largest first."""
    product = x_basis.T @ y_basis  # (r_x, r_y)
    last = len(product) - 1
    first = max(0, last - n_components + 1)
    squares, left = eigh(
        product @ product.T, subset_by_index=[first, last], check_finite=False
    )
    correlations = np.sqrt(np.maximum(squares[::-1], 0))
    n_kept = max(int((correlations > WEAKEST).sum()), 1)
    correlations, left = correlations[:n_kept], left[:, ::-1][:, :n_kept]
    right = product.T @ left / np.maximum(correlations, WEAKEST)
    return left, correlations, right
