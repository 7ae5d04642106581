"""How unsure an encoder is of an item's partner in the other modality."""

from numbers import Real

import numpy as np
from sklearn.utils import check_array

from . import _blocks, _dask
from ._blocks import batches, check_rows, read
from ._encoding import unit_rows
from ._farthest import rounding_slack

QUERIES = 2048  # whose similarities to a block of the gallery are in memory at a time
GROUP = 64  # gallery rows of which only the best similarity is looked at, at first
MANY = 64  # candidates for the best two of a query, on average, that are too many


def cross_modal_margin(queries, gallery):
    """Return the gap between each query's best and second best similarity.

    A small margin says that two partners look equally likely. It is the uncertainty of
    Zhang and Zhu's algorithm. It says nothing about whether either is right; where an
    encoder has seen few pairs, `cross_modal_top1` predicts errors better.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_features)
        Features of the items that could be asked about.
    gallery : array-like of shape (n_gallery, n_features)
        Features of the other modality's items, in the same space.

    Returns
    -------
    ndarray of shape (n_queries,), float64
        Differences of cosine similarities in [0, 2]; small = undecided. With a single
        gallery item the missing second similarity counts as -1, the least possible.

    Raises
    ------
    ValueError
        If either is empty, holds NaN or infinity, or if their numbers of features
        differ.

    See Also
    --------
    cross_modal_top1 : The best similarity alone.
    cross_modal_entropy : The spread over all of the gallery.

    Notes
    -----
    The similarities that count are taken in float64, whatever the input's precision; a
    matrix product in float32 says which ones those can be. O(n_queries n_gallery
    n_features) time; a block of similarities is in memory, never all of them.

    References
    ----------
    .. [1] Zhang, J. and Zhu, Y. (2026). "Towards Multimodal Active Learning: Efficient
       Learning with Limited Paired Data". TMLR. https://arxiv.org/abs/2510.03247

    Examples
    --------
    The first query has one clear partner, the second lies between two.

    >>> from skmal.uncertainty import cross_modal_margin
    >>> cross_modal_margin([[1.0, 0.0], [1.0, 1.0]], gallery=[[1.0, 0.0], [0.0, 1.0]])
    array([1., 0.])
    """
    queries, gallery = _check_same_space(queries, gallery)
    second, first = _top_two(queries, gallery)
    return first - second


def cross_modal_top1(queries, gallery):
    """Return each query's best cosine similarity to any gallery item.

    A small value says that nothing in the other modality looks like a partner.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_features)
        Features of the items that could be asked about.
    gallery : array-like of shape (n_gallery, n_features)
        Features of the other modality's items, in the same space.

    Returns
    -------
    ndarray of shape (n_queries,), float64
        Similarities in [-1, 1]; small = unsure.

    Raises
    ------
    ValueError
        If either is empty, holds NaN or infinity, or if their numbers of features
        differ.

    See Also
    --------
    cross_modal_margin : The gap to the second best.

    Notes
    -----
    The cross-modal form of least confidence. Costs what `cross_modal_margin` costs.

    Examples
    --------
    >>> from skmal.uncertainty import cross_modal_top1
    >>> cross_modal_top1([[1.0, 0.0], [-1.0, 0.0]], gallery=[[1.0, 0.0], [0.0, 1.0]])
    array([1., 0.])
    """
    queries, gallery = _check_same_space(queries, gallery)
    return _top_two(queries, gallery)[1]


