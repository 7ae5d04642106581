"""Strategies x seeds on real pairs, to tables and curves; what `skmal compare` runs."""

import csv
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits  # a dependency of scikit-learn

from ._encoding import encode
from ._items import check_integer
from .clustering import BADGE, TypiClust
from .datasets import load_glyphs
from .design import VOptimalDesign
from .herding import MaxHerding, UncertaintyHerding
from .learner import PairedActiveLearner
from .linear import ContrastiveProjection, RidgeCCA
from .metrics import AnnotationSavings, annotation_savings, retrieval_scores
from .strategies import CoresetMargin, KCenterGreedy, MarginSampling, RandomSampling

REFERENCE = "random"
PAPER = "coreset-margin"  # with the paper's defaults
DEFAULT = "v-optimal"  # the learner's
STRATEGIES = {
    REFERENCE: RandomSampling(),
    DEFAULT: VOptimalDesign(),
    PAPER: CoresetMargin(),
    "coreset-margin-trim": CoresetMargin(trim=0.3),
    "coreset-margin-trim-alternate": CoresetMargin("alternate", trim=0.3),
    "coreset-top1-trim": CoresetMargin(trim=0.3, uncertainty="top1"),
    "k-center": KCenterGreedy(),
    "k-center-trim-alternate": KCenterGreedy("alternate", trim=0.3),
    "margin": MarginSampling(),
    "max-herding": MaxHerding(),
    "uncertainty-herding": UncertaintyHerding(),
    "badge": BADGE(),
    "typiclust": TypiClust(),
}
DATA = {"glyphs": "sans", "glyphs-serif": "serif", "glyphs-mono": "mono"}
DEFAULT_ENCODER = "ridge-cca"
ENCODERS = (DEFAULT_ENCODER, "contrastive", "clip")
N_TEST = 1000
CURVES_HEADER = ("data", "strategy", "seed", "n_pairs", "metric", "score")
SAVINGS_HEADER = ("data", "strategy", "metric", *AnnotationSavings._fields[:-1])


