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

NEARLY = 2.0**-19  # how far squared lengths of unit rows may be from 1


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
    usual = (squares > 1e-30) & (squares < 1e30)
    if usual.all():
        return rows / (squares**0.5)[:, None]
    array, usual, squares = to_host(rows), to_host(usual), to_host(squares)
    check_array(array, input_name=name)
    scaled = unit(array)
    # What a row becomes does not depend on those that it was read with.
    scaled[usual] = array[usual] / (squares[usual] ** 0.5)[:, None]
    return on_device(scaled, device_of(rows))


def nearly_unit(rows: Block, name: str) -> Block:
    """Return the rows as they are if their lengths are 1 but for `NEARLY`, or scaled.

    Rows of float32 are, once they have been scaled, and need not be copied then.
    """
    squares = squared_lengths(rows)
    is_unit = (squares > 1 - NEARLY) & (squares < 1 + NEARLY)
    return rows if is_unit.all() else unit_block(rows, name)
