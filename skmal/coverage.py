"""How well the aligned items cover a pool, and which items would cover it better."""

import numpy as np
from sklearn.utils import check_array, gen_batches
from sklearn.utils.extmath import row_norms

from ._encoding import as_floats, check_squares
from ._items import check_integer
from .rounds import draw_seed

BLOCK = 2**21  # values (of distances, differences) in memory at a time


def distance_to_aligned(features, aligned):
    """Return the distance of each row to its nearest aligned item.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        Rows of one modality's pool.
    aligned : array-like of shape (n_aligned, n_features)
        The items of that modality whose partners are known, at least one.

    Returns
    -------
    ndarray of shape (n_samples,), float64
        Euclidean distances; exactly 0 for a row that is itself aligned.

    Raises
    ------
    ValueError
        If either is empty, holds NaN or infinity, or if their numbers of features
        differ.

    See Also
    --------
    coverage_gap : The largest of these distances.

    Notes
    -----
    O(n_samples n_aligned n_features) time by blocked matrix products, with a block of
    distances at a time in memory. The nearest item is found in the precision of the
    input, its distance is then taken in float64 by direct differences.

    Examples
    --------
    >>> from skmal.coverage import distance_to_aligned
    >>> distance_to_aligned([[0.0, 0.0], [3.0, 4.0]], aligned=[[0.0, 0.0]])
    array([0., 5.])
    """
    features, aligned = _check_same_space(features, aligned)
    return np.sqrt(squared_distance_to_nearest(features, aligned))


def coverage_gap(features, aligned):
    """Return the largest distance of any row to its nearest aligned item.

    The gap says how far the worst covered item of a pool is from everything known. The
    active learner of Zhang and Zhu asks about the modality where it is larger.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        Rows of one modality's pool.
    aligned : array-like of shape (n_aligned, n_features)
        The items of that modality whose partners are known, at least one.

    Returns
    -------
    float
        The gap, a Euclidean distance.

    Raises
    ------
    ValueError
        If either is empty, holds NaN or infinity, or if their numbers of features
        differ.

    Notes
    -----
    Costs what `distance_to_aligned` costs.

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
    return float(distance_to_aligned(features, aligned).max())


def greedy_k_center(features, n_centers, aligned=None):
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

    Returns
    -------
    ndarray of shape (n_centers,), int64
        Indices into `features`, in the order picked, all different.

    Raises
    ------
    ValueError
        If an array is empty (`aligned` may be), holds NaN or infinity, if numbers of
        features differ, or if `n_centers` is not between 1 and n_samples.

    Notes
    -----
    The picks are those of float64 arithmetic on direct differences, whatever the
    input's precision: rows whose distances differ by less than rounding could hide are
    compared again that way. Of equal distances the lowest row wins.

    One running minimum is kept per row, O((n_aligned + n_centers) n_samples n_features)
    time and O(n_samples n_features) memory (one centred copy).

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
    features = _check_features(features)
    n_centers = check_integer(n_centers, "n_centers", minimum=1)
    if n_centers > len(features):
        raise ValueError(
            f"n_centers={n_centers} is above the {len(features)} rows to pick from"
        )
    if aligned is None or np.size(aligned) == 0:
        return k_center_picks(features, n_centers)[0]
    features, aligned = _check_same_space(features, aligned)
    nearest = squared_distance_to_nearest(features, aligned)
    return k_center_picks(features, n_centers, nearest)[0]


def isolation(features, n_neighbors=5, *, n_landmarks=400, random_state=None):
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

    Returns
    -------
    ndarray of shape (n_samples,), float64
        Euclidean distances; all 0 for a single row.

    Raises
    ------
    ValueError
        If `features` is empty or holds NaN or infinity, if `n_neighbors` is below 1, or
        if `n_landmarks` is below 2.

    Notes
    -----
    O(n_samples n_landmarks n_features) time by blocked matrix products, a block of
    distances at a time in memory. Which landmark is the n-th nearest is decided by
    direct differences in float64 wherever rounding could hide it.

    Examples
    --------
    >>> from skmal.coverage import isolation
    >>> isolation([[0.0], [1.0], [2.0], [9.0]], n_neighbors=1)
    array([1., 1., 1., 7.])
    """
    features = _check_features(features)
    n_neighbors = check_integer(n_neighbors, "n_neighbors", minimum=1)
    n_landmarks = check_integer(n_landmarks, "n_landmarks", minimum=2)
    seed = draw_seed(random_state)
    rows = np.arange(len(features))
    if len(features) > n_landmarks:
        draw = np.random.default_rng(seed).choice(rows, n_landmarks, replace=False)
        rows = np.sort(draw)
    n_neighbors = min(n_neighbors, len(rows) - 1)
    if n_neighbors == 0:
        return np.zeros(len(features))
    return np.sqrt(_squared_distance_to_nth(features, rows, n_neighbors))


