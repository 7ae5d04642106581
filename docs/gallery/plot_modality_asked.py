"""
Which modality was asked, and why
=================================

A fitted learner retells its run. ``modality_iter_`` holds the modality of each round,
``coverage_gap_iter_`` the two gaps that were compared. Drawn together they show why
images were asked about in one round and texts in the next.
"""

# %%
# A run
# -----
#
# Scenes of coloured shapes and their captions; the paper's strategy buys 200 answers in
# batches of eight.

import matplotlib.pyplot as plt
import numpy as np

from skmal import CoresetMargin, PairedActiveLearner
from skmal.datasets import make_colorswap

plt.style.use("petroff10")


def run(outliers):
    """Return a learner that has bought 200 answers, and which images are noise."""
    scenes = make_colorswap(300, outliers=outliers, return_X_y=False, random_state=0)
    learner = PairedActiveLearner(
        query_strategy=CoresetMargin(), budget=200, batch_size=8, random_state=0
    )
    return learner.fit(scenes.X, scenes.y), scenes.outlier


runs = {"clean pool": run(0.0), "a fifth of the images is noise": run(0.2)}
for name, (learner, noise) in runs.items():
    asked = learner.modality_iter_
    gaps = learner.coverage_gap_iter_
    assert (asked == (gaps[:, 1] > gaps[:, 0])).all()  # step 1 of the strategy
    print(f"{name}: {(asked == 0).sum()} rounds of images, {asked.sum()} of texts")
    about_images = np.isin(learner.annotated_iter_, 1 + np.flatnonzero(asked == 0))
    print(f"    noise among the images asked about: {noise[about_images].mean():.0%}")

# %%
# The two gaps, round by round
# ----------------------------
#
# The dot on the upper line is the modality that was asked about.

fig, axes = plt.subplots(2, 1, figsize=(8, 6), sharex=True, layout="constrained")
for ax, (title, (learner, _)) in zip(axes, runs.items(), strict=True):
    rounds = np.arange(1, learner.n_iter_ + 1)
    for m, name in enumerate(["images (X)", "texts (y)"]):
        gaps = learner.coverage_gap_iter_[:, m]
        asked = learner.modality_iter_ == m
        ax.plot(rounds, gaps, color=f"C{m}", label=f"gap of the {name}")
        ax.plot(rounds[asked], gaps[asked], "o", color=f"C{m}")
    ax.set(title=title, ylabel="coverage gap")
axes[0].legend()
_ = axes[1].set(xlabel="round")

# %%
# What to see: the dots sit on the upper line, as step 1 of the paper's algorithm wants
# it. In the clean pool the lines cross and both modalities get their turn. With noise
# among the images, the images' gap stays above in nearly every round, for nothing known
# is like the noise, and so the questions go there. The lines rise at first because the
# encoder is refitted in every round and its space gets more dimensions, in which
# everything is farther apart: compare the two lines of a round, not one line over time.
