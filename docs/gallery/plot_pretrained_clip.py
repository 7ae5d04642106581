"""
A small CLIP: what it has seen before
=====================================

`CLIPEncoder` is a CLIP model of open_clip behind ``fit`` and ``transform``: images and
strings in, features of both out. One comes with the package: ``"tiny"`` with the
weights ``"icons"`` has seen icons and their names, though none of the pictures below.
This is what that is worth, against the same network from random weights.
"""

# %%
# Pairs
# -----
#
# The signs of Unicode's block of miscellaneous symbols, as pixels and names: half to
# learn from, half to judge by.

import matplotlib.pyplot as plt
import numpy as np

from skmal import CLIPEncoder, PairedActiveLearner
from skmal.datasets import load_glyphs
from skmal.metrics import mean_reciprocal_rank, retrieval_ranks

plt.style.use("petroff10")
glyphs = load_glyphs()
signs = (glyphs.code_point >= 0x2600) & (glyphs.code_point < 0x2700)
order = np.random.default_rng(0).permutation(np.flatnonzero(signs))
images, names = glyphs.images[order], glyphs.names[order]
known, held_out = slice(0, 90), slice(90, None)
print(images.shape, images.dtype)
print(*names[:4], sep="; ")

# %%
# Before and after ninety pairs
# -----------------------------
#
# The pretrained encoder transforms before any fit. Both learn from the same pairs; the
# score is that of the others.

encoders = {
    "random weights": CLIPEncoder("tiny", trainable="none", device="cpu"),
    "random, 90 pairs": CLIPEncoder("tiny", device="cpu", random_state=0),
    "icons": CLIPEncoder("tiny", "icons", trainable="none", device="cpu"),
    "icons, 90 pairs": CLIPEncoder("tiny", "icons", device="cpu", random_state=0),
}
features, scores = {}, {}
for name, encoder in encoders.items():
    encoder.fit(images[known], names[known])
    features[name] = encoder.transform(images[held_out], names[held_out])
    scores[name] = mean_reciprocal_rank(*features[name])
    print(f"{name}: mean reciprocal rank {scores[name]:.2f}")
n = len(names[held_out])
guessed = (1 / np.arange(1, n + 1)).mean()
print(f"a guess among {n}: {guessed:.2f}")
assert scores["icons"] > 2 * guessed

# %%
# What it finds for some of the signs, best first:

shown = np.argsort(retrieval_ranks(*features["icons"]))[::12][:6]
fig, axes = plt.subplots(1, 7, figsize=(12, 2.6), layout="constrained")
bars = axes[0].barh(list(scores), list(scores.values()), color="C0")
axes[0].axvline(guessed, color="black", ls="--", lw=1)
axes[0].set(title="MRR")
image_features, text_features = features["icons"]
for ax, row in zip(axes[1:], shown, strict=True):
    best = np.argsort(-(text_features @ image_features[row]))[:3]
    ax.imshow(255 - images[held_out][row], cmap="gray")
    found = "\n".join(name[:22] for name in names[held_out][best])
    ax.set_title(found, fontsize=7)
    ax.set(xticks=[], yticks=[])

# %%
# In the active learner
# ---------------------
#
# It is an encoder like any other, and since it can transform before the first pair, the
# first questions are chosen, not drawn. The pools' rows are shuffled by `fit`, which
# plays the annotator here.

learner = PairedActiveLearner(
    CLIPEncoder("tiny", "icons", max_epochs=10, device="cpu"),
    budget=36,
    n_initial=12,
    batch_size=12,
    random_state=0,
).fit(images, names)
round_asked = learner.annotated_iter_

fig, axes = plt.subplots(5, 18, figsize=(10, 3.2), layout="constrained")
colors = {-1: "white", 0: "#d5d5d5", 1: "C0", 2: "C1"}
for ax, image, asked in zip(axes.flat, images, round_asked, strict=False):
    ax.imshow(255 - image, cmap="gray")
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set(color=colors[asked], linewidth=4)
_ = fig.suptitle(
    "grey: known at the start, blue: asked first, orange: asked then, none: not asked"
)

# %%
# What to see: weights that have seen icons know of these signs, before any answer, what
# the network from random weights knows after ninety. What else they can do, and what
# not, is in their :doc:`model card </icons>`.

# sphinx_gallery_thumbnail_number = 1
