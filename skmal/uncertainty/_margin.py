"""The margin and the top-1 similarity of queries to the items of a gallery."""

from threading import Lock

import numpy as np

from .._shared.sizes import SIZES
from .._shared.types import FloatArray, IntArray
from ..arrays._bfloat16 import (
    bfloat16_pays,
    coarse,
    coarse_below,
    coarse_slack,
)
from ..arrays._block_math import (
    block_size,
    cells,
    contenders,
    device_of,
    double,
    joined,
    maxima,
    nearer,
    on_device,
    single,
    to_host,
    two_largest,
)
from ..arrays._blocks import batches, check_same_space, fetch, read
from ..arrays._distances import rounding_slack
from ..arrays._kinds import Block, Rows, RowsLike
from ..arrays._precision import computing
from ..arrays._threads import in_threads
from ..arrays._verbs import per_query
from ._similarity import (
    NEARLY,
    description,
    nearly_unit,
    similarity_threads,
    similarity_to,
    unit_block,
)


def cross_modal_margin(
    queries: RowsLike, gallery: RowsLike, *, verbose: int = 0
) -> FloatArray:
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
    verbose : int, default=0
        1 shows a progress bar.

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
    MemoryError
        If scikit-learn's `working_memory` is too small for what is kept of each query.

    See Also
    --------
    cross_modal_top1 : The best similarity alone.
    cross_modal_entropy : The spread over all of the gallery.

    Notes
    -----
    The similarities that count are taken in float64, whatever the input's precision; a
    matrix product in float32 says which ones those can be, or one in bfloat16, where
    the processor has units for it and torch is loaded or the work is large. O(n_queries
    n_gallery n_features) time; blocks of similarities are in memory, never all of them.
    Large galleries are read and compared by as many threads as BLAS may use at the
    time, or as few as fit in the `working_memory` of scikit-learn's configuration. What
    comes out does not depend on their number.

    The gallery may be a torch tensor on any device: it is compared there, in larger
    blocks, and only the few rows that could be the best two come to the host. The
    queries may be tensors too, on the same device; they are read block by block. Either
    may be a dask array: each pair of partitions is compared on a worker, and no bar is
    shown.

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
    second, first = _top_two(queries, gallery, verbose)
    return first - second


