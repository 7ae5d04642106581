"""
A modAL loop
============

The loop of modAL stays as it is; the learner's line changes, and the query gets the
second pool. Where modAL is installed, its own ``ActiveLearner`` runs the same strategy.
It is the paper's, which buys the same rows in both; the default makes use of the tests
that `PairedActiveLearner` puts itself to, and buys others.
"""

# %%
# Data as a modAL user has them
# -----------------------------
#
# Aligned pairs to start with, and pools whose rows happen to be aligned, so that the
# answer to a question about row i is row i of the other pool.

import warnings

import matplotlib.pyplot as plt
import numpy as np

from skmal import CoresetMargin, KernelCCA, PairedActiveLearner
from skmal.datasets import make_colorswap
from skmal.metrics import mean_reciprocal_rank

plt.style.use("petroff10")
X, y = make_colorswap(400, random_state=0)
X_test, y_test = X[600:], y[600:]
X_start, y_start, X_open, y_open = X[:20], y[:20], X[20:600], y[20:600]
strategy = CoresetMargin(random_state=0)

# %%
# The loop
# --------
#
# It is written as in modAL's documentation: query, teach, take the row out of the pool.


def run_loop(learner, encoder_of, n_queries=12):
    """Return the score after each round, and the rows bought."""
    X_pool, y_pool, rows = X_open, y_open, np.arange(len(X_open))
    scores, bought = [], []
    for _ in range(n_queries):
        query_idx, _ = learner.query(X_pool, y_pool, n_instances=8)
        learner.teach(X_pool[query_idx], y_pool[query_idx])
        bought.extend(rows[query_idx].tolist())
        X_pool, y_pool, rows = (
            np.delete(pool, query_idx, axis=0) for pool in (X_pool, y_pool, rows)
        )
        features = encoder_of(learner).transform(X_test, y_test)
        scores.append(mean_reciprocal_rank(*features))
    return scores, bought


# %%
# This is the learner's line. modAL's is ``ActiveLearner(KernelCCA(),
# query_strategy=strategy, X_training=X_start, y_training=y_start)``: the constructor's
# training data become ``.fit``.

learner = PairedActiveLearner(KernelCCA(), strategy).fit(X_start, y_start)
ours, our_rows = run_loop(learner, lambda learner: learner.estimator_)
print(f"after {len(our_rows)} answers: {ours[-1]:.2f}")

# %%
# modAL's own learner
# -------------------
#
# The strategies follow modAL's calling convention, so that its learner takes them. It
# hands out rows of X whatever is asked about; with row-aligned pools that is right,
# with others the strategy needs ``modality=0``. modAL is an extra (``pip install
# ".[modal]"`` in a checkout) and cannot fit with scikit-learn 1.8 and newer.

theirs, their_rows = None, None
try:
    from modAL.models import ActiveLearner
except ImportError as error:
    print(f"modAL is not installed here ({error}), so this part is left out")
else:
    with warnings.catch_warnings():
        # scikit-learn 1.6 and 1.7 warn of an argument that modAL passes
        warnings.filterwarnings("ignore", "'force_all_finite' was renamed")
        try:
            modal_learner = ActiveLearner(
                KernelCCA(),
                query_strategy=strategy,
                X_training=X_start,
                y_training=y_start,
            )
        except TypeError as error:
            print(f"modAL cannot fit with this scikit-learn: {error}")
        else:
            theirs, their_rows = run_loop(modal_learner, lambda m: m.estimator)
            print("the same rows were bought:", their_rows == our_rows)

# %%
# The scores of both
# ------------------

fig, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
answers = 20 + 8 * np.arange(1, 13)
ax.plot(answers, ours, lw=6, alpha=0.5, label="skmal's PairedActiveLearner")
if theirs is not None:
    ax.plot(answers, theirs, lw=2, ls="--", label="modAL's ActiveLearner")
    assert their_rows == our_rows
ax.set(xlabel="pairs known", ylabel="mean reciprocal rank on held-out pairs")
ax.set_title("one strategy, one loop, two learners")
_ = ax.legend()

# %%
# What to see: the score rises with every few questions, and where modAL is installed
# its dashed curve lies on ours, for both bought the same rows. (The default strategy,
# `VOptimalDesign`, may differ a little between the two: it heeds how far its encoder
# has earned trust, and only our learner measures that.)
