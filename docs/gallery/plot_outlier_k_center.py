"""
An outlier that fools k-center
==============================

Greedy k-center asks about whatever is farthest from all that is known. In a natural
pool, that is a broken scan or an empty text. Here a handful of them takes most of a
batch, first on a plane, then in a pool of pictures, and `trim` puts an end to it.
"""

# %%
# On a plane
# ----------
#
# Two hundred ordinary items in three groups, six that are nothing of the kind, and one
# known item. We ask for eight.

import matplotlib.pyplot as plt
import numpy as np

from skmal import CoresetMargin, KCenterGreedy, PairedActiveLearner, RandomSampling
from skmal.coverage import greedy_k_center, isolation
from skmal.datasets import make_colorswap

plt.style.use("petroff10")
rng = np.random.default_rng(0)

groups = [rng.normal(c, 0.5, size=(67, 2)) for c in [(0, 0), (3, 1), (1, 3)]]
strays = rng.uniform(-6, 10, size=(6, 2))
points = np.concatenate([*groups, strays])
is_stray = np.arange(len(points)) >= len(points) - len(strays)
known = np.array([[0.0, 0.0]])

picks = greedy_k_center(points, 8, aligned=known)
print("strays among the eight picks:", int(is_stray[picks].sum()))

# %%
# The remedy looks at the pool alone. `isolation` is the distance to an item's fifth
# nearest neighbour: large for strays, small in a group, whatever is known. Leave the
# most isolated tenth out and pick again.

kept = np.sort(isolation(points).argsort()[: int(0.9 * len(points))])
trimmed_picks = kept[greedy_k_center(points[kept], 8, aligned=known)]
print("and after trimming:", int(is_stray[trimmed_picks].sum()))

fig, axes = plt.subplots(1, 2, figsize=(9, 4.4), sharey=True, layout="constrained")
for ax, chosen, eligible, title in [
    (axes[0], picks, np.arange(len(points)), "as it is"),
    (axes[1], trimmed_picks, kept, "most isolated tenth left out"),
]:
    left_out = np.setdiff1d(np.arange(len(points)), eligible)
    ax.scatter(*points[eligible].T, s=14, color="C3", label="open")
    ax.scatter(*points[left_out].T, s=24, color="C3", marker="x", label="left out")
    ax.scatter(*known.T, s=45, color="black", marker="s", label="known")
    ax.scatter(*points[chosen].T, s=150, color="C0", label="asked about")
    for number, row in enumerate(chosen, start=1):
        ax.annotate(
            str(number), points[row], color="white", ha="center", va="center", size=9
        )
    ax.set(title=title, xticks=[], yticks=[])
_ = axes[1].legend(loc="lower right")

# %%
# In a pool of pictures
# ---------------------
#
# Scenes of two coloured shapes with their captions; a fifth of the pictures is noise.
# Each strategy buys 120 answers, always about pictures. How many of the questions go to
# the noise, and what is the encoder worth afterwards on clean pairs it has not seen?

scenes = make_colorswap(400, outliers=0.2, return_X_y=False, random_state=0)
pool, test = np.arange(400), np.arange(400, 800)
test = test[~scenes.outlier[test]]
strategies = {
    "random": RandomSampling(0),
    "k-center": KCenterGreedy(0),
    "k-center\ntrim=0.1": KCenterGreedy(0, trim=0.1),
    "k-center\ntrim=0.3": KCenterGreedy(0, trim=0.3),
    "coreset margin": CoresetMargin(0),
    "coreset margin\ntrim=0.3": CoresetMargin(0, trim=0.3),
}
asked_noise, scores = {}, {}
for name, strategy in strategies.items():
    for seed in range(5):
        learner = PairedActiveLearner(
            query_strategy=strategy, budget=120, batch_size=10, random_state=seed
        ).fit(scenes.X[pool], scenes.y[pool])
        bought = pool[learner.annotated_iter_ > 0]
        asked_noise.setdefault(name, []).append(scenes.outlier[bought].mean())
        score = learner.score(scenes.X[test], scenes.y[test])
        scores.setdefault(name, []).append(score)

for name in strategies:
    print(
        f"{name.replace(chr(10), ', '):26} noise {np.mean(asked_noise[name]):4.0%}, "
        f"score {np.mean(scores[name]):.2f}"
    )

# %%
# Dots are single seeds, bars their means.

fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
for ax, values, label in [
    (axes[0], asked_noise, "share of the questions that went to noise"),
    (axes[1], scores, "mean reciprocal rank on clean pairs"),
]:
    for place, name in enumerate(strategies):
        color = "C3" if name == "random" else "C0"
        ax.barh(place, np.mean(values[name]), color=color, height=0.6)
        ax.scatter(values[name], [place] * 5, color="black", s=9, zorder=3)
    ax.set(xlabel=label, yticks=range(len(strategies)), yticklabels=strategies)
    ax.set_xlim(left=0)
axes[0].invert_yaxis()
assert np.mean(scores["k-center"]) < np.mean(scores["random"])
assert np.mean(scores["k-center\ntrim=0.3"]) > np.mean(scores["random"])
_ = axes[0].axvline(scenes.outlier[pool].mean(), color="black", ls="--", lw=1)

# %%
# What to see: the dashed line is the share of noise in the pool, which random sampling
# pays for. k-center goes after it and learns less than random sampling does; with
# enough trimmed, it asks about less noise than there is, and learns more. Trimming less
# than there is noise helps half-way. The default strategy, `VOptimalDesign`, trims a
# fifth on its own. What is trimmed is never asked about, so leave ``trim`` at 0 where
# the rare items are the ones you need.
