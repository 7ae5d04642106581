"""Partners that are missing and answers that are wrong: what they cost, and whom.

    OMP_NUM_THREADS=1 python benchmarks/annotators.py

Glyphs of DejaVu Sans and their names, 1,000 held out. The score is drawn against the
answers paid for, those of "no partner" included.
"""

from functools import partial

from _curves import main, score_mrr, simulate
from sklearn.model_selection import train_test_split

from skmal import SimulatedAnnotator
from skmal.datasets import load_glyphs

BATCH, BUDGET = 60, 600


def run(rates, strategy, seed):
    """Return the points of one curve and the scores there."""
    X, y = load_glyphs(features=True, return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=1000, random_state=seed)
    return simulate(
        *(X, y, X_test, y_test, strategy, seed),
        batch=BATCH,
        budget=BUDGET,
        scores=score_mrr,
        annotator=SimulatedAnnotator(**rates, random_state=seed),
    )


if __name__ == "__main__":
    rates = {
        "clean": {},
        "10 % missing": {"missing_rate": 0.1},
        "30 % missing": {"missing_rate": 0.3},
        "5 % wrong": {"error_rate": 0.05},
        "10 % wrong": {"error_rate": 0.1},
    }
    runs = {name: partial(run, own) for name, own in rates.items()}
    main(__doc__, "annotators", runs, n_seeds=5)