def cross_modal_entropy(queries, gallery, temperature=0.07):
    """Return the entropy of each query's softmax over the gallery.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_features)
        Features of the items that could be asked about.
    gallery : array-like of shape (n_gallery, n_features)
        Features of the other modality's items, in the same space.
    temperature : float, default=0.07
        Similarities are divided by it before the softmax. 0.07 is where the contrastive
        loss of CLIP starts.

    Returns
    -------
    ndarray of shape (n_queries,), float64
        Nats, between 0 (sure) and log(n_gallery) (no idea); large = unsure.

    Raises
    ------
    ValueError
        If either is empty, holds NaN or infinity, if their numbers of features differ,
        or if `temperature` is not above 0.

    See Also
    --------
    cross_modal_margin : The gap between the best two.

    Notes
    -----
    Costs what `cross_modal_margin` costs, and an exponential per similarity.

    References
    ----------
    .. [1] Radford, A. et al. (2021). "Learning Transferable Visual Models From Natural
       Language Supervision". ICML. https://arxiv.org/abs/2103.00020

    Examples
    --------
    >>> from skmal.uncertainty import cross_modal_entropy
    >>> gallery = [[1.0, 0.0], [0.0, 1.0]]
    >>> cross_modal_entropy([[1.0, 0.0], [1.0, 1.0]], gallery).round(3)
    array([0.   , 0.693])
    """
    queries, gallery = _check_same_space(queries, gallery)
    if not (isinstance(temperature, Real) and 0 < temperature < np.inf):
        raise ValueError(f"temperature must be a number above 0, got {temperature!r}")
    if _dask.is_dask(queries) or _dask.is_dask(gallery):
        _, total, weighted = _dask.per_query(
            _softmax_sums, _merged_sums, queries, gallery, temperature
        )
    else:
        _, total, weighted = _softmax_sums(queries, gallery, temperature)
    return np.maximum(np.log(total) - weighted / total, 0)


def _softmax_sums(queries, gallery, temperature):
    """Return, of each query's logits z: peak m, sum exp(z - m), sum exp(z - m) (z - m).

    With the last two as total and weighted, H = log(total) - weighted / total.
    """
    sums = np.empty((3, queries.shape[0]))
    for rows in batches(queries.shape[0]):
        q = _unit(read(queries, rows).astype(np.float64, copy=False), "queries")
        peak = np.full(rows.stop - rows.start, -np.inf)
        total, weighted = np.zeros_like(peak), np.zeros_like(peak)
        for similarity in _similarity_blocks(q, gallery):
            logits = similarity / temperature
            new_peak = np.maximum(peak, logits.max(axis=1))
            shift = np.where(total > 0, peak - new_peak, 0)
            logits -= new_peak[:, None]
            exponentials = np.exp(logits)
            weighted = np.exp(shift) * (weighted + shift * total)
            weighted += (exponentials * logits).sum(axis=1)
            total = np.exp(shift) * total + exponentials.sum(axis=1)
            peak = new_peak
        sums[:, rows] = peak, total, weighted
    return sums


def _merged_sums(sums):
    """Return the softmax sums over all parts of a gallery, shape (n_parts, 3, n)."""
    peaks, totals, weighted = sums.transpose(1, 0, 2)
    peak = peaks.max(axis=0)
    shift = peaks - peak
    scale = np.exp(shift)
    weighted = (scale * (weighted + shift * totals)).sum(axis=0)
    return np.stack([peak, (scale * totals).sum(axis=0), weighted])


def _top_two(queries, gallery):
    """Return the second best and the best similarity of each query, shape (2, n)."""
    if _dask.is_dask(queries) or _dask.is_dask(gallery):
        return _dask.per_query(_top_two, _merged_top_two, queries, gallery)
    top = np.empty((2, queries.shape[0]))
    for rows in batches(queries.shape[0], QUERIES):
        q = _unit(read(queries, rows).astype(np.float64, copy=False), "queries")
        candidates = _candidates(q.astype(np.float32), gallery)
        if candidates is None:
            top[:, rows] = _top_two_of_all(q, gallery)
        else:
            top[:, rows] = _top_two_of_candidates(q, gallery, *candidates)
    return np.clip(top, -1, 1)


def _merged_top_two(tops):
    """Return the best two over all parts of a gallery, shape (n_parts, 2, n)."""
    return np.partition(tops.reshape(-1, tops.shape[-1]), -2, axis=0)[-2:]