def _squared_distance_to_nth(features, landmarks, nth):
    """Return each row's squared distance to its nth nearest landmark but itself.

    Between `low` and `high` lies each squared distance. So the nth smallest lies
    between the nth smallest of either; landmarks surely below that are counted, those
    that overlap it are ranked by direct differences.
    """
    reference = features[landmarks]
    x, marks = _centred(features, reference), _centred(reference, reference)
    x_norms, mark_norms = row_norms(x, squared=True), row_norms(marks, squared=True)
    squared = np.empty(len(features))
    for block in _blocks(len(features), len(landmarks)):
        norms = x_norms[block, None] + mark_norms
        middle = norms - 2 * (x[block] @ marks.T)  # (block, n_landmarks)
        slack = 2 * _rounding_slack(norms, features, features)
        low, high = middle - slack, middle + slack
        itself = landmarks == np.arange(block.start, block.stop)[:, None]
        low[itself] = high[itself] = np.inf
        nth_low = np.partition(low, nth - 1, axis=1)[:, nth - 1, None]
        nth_high = np.partition(high, nth - 1, axis=1)[:, nth - 1, None]
        below = high < nth_low
        rows, columns = np.nonzero(~below & (low <= nth_high))
        direct = np.concatenate(
            [
                _direct(features[rows[pairs] + block.start], reference[columns[pairs]])
                for pairs in _blocks(len(rows), features.shape[1])
            ]
        )
        direct = direct[np.lexsort([direct, rows])]  # row by row, each ascending
        first = np.searchsorted(rows, np.arange(len(below)))
        squared[block] = direct[first + nth - 1 - below.sum(axis=1)]
    return squared


def k_center_picks(features, n_centers, nearest=None):
    """Return the picks of `greedy_k_center` and their squared distances when picked.

    `nearest` holds each row's squared distance to its nearest centre so far (None: no
    centre yet), as `squared_distance_to_nearest` returns it; it is not changed. The
    first pick without any centre has distance infinity.

    Invariant: `running[i]` is row i's squared distance to all centres so far, wrong by
    at most `slack` (-inf once picked). `exact[i]` is the direct float64 one to the
    given centres and to the first `seen[i]` picks. Only rows within twice the slack of
    the largest running value can be the farthest, so only those are made exact.
    """
    centred = _centred(features, features)
    norms = row_norms(centred, squared=True)
    slack = _rounding_slack(norms.max(), features, features)
    picks, gains = np.empty(n_centers, dtype=np.int64), np.empty(n_centers)
    seen = np.zeros(len(features), dtype=np.int64)
    exact = np.full(len(features), np.inf) if nearest is None else nearest.copy()
    running = exact.copy()
    for step in range(n_centers):
        if nearest is None and step == 0:
            pick = _row_nearest_mean(features)
        else:
            contenders = np.flatnonzero(running >= running.max() - 2 * slack)
            _make_exact(exact, seen, contenders, features, picks[:step])
            pick = contenders[exact[contenders].argmax()]  # the lowest of equals
        picks[step], gains[step] = pick, exact[pick]
        to_pick = norms + norms[pick] - 2 * (centred @ centred[pick])  # (n,)
        np.minimum(running, to_pick, out=running)
        running[pick] = -np.inf
    return picks, gains


def squared_distance_to_nearest(features, aligned):
    """Return each row's squared distance to its nearest aligned item, in float64.

    |x - s|^2 is smallest where x.s - |s|^2 / 2 is largest. That is a matrix product;
    where rounding leaves more than one item possible, direct differences decide.
    """
    x, s = _centred(features, aligned), _centred(aligned, aligned)
    half_norms = row_norms(s, squared=True) / 2
    largest = max(row_norms(x, squared=True).max(), 2 * half_norms.max())
    slack = _rounding_slack(largest, features, aligned)
    squared = np.full(len(features), np.inf)
    for block in _blocks(len(features), len(aligned)):
        closeness = x[block] @ s.T - half_norms  # (block, n_aligned)
        possible = closeness >= closeness.max(axis=1, keepdims=True) - 2 * slack
        rows, columns = np.nonzero(possible)
        rows += block.start
        for pairs in _blocks(len(rows), features.shape[1]):
            direct = _direct(features[rows[pairs]], aligned[columns[pairs]])
            np.minimum.at(squared, rows[pairs], direct)
    return squared


def _make_exact(exact, seen, rows, features, picks):
    """Bring `exact` of the given rows up to date with all picks."""
    for first in np.unique(seen[rows]):
        stale, new = rows[seen[rows] == first], picks[first:]
        if len(new) == 0:
            continue
        for block in _blocks(len(stale), len(new) * features.shape[1]):
            some = stale[block]
            direct = _direct(features[some][:, None], features[new])  # (some, new)
            exact[some] = np.minimum(exact[some], direct.min(axis=1))
        seen[stale] = len(picks)


def _direct(rows, others):
    """Return squared distances by float64 differences: equal rows give equal values."""
    return ((rows.astype(np.float64) - others) ** 2).sum(axis=-1)


def _centred(rows, reference):
    """Return rows minus the reference's mean: distances stay, rounding shrinks."""
    return rows - reference.mean(axis=0, dtype=np.float64).astype(rows.dtype)


def _rounding_slack(largest_squared_norm, rows, others):
    """Bound the rounding error of |x|^2 + |c|^2 - 2 x.c, given the larger square."""
    eps = max(np.finfo(rows.dtype).eps, np.finfo(others.dtype).eps)
    return float((32 + 4 * np.sqrt(rows.shape[1])) * eps) * largest_squared_norm


def _blocks(n_rows, n_values_per_row):
    """Yield slices of rows that hold about `BLOCK` values together."""
    return gen_batches(n_rows, max(1, BLOCK // n_values_per_row))


def _row_nearest_mean(features):
    return int(_direct(features, features.mean(axis=0, dtype=np.float64)).argmin())


def _check_features(features, name="features"):
    features = as_floats(check_array(features, dtype="numeric", input_name=name))
    check_squares(features, name)
    return features


def _check_same_space(features, aligned):
    features, aligned = _check_features(features), _check_features(aligned, "aligned")
    if features.shape[1] != aligned.shape[1]:
        raise ValueError(
            f"features has {features.shape[1]} columns and aligned has "
            f"{aligned.shape[1]}; both must come from the same encoder"
        )
    dtype = np.result_type(features, aligned)
    return features.astype(dtype, copy=False), aligned.astype(dtype, copy=False)
