"""How well the aligned items cover a pool, and which items would cover it better."""

import numpy as np

from . import _blocks, _dask
from ._blocks import (
    check_rows,
    check_same_space,
    check_values,
    count_threads,
    fetch,
    in_threads,
    read,
)
from ._distances import direct_differences, rounding_slack
from ._encoding import as_floats
from ._farthest_dask import farthest_rows
from ._items import check_integer
from ._tensors import (
    cells,
    computing,
    device_of,
    nth_smallest,
    on_device,
    squared_lengths,
    to_host,
)
from .rounds import draw_seed


def distance_to_aligned(features, aligned, *, verbose=0):
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
    features, aligned = check_same_space(features, aligned, "features", "aligned")
    return np.sqrt(farthest_rows(features, aligned, verbose).squared_distances())


def coverage_gap(features, aligned, *, verbose=0):
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
    features, aligned = check_same_space(features, aligned, "features", "aligned")
    known = farthest_rows(features, aligned, verbose)
    return float(np.sqrt(known.largest_distance()))


def greedy_k_center(features, n_centers, aligned=None, *, verbose=0):
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
    if aligned is None or 0 in np.shape(aligned):
        features, aligned = check_rows(features, "features"), None
    else:
        features, aligned = check_same_space(features, aligned, "features", "aligned")
    n = features.shape[0]
    if n_centers > n:
        raise ValueError(f"n_centers={n_centers} is above the {n} rows to pick from")
    return farthest_rows(features, aligned, verbose).pick(np.arange(n), n_centers)


def isolation(
    features, n_neighbors=5, *, n_landmarks=400, random_state=None, verbose=0
):
    """Return the distance of each row to its n-th nearest landmark.

    The most isolated rows of a natural pool are outliers: broken scans, empty texts.
    Answers about them teach little about the rest. Landmarks are rows drawn at random:
    a few hundred tell crowded from empty regions as well as all rows would.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        Rows of one modality's pool.
    n_neighbors : int, default=5
        Which nearest landmark counts, the row itself left out; capped at one less than
        the landmarks.
    n_landmarks : int, default=400
        How many rows to draw, at least 2. Where there are no more rows than that, all
        of them are landmarks and nothing is drawn.
    random_state : int, RandomState or Generator, default=None
        Decides the draw. A generator is copied before it is asked, so the same one
        gives the same landmarks. None draws afresh.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    ndarray of shape (n_samples,), float64
        Euclidean distances; all 0 for a single row.

    Raises
    ------
    ValueError
        If `features` is empty or holds NaN or infinity, if `n_neighbors` is below 1, or
        if `n_landmarks` is below 2.
    MemoryError
        If scikit-learn's `working_memory` is too small for the pool.

    Notes
    -----
    O(n_samples n_landmarks n_features) time by blocked matrix products, with blocks of
    distances in memory; threads and tensors as in `distance_to_aligned`. Which landmark
    is the n-th nearest is decided by direct differences in float64 wherever rounding
    could hide it.

    Examples
    --------
    >>> from skmal.coverage import isolation
    >>> isolation([[0.0], [1.0], [2.0], [9.0]], n_neighbors=1)
    array([1., 1., 1., 7.])
    """
    features = check_rows(features, "features")
    n_neighbors = check_integer(n_neighbors, "n_neighbors", minimum=1)
    n_landmarks = check_integer(n_landmarks, "n_landmarks", minimum=2)
    seed = draw_seed(random_state)
    rows = np.arange(features.shape[0])
    if len(rows) > n_landmarks:
        draw = np.random.default_rng(seed).choice(rows, n_landmarks, replace=False)
        rows = np.sort(draw)
    n_neighbors = min(n_neighbors, len(rows) - 1)
    if _dask.is_dask(features):
        reference = _dask.take(features, rows)
        return _dask.per_row(_isolation, features, rows, reference, n_neighbors)
    reference = read(features, rows)
    return _isolation(features, 0, rows, reference, n_neighbors, verbose)


def _isolation(features, start, landmarks, reference, nth, verbose=0):
    """Return each row's distance to its nth nearest landmark but itself.

    `start` is the number of the first row; landmarks are numbered as it is.

    By matrix products each is known up to rounding. A landmark at squared distance D
    from x has |c|^2 <= 2 |x|^2 + 2 D, so no error of one that could be the nth nearest
    exceeds `slack`; farther ones may be more wrong, but not by half of what they are
    farther. Landmarks surely nearer are counted, those in doubt are ranked by direct
    differences.
    """
    n, d = features.shape
    each = 8 * min(n, _blocks.ROWS) * (4 * d + 3 * len(landmarks))
    each += 8 * len(landmarks) * d
    n_threads = count_threads(features, 16 * n, each, "the isolation")
    landmarks, reference = landmarks - start, as_floats(reference)
    check_values(reference, "features")
    dtype, device = reference.dtype, device_of(features)
    origin = reference.mean(axis=0, dtype=np.float64).astype(dtype)
    reference, origin = on_device(reference, device), on_device(origin, device)
    marks, mark_norms = _centred(reference, origin)
    squared = np.zeros(n)

    def look(block):
        rows = fetch(features, block)
        x, x_norms = _centred(rows, origin)
        if not x_norms.max() < 1e-12 * float(np.finfo(dtype).max):
            check_values(to_host(rows), "features")
        if nth == 0:  # a single row
            return
        distance = x @ (-2 * marks.T)  # (block, n_landmarks)
        distance += x_norms[:, None]
        distance += mark_norms
        inside = (landmarks >= block.start) & (landmarks < block.stop)
        itself = landmarks[inside] - block.start, np.flatnonzero(inside)
        distance[itself] = np.inf
        middle = nth_smallest(distance, nth)
        largest = 3 * x_norms + 4 * middle.clip(min=0)
        slack = rounding_slack(largest, d, dtype)
        below = distance < (middle - 2 * slack)[:, None]
        n_below = to_host(below.sum(axis=1))
        in_doubt = below ^ (distance <= (middle + 2 * slack)[:, None])
        at, columns = cells(in_doubt)
        direct = direct_differences(rows, at, reference, columns)
        direct = direct[np.lexsort([direct, at])]  # row by row, each ascending
        first = np.searchsorted(at, np.arange(len(rows)))
        squared[block] = direct[first + nth - 1 - n_below]

    size = None if device is None else features.block(len(landmarks))
    with computing(device):
        in_threads(look, n, n_threads, size, verbose, "isolation")
    return np.sqrt(squared)


def _centred(rows, origin):
    """Return rows minus the origin (distances stay, rounding shrinks), and |x|^2."""
    with np.errstate(over="ignore", invalid="ignore"):
        x = rows - origin
    return x, squared_lengths(x)
