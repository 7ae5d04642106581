"""What the scripts that draw annotation curves share: a command, and a picture."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from sklearn.model_selection import train_test_split

from skmal import QueryStrategy, RidgeCCA
from skmal.datasets import load_glyphs
from skmal.experiments import (
    CURVES_HEADER,
    SAVINGS_HEADER,
    STRATEGIES,
    Curve,
    Plan,
    Pool,
    plot_curves,
    run,
    run_curves,
    savings_table,
    write_table,
)

HERE = Path(__file__).parent
CHOSEN = ("random", "v-optimal-linear", "coreset-margin", "coreset-margin-trim")
DIGITS = 5  # of the scores that are kept

Run = Callable[[QueryStrategy, int], Curve]


def main(
    doc: str,
    name: str,
    runs: Mapping[str, Run],
    n_seeds: int,
    pictured: Sequence[str] = ("mrr",),
) -> None:
    """Run strategies x seeds on each data set, write what came out, and print savings.

    Parameters
    ----------
    doc : str
        The script's docstring.
    name : str
        Of the folder in `results`, and of the picture in `docs/images`.
    runs : dict of str to callable
        By the name of the data, ``run(strategy, seed)`` returning a curve.
    n_seeds : int
        Seeds 0 to n_seeds - 1, unless the command line says otherwise.
    pictured : sequence of str, default=("mrr",)
        The metrics of the picture, one row of axes each.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=n_seeds)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--data", nargs="+", choices=runs, default=list(runs))
    parser.add_argument("--out", type=Path, default=HERE / "results" / name)
    arguments = parser.parse_args()
    curves = run_curves(
        {data: runs[data] for data in arguments.data},
        {chosen: STRATEGIES[chosen] for chosen in CHOSEN},
        arguments.seeds,
        n_jobs=arguments.jobs,
        verbose=True,
    )
    for row in curves:
        row["score"] = round(row["score"], DIGITS)
    savings = savings_table(curves)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_table(arguments.out / "curves.csv", CURVES_HEADER, curves)
    write_table(arguments.out / "savings.csv", SAVINGS_HEADER, savings)
    _draw(curves, arguments.data, pictured).savefig(
        HERE.parent / "docs" / "images" / f"{name}.png", dpi=110
    )
    for row in savings:
        width = 100 * (row["ci_high"] - row["mean"])
        print(
            f"{row['data']:<12} {row['strategy']:<22} {row['metric']:<18} "
            f"{100 * row['mean']:+4.0f} ± {width:.0f} %, never reached: "
            f"{row['n_censored']} of {row['n_levels']}"
        )


def run_glyphs(
    strategy: QueryStrategy, seed: int, *, batch_size: int, budget: int, **parameters
) -> Curve:
    """Buy glyphs and their names, 1,000 of them held out; the score is the MRR.

    Parameters
    ----------
    strategy : QueryStrategy
        What asks.
    seed : int
        Of the run, and of what is held out.
    batch_size, budget : int
        Answers in a round, as many at the start, and answers in all.
    **parameters
        More of the learner's.

    Returns
    -------
    Curve
        Answers paid for, and the scores.
    """
    X, y = load_glyphs(features=True, return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=1000, random_state=seed)
    pool = Pool(X, y, X_test, y_test, _score_mrr)
    plan = Plan(batch_size, batch_size, budget)
    return run(pool, RidgeCCA(), strategy, seed, plan, **parameters)


def _score_mrr(learner, X, y):
    return {"mrr": learner.score(X, y)}


def _draw(
    curves: Sequence[dict], names: Sequence[str], metrics: Sequence[str]
) -> Figure:
    """Draw a row of axes for each metric, a column for each data set."""
    shape = len(metrics), len(names)
    figure = Figure((5 * shape[1], 4 * shape[0]), layout="constrained")
    axes = figure.subplots(*shape, squeeze=False)
    for row, metric in zip(axes, metrics, strict=True):
        for ax, data in zip(row, names, strict=True):
            of_data = [row for row in curves if row["data"] == data]
            plot_curves(of_data, metric, ax, score_name=metric)
            ax.set_title(data)
    return figure
