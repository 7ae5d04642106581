"""Kernel canonical correlation analysis with a ridge, in closed form."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from scipy.linalg import eigh

from .._shared.parameters import LARGEST_RIDGE, check_integer, check_number
from .._shared.sizes import SIZES
from .._shared.types import FloatArray
from ..arrays._kernel import (
    GAMMAS,
    cholesky_root,
    kernel,
    kernel_root,
    landmarks_of,
    solved,
)
from ..arrays._kinds import RowsLike
from ..arrays._verbs import unit
from ._pair_encoder import PairEncoder
from ._seeds import Seed, generator_of

ROUNDING = 100  # units in the last place that sums of thousands may be off by
POWER = 0.5  # of its correlation, by which a direction counts


class KernelCCA(PairEncoder):
    """Canonical correlation analysis in the space of a kernel, in closed form.

    What `RidgeCCA` does with rows themselves this does with their similarities to the
    pairs known so far: partners then need not be related by a linear map. From features
    of pretrained networks it ranks partners better than `RidgeCCA` from the same pairs,
    from 200 to 2,000 of them by a quarter on emoji and drawings, by more on icons, and
    by a tenth on glyphs. Still no GPU, no iterations and no
    step size, and `fit` takes about as long as that of `RidgeCCA` on wide features: on
    one core and in float32 half a second for 1,000 pairs, two seconds for 2,000 and
    seven for 12,000. What costs is `transform`; see the Notes.

    Parameters
    ----------
    gamma : float, default=1.0
        The kernel of two rows is ``exp(-gamma * (1 - cos))``, of the angle between them
        seen from the mean of the pairs. Larger: only near rows are alike. From 0.01 to
        10,000.
    reg : float, default=1.0
        Ridge added to each kernel matrix, as a share of its mean eigenvalue.
    n_components : int, default=512
        Dimensions of the shared space, at most; the pairs cap it. 256 cost 1 to 3 % of
        the score, 128 from 2 to 10 %, the more pairs the more.
    n_landmarks : int, default=2048
        Rows of each modality that others are compared with. Up to so many pairs these
        are the pairs themselves, and the kernel is exact. Of more pairs so many are
        drawn at random, each is moved to the mean of the rows nearest to it, and all
        pairs are seen through these (Nystroem's method [2]_ [3]_). That costs quality:
        with half of the pairs as landmarks about a twentieth of it.
    random_state : int, RandomState instance or None, default=None
        Determines the landmarks, where they are drawn: then the same integer gives the
        same weights on one machine with the same number of threads, and None others in
        each fit. Up to `n_landmarks` pairs nothing is drawn.

    Attributes
    ----------
    gamma_ : float
        The kernel's, at the time of `fit`.
    n_components_ : int
        Dimensions actually used.
    correlations_ : ndarray of shape (n_components_,)
        Regularised canonical correlations, largest first.
    x_mean_, y_mean_ : ndarray of shape (n_features,)
        Means of the training rows.
    x_landmarks_, y_landmarks_ : ndarray of shape (n_landmarks_, n_features)
        Landmarks, less the mean and scaled to length one; those of X and of y are no
        partners where they are drawn.
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

    Neither U nor w is computed: a Cholesky factor C of the kernel matrix, and one of
    the ridged scatter matrix of the pairs' coordinates ``C^-1 k``, give the same space.
    `fit` costs O(n m (d + m)) for n pairs, m landmarks and d features, and O(m^3) for
    the factors and the eigenvectors of one m x m matrix; rows are looked at in blocks,
    and no array is larger than m x m or the rows. It computes in the precision of the
    rows: float64 takes twice as long as float32 and ranks no better.

    `transform` costs O(m (d + k)) for a row of d features and k components. From 2,048
    pairs on it takes 20 times as long as that of `RidgeCCA` (a million rows of 512
    features: 54 s against 2.6 on one core), with 1,024 landmarks 11 times, with 512 and
    256 components 4 times.

    The sign of a direction is fixed by making its largest weight in X positive. A row
    that equals the mean of the pairs has no angle: its cosine with everything counts
    as 0. A ridge too small for the precision of the rows is raised to what rounding
    asks for.

    References
    ----------
    .. [1] Hardoon, D. R., Szedmak, S. and Shawe-Taylor, J. (2004). "Canonical
       Correlation Analysis: An Overview with Application to Learning Methods". Neural
       Computation 16, 2639-2664. https://doi.org/10.1162/0899766042321814
    .. [2] Williams, C. K. I. and Seeger, M. (2001). "Using the Nystroem Method to Speed
       Up Kernel Machines". NIPS 13.
    .. [3] Zhang, K., Tsang, I. W. and Kwok, J. T. (2008). "Improved Nystroem Low-Rank
       Approximation and Error Analysis". ICML 25.
       https://doi.org/10.1145/1390156.1390311

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

    gamma_: float
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
        n_landmarks: int = 2048,
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
        least, most = GAMMAS
        gamma = check_number(self.gamma, "gamma", minimum=least, maximum=most)
        remedy = "; without a ridge, few pairs are fitted perfectly and teach nothing"
        reg = check_number(
            self.reg, "reg", more_than=0, maximum=LARGEST_RIDGE, remedy=remedy
        )
        n_components = check_integer(self.n_components, "n_components", minimum=1)
        n_landmarks = check_integer(self.n_landmarks, "n_landmarks", minimum=2)
        pairs = self._check_pairs(X, y)
        rng = generator_of(self.random_state)

        means = [rows.mean(axis=0) for rows in pairs]
        rows = [unit(own - mean) for own, mean in zip(pairs, means, strict=True)]
        landmarks = [landmarks_of(own, n_landmarks, rng) for own in rows]
        roots = [kernel_root(of, gamma) for of in landmarks]
        centres, squares, product = _moments(rows, landmarks, roots, gamma)
        ridged = [_ridged_root(own, reg, len(rows[0])) for own in squares]
        left, correlations, right = _shared_directions(product, ridged, n_components)

        # Each direction counts by the root of its correlation.
        weights, offsets = [], []
        for root, ridge, part in zip(roots, ridged, (left, right), strict=True):
            coordinates = solved(ridge, part * correlations**POWER, transposed=True)
            weights.append(solved(root, coordinates, transposed=True))
        largest = np.abs(weights[0]).argmax(axis=0)
        signs = np.sign(weights[0][largest, np.arange(len(correlations))])
        weights = [
            (own * signs).astype(of.dtype, copy=False)
            for own, of in zip(weights, rows, strict=True)
        ]
        offsets = [centre @ own for centre, own in zip(centres, weights, strict=True)]

        self._remember_features(X)
        self.gamma_ = gamma
        self.n_components_, self.correlations_ = len(correlations), correlations
        self.x_mean_, self.y_mean_ = means
        self.x_landmarks_, self.y_landmarks_ = landmarks
        self.x_weights_, self.y_weights_ = weights
        self.x_offset_, self.y_offset_ = offsets
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
            values = kernel(unit(rows[block] - mean), landmarks, self.gamma_)
            features[block] = values @ weights - offset
        return features


def _moments(
    rows: Sequence[FloatArray],
    landmarks: Sequence[FloatArray],
    roots: Sequence[FloatArray],
    gamma: float,
) -> tuple[Sequence[FloatArray], Sequence[FloatArray], FloatArray]:
    """Return (mean kernel values, squares, product) of all pairs, block by block.

    With Z the centred coordinates of a modality, (m, n), squares are Z Z', one for each
    modality, and product is Z_x Z_y'.
    """
    n = len(rows[0])
    sizes = [len(root) for root in roots]
    sums = [np.zeros(m, of.dtype) for m, of in zip(sizes, rows, strict=True)]
    squares = [np.zeros((m, m), of.dtype) for m, of in zip(sizes, rows, strict=True)]
    product = np.zeros(sizes, np.result_type(*rows))
    near: list[FloatArray] = []  # the means, so that rounding of what is left is small
    for start in range(0, n, SIZES.rows):
        block = slice(start, start + SIZES.rows)
        parts = []
        for modality, (own, of, root) in enumerate(
            zip(rows, landmarks, roots, strict=True)
        ):
            values = kernel(own[block], of, gamma)
            if start == 0:
                near.append(values.mean(axis=0))
            values -= near[modality]
            part = solved(root, values.T)  # (m, block)
            sums[modality] += part.sum(axis=1)
            squares[modality] += part @ part.T
            parts.append(part)
        product += parts[0] @ parts[1].T

    means = [own / n for own in sums]
    for own, mean in zip(squares, means, strict=True):
        own -= n * np.outer(mean, mean)
    product -= n * np.outer(*means)
    centres = [
        guess + root @ mean
        for guess, root, mean in zip(near, roots, means, strict=True)
    ]
    return centres, squares, product


def _ridged_root(squares: FloatArray, reg: float, n: int) -> FloatArray:
    """Return R, lower triangular, with R R' the squares and the ridge; they are lost.

    The ridge is no smaller than what rounding can take from the squares.
    """
    eps = np.finfo(squares.dtype).eps
    mean = max(float(np.trace(squares)) / n, float(eps))
    squares.flat[:: len(squares) + 1] += mean * max(reg, 4 * n * eps)
    return cholesky_root(squares)


def _shared_directions(
    product: FloatArray, ridged: Sequence[FloatArray], n_components: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (directions of X, correlations, directions of y), largest first.

    They are the singular vectors and values of ``R_x^-1 product R_y'^-1``.
    """
    x_root, y_root = ridged
    whitened = solved(y_root, solved(x_root, product).T).T  # (m_x, m_y)
    # All at once: drivers that find some alone hang where many are equal
    squares, left = eigh(
        whitened @ whitened.T, driver="evd", overwrite_a=True, check_finite=False
    )
    squares, left = squares[::-1][:n_components], left[:, ::-1]
    correlations = np.sqrt(np.maximum(squares, 0))
    # What is rounding of the largest square, or of correlations that are all zero
    rounding = float(ROUNDING * np.finfo(correlations.dtype).eps)
    weakest = max(rounding**0.5 * float(correlations[0]), rounding)
    n_kept = max(int((correlations > weakest).sum()), 1)
    correlations, left = correlations[:n_kept], left[:, :n_kept]
    right = whitened.T @ left / np.maximum(correlations, weakest)
    return left, correlations, right
