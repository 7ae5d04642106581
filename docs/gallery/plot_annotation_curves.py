"""
Annotation curves and savings
=============================

How good is the encoder after so many answers? Curves of several strategies over several
seeds say so, and savings put them into one number with an interval.
"""

# %%
# The pool
# --------
#
# Glyphs and their Unicode names: real pairs that come with the package, as features
# that were made without any alignment. The learner plays the annotator in 1,500 of
# them; 1,000 others are held out for the score. Each seed draws both anew.

import matplotlib.pyplot as plt
import numpy as np

from skmal import CoresetMargin, PairedActiveLearner, RandomSampling, VOptimalDesign
from skmal.datasets import load_glyphs
from skmal.metrics import annotation_savings
from skmal.plotting import AnnotationCurveDisplay

plt.style.use("petroff10")
X, y = load_glyphs(features=True, return_X_y=True)

strategies = {
    "VOptimalDesign (default)": VOptimalDesign(),
    "CoresetMargin (the paper's)": CoresetMargin(),
    "RandomSampling": RandomSampling(),
}
n_seeds = 8

learners = {name: [] for name in strategies}
for seed in range(n_seeds):
    rows = np.random.default_rng(seed).permutation(len(X))
    test, pool = rows[:1000], rows[1000:2500]
    for name, strategy in strategies.items():
        learner = PairedActiveLearner(
            query_strategy=strategy, budget=240, batch_size=20, random_state=seed
        )
        learner.fit(X[pool], y[pool], validation_data=(X[test], y[test]))
        learners[name].append(learner)

# %%
# Savings
# -------
#
# For each seed: where random sampling stands after b answers, how many did the strategy
# need to get there? The share saved is compared within the seed, so the luck of the
# split falls out.

points = learners["RandomSampling"][0].n_pairs_iter_
curves = {
    name: [learner.validation_scores_ for learner in fitted]
    for name, fitted in learners.items()
}
savings = {
    name: annotation_savings(points, curves[name], curves["RandomSampling"])
    for name in list(strategies)[:2]
}
for name, s in savings.items():
    print(f"{name:28}{s.mean:+.0%}, 95 % interval {s.ci_low:+.0%} to {s.ci_high:+.0%}")
assert savings["VOptimalDesign (default)"].ci_low > 0
assert savings["CoresetMargin (the paper's)"].mean < 0

# %%
# Both drawn
# ----------
#
# The bands of the curves are 95 % intervals of the mean over seeds. They hold the luck
# of the split too, which all strategies share, so that overlapping bands do not mean
# that nothing can be told apart.

fig, axes = plt.subplots(
    1, 2, figsize=(10, 4.2), width_ratios=[3, 2], layout="constrained"
)
display = AnnotationCurveDisplay.from_learners(learners, ax=axes[0])
axes[0].set_title(f"{n_seeds} seeds, mean and 95 % band")
for place, (name, s) in enumerate(savings.items()):
    axes[1].errorbar(
        s.mean,
        place,
        xerr=[[s.mean - s.ci_low], [s.ci_high - s.mean]],
        fmt="o",
        capsize=4,
        color=display.lines_[name].get_color(),
    )
    axes[1].annotate(
        name,
        (s.mean, place - 0.12),
        ha="center",
        bbox={"color": "white", "pad": 1},
    )
axes[1].axvline(0, color="black", lw=1, ls="--")
axes[1].xaxis.set_major_formatter("{x:+.0%}")
axes[1].set(xlabel="answers saved against RandomSampling", ylim=(1.5, -0.5), yticks=[])
axes[1].set_xlim(-0.42, 0.42)
_ = axes[1].set_title("savings, mean and 95 % interval")

# %%
# What to see: on this natural pool the default saves answers. The mean curve of the
# paper's algorithm lies below that of random sampling nearly everywhere, but its
# interval holds zero: eight seeds cannot tell whether it costs any. The intervals are
# wide with this few seeds, and one seed alone says little.
