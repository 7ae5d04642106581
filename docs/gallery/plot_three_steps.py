"""
The three steps on a plane
==========================

`CoresetMargin` decides what to ask next in three steps: which modality, which diverse
candidates, and which of these are hardest to match. Here they are drawn one after the
other on made-up points, by the package's free functions, and compared with what the
strategy itself picks.
"""

# %%
# Two small pools in one space
# ----------------------------
#
# An encoder maps both modalities to rows of length one: points on a sphere. A small
# patch of a sphere is nearly flat, so that we can draw it as a plane. Blue dots stand
# for open images (``X``), orange ones for open texts (``y``); nobody knows yet which
# belong together. Six pairs are known already: the black squares.

import matplotlib.pyplot as plt
import numpy as np

from skmal import CoresetMargin, Round
from skmal.coverage import coverage_gap, distance_to_aligned, greedy_k_center
from skmal.uncertainty import cross_modal_margin

plt.style.use("petroff10")
rng = np.random.default_rng(3)


def on_sphere(points):
    """Lift points of the plane to the sphere that touches it at the origin."""
    lifted = np.column_stack([points, np.ones(len(points))])
    return lifted / np.linalg.norm(lifted, axis=1, keepdims=True)


def scatter(centers, n):
    """Draw n points around each centre."""
    return np.concatenate([rng.normal(c, 0.03, size=(n, 2)) for c in centers])


shared = [(-0.25, 0.1), (0.0, -0.2), (0.2, 0.0)]
X = scatter([*shared, (0.15, 0.3)], 11)  # one cluster more
y = scatter(shared, 14)
known_X = scatter(shared, 2)
known_y = known_X + rng.normal(0, 0.01, size=known_X.shape)

open_X, open_y, aligned_X, aligned_y = map(on_sphere, (X, y, known_X, known_y))

# %%
# Step 1: the modality with the larger coverage gap
# -------------------------------------------------
#
# The gap of a modality is the distance from its worst covered item to the nearest known
# one. The question goes to the modality where it is larger.

gaps = coverage_gap(open_X, aligned_X), coverage_gap(open_y, aligned_y)


def draw(ax, points, known, color, title):
    """Draw the open and the known items of a modality."""
    ax.scatter(*points.T, s=22, color=color, label="open")
    ax.scatter(*known.T, s=36, color="black", marker="s", label="known")
    ax.set(title=title, xlim=(-0.4, 0.45), ylim=(-0.32, 0.42), aspect="equal")
    ax.set(xticks=[], yticks=[])


fig, axes = plt.subplots(1, 2, figsize=(9, 4.3), layout="constrained")
panels = [
    (X, known_X, open_X, aligned_X, "C0", "images (X)"),
    (y, known_y, open_y, aligned_y, "C1", "texts (y)"),
]
for ax, (points, known, rows, aligned, color, name), gap in zip(
    axes, panels, gaps, strict=True
):
    draw(ax, points, known, color, f"{name}: gap {gap:.2f}")
    worst = distance_to_aligned(rows, aligned).argmax()
    nearest = np.linalg.norm(aligned - rows[worst], axis=1).argmin()
    ax.plot(*np.stack([points[worst], known[nearest]]).T, color="C2", lw=2)
    ax.legend(loc="lower left")
_ = fig.suptitle("Step 1: the red lines are the coverage gaps")

# %%
# The images have a cluster at the top that no known pair is near; the texts have none.

asked = int(gaps[1] > gaps[0])
print("ask about", ("images", "texts")[asked])
assert asked == 0

# %%
# Step 2: a diverse coreset
# -------------------------
#
# Of the images, greedy k-center picks twice as many candidates as will be asked: each
# the farthest from everything known and picked so far. We want four questions, so eight
# candidates. The numbers give the order; the circles show how far from any centre the
# first three were when they were picked.

n_questions = 4
coreset = greedy_k_center(open_X, 2 * n_questions, aligned=aligned_X)

fig, ax = plt.subplots(figsize=(6.4, 5), layout="constrained")
draw(ax, X, known_X, "C3", "Step 2: eight images far from all that is known")
centers = known_X
for number, row in enumerate(coreset, start=1):
    radius = np.linalg.norm(centers - X[row], axis=1).min()
    if number <= 3:
        ax.add_patch(plt.Circle(X[row], radius, fill=False, color="C0", alpha=0.5))
    centers = np.vstack([centers, X[row]])
    ax.scatter(*X[row], s=170, color="C0", zorder=3)
    ax.annotate(
        str(number), X[row], color="white", ha="center", va="center", zorder=4, size=9
    )

# %%
# Step 3: the smallest margins
# ----------------------------
#
# For each candidate, the best two partners among the texts are looked up. Where both
# are about as similar, the encoder cannot decide, and the answer decides for it. Lines
# lead to the two texts; the four candidates with the smallest margin are asked about.

gallery = np.concatenate([open_y, aligned_y])
flat_gallery = np.concatenate([y, known_y])
candidates = np.sort(coreset)  # ties go to the lowest row
margins = cross_modal_margin(open_X[candidates], gallery)
chosen = candidates[margins.argsort(kind="stable")[:n_questions]]

fig, ax = plt.subplots(figsize=(6.4, 5), layout="constrained")
draw(ax, y, known_y, "C1", "Step 3: the four that are hardest to match")
for row in candidates:
    color = "C2" if row in chosen else "C0"
    for partner in (-(open_X[row] @ gallery.T)).argsort()[:2]:
        ax.plot(*np.stack([X[row], flat_gallery[partner]]).T, color=color, lw=1)
    ax.scatter(*X[row], s=60, color=color, zorder=3)
ax.scatter([], [], s=60, color="C2", label="asked about")
ax.scatter([], [], s=60, color="C0", label="candidate, not asked")
_ = ax.legend(loc="upper left")

# %%
# The strategy does the same
# --------------------------
#
# A strategy sees a `Round`, which holds nothing but arrays, and answers with a
# `Selection`.

features = {"open": (open_X, open_y), "aligned": (aligned_X, aligned_y)}
inputs = {f"{name}_inputs": pair for name, pair in features.items()}
one_round = Round(**features, **inputs, n_instances=n_questions, rng=rng)
selection = CoresetMargin().select(one_round)
print(selection)
assert selection.modality == asked
assert selection.indices.tolist() == chosen.tolist()

for rows, what in [(coreset, "candidates"), (selection.indices, "questions")]:
    print(f"{(rows >= 33).sum()} of {len(rows)} {what} are in the cluster at the top")

# %%
# What to see: coverage sends the questions to the images, because of a cluster that no
# known pair is near. The candidates of k-center lie there and on the rims of the other
# clusters, not where images are dense. The margin then keeps the four whose two best
# texts can hardly be told apart, wherever they are. That is what the method bets on:
# that rims and new clusters are worth knowing. Where they are noise, the bet is lost;
# :doc:`plot_outlier_k_center` shows it.

# sphinx_gallery_thumbnail_number = 2
