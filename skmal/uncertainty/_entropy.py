"""The entropy over the other modality."""

import numpy as np

from .._shared.parameters import LEAST_TEMPERATURE, check_number
from .._shared.sizes import SIZES
from .._shared.types import FloatArray
from ..arrays._block_math import (
    block_size,
    device_of,
    double,
    exponentials,
    maxima,
    on_device,
    to_host,
)
from ..arrays._blocks import batches, check_same_space, read
from ..arrays._kinds import Block, Rows, RowsLike
from ..arrays._precision import computing
from ..arrays._threads import stream
from ..arrays._verbs import per_query
from ._similarity import description, similarity_threads, similarity_to, unit_block


def cross_modal_entropy(
    queries: RowsLike,
    gallery: RowsLike,
    temperature: float = 0.07,
    *,
    verbose: int = 0,
) -> FloatArray:
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
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    ndarray of shape (n_queries,), float64
        Nats, between 0 (sure) and log(n_gallery) (no idea); large = unsure.

    Raises
    ------
    ValueError
        If either is empty, holds NaN or infinity, if their numbers of features differ,
        or if `temperature` is not above 0.
    MemoryError
        If scikit-learn's `working_memory` is too small for what is kept of each query.

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
    q, g = check_same_space(queries, gallery, "queries", "gallery")
    check_number(temperature, "temperature", minimum=LEAST_TEMPERATURE)
    _, total, weighted = per_query(
        _softmax_sums, _merged_sums, q, g, temperature, verbose=verbose
    )
    return np.maximum(np.log(total) - weighted / total, 0)


def _softmax_sums(
    queries: Rows, gallery: Rows, temperature: float, verbose: int = 0
) -> FloatArray:
    """Return what the entropy of each query's softmax is made of.

    Of its logits z these are m = max z, total = sum exp(z - m) and weighted =
    sum exp(z - m) (z - m), so that H = log(total) - weighted / total.
    """
    n_threads = similarity_threads(queries, gallery, SIZES.rows)
    sums = np.empty((3, queries.shape[0]))
    with computing(device_of(gallery)):
        for rows in batches(queries.shape[0]):
            q = unit_block(double(read(queries, rows)), "queries")
            desc = description("entropy", queries, rows)
            sums[:, rows] = _sums_of(q, gallery, temperature, n_threads, verbose, desc)
    return sums


def _sums_of(
    q: Block, gallery: Rows, temperature: float, n_threads: int, verbose: int, desc: str
) -> FloatArray:
    """Return the softmax sums of some unit rows."""
    q = on_device(q, device_of(gallery))

    def look(block: slice) -> FloatArray:
        logits = similarity_to(q, gallery, block) / temperature
        peak = maxima(logits, axis=1)
        logits -= peak[:, None]
        shares = exponentials(logits)
        logits *= shares
        sums = peak, shares.sum(axis=1), logits.sum(axis=1)
        return np.stack([to_host(part) for part in sums])

    size = block_size(gallery, 2 * len(q))
    parts = stream(look, gallery.shape[0], n_threads, size, verbose, desc)
    sums = next(parts)
    for part in parts:
        sums = _merged_sums(np.stack([sums, part]))
    return sums


def _merged_sums(sums: FloatArray) -> FloatArray:
    """Return the softmax sums over all parts of a gallery, shape (n_parts, 3, n)."""
    peaks, totals, weighted = sums.transpose(1, 0, 2)
    peak = peaks.max(axis=0)
    shift = peaks - peak
    totals, weighted = np.exp(shift) * [totals, weighted]
    weighted += shift * totals
    return np.stack([peak, totals.sum(axis=0), weighted.sum(axis=0)])
