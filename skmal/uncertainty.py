"""How unsure an encoder is of an item's partner in the other modality."""

from numbers import Real

import numpy as np
from sklearn.utils import gen_batches

from ._encoding import check_space, unit_rows

BLOCK = 2048  # queries, and gallery rows, whose similarities are in memory at a time


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
    O(n_queries n_gallery n_features) time in float64; a fixed block of similarities is
    in memory, never all of them.

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
    queries, gallery = check_space(queries, gallery)
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
    queries, gallery = check_space(queries, gallery)
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
    queries, gallery = check_space(queries, gallery)
    if not (isinstance(temperature, Real) and 0 < temperature < np.inf):
        raise ValueError(f"temperature must be a number above 0, got {temperature!r}")
    entropy = np.empty(len(queries))
    for rows in gen_batches(len(queries), BLOCK):
        # With logits z and the running peak m: total = sum exp(z - m) and
        # weighted = sum exp(z - m) (z - m), so that H = log(total) - weighted / total.
        peak = np.full(rows.stop - rows.start, -np.inf)
        total, weighted = np.zeros_like(peak), np.zeros_like(peak)
        for similarity in _similarity_blocks(queries[rows], gallery):
            logits = similarity / temperature
            new_peak = np.maximum(peak, logits.max(axis=1))
            shift = np.where(total > 0, peak - new_peak, 0)
            logits -= new_peak[:, None]
            exponentials = np.exp(logits)
            weighted = np.exp(shift) * (weighted + shift * total)
            weighted += (exponentials * logits).sum(axis=1)
            total = np.exp(shift) * total + exponentials.sum(axis=1)
            peak = new_peak
        entropy[rows] = np.log(total) - weighted / total
    return np.maximum(entropy, 0)


def _top_two(queries, gallery):
    """Return the second best and the best similarity of each query, shape (2, n)."""
    top = np.full((2, len(queries)), -1.0)
    for rows in gen_batches(len(queries), BLOCK):
        best = top[:, rows]
        for similarity in _similarity_blocks(queries[rows], gallery):
            pool = np.column_stack([best.T, similarity])  # (block, 2 + gallery block)
            best = np.partition(pool, -2, axis=1)[:, -2:].T
        top[:, rows] = best
    return np.clip(top, -1, 1)


def _similarity_blocks(queries, gallery):
    """Yield cosine similarities of the queries to blocks of the gallery, in float64."""
    queries = unit_rows(queries.astype(np.float64))
    for columns in gen_batches(len(gallery), BLOCK):
        yield queries @ unit_rows(gallery[columns].astype(np.float64)).T
