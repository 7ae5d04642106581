"""Draw the picture that explains the idea: two pools, a question, what it saves.

    python benchmarks/idea.py

Glyphs, names, the question and its candidates are those of a real run; the curves are
those of the evidence. Writes docs/images/idea.png for the README, and its three parts
for the site, where they stand below each other on a phone.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from skmal import PairedActiveLearner, RidgeCCA, VOptimalDesign
from skmal.datasets import load_glyphs
from skmal.experiments import DEFAULT_ENCODER, SUITES, curves_by_seed, read_runs

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
SEED = 18  # its question is about something that everybody can read
INK, QUIET, KNOWN, ASKED = "#222222", "#8a8a8a", "#1f6fb2", "#c8500a"
SHOWN = [  # of the 426 symbols and smileys in the pools
    "white chess knight",
    "snowman",
    "anchor",
    "smiling cat face with open mouth",
    "black scissors",
    "eighth note",
]
PANEL = 4.4, 4.2  # inches
TITLES = [
    "1  Choose what to ask about",
    "2  Align: a person answers",
    "3  Learn, and ask again",
]


def ask() -> dict:
    """Learn from 200 known pairs of symbols, and ask about one of the others.

    Returns
    -------
    dict
        Pixels and names of all symbols, which are known, which one is asked about, and
        the likeliest partners, best first.
    """
    glyphs, features = load_glyphs(), load_glyphs(features=True)
    codes = np.asarray(glyphs.code_point)
    symbols = (codes >= 0x2600) & (codes <= 0x27BF)
    smileys = (codes >= 0x1F600) & (codes <= 0x1F64F)
    rows = np.flatnonzero(symbols | smileys)
    rng = np.random.default_rng(SEED)
    known, X_rows = np.split(rng.permutation(len(rows)), [200])
    y_rows = rng.permutation(X_rows)
    X, y = features.X[rows], features.y[rows]
    design = VOptimalDesign(gamma=None, coverage=0.0, ridge=0.3)
    learner = PairedActiveLearner(RidgeCCA(), design, random_state=SEED)
    learner.fit(X[known], y[known])
    query = learner.query(X[X_rows], y[y_rows])
    assert query.modality == 0
    (candidates,) = learner.rank_partners(query, X[X_rows], y[y_rows], k=4)
    return {
        "images": glyphs.images[rows],
        "names": glyphs.names[rows],
        "known": set(known),
        "asked": X_rows[query.indices[0]],
        "candidates": y_rows[candidates],
    }


def draw_pools(ax: Axes, run: dict) -> None:
    """Draw a few items of both pools, the known pairs as lines, the asked one ringed.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    run : dict
        What `ask` returned.
    """
    names = list(run["names"])
    left = [names.index(name) for name in SHOWN]
    left.insert(3, run["asked"])
    right = [left[i] for i in (4, 3, 0, 6, 1, 5, 2)]
    ax.set(xlim=(0, 10), ylim=(-0.9, 7.9))
    ax.text(1.2, 7.45, "images", ha="center", color=QUIET)
    ax.text(6.6, 7.45, "texts", ha="center", color=QUIET)
    for height, item in zip(range(6, -1, -1), left, strict=True):
        draw_glyph(ax, run["images"][item], 1.2, height + 0.5, 0.46)
    for height, item in zip(range(6, -1, -1), right, strict=True):
        ax.text(3.9, height + 0.5, names[item], va="center", color=INK, size=9)
    for height, item in zip(range(6, -1, -1), left, strict=True):
        if item in run["known"]:
            to = 6 - right.index(item) + 0.5
            ax.plot([1.9, 3.75], [height + 0.5, to], color=KNOWN, lw=2)
    at = 6 - left.index(run["asked"]) + 0.5
    ax.add_patch(box(0.5, at - 0.5, 1.4, 1, edgecolor=ASKED, lw=2.5))
    for height, item in zip(range(6, -1, -1), right, strict=True):
        if item not in run["known"]:
            ends = [at, height + 0.5]
            ax.plot([2.05, 3.75], ends, ":", color=ASKED, lw=1.4)
    ax.text(
        0.15, at, "?", color=ASKED, size=17, weight="bold", va="center", ha="center"
    )
    ax.text(1.2, -0.25, "⋯", ha="center", color=QUIET, size=13)
    ax.text(3.9, -0.25, "⋯", color=QUIET, size=13)
    note = "blue: pairs known so far. Dotted: which is it?"
    ax.text(5, -0.85, note, ha="center", color=QUIET, size=9)


def draw_question(ax: Axes, run: dict) -> None:
    """Draw the asked glyph, the likeliest names, and the answer.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    run : dict
        What `ask` returned.
    """
    ax.set(xlim=(0, 10), ylim=(-0.9, 7.9))
    ax.add_patch(box(3.6, 5.0, 2.8, 2.7, edgecolor=ASKED, lw=2.5))
    draw_glyph(ax, run["images"][run["asked"]], 5, 6.35, 1.15)
    names = [str(name) for name in run["names"][run["candidates"]]]
    for i, (item, name) in enumerate(zip(run["candidates"], names, strict=True)):
        right, y = item == run["asked"], 3.9 - i
        colour = KNOWN if right else "#d0d0d0"
        ax.add_patch(
            box(0.3, y - 0.4, 9.4, 0.8, edgecolor=colour, lw=2.5 if right else 1)
        )
        ax.text(0.9, y, str(i + 1), va="center", ha="center", color=QUIET)
        ax.text(
            1.6, y, name, va="center", color=INK, weight="bold" if right else "normal"
        )
        if right:
            ax.plot([9.0, 9.2, 9.5], [y, y - 0.18, y + 0.25], color=KNOWN, lw=3)
    ax.text(0.9, -0.1, "0", va="center", ha="center", color=QUIET)
    ax.text(1.6, -0.1, "it has no partner", va="center", color=QUIET)
    note = "the likeliest first, by what is known so far"
    ax.text(5, -0.85, note, ha="center", color=QUIET, size=9)


def draw_curve(ax: Axes) -> None:
    """Draw the score against the answers bought, and what is saved at one height.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    """
    runs = [
        row
        for row in read_runs(ROOT / "benchmarks" / "results" / "real")
        if row["batch"] == SUITES["real"].pools["openmoji"].batch
    ]
    curves = curves_by_seed(runs)["openmoji", DEFAULT_ENCODER, "mrr"]
    seeds = set(curves["random"]) & set(curves["v-optimal"])
    (n_random, random), (n_ours, ours) = (
        np.mean([curves[strategy][seed] for seed in seeds], axis=0)
        for strategy in ("random", "v-optimal")
    )
    ax.plot(n_random, random, color=QUIET, lw=2.5)
    ax.plot(n_ours, ours, color=KNOWN, lw=2.5)
    at = int(np.searchsorted(n_random, n_random[-1] / 2))
    bought, level = n_random[at], random[at]
    enough = np.interp(level, ours, n_ours)
    arrow = {"arrowstyle": "-|>", "color": ASKED, "lw": 2.2}
    ax.annotate("", (enough, level), (bought, level), arrowprops=arrow)
    ax.plot([bought, bought], [0, level], ":", color=QUIET)
    ax.plot([enough, enough], [0, level], ":", color=KNOWN)
    ax.text(
        bought + 25,
        level - 0.012,
        f"the same score with\n{enough:,.0f} answers, not {bought:,.0f}",
        color=ASKED,
        va="top",
    )
    ax.text(n_ours[-1], ours[-1] + 0.008, "questions chosen", color=KNOWN, ha="right")
    ax.text(n_random[-1], random[-1] - 0.05, "at random", color=QUIET, ha="right")
    ax.set(xlabel="answers", ylim=(0, 0.4), xlim=(0, n_random[-1] + 50))
    ax.set_ylabel("true partner's mean reciprocal rank")
    ax.spines[["top", "right"]].set_visible(False)


def draw_glyph(ax: Axes, image: np.ndarray, x: float, y: float, half: float) -> None:
    """Draw pixels as ink around a point.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    image : ndarray
        White on black or black on white, 32 x 32.
    x, y, half : float
        The centre, and half of the height.
    """
    pixels = np.asarray(image, float)
    pixels = pixels if pixels[0, 0] > 127 else 255 - pixels
    width = half * 10 / 8.8 * PANEL[1] / PANEL[0]
    extent = (x - width, x + width, y - half, y + half)
    ax.imshow(pixels, cmap="gray", extent=extent, aspect="auto", vmin=0, vmax=255)


def box(x: float, y: float, width: float, height: float, **style) -> FancyBboxPatch:
    """Return a rectangle with round corners.

    Parameters
    ----------
    x, y, width, height : float
        Its place and size.
    **style
        Of the patch.

    Returns
    -------
    FancyBboxPatch
        Not filled.
    """
    return FancyBboxPatch(
        (x + 0.1, y + 0.1),
        width - 0.2,
        height - 0.2,
        boxstyle="round,pad=0.1",
        facecolor="none",
        **style,
    )


def main() -> None:
    """Draw the parts, and the whole."""
    run = ask()
    parts = [lambda ax: draw_pools(ax, run), lambda ax: draw_question(ax, run)]
    parts.append(draw_curve)
    whole = Figure((3 * PANEL[0], PANEL[1] + 0.4), layout="constrained")
    for i, (ax, draw) in enumerate(zip(whole.subplots(1, 3), parts, strict=True)):
        draw(ax)
        ax.set_title(TITLES[i], loc="left", weight="bold", color=INK)
        part = Figure(PANEL, layout="constrained")
        draw(part_ax := part.subplots())
        for each in (ax, part_ax):
            each.set_axis_on() if i == 2 else each.set_axis_off()
        part.savefig(IMAGES / f"idea-{i + 1}.png", dpi=160)
    whole.savefig(IMAGES / "idea.png", dpi=130)


if __name__ == "__main__":
    main()
