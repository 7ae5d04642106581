"""Partners that are missing and answers that are wrong: what they cost, and whom.

    OMP_NUM_THREADS=1 python benchmarks/annotators.py

Glyphs of DejaVu Sans and their names, 1,000 held out. The score is drawn against the
answers paid for, those of "no partner" included.
"""

from functools import partial

from _curves import main, simulate_glyphs

from skmal import SimulatedAnnotator

BATCH, BUDGET = 60, 600


def run(rates, strategy, seed):
    """Return the points of one curve and the scores there."""
    return simulate_glyphs(
        strategy,
        seed,
        batch=BATCH,
        budget=BUDGET,
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
