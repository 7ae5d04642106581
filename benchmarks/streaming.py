"""A stream in buffers of several sizes: what choosing among fewer items costs.

    OMP_NUM_THREADS=1 python benchmarks/streaming.py

Glyphs of DejaVu Sans and their names, 1,000 held out. The others arrive in buffers;
each is asked 50 questions and discarded. "everything" is the usual pool.
"""

from functools import partial

from _curves import main, score_mrr, simulate
from sklearn.model_selection import train_test_split

from skmal.datasets import load_glyphs

BATCH, BUDGET = 50, 500


def run(buffer_size, strategy, seed):
    """Return the points of one curve and the scores there."""
    X, y = load_glyphs(features=True, return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=1000, random_state=seed)
    return simulate(
        *(X, y, X_test, y_test, strategy, seed),
        batch=BATCH,
        budget=BUDGET,
        scores=score_mrr,
        buffer_size=buffer_size,
    )


if __name__ == "__main__":
    sizes = {"buffers of 100": 100, "of 200": 200, "of 400": 400, "everything": None}
    runs = {name: partial(run, size) for name, size in sizes.items()}
    main(__doc__, "streaming", runs, n_seeds=5)