def compare(
    strategies,
    *,
    data="glyphs",
    encoder=DEFAULT_ENCODER,
    n_seeds=5,
    budget=0.3,
    batch_size=None,
    n_jobs=None,
    verbose=0,
):
    """Run strategies on several seeds of one data set and compare them with random.

    Each seed holds out 1,000 pairs, takes the rest as two pools, starts from the same
    random pairs (a tenth of the budget, at least 10) for all strategies, and buys until
    the budget is spent.

    Parameters
    ----------
    strategies : list of str
        Names out of "random", "v-optimal" (the learner's default), "coreset-margin"
        (the paper's, with its defaults), "coreset-margin-trim" (with ``trim=0.3``),
        "coreset-margin-trim-alternate" (the same, asking X and y in turns),
        "coreset-top1-trim" (with ``uncertainty="top1"`` as well), "k-center",
        "k-center-trim-alternate", "margin", "max-herding", "uncertainty-herding",
        "badge" and "typiclust".
        "random" is always run, savings are measured against it.
    data : {"glyphs", "glyphs-serif", "glyphs-mono"}, default="glyphs"
        The pairs; see `skmal.datasets.load_glyphs`.
    encoder : {"ridge-cca", "contrastive", "clip"}, default="ridge-cca"
        What learns from the answers: `RidgeCCA` or `ContrastiveProjection`, on features
        made without alignment, or the tiny `CLIPEncoder`, from pixels and names. All
        but `RidgeCCA` take minutes to hours and are named in the results: their data
        are called "glyphs/contrastive" and so on.
    n_seeds : int, default=5
        Seeds 0 to n_seeds - 1. One seed misleads; make it 20 for a claim.
    budget : float or int, default=0.3
        Pairs to buy in all: a share of the pool (float) or a number (int).
    batch_size : int, default=None
        Items asked about in a round; None: a twenty-fifth of the budget.
    n_jobs : int, default=None
        Processes; None: all cores.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    curves : list of dict
        One per strategy, seed, round and metric, with the keys "data", "strategy",
        "seed", "n_pairs", "metric" and "score".
    savings : list of dict
        One per strategy and metric: the fields of
        `skmal.metrics.AnnotationSavings`.

    Raises
    ------
    ValueError
        If a name is unknown or a number out of range.
    """
    unknown = [name for name in strategies if name not in STRATEGIES]
    if unknown:
        raise ValueError(
            f"unknown strategy {unknown[0]!r}; choose from {', '.join(STRATEGIES)}"
        )
    if data not in DATA:
        raise ValueError(f"unknown data {data!r}; choose from {', '.join(DATA)}")
    if encoder not in ENCODERS:
        raise ValueError(
            f"unknown encoder {encoder!r}; choose from {', '.join(ENCODERS)}"
        )
    n_seeds = check_integer(n_seeds, "n_seeds", minimum=1)
    X, y = load_glyphs(DATA[data], features=encoder != "clip", return_X_y=True)
    n_pool = len(X) - N_TEST
    budget = _n_pairs(budget, n_pool)
    if n_jobs is not None:
        n_jobs = check_integer(n_jobs, "n_jobs", minimum=1)
    if batch_size is None:
        batch_size = max(1, budget // 25)
    batch_size = check_integer(batch_size, "batch_size", minimum=1)
    n_initial = min(max(10, budget // 10), budget)

    estimator = make_estimator(encoder)
    title = data if encoder == DEFAULT_ENCODER else f"{data}/{encoder}"
    names = [REFERENCE, *(n for n in dict.fromkeys(strategies) if n != REFERENCE)]
    runs = [(name, seed) for seed in range(n_seeds) for name in names]
    jobs = joblib.Parallel(n_jobs=n_jobs or joblib.cpu_count(), return_as="generator")(
        joblib.delayed(_run)(
            X, y, estimator, STRATEGIES[name], seed, budget, n_initial, batch_size
        )
        for name, seed in runs
    )
    from tqdm import tqdm

    results = tqdm(jobs, total=len(runs), unit="run", disable=not verbose)
    curves = [
        {
            "data": title,
            "strategy": name,
            "seed": seed,
            "n_pairs": int(n_pairs),
            "metric": metric,
            "score": score,
        }
        for (name, seed), (points, scores) in zip(runs, results, strict=True)
        for n_pairs, table in zip(points, scores, strict=True)
        for metric, score in table.items()
    ]
    return curves, savings_table(curves)


def savings_table(curves):
    """Return each strategy's savings against random, paired by seed.

    Parameters
    ----------
    curves : list of dict
        As `compare` returns them.

    Returns
    -------
    list of dict
        One per strategy other than random and metric, with the fields of
        `skmal.metrics.AnnotationSavings`.
    """
    rows = []
    data = curves[0]["data"]
    for metric in dict.fromkeys(row["metric"] for row in curves):
        by_strategy = curves_of(curves, metric)
        n_pairs, reference = by_strategy.pop(REFERENCE)
        for name, (points, scores) in by_strategy.items():
            savings = annotation_savings(
                points, scores, reference, reference_n_pairs=n_pairs
            )
            row = {"data": data, "strategy": name, "metric": metric}
            rows.append(row | savings._asdict())
    return rows


def curves_of(curves, metric):
    """Return {strategy: (n_pairs, scores of shape (n_seeds, n_points))} of one metric.

    Parameters
    ----------
    curves : list of dict
        As `compare` returns them.
    metric : str
        One of their metrics.

    Returns
    -------
    dict
        The points and the scores of each strategy.
    """
    chosen = [row for row in curves if row["metric"] == metric]
    by_strategy = {}
    for name in dict.fromkeys(row["strategy"] for row in chosen):
        rows = [row for row in chosen if row["strategy"] == name]
        seeds = sorted({row["seed"] for row in rows})
        points = sorted({row["n_pairs"] for row in rows})
        score = {(row["seed"], row["n_pairs"]): row["score"] for row in rows}
        scores = np.array([[score[seed, n] for n in points] for seed in seeds])
        by_strategy[name] = (np.array(points), scores)
    return by_strategy


def write_results(out, curves, savings):
    """Write `curves.csv`, `savings.csv` and `curves.png` into a folder.

    Parameters
    ----------
    out : str or path
        The folder; made where it is missing.
    curves, savings : list of dict
        As `compare` returns them.

    Returns
    -------
    list of Path
        The three files.

    Raises
    ------
    ImportError
        If matplotlib is not installed; the tables are written all the same.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    files = [out / name for name in ("curves.csv", "savings.csv", "curves.png")]
    _write_csv(files[0], CURVES_HEADER, curves)
    _write_csv(files[1], SAVINGS_HEADER, savings)
    plot_curves(curves).savefig(files[2], dpi=150)
    return files


def plot_curves(curves, metric="mrr"):
    """Draw the curves of all strategies, mean and 95 % band over seeds.

    Parameters
    ----------
    curves : list of dict
        As `compare` returns them.
    metric : str, default="mrr"
        Which of their metrics.

    Returns
    -------
    matplotlib Figure
        Not registered with pyplot, so that nothing needs to be closed.
    """
    from .plotting import AnnotationCurveDisplay, new_axes

    by_strategy = curves_of(curves, metric)
    n_pairs = by_strategy[REFERENCE][0]
    scores = {name: scores for name, (_, scores) in by_strategy.items()}
    display = AnnotationCurveDisplay(n_pairs, scores, f"{metric} on held-out pairs")
    return display.plot(new_axes()).figure_


def make_estimator(encoder):
    """Return the encoder of that name, unfitted; torch is loaded only for some.

    Parameters
    ----------
    encoder : {"ridge-cca", "contrastive", "clip"}
        The name.

    Returns
    -------
    encoder
        With parameters that give the same numbers on any machine.
    """
    if encoder == "clip":
        from .clip import CLIPEncoder

        return CLIPEncoder(model="tiny")
    if encoder == "contrastive":
        return ContrastiveProjection(device="cpu")  # the same numbers on any machine
    return RidgeCCA()


def _run(X, y, estimator, strategy, seed, budget, n_initial, batch_size):
    """Return the points of one run and the scores there."""
    X, X_test, y, y_test = train_test_split(X, y, test_size=N_TEST, random_state=seed)
    learner = PairedActiveLearner(
        estimator,
        strategy,
        budget=budget,
        n_initial=n_initial,
        batch_size=batch_size,
        random_state=seed,
    )
    with single_threaded(with_torch=not isinstance(estimator, RidgeCCA)):
        learner.fit(X, y, validation_data=(X_test, y_test), scoring=_scores)
    return learner.n_pairs_iter_, learner.validation_scores_


@contextmanager
def single_threaded(with_torch):
    """Use one thread: sums of several differ in the last digits, and runs are many.

    Parameters
    ----------
    with_torch : bool
        Whether torch is used within.

    Yields
    ------
    None
        Within, one thread computes.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        if not with_torch:
            yield
            return
        import torch  # it has threads, and a BLAS, of its own

        n_threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)


def _scores(learner, X, y):
    return retrieval_scores(*encode(learner, X, y))


def _n_pairs(budget, n_pool):
    if isinstance(budget, float) and 0 < budget <= 1:
        budget = round(budget * n_pool)
    budget = check_integer(budget, "budget (a share of the pool, or pairs)", minimum=2)
    if budget > n_pool:
        raise ValueError(f"budget={budget} is above the {n_pool} pairs of the pool")
    return budget


def _write_csv(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, header, extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
