"""What the scripts that draw annotation curves share: runs, tables, a picture."""

import argparse
from pathlib import Path

import joblib
from matplotlib.figure import Figure
from sklearn.model_selection import train_test_split
from tqdm import tqdm

from skmal import (
    CoresetMargin,
    PairedActiveLearner,
    RandomSampling,
    RidgeCCA,
    VOptimalDesign,
)
from skmal.datasets import load_glyphs
from skmal.experiments._run import single_threaded
from skmal.experiments._tables import (
    CURVES_HEADER,
    SAVINGS_HEADER,
    curves_of,
    savings_table,
    write_table,
)
from skmal.plotting import AnnotationCurveDisplay

HERE = Path(__file__).parent
STRATEGIES = {
    "random": RandomSampling(),
    "v-optimal": VOptimalDesign(),
    "coreset-margin": CoresetMargin(),
    "coreset-margin-trim": CoresetMargin(trim=0.3),
}


def main(doc, name, runs, n_seeds, pictured=("mrr",)):
    """Run strategies x seeds on each data set, write what came out, and print savings.

    Parameters
    ----------
    doc : str
        The script's docstring.
    name : str
        Of the folder in `results`, and of the picture in `docs/images`.
    runs : dict of str to callable
        By the name of the data, ``run(strategy, seed)`` returning the points of a curve
        and one dict of scores for each.
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
    keys = [
        (data, strategy, seed)
        for data in arguments.data
        for seed in range(arguments.seeds)
        for strategy in STRATEGIES
    ]
    jobs = joblib.Parallel(arguments.jobs, return_as="generator")(
        joblib.delayed(_run)(runs[data], STRATEGIES[strategy], seed)
        for data, strategy, seed in keys
    )
    results = tqdm(jobs, total=len(keys), unit="run")
    curves = [
        {
            "data": data,
            "strategy": strategy,
            "seed": seed,
            "n_pairs": int(n),
            "metric": metric,
            "score": round(score, 5),
        }
        for (data, strategy, seed), (points, tables) in zip(keys, results, strict=True)
        for n, table in zip(points, tables, strict=True)
        for metric, score in table.items()
    ]
    by_data = {
        data: [row for row in curves if row["data"] == data] for data in arguments.data
    }
    savings = [row for rows in by_data.values() for row in savings_table(rows)]
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_table(arguments.out / "curves.csv", CURVES_HEADER, curves)
    write_table(arguments.out / "savings.csv", SAVINGS_HEADER, savings)
    _draw(by_data, pictured).savefig(
        HERE.parent / "docs" / "images" / f"{name}.png", dpi=110
    )
    for row in savings:
        width = 100 * (row["ci_high"] - row["mean"])
        print(
            f"{row['data']:<12} {row['strategy']:<22} {row['metric']:<18} "
            f"{100 * row['mean']:+4.0f} ± {width:.0f} %, never reached: "
            f"{row['n_censored']} of {row['n_levels']}"
        )


def simulate(
    X, y, X_test, y_test, strategy, seed, *, batch, budget, scores, **parameters
):
    """Buy pairs, one batch of them known at the start.

    Parameters
    ----------
    X, y : ndarray
        The pairs to buy.
    X_test, y_test : ndarray
        The pairs held out.
    strategy : QueryStrategy
        What asks.
    seed : int
        Of the run.
    batch, budget : int
        Pairs asked about in a round, and in all.
    scores : callable
        ``scores(learner, X_test, y_test)``, a dict.
    **parameters
        More of the learner's.

    Returns
    -------
    tuple
        Answers paid for at each point, and the scores there.
    """
    learner = PairedActiveLearner(
        RidgeCCA(),
        strategy,
        budget=budget,
        n_initial=batch,
        batch_size=batch,
        random_state=seed,
        **parameters,
    )
    learner.fit(X, y, validation_data=(X_test, y_test), scoring=scores)
    return learner.n_answers_iter_, learner.validation_scores_


def simulate_glyphs(strategy, seed, **parameters):
    """Buy glyphs and their names, 1,000 of them held out; the score is the MRR.

    Parameters
    ----------
    strategy : QueryStrategy
        What asks.
    seed : int
        Of the run, and of what is held out.
    **parameters
        `batch`, `budget` and more of the learner's, as `simulate` takes them.

    Returns
    -------
    tuple
        Answers paid for at each point, and the scores there.
    """
    X, y = load_glyphs(features=True, return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=1000, random_state=seed)
    return simulate(
        *(X, y, X_test, y_test, strategy, seed), scores=_score_mrr, **parameters
    )


def _score_mrr(learner, X, y):
    return {"mrr": learner.score(X, y)}


def _run(run, strategy, seed):
    with single_threaded(with_torch=False):
        return run(strategy, seed)


def _draw(by_data, metrics):
    shape = len(metrics), len(by_data)
    figure = Figure((5 * shape[1], 4 * shape[0]), layout="constrained")
    axes = figure.subplots(*shape, squeeze=False)
    for row, metric in zip(axes, metrics, strict=True):
        for ax, (data, curves) in zip(row, by_data.items(), strict=True):
            by_strategy = curves_of(curves, metric)
            n_pairs = next(iter(by_strategy.values()))[0]
            scores = {name: values for name, (_, values) in by_strategy.items()}
            AnnotationCurveDisplay(n_pairs, scores, metric).plot(ax)
            ax.set_title(data)
    return figure
