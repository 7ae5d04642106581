"""A stream in buffers of several sizes: what choosing among fewer items costs.

    OMP_NUM_THREADS=1 python benchmarks/streaming.py

Glyphs of DejaVu Sans and their names, 1,000 held out. The others arrive in buffers;
each is asked 50 questions and discarded. "everything" is the usual pool.
"""

from functools import partial

from _curves import main, run_glyphs

from skmal import QueryStrategy
from skmal.experiments import Curve

BATCH, BUDGET = 50, 500


def run(buffer_size: int | None, strategy: QueryStrategy, seed: int) -> Curve:
    """Buy answers about a stream that comes in such buffers."""
    return run_glyphs(
        strategy, seed, batch_size=BATCH, budget=BUDGET, buffer_size=buffer_size
    )


SIZES = {"buffers of 100": 100, "of 200": 200, "of 400": 400, "everything": None}
RUNS = {name: partial(run, size) for name, size in SIZES.items()}

if __name__ == "__main__":
    main(__doc__, "streaming", RUNS, n_seeds=5)
