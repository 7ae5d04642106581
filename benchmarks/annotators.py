"""Partners that are missing and answers that are wrong: what they cost, and whom.

    OMP_NUM_THREADS=1 python benchmarks/annotators.py

Glyphs of DejaVu Sans and their names, 1,000 held out. The score is drawn against the
answers paid for, those of "no partner" included.
"""

from functools import partial

from _curves import main, run_glyphs

from skmal import QueryStrategy, SimulatedAnnotator
from skmal.experiments import Curve

BATCH, BUDGET = 60, 600


def run(rates: dict[str, float], strategy: QueryStrategy, seed: int) -> Curve:
    """Buy answers of an annotator with these rates."""
    return run_glyphs(
        strategy,
        seed,
        batch_size=BATCH,
        budget=BUDGET,
        annotator=SimulatedAnnotator(**rates, random_state=seed),
    )


RATES = {
    "clean": {},
    "10 % missing": {"missing_rate": 0.1},
    "30 % missing": {"missing_rate": 0.3},
    "5 % wrong": {"error_rate": 0.05},
    "10 % wrong": {"error_rate": 0.1},
}
RUNS = {name: partial(run, rates) for name, rates in RATES.items()}

if __name__ == "__main__":
    main(__doc__, "annotators", RUNS, n_seeds=5)
