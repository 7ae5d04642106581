"""Cosine similarities, block by block."""

from sklearn.utils import check_array

from .._shared.sizes import SIZES
from ..arrays._block_math import (
    device_of,
    double,
    on_device,
    squared_lengths,
    to_host,
)
from ..arrays._blocks import fetch
from ..arrays._kinds import Block, Rows
from ..arrays._threads import count_threads
from ..arrays._verbs import unit


def similarity_to(q: Block, gallery: Rows, block: slice) -> Block:
    """Return cosine similarities of unit rows to a block of the gallery, in float64."""
    return q @ unit_block(double(fetch(gallery, block)), "gallery").T


def similarity_threads(queries: Rows, gallery: Rows, most: int) -> int:
    n_queries, d = min(queries.shape[0], most), gallery.shape[1]
    block = min(gallery.shape[0], SIZES.rows)
    candidates = min(gallery.shape[0], 8 * SIZES.candidates + SIZES.rows)
    pairs = n_queries * candidates
    n, shared = queries.shape[0], 40 * pairs + 16 * n_queries * d
    each = 16 * block * (n_queries + d)
    return count_threads(gallery, 40 * n, each, "the similarity to a gallery", shared)


def description(what: str, queries: Rows, rows: slice) -> str:
    return f"{what} of {rows.stop}/{queries.shape[0]}"


def unit_block(rows: Block, name: str) -> Block:
    """Return the rows scaled to length one, or raise if they hold NaN or infinity."""
    squares = squared_lengths(rows)
    if ((squares > 1e-30) & (squares < 1e30)).all():
        return rows / (squares**0.5)[:, None]
    array = to_host(rows)
    check_array(array, input_name=name)
    return on_device(unit(array), device_of(rows))
