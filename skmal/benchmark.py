"""Strategies x seeds on real pairs, to tables and curves; what `skmal compare` runs."""

import csv
import json
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import joblib
import numpy as np
from threadpoolctl import threadpool_limits  # a dependency of scikit-learn

from ._items import check_integer, take
from ._open_clip import has_weights
from .clustering import BADGE, TypiClust
from .design import VOptimalDesign
from .held_out import FONTS, IMAGES, load_held_out, with_frozen_features
from .herding import MaxHerding, UncertaintyHerding
from .learner import PairedActiveLearner
from .linear import ContrastiveProjection, RidgeCCA
from .metrics import AnnotationSavings, annotation_savings
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
ABLATIONS = {  # of the paper's, which the suite has no use for
    "coreset-margin-image": CoresetMargin(0),
    "coreset-margin-text": CoresetMargin(1),
}
DEFAULT_ENCODER = "ridge-cca"
ENCODERS = (DEFAULT_ENCODER, "contrastive", "clip")
CURVES_HEADER = ("data", "strategy", "seed", "n_pairs", "metric", "score")
SAVINGS_HEADER = ("data", "strategy", "metric", *AnnotationSavings._fields[:-1])


def compare(
    strategies,
    *,
    data="glyphs",
    path=None,
    encoder=DEFAULT_ENCODER,
    model=None,
    pretrained=None,
    max_epochs=None,
    learning_rate=None,
    n_seeds=5,
    budget=0.3,
    batch_size=None,
    pool_size=None,
    on_error="raise",
    n_jobs=None,
    verbose=0,
):
    """Run strategies on several seeds of one data set and compare them with random.

    Each seed holds out pairs, takes the rest as two pools, starts from the same random
    pairs (a tenth of the budget, at least 10) for all strategies, and buys until the
    budget is spent.

    Parameters
    ----------
    strategies : list of str
        Names out of "random", "v-optimal" (the learner's default), "coreset-margin"
        (the paper's, with its defaults), "coreset-margin-trim" (with ``trim=0.3``),
        "coreset-margin-trim-alternate" (the same, asking X and y in turns),
        "coreset-top1-trim" (with ``uncertainty="top1"`` as well), "k-center",
        "k-center-trim-alternate", "margin", "max-herding", "uncertainty-herding",
        "badge" and "typiclust"; of the paper's ablation of the modality,
        "coreset-margin-image" and "coreset-margin-text" (``modality=0`` and 1).
        "random" is always run, savings are measured against it.
    data : {"glyphs", "glyphs-serif", "glyphs-mono", "colorswap", "coco", "datacomp", \
            "pairs"}, default="glyphs"
        The pairs; see `skmal.held_out.load_held_out` for what is held out. All but the
        glyphs are read from files.
    path : str or path, default=None
        Where these files are: what the set's reader in `skmal.datasets` takes.
    encoder : {"ridge-cca", "contrastive", "clip"}, default="ridge-cca"
        What learns from the answers: `RidgeCCA` or `ContrastiveProjection`, on features
        made without alignment, or `CLIPEncoder`, from images and texts. All but
        `RidgeCCA` on glyphs are named in the results: their data are called
        "glyphs/contrastive", "coco/clip/ViT-B-32/openai" and so on.
    model, pretrained : str, default=None
        Model and weights of the `CLIPEncoder`; a name that ends in .json is a file with
        a configuration. With another encoder, its frozen towers make the features of
        images and texts, once. None: "tiny", and random weights, which make no
        features.
    max_epochs : int, default=None
        Passes over the pairs per fit; None: as many as the encoder makes by default.
    learning_rate : float, default=None
        None: the encoder's own.
    n_seeds : int, default=5
        Seeds 0 to n_seeds - 1. One seed misleads; make it 20 for a claim.
    budget : float or int, default=0.3
        Pairs to buy in all: a share of the pool (float) or a number (int).
    batch_size : int, default=None
        Items asked about in a round; None: a twenty-fifth of the budget.
    pool_size : int, default=None
        Pairs that can be bought, drawn at random by each seed; None: all.
    on_error : {"raise", "skip"}, default="raise"
        What to do about files and rows that cannot be read.
    n_jobs : int, default=None
        Processes; None: all cores, or one where CLIP is trained on a GPU.
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
    choices = STRATEGIES | ABLATIONS
    for name in strategies:
        _check_name("strategy", name, choices)
    _check_name("encoder", encoder, ENCODERS)
    n_seeds = check_integer(n_seeds, "n_seeds", minimum=1)
    if pool_size is not None:
        pool_size = check_integer(pool_size, "pool_size", minimum=2)
    if n_jobs is not None:
        n_jobs = check_integer(n_jobs, "n_jobs", minimum=1)
    estimator = make_estimator(encoder, model, pretrained, max_epochs, learning_rate)
    towers = None  # that make features of images and texts
    if encoder == "clip" and data == "datacomp":
        raise ValueError(
            "datacomp holds features, no images; choose the encoder ridge-cca or "
            "contrastive"
        )
    if encoder != "clip" and data in IMAGES:
        towers = make_estimator("clip", model, pretrained)
        if not has_weights(towers.model, pretrained):
            raise ValueError(
                f"{encoder} needs features of images and texts: name a model and "
                "pretrained weights whose towers make them, or the encoder clip"
            )
    elif encoder != "clip" and (model, pretrained) != (None, None):
        raise ValueError(f"{data} holds features, which need no model")
    pairs = load_held_out(
        data, path, features=encoder != "clip", on_error=on_error, verbose=verbose
    )
    n_pool = min(len(pairs.split(seed, pool_size)[0]) for seed in range(n_seeds))
    budget = _n_pairs(budget, n_pool)
    if batch_size is None:
        batch_size = max(1, budget // 25)
    batch_size = check_integer(batch_size, "batch_size", minimum=1)
    n_initial = min(max(10, budget // 10), budget)
    if towers is not None:
        pairs = with_frozen_features(pairs, towers)

    title = _title(data, encoder, model, pretrained)
    names = [REFERENCE, *(n for n in dict.fromkeys(strategies) if n != REFERENCE)]
    runs = [(name, seed) for seed in range(n_seeds) for name in names]
    sizes = pool_size, budget, n_initial, batch_size
    jobs = joblib.Parallel(
        n_jobs=n_jobs or _default_jobs(encoder), return_as="generator"
    )(
        joblib.delayed(_run)(pairs, estimator, choices[name], seed, *sizes)
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
    write_table(files[0], CURVES_HEADER, curves)
    write_table(files[1], SAVINGS_HEADER, savings)
    plot_curves(curves).savefig(files[2], dpi=150)
    return files


def plot_curves(curves, metric=None):
    """Draw the curves of all strategies, mean and 95 % band over seeds.

    Parameters
    ----------
    curves : list of dict
        As `compare` returns them.
    metric : str, default=None
        Which of their metrics; None: the first, which the set is about.

    Returns
    -------
    matplotlib Figure
        Not registered with pyplot, so that nothing needs to be closed.
    """
    from .plotting import AnnotationCurveDisplay, new_axes

    metric = curves[0]["metric"] if metric is None else metric
    by_strategy = curves_of(curves, metric)
    n_pairs = by_strategy[REFERENCE][0]
    scores = {name: scores for name, (_, scores) in by_strategy.items()}
    display = AnnotationCurveDisplay(n_pairs, scores, f"{metric} on held-out pairs")
    return display.plot(new_axes()).figure_


def make_estimator(
    encoder, model=None, pretrained=None, max_epochs=None, learning_rate=None
):
    """Return the encoder of that name, unfitted; torch is loaded only for some.

    Parameters
    ----------
    encoder : {"ridge-cca", "contrastive", "clip"}
        The name.
    model, pretrained : str, default=None
        Of `CLIPEncoder`, other encoders ignore them. None: "tiny", random weights.
    max_epochs : int, default=None
        None: the encoder's default.
    learning_rate : float, default=None
        None: the encoder's default.

    Returns
    -------
    encoder
        With parameters that give the same numbers on any machine.

    Raises
    ------
    ValueError
        If `max_epochs` or `learning_rate` is given for `RidgeCCA`.
    """
    training = {"max_epochs": max_epochs, "learning_rate": learning_rate}
    training = {name: value for name, value in training.items() if value is not None}
    if encoder == "clip":
        from .clip import CLIPEncoder

        parameters = {"model": _read_model(model or "tiny")} | training
        if pretrained is not None:
            parameters["pretrained"] = pretrained
        return CLIPEncoder(**parameters)
    if encoder == "contrastive":  # on the CPU, for the same numbers on any machine
        return ContrastiveProjection(device="cpu", **training)
    if training:
        raise ValueError(f"{next(iter(training))} does not go with {encoder}")
    return RidgeCCA()


def _read_model(model):
    """Return a model's name, or the configuration that a .json file holds."""
    if not model.endswith(".json"):
        return model
    try:
        return json.loads(Path(model).read_bytes())
    except ValueError as error:
        raise ValueError(f"{model} is no JSON ({error})") from error