def _candidates(q, gallery):
    """Return pairs (query, gallery row) that hold the best two of each query.

    Similarities in float32 are wrong by at most `slack`. The best ones of the two best
    groups of gallery rows are two different rows, so no row whose similarity is lower
    than the lesser of them by more than twice the slack is among the best two. None
    where the gallery is so full of ties that this leaves too many.
    """
    slack = rounding_slack(1, q)
    best = np.full((2, len(q)), -np.inf, np.float32)  # of groups so far: second, first
    found = [(np.empty(0, int), np.empty(0, int), np.empty(0, np.float32))]
    n_found = 0
    for block in batches(gallery.shape[0], _blocks.ROWS // 2 or 1):
        g = _unit(read(gallery, block), "gallery").astype(np.float32, copy=False)
        similarity = g @ q.T  # (block, n_queries)
        whole = len(g) - len(g) % GROUP
        peaks = similarity[:whole].reshape(-1, GROUP, len(q)).max(axis=1)
        rest = similarity[whole:].max(axis=0, initial=-np.inf)
        best = np.partition(np.concatenate([best, peaks, rest[None]]), -2, axis=0)[-2:]
        at = np.flatnonzero(similarity >= best[0] - 2 * slack)
        n_found += len(at)
        if n_found > MANY * len(q) + similarity.size:
            return None
        rows, columns = np.divmod(at, len(q))
        found.append((columns, rows + block.start, similarity.ravel()[at]))
    columns, rows, similarity = map(np.concatenate, zip(*found, strict=True))
    left = similarity >= best[0, columns] - 2 * slack
    return columns[left], rows[left]


def _top_two_of_candidates(q, gallery, columns, rows):
    """Return the best two of the given pairs of each query, in float64."""
    order = np.lexsort([rows, columns])
    columns, rows = columns[order], rows[order]
    similarity = np.empty(len(rows))
    for some in batches(len(rows)):
        g = _unit(read(gallery, rows[some]).astype(np.float64, copy=False), "gallery")
        similarity[some] = np.einsum("ij,ij->i", q[columns[some]], g)
    similarity = similarity[np.lexsort([similarity, columns])]  # each query ascending
    ends = np.searchsorted(columns, np.arange(len(q)), side="right")
    padded = np.concatenate([[-1.0], similarity])  # the missing second of a single row
    single = ends - np.searchsorted(columns, np.arange(len(q))) == 1
    return np.stack([np.where(single, -1.0, padded[ends - 1]), padded[ends]])


def _top_two_of_all(q, gallery):
    """Return the best two of all gallery rows, in float64."""
    best = np.full((2, len(q)), -1.0)
    for similarity in _similarity_blocks(q, gallery):
        best = np.partition(np.concatenate([best, similarity.T]), -2, axis=0)[-2:]
    return best


def _similarity_blocks(q, gallery):
    """Yield cosine similarities of unit rows to blocks of the gallery, in float64."""
    for block in batches(gallery.shape[0]):
        g = read(gallery, block).astype(np.float64, copy=False)
        yield q @ _unit(g, "gallery").T


def _unit(rows, name):
    """Return the rows scaled to length one, or raise if they hold NaN or infinity."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("ij,ij->i", rows, rows)
    if (squares > 1e-30).all() and (squares < 1e30).all():
        return rows / np.sqrt(squares)[:, None]
    check_array(rows, input_name=name)
    return unit_rows(rows)


def _check_same_space(queries, gallery):
    queries, gallery = check_rows(queries, "queries"), check_rows(gallery, "gallery")
    if queries.shape[1] != gallery.shape[1]:
        raise ValueError(
            f"queries has {queries.shape[1]} columns and gallery has "
            f"{gallery.shape[1]}; both must come from the same encoder"
        )
    return queries, gallery
