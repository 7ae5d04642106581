"""
Grid-searching B_C, and whether the winner is within noise
==========================================================

A `PairedActiveLearner` with a budget is an ordinary estimator, so that `GridSearchCV`
tunes its strategy. It always names a winner. Whether the winner is better than the rest
or only luckier is another question, which this example answers.
"""

# %%
# The search
# ----------
#
# How many candidates should k-center leave to the margin? ``coreset_size`` is the
# paper's B_C, as a multiple of the batch. Each fold buys 120 answers among 480 pairs
# and is scored on 120 others. Scenes come in twins that must stay together, hence the
# groups.

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats
from sklearn.model_selection import GridSearchCV, GroupKFold

from skmal import CoresetMargin, PairedActiveLearner
from skmal.datasets import make_colorswap

plt.style.use("petroff10")
sizes = [1.0, 1.5, 2.0, 2.5, 5.0]
X, y = make_colorswap(300, random_state=0)
twins = np.arange(len(X)) // 2


def search(seed):
    """Return a fitted grid search; the seed decides folds and runs."""
    learner = PairedActiveLearner(
        query_strategy=CoresetMargin(), budget=120, batch_size=20, random_state=seed
    )
    folds = GroupKFold(5, shuffle=True, random_state=seed)
    grid = {"query_strategy__coreset_size": sizes}
    splits = list(folds.split(X, y, twins))
    return GridSearchCV(learner, grid, cv=splits, refit=False).fit(X, y)


first = search(0)
print("the winner:", first.best_params_["query_strategy__coreset_size"])

# %%
# Once more, with other seeds
# ---------------------------
#
# A result that depends on the seed is not a result. Eight searches, each with its own
# folds and runs:

searches = [first, *(search(seed) for seed in range(1, 8))]
winners = [s.best_params_["query_strategy__coreset_size"] for s in searches]
print("winners:", winners)

# %%
# Paired differences
# ------------------
#
# Folds differ in difficulty, but every size has been tried on the same folds. So we
# subtract the score of the default, 2.0, fold by fold, and average within each search:
# eight differences per size, and a t interval for their mean. Folds of one search share
# most of their training pairs and are not independent; the searches share the data as
# well, so that the interval speaks of this pool and not of others.


def fold_scores(search):
    """Return the score of each size (rows) on each fold (columns)."""
    return np.array([search.cv_results_[f"split{i}_test_score"] for i in range(5)]).T


scores = np.array([fold_scores(s) for s in searches])  # (searches, sizes, folds)
default = sizes.index(2.0)
difference = (scores - scores[:, [default]]).mean(axis=2)  # (searches, sizes)
mean, n = difference.mean(axis=0), len(searches)
half_width = stats.sem(difference) * stats.t.ppf(0.975, n - 1)
for size, m, h in zip(sizes, mean, half_width, strict=True):
    print(f"B_C = {size} B: {m:+.3f} ± {h:.3f}")

fig, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
axes[0].plot(sizes, scores[0], color="C3", lw=1)
axes[0].plot(sizes, scores[0].mean(axis=1), color="C0", lw=3, marker="o")
axes[0].set(title="one search: five folds and their mean", ylabel="score")
axes[1].plot(sizes, difference.T, color="C3", lw=1)
axes[1].errorbar(sizes, mean, half_width, color="C0", fmt="o", capsize=5, lw=2)
axes[1].axhline(0, color="black", lw=1, ls="--")
axes[1].set(title="eight searches: paired differences", ylabel="score - score of 2.0")
for ax in axes:
    ax.set(xlabel="coreset size, multiples of the batch", xticks=sizes)

# %%
# The same in the code's words:

noise = np.abs(mean) <= half_width
print("within noise of 2.0:", np.array(sizes)[noise])
assert len(set(winners)) > 1

# %%
# What to see: each search names a winner, but not the same one. Where an interval holds
# zero, eight searches cannot tell the size from the default, whichever of them won. 5.0
# comes out lowest: with five times the batch to choose from, the margin decides nearly
# alone. Whether eight searches suffice to say so differs from processor to processor,
# for the last bit of a product decides picks that are nearly equal, and picks decide
# what is learned: a hint that it is a close call. And "within noise" is not "equal": on
# the three pools of the package's study of this parameter, 1.0 and 1.5 did come out a
# little ahead of 2.0.
