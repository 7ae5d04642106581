"""The command `skmal demo`."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from ..datasets import load_glyphs
from ..experiments import compare
from ..learners._paired import PairedActiveLearner
from ._folders import out_folder
from ._printing import percent, print_savings, write_and_tell

N_SEEDS = 5
ASKED = ("images", "names")
STRATEGIES = {
    "coreset-margin": "The paper's strategy",
    "coreset-margin-trim-alternate": (
        "Without the most isolated 30 % of the items, asking in turns, it"
    ),
    "v-optimal": "V-optimal design, the learner's default,",
}
INTRODUCTION = """\
A pool of glyphs and a pool of Unicode names: which belong together? Each answer costs.
The learner knows 100 of 4,299 pairs and chooses what to ask next."""


def run_demo(arguments: argparse.Namespace) -> int:
    """Show a few rounds of questions, then a quick comparison on the glyphs.

    Parameters
    ----------
    arguments : argparse.Namespace
        With `out`, `overwrite`, `quiet`, `write` and `size`.

    Returns
    -------
    int
        0.
    """
    if arguments.write:
        return _write_folders(arguments.write, arguments.size)
    with out_folder(arguments.out):
        return _show_and_compare(arguments)


def _show_and_compare(arguments: argparse.Namespace) -> int:
    """Show a few rounds, then compare."""
    print(INTRODUCTION)
    _show_rounds(n_rounds=3)
    print(
        f"\nNow the same at length: {N_SEEDS} seeds, each strategy buys 30 % of the "
        "pool.\n"
    )
    curves, savings = compare(
        list(STRATEGIES),
        n_seeds=N_SEEDS,
        batch_size=86,  # large, so that it takes two minutes, not ten
        verbose=not arguments.quiet,
        out=arguments.out,
        overwrite=arguments.overwrite,
    )
    print_savings([row for row in savings if row["metric"] == "mrr"])
    print()
    for row in savings:
        if row["metric"] == "mrr":
            print(f"{STRATEGIES[row['strategy']]} {verdict(row)}.")
    return write_and_tell(arguments.out, curves, savings)


def add_parser(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Add the command to a parser.

    Parameters
    ----------
    commands : argparse subparsers action
        What `ArgumentParser.add_subparsers` returned.
    """
    parser = commands.add_parser(
        "demo",
        help="see what is asked and what it saves",
        description="Ask about glyphs and their names for three rounds, then compare "
        "three strategies with random questions: two minutes, no network.",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("skmal-demo"),
        metavar="DIR",
        help="where tables and report go (default: skmal-demo)",
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="DIR",
        help="only write glyphs as PNG files and their names as texts, to annotate",
    )
    parser.add_argument(
        "--size", type=int, default=400, metavar="N", help="with --write (default: 400)"
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="delete the results of another comparison that are in --out",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run_demo)


def _write_folders(folder: Path, size: int) -> int:
    """Write glyphs as PNG files and their names, shuffled, as a file of texts."""
    from PIL import Image

    glyphs = load_glyphs()
    if not 1 <= size <= len(glyphs.names):
        raise ValueError(f"--size must be from 1 to {len(glyphs.names)}, got {size}")
    folder.joinpath("images").mkdir(parents=True, exist_ok=True)
    rows = signs_first(glyphs.code_point)[:size]
    for image, code_point in zip(
        glyphs.images[rows], glyphs.code_point[rows], strict=True
    ):
        ink = Image.fromarray(255 - image)  # black on white
        ink.save(folder / "images" / f"{code_point:04x}.png")
    names = np.random.default_rng(0).permutation(glyphs.names[rows])
    texts = folder / "texts.txt"
    texts.write_text("\n".join(names) + "\n", encoding="utf-8")
    print(f"Written: {size} images in {folder / 'images'}, their names in {texts}")
    return 0


def signs_first(code_point: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return all rows of the glyphs: signs such as umbrellas, then letters.

    Parameters
    ----------
    code_point : ndarray of int
        Those of the glyphs.

    Returns
    -------
    ndarray of int
        The rows.
    """
    technical = (code_point >= 0x2300) & (code_point < 0x2400)
    shapes = (code_point >= 0x25A0) & (code_point < 0x2700)
    return (~(technical | shapes)).argsort(kind="stable")


def verdict(row: Mapping[str, Any]) -> str:
    """Say in words what a row of the savings table says.

    Parameters
    ----------
    row : dict
        A row of `skmal.experiments.savings_table`.

    Returns
    -------
    str
        A predicate, such as "saves 20 % of the answers ...".
    """
    amount, low, high = percent(row)
    if row["n_seeds"] == 1:
        return f"differs by {amount:+.0f} % on one seed, which says little"
    against = (
        f"against asking at random (95 % interval of the savings {low:+.0f} to "
        f"{high:+.0f} %, {row['n_seeds']} seeds)"
    )
    if row["ci_low"] > 0:
        return f"saves {amount:.0f} % of the answers {against}"
    if row["ci_high"] < 0:
        return f"costs {-amount:.0f} % more answers {against}"
    return f"makes no clear difference ({amount:+.0f} %) {against}"


def _show_rounds(n_rounds: int) -> None:
    """Print what is asked in a few rounds, and how the encoder improves."""
    glyphs, features = load_glyphs(), load_glyphs(features=True)
    train, test = train_test_split(
        np.arange(len(glyphs.names)), test_size=1000, random_state=0
    )
    X, y = features.X, features.y
    learner = PairedActiveLearner(random_state=0)
    learner.fit(X[train[:100]], y[train[:100]])
    pool, n_known = train[100:], 100
    for number in range(1, n_rounds + 1):
        query = learner.query(X[pool], y[pool], n_instances=50)
        ranked = learner.rank_partners(query, X[pool], y[pool], k=3)
        item, partners = pool[query.indices[0]], pool[ranked[0]]
        print(
            f"\nRound {number}: 50 questions about the {ASKED[query.modality]}. First:"
        )
        if query.modality == 0:
            print(_picture(glyphs.images[item]))
            print("  Which name? The encoder's best guesses:")
            guesses = [glyphs.names[partner] for partner in partners]
        else:
            print(f"  “{glyphs.names[item]}”")
            print("  Which image? The encoder's best guesses:")
            guesses = [f"the image of “{glyphs.names[p]}”" for p in partners]
        for guess in guesses:
            print(f"    - {guess}")
        print(f"  The answer: {glyphs.names[item]}")
        learner.teach(X[pool[query.indices]], y[pool[query.indices]])
        pool, n_known = np.delete(pool, query.indices), n_known + len(query.indices)
        score = learner.score(X[test], y[test])
        print(f"  {n_known} pairs known, held-out MRR {score:.3f}")


def _picture(image: npt.NDArray[np.uint8]) -> str:
    """Return a 32 x 32 image as eight lines of braille dots."""
    ink = image > 127
    dots = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
    cells = ink.reshape(8, 4, 16, 2).transpose(0, 2, 1, 3)  # (line, cell, dot, dot)
    codes = 0x2800 + (cells * dots).sum(axis=(2, 3))
    return "\n".join(
        "    " + "".join(map(chr, line)) for line in codes if (line > 0x2800).any()
    )
