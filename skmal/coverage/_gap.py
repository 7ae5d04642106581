"""Distances to the aligned items, and the largest of them: the coverage gap."""

import numpy as np

from .._shared.types import FloatArray
from ..arrays._blocks import check_same_space
from ..arrays._kinds import RowsLike
from ._farthest_dask import farthest_rows


def distance_to_aligned(
    features: RowsLike, aligned: RowsLike, *, verbose: int = 0
) -> FloatArray:
    """Return the distance of each row to its nearest aligned item.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        Rows of one modality's pool.
    aligned : array-like of shape (n_aligned, n_features)
        The items of that modality whose partners are known, at least one.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    ndarray of shape (n_samples,), float64
        Euclidean distances; exactly 0 for a row that is itself aligned.

    Raises
    ------
    ValueError
        If either is empty, holds NaN or infinity, or if their numbers of features
        differ.
    MemoryError
        If scikit-learn's `working_memory` is too small for the pool.

    See Also
    --------
    coverage_gap : The largest of these distances.

    Notes
    -----
    O(n_samples n_aligned n_features) time by blocked matrix products, with blocks of
    distances and at most 64 bytes per row in memory. The nearest item is found in the
    precision of the input (float16 counts as float32), its distance is then taken in
    float64 by direct differences. `features` may be whatever slices into blocks of
    rows: arrays, memory maps, zarr and h5py datasets. Rows of a dask array are looked
    at where they are, partition by partition, and no bar is shown.

    Large pools are read and compared by as many threads as BLAS may use at the time
    (``OMP_NUM_THREADS``, threadpoolctl and joblib limit them), or as few as fit in the
    `working_memory` of scikit-learn's configuration, 1,024 MiB by default. The answer
    does not depend on their number.

    Both may be torch tensors of float16, bfloat16, float32 or float64, on one device:
    they are compared there, in float32 or float64 and in larger blocks, with TF32 and
    autocast off for the while; no gradients are tracked.

    Examples
    --------
    >>> from skmal.coverage import distance_to_aligned
    >>> distance_to_aligned([[0.0, 0.0], [3.0, 4.0]], aligned=[[0.0, 0.0]])
    array([0., 5.])
    """
    rows, known = check_same_space(features, aligned, "features", "aligned")
    return np.sqrt(farthest_rows(rows, known, verbose).squared_distances())


def coverage_gap(features: RowsLike, aligned: RowsLike, *, verbose: int = 0) -> float:
    """Return the largest distance of any row to its nearest aligned item.

    The gap says how far the worst covered item of a pool is from everything known. The
    active learner of Zhang and Zhu asks about the modality where it is larger.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        Rows of one modality's pool.
    aligned : array-like of shape (n_aligned, n_features)
        The items of that modality whose partners are known, at least one.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    float
        The gap, a Euclidean distance.

    Raises
    ------
    ValueError
        If either is empty, holds NaN or infinity, or if their numbers of features
        differ.
    MemoryError
        If scikit-learn's `working_memory` is too small for the pool.

    Notes
    -----
    At most what `distance_to_aligned` costs, and usually a fraction of it: a row known
    to be nearer than the farthest one so far is not compared with the rest. Threads,
    memory and torch tensors as there.

    References
    ----------
    .. [1] Zhang, J. and Zhu, Y. (2026). "Towards Multimodal Active Learning: Efficient
       Learning with Limited Paired Data". TMLR. https://arxiv.org/abs/2510.03247

    Examples
    --------
    >>> from skmal.coverage import coverage_gap
    >>> coverage_gap([[0.0, 0.0], [1.0, 0.0], [3.0, 4.0]], aligned=[[0.0, 0.0]])
    5.0
    """
    rows, known = check_same_space(features, aligned, "features", "aligned")
    return float(np.sqrt(farthest_rows(rows, known, verbose).largest_distance()))
