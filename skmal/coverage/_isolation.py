"""How isolated a row is."""

import numpy as np

from .._shared.parameters import check_integer
from .._shared.randomness import draw_seed
from .._shared.sizes import SIZES
from .._shared.types import FloatArray, IntArray, RandomState
from ..arrays._block_math import (
    block_size,
    cells,
    device_of,
    nth_smallest,
    on_device,
    squared_lengths,
    to_host,
)
from ..arrays._blocks import check_rows, check_values, fetch, read
from ..arrays._distances import direct_differences, rounding_slack
from ..arrays._kinds import Block, Rows, RowsLike
from ..arrays._precision import computing
from ..arrays._threads import count_threads, in_threads
from ..arrays._verbs import per_row


def isolation(
    features: RowsLike,
    n_neighbors: int = 5,
    *,
    n_landmarks: int = 400,
    random_state: RandomState = None,
    verbose: int = 0,
) -> FloatArray:
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
    pool = check_rows(features, "features")
    n_neighbors = check_integer(n_neighbors, "n_neighbors", minimum=1)
    n_landmarks = check_integer(n_landmarks, "n_landmarks", minimum=2)
    seed = draw_seed(random_state)
    rows = np.arange(pool.shape[0])
    if len(rows) > n_landmarks:
        draw = np.random.default_rng(seed).choice(rows, n_landmarks, replace=False)
        rows = np.sort(draw)
    n_neighbors = min(n_neighbors, len(rows) - 1)
    reference = read(pool, rows)
    return per_row(_isolation, pool, rows, reference, n_neighbors, verbose=verbose)


def _isolation(
    features: Rows,
    start: int,
    landmarks: IntArray,
    reference: FloatArray,
    nth: int,
    verbose: int = 0,
) -> FloatArray:
    """Return each row's distance to its nth nearest landmark but itself.

    `start` is the number of the first row; landmarks are numbered as it is.

    By matrix products each is known up to rounding. A landmark at squared distance D
    from x has |c|^2 <= 2 |x|^2 + 2 D, so no error of one that could be the nth nearest
    exceeds `slack`; farther ones may be more wrong, but not by half of what they are
    farther. Landmarks surely nearer are counted, those in doubt are ranked by direct
    differences.
    """
    n, d = features.shape
    each = 8 * min(n, SIZES.rows) * (4 * d + 3 * len(landmarks))
    each += 8 * len(landmarks) * d
    n_threads = count_threads(features, 16 * n, each, "the isolation")
    landmarks = landmarks - start
    check_values(reference, "features")
    dtype, device = reference.dtype, device_of(features)
    origin = reference.mean(axis=0, dtype=np.float64).astype(dtype)
    candidates, origin = on_device(reference, device), on_device(origin, device)
    marks, mark_norms = _centred(candidates, origin)
    squared = np.zeros(n)

    def look(block: slice) -> None:
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
        direct = direct_differences(rows, at, candidates, columns)
        direct = direct[np.lexsort([direct, at])]  # row by row, each ascending
        first = np.searchsorted(at, np.arange(len(rows)))
        squared[block] = direct[first + nth - 1 - n_below]

    size = block_size(features, len(landmarks))
    with computing(device):
        in_threads(look, n, n_threads, size, verbose, "isolation")
    return np.sqrt(squared)


def _centred(rows: Block, origin: Block) -> tuple[Block, Block]:
    """Return rows minus the origin (distances stay, rounding shrinks), and |x|^2."""
    with np.errstate(over="ignore", invalid="ignore"):
        x = rows - origin
    return x, squared_lengths(x)