def _title(data, encoder, model, pretrained):
    """Name the data and what learned from them, as far as it is not the default."""
    if data in FONTS and encoder == DEFAULT_ENCODER:
        return data
    model = None if model is None else Path(model).stem
    return "/".join(str(p) for p in (data, encoder, model, pretrained) if p is not None)


def _check_name(kind, name, choices):
    if name not in choices:
        raise ValueError(f"unknown {kind} {name!r}; choose from {', '.join(choices)}")


def _default_jobs(encoder):
    """Return how many runs are made at a time; a GPU serves one."""
    if encoder == "clip":
        import torch

        if torch.cuda.is_available():
            return 1
    return joblib.cpu_count()


def _run(pairs, estimator, strategy, seed, pool_size, budget, n_initial, batch_size):
    """Return the points of one run and the scores there."""
    pool, test = pairs.split(seed, pool_size)
    groups = [None if pairs.groups is None else pairs.groups[r] for r in (pool, test)]
    learner = PairedActiveLearner(
        estimator,
        strategy,
        budget=budget,
        n_initial=n_initial,
        batch_size=batch_size,
        random_state=seed,
    )
    with single_threaded(with_torch=not isinstance(estimator, RidgeCCA)):
        learner.fit(
            take(pairs.X, pool),
            take(pairs.y, pool),
            groups=groups[0],
            validation_data=(take(pairs.X, test), take(pairs.y, test)),
            scoring=partial(pairs.scoring, groups=groups[1]),
        )
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


def _n_pairs(budget, n_pool):
    if isinstance(budget, float) and 0 < budget <= 1:
        budget = round(budget * n_pool)
    budget = check_integer(budget, "budget (a share of the pool, or pairs)", minimum=2)
    if budget > n_pool:
        raise ValueError(f"budget={budget} is above the {n_pool} pairs of the pool")
    return budget


def write_table(path, header, rows):
    """Write rows as CSV; what the header does not name is left out.

    Parameters
    ----------
    path : path
        The file.
    header : sequence of str
        The columns.
    rows : sequence of dict
        The rows.
    """
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, header, extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
