"""How much is looked at at a time: it costs time and memory, and decides no result.

Every size is read when it is needed, so that tests can make all small in one place.
Samples, by which results are decided, stay with what draws them.
"""

from dataclasses import dataclass


@dataclass
class Sizes:
    """The sizes of all blocks, and from which ones on another way is taken."""

    # Sparse matrices: beyond it they are refused
    dense: int = 2**27  # values that may be made dense, of float64 a gibibyte

    # Rows of whatever is sliced
    rows: int = 1024  # that are read, converted and compared at a time
    window: int = 1024  # rows that are read at a time of what takes slices only
    large: int = 2**24  # values of a source from which on several threads pay
    pairs: int = 2**19  # values of direct differences in memory at a time
    coarse: int = 2**27  # multiplications that are worth a first look in bfloat16
    coarse_import: int = 2**39  # the same, where torch has to be imported for it
    device_rows: int = 2**17  # that an accelerator reads and compares at a time
    device_cells: int = 2**26  # similarities, of 4 bytes, in its memory at a time

    # The farthest rows
    centres: int = 256  # that rows are compared with at a time
    first_centres: int = 32  # the same, to begin with
    covering: int = 512  # aligned items that rows are compared with before the picks
    plain: int = 512  # pools of at most so many rows are compared with every centre
    band: int = 256  # rows that are compared with every pick, to begin with
    ahead: int = 32  # picks on a device before the host hears of them
    sample: int = 2**19  # distances of a sample of rows to all aligned items
    run: int = 32  # neighbouring rows of that sample, which are read together
    exact: int = 64  # rows of a band that are compared exactly at a time, at least
    kept_share: int = 128  # rows of a pool for each centre that is kept as compared
    stale: int = 2**14  # rows to refresh that are worth starting threads
    steps: int = 256  # of a guess that a partition's rows are compared with at a time
    survivors: int = 4096  # rows that may travel in one stage, at least; of all parts

    # Similarities
    queries: int = 2048  # whose similarities to a block of a gallery are in memory
    similarities: int = 2**20  # of 4 bytes, in memory at a time where they can be fewer
    group: int = 64  # gallery rows of which only the best is looked at, at first
    candidates: int = 64  # for the best two of a query, on average, that are too many
    nearest_queries: int = 1024  # whose similarities to a whole gallery are in memory
    nearest_values: int = 2**21  # similarities in memory at a time, at most
    matched_values: int = 2**23  # the same, of rows that may be partners
    matched_rows: int = 2048  # that are compared with as many at a time

    # Strategies
    gains: int = 128  # candidates whose gains are brought up to date at a time


SIZES = Sizes()
