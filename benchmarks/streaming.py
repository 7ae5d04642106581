"""A stream in buffers of several sizes: what choosing among fewer items costs.

    OMP_NUM_THREADS=1 python benchmarks/streaming.py

Glyphs of DejaVu Sans and their names, 1,000 held out. The others arrive in buffers;
each is asked 50 questions and discarded. "everything" is the usual pool.
"""

from functools import partial

from _curves import main, simulate_glyphs

BATCH, BUDGET = 50, 500


def run(buffer_size, strategy, seed):
    """Return the points of one curve and the scores there."""
    return simulate_glyphs(
        strategy,
        seed,
        batch=BATCH,
        budget=BUDGET,
        buffer_size=buffer_size,
    )


if __name__ == "__main__":
    sizes = {"buffers of 100": 100, "of 200": 200, "of 400": 400, "everything": None}
    runs = {name: partial(run, size) for name, size in sizes.items()}
    main(__doc__, "streaming", runs, n_seeds=5)
