"""Cosine similarities, block by block."""

from sklearn.utils import check_array

from ..arrays import _blocks
from ..arrays._blocks import count_threads, fetch
from ..arrays._numbers import unit_rows
from ..arrays._tensors import (
    device_of,
    double,
    is_tensor,
    on_device,
    squared_lengths,
    to_host,
)

MANY = 64  # candidates for the best two of a query, on average, that are too many


def _similarity(q, gallery, block):
    """Return cosine similarities of unit rows to a block of the gallery, in float64."""
    return q @ _unit(double(fetch(gallery, block)), "gallery").T


def _block_size(gallery, n_queries):
    """Return how many rows of a gallery to compare at a time, None on the host."""
    return gallery.block(n_queries) if device_of(gallery) else None


def _n_threads(queries, gallery, most):
    n_queries, d = min(queries.shape[0], most), gallery.shape[1]
    block = min(gallery.shape[0], _blocks.ROWS)
    pairs = n_queries * min(gallery.shape[0], 8 * MANY + _blocks.ROWS)  # candidates
    n, shared = queries.shape[0], 40 * pairs + 16 * n_queries * d
    each = 16 * block * (n_queries + d)
    return count_threads(gallery, 40 * n, each, "the similarity to a gallery", shared)


def _desc(what, queries, rows):
    return f"{what} of {rows.stop}/{queries.shape[0]}"


def _unit(rows, name):
    """Return the rows scaled to length one, or raise if they hold NaN or infinity."""
    squares = squared_lengths(rows)
    if ((squares > 1e-30) & (squares < 1e30)).all():
        return rows / (squares**0.5)[:, None]
    array = to_host(rows)
    check_array(array, input_name=name)
    return on_device(unit_rows(array), rows.device if is_tensor(rows) else None)
