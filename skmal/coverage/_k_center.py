"""Greedy k-center."""

import numpy as np

from .._shared.parameters import check_integer
from .._shared.types import IntArray
from ..arrays._blocks import check_rows, check_same_space
from ..arrays._kinds import Rows, RowsLike
from ..arrays._plain import has_no_rows
from ._farthest_dask import farthest_rows


def greedy_k_center(
    features: RowsLike,
    n_centers: int,
    aligned: RowsLike | None = None,
    *,
    verbose: int = 0,
) -> IntArray:
    """Pick rows one after the other, each the farthest from all centres so far.

    A diverse subset that leaves no row far from a centre: at most twice as far as the
    best possible choice of as many centres would. It follows outliers wherever they
    are; leave out the most isolated rows first (see `isolation`) where a pool may have
    some.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        Rows to pick from.
    n_centers : int
        How many to pick, at most n_samples.
    aligned : array-like of shape (n_aligned, n_features), default=None
        Centres that are there already. With none, the first pick is the row nearest
        the mean of all rows.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    ndarray of shape (n_centers,), int64
        Indices into `features`, in the order picked, all different.

    Raises
    ------
    ValueError
        If an array is empty (`aligned` may be), holds NaN or infinity, if numbers of
        features differ, or if `n_centers` is not between 1 and n_samples.
    MemoryError
        If scikit-learn's `working_memory` is too small for the pool.

    Notes
    -----
    The picks are those of float64 arithmetic on direct differences, whatever the
    input's precision: rows whose distances differ by less than rounding could hide are
    compared again that way. Of equal distances the lowest row wins.

    At most O((n_aligned + n_centers) n_samples n_features) time, and usually far less:
    an upper bound of each row's distance is kept, and only rows that could be the
    farthest are compared with all centres. `features` may be whatever slices into
    blocks of rows (arrays, memory maps, zarr and h5py datasets); memory holds blocks of
    fixed size, at most 64 bytes per row, and those rows that are nearly the farthest.
    Threads and their memory are those of `distance_to_aligned`. Of torch tensors, as
    there, only minima and the rows of ties come to the host: the picks are the same.

    References
    ----------
    .. [1] Gonzalez, T. F. (1985). "Clustering to minimize the maximum intercluster
       distance". Theoretical Computer Science 38, 293-306.
       https://doi.org/10.1016/0304-3975(85)90224-5
    .. [2] Sener, O. and Savarese, S. (2018). "Active Learning for Convolutional Neural
       Networks: A Core-Set Approach". ICLR. https://arxiv.org/abs/1708.00489

    Examples
    --------
    Two neighbours, a point between and one far away: the centre comes first, then the
    farthest, then the tie between the outer two goes to the lower row.

    >>> from skmal.coverage import greedy_k_center
    >>> greedy_k_center([[-1.0], [0.0], [1.0], [9.0]], n_centers=3)
    array([2, 3, 0])
    >>> greedy_k_center([[-1.0], [0.0], [1.0], [9.0]], n_centers=2, aligned=[[9.0]])
    array([0, 2])
    """
    n_centers = check_integer(n_centers, "n_centers", minimum=1)
    known: Rows | None = None
    if aligned is None or has_no_rows(aligned):
        rows = check_rows(features, "features")
    else:
        rows, known = check_same_space(features, aligned, "features", "aligned")
    n = rows.shape[0]
    if n_centers > n:
        raise ValueError(f"n_centers={n_centers} is above the {n} rows to pick from")
    return farthest_rows(rows, known, verbose).pick(np.arange(n), n_centers)