def cross_modal_top1(
    queries: RowsLike, gallery: RowsLike, *, verbose: int = 0
) -> FloatArray:
    """Return each query's best cosine similarity to any gallery item.

    A small value says that nothing in the other modality looks like a partner.

    Parameters
    ----------
    queries : array-like of shape (n_queries, n_features)
        Features of the items that could be asked about.
    gallery : array-like of shape (n_gallery, n_features)
        Features of the other modality's items, in the same space.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    ndarray of shape (n_queries,), float64
        Similarities in [-1, 1]; small = unsure.

    Raises
    ------
    ValueError
        If either is empty, holds NaN or infinity, or if their numbers of features
        differ.
    MemoryError
        If scikit-learn's `working_memory` is too small for what is kept of each query.

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
    return _top_two(queries, gallery, verbose)[1]


def _top_two(queries: RowsLike, gallery: RowsLike, verbose: int) -> FloatArray:
    """Return the second best and the best similarity of each query, shape (2, n)."""
    q, g = check_same_space(queries, gallery, "queries", "gallery")
    return per_query(_top_two_here, _merged_top_two, q, g, verbose=verbose)


def _top_two_here(queries: Rows, gallery: Rows, verbose: int = 0) -> FloatArray:
    """Return the same of rows that are no dask arrays."""
    n_threads = similarity_threads(queries, gallery, SIZES.queries)
    top = np.empty((2, queries.shape[0]))
    n_products = queries.shape[0] * gallery.shape[0] * gallery.shape[1]
    is_coarse = bfloat16_pays(n_products, device_of(gallery))
    with computing(device_of(gallery)):
        for rows in batches(queries.shape[0], SIZES.queries):
            q = unit_block(double(read(queries, rows)), "queries")
            desc = description("similarities", queries, rows)
            args = q, gallery, n_threads, verbose, desc
            candidates = _candidates(*args, is_coarse=True) if is_coarse else None
            if candidates is not None:
                candidates = _nearly_best(q, gallery, *candidates)
            if candidates is None:
                is_coarse = False  # for later queries neither
                candidates = _candidates(*args)
            if candidates is None:
                top[:, rows] = _top_two_of_all(q, gallery, n_threads, verbose, desc)
            else:
                top[:, rows] = _top_two_of_candidates(q, gallery, *candidates)
    return np.clip(top, -1, 1)


def _merged_top_two(tops: FloatArray) -> FloatArray:
    """Return the best two over all parts of a gallery, shape (n_parts, 2, n)."""
    return two_largest(tops.reshape(-1, tops.shape[-1]))


def _candidates(
    q: Block,
    gallery: Rows,
    n_threads: int,
    verbose: int,
    desc: str,
    is_coarse: bool = False,
) -> tuple[IntArray, IntArray] | None:
    """Return pairs (query, gallery row) that hold the best two of each query.

    Similarities in float32 or, coarsely, in bfloat16 are wrong by at most `slack`. The
    best ones of the two best groups of gallery rows are two different rows, so no row
    whose similarity is lower than the lesser of them by more than twice the slack is
    among the best two. None where the gallery is so full of ties that this leaves too
    many.

    Blocks may come in any order: `best` only grows, so what it lets go at any time is
    no candidate at the end. So does the slack of bfloat16, which is that of the blocks
    that `best` comes from.
    """
    slack = rounding = rounding_slack(1, q.shape[1], np.float32) + NEARLY
    device = device_of(gallery)
    size = block_size(gallery, len(q))
    room = SIZES.similarities * (1 + is_coarse) // len(q)
    size = size or min(max(room, SIZES.rows // 2, 1), 2 * SIZES.rows)
    most = SIZES.candidates * len(q)
    limit = 8 * most + min(size, SIZES.rows) * len(q)
    best = np.full((2, len(q)), -np.inf, np.float32)  # of groups so far: second, first
    found: list[tuple[IntArray, IntArray, FloatArray]] = []
    n_found: float = 0
    lock = Lock()
    q = on_device(single(q), device)
    q, q_wrong = coarse(q) if is_coarse else (q, 0.0)

    def least() -> FloatArray:
        return coarse_below(best[0], slack) if is_coarse else best[0] - 2 * slack

    def pruned() -> tuple[IntArray, IntArray, FloatArray]:
        columns, rows, similarity = map(np.concatenate, zip(*found, strict=True))
        left = similarity >= least()[columns]
        return columns[left], rows[left], similarity[left]

    def look(block: slice) -> None:
        nonlocal found, n_found, slack
        if n_found > limit:  # even after pruning
            return
        g = single(nearly_unit(fetch(gallery, block), "gallery"))
        g, wrong = coarse(g) if is_coarse else (g, 0.0)
        similarity = g @ q.T
        whole = len(similarity) - len(similarity) % SIZES.group
        groups = [similarity[:whole].reshape(-1, SIZES.group, len(q))]
        if whole < len(similarity):
            groups.append(similarity[whole:][None])
        peaks = [nearer(maxima(some, axis=1)) for some in groups]
        high = contenders(joined(peaks))
        highest = high.max(axis=0)
        with lock:
            at = np.flatnonzero(highest > best[0])  # soon few
            best[:, at] = two_largest(np.concatenate([best[:, at], high[:, at]]))
            if is_coarse:
                slack = max(slack, rounding + coarse_slack(q_wrong, wrong))
            level = least()
        parts = [
            _reaching(some, peak, level, start + block.start, limit)
            for some, peak, start in zip(groups, peaks, (0, whole), strict=False)
        ]
        few = [part for part in parts if part is not None]
        if len(few) < len(parts):  # a large block of ties
            n_found = np.inf
            return
        with lock:
            for part in few:
                found.append(part)
                n_found += len(part[0])
            if n_found > limit:
                found = [pruned()]
                n_found = len(found[0][0])

    in_threads(look, gallery.shape[0], n_threads, size, verbose, desc)
    if n_found > limit:
        return None
    columns, rows, _ = pruned()
    return None if len(rows) > most else (columns, rows)


def _reaching(
    groups: Block, peaks: Block, least: FloatArray, start: int, limit: int
) -> tuple[IntArray, IntArray, FloatArray] | None:
    """Return (columns, rows, similarities) that are not below the least of a column.

    Only groups are looked into whose peak is not. None if those are too many. Rows are
    counted from `start`.
    """
    n_rows = groups.shape[1]
    device = device_of(peaks)
    group, column = cells(peaks >= on_device(least, device))
    if device and len(group) * n_rows > limit:
        return None
    values = groups[group, :, column]
    values = to_host(single(values))
    at, row = cells(values >= least[column][:, None])
    return column[at], start + group[at] * n_rows + row, values[at, row]


def _nearly_best(
    q: Block, gallery: Rows, columns: IntArray, rows: IntArray
) -> tuple[IntArray, IntArray]:
    """Return those of the given pairs that float32 leaves among the best two."""
    slack = rounding_slack(1, q.shape[1], np.float32) + NEARLY
    similarity, q = np.empty(len(rows), np.float32), single(q)
    for some in batches(len(rows)):
        g = single(nearly_unit(read(gallery, rows[some]), "gallery"))
        similarity[some] = np.einsum("ij,ij->i", q[columns[some]], g)
    order = np.lexsort([similarity, columns])  # each query ascending
    ends = np.searchsorted(columns[order], np.arange(len(q)), side="right")
    second = similarity[order][ends - 2]
    second[np.bincount(columns, minlength=len(q)) < 2] = -np.inf
    left = similarity >= second[columns] - 2 * slack
    return columns[left], rows[left]


def _top_two_of_candidates(
    q: Block, gallery: Rows, columns: IntArray, rows: IntArray
) -> FloatArray:
    """Return the best two of the given pairs of each query, in float64."""
    order = np.lexsort([rows, columns])
    columns, rows = columns[order], rows[order]
    similarity = np.empty(len(rows))
    for some in batches(len(rows)):
        g = unit_block(double(read(gallery, rows[some])), "gallery")
        similarity[some] = np.einsum("ij,ij->i", q[columns[some]], g)
    similarity = similarity[np.lexsort([similarity, columns])]  # each query ascending
    ends = np.searchsorted(columns, np.arange(len(q)), side="right")
    padded = np.concatenate([[-1.0], similarity])  # the missing second of a single row
    alone = ends - np.searchsorted(columns, np.arange(len(q))) == 1
    return np.stack([np.where(alone, -1.0, padded[ends - 1]), padded[ends]])


def _top_two_of_all(
    q: Block, gallery: Rows, n_threads: int, verbose: int, desc: str
) -> FloatArray:
    """Return the best two of all gallery rows, in float64."""
    best = np.full((2, len(q)), -1.0)
    lock = Lock()
    q = on_device(q, device_of(gallery))

    def look(block: slice) -> None:
        nonlocal best
        top = two_largest(similarity_to(q, gallery, block).T)
        with lock:
            best = two_largest(np.concatenate([best, top]))

    size = block_size(gallery, 2 * len(q))
    in_threads(look, gallery.shape[0], n_threads, size, verbose, desc)
    return best
