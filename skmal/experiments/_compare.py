"""Strategies x seeds on real pairs, to tables and curves; what `skmal compare` runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._shared.parameters import check_integer
from .._version import __version__
from ..datasets._reading import OnError
from ..encoders._protocol import Encoder
from ..encoders._tags import says_no_numbers
from ..encoders.clip._config import has_weights
from ..strategies._base import Strategy
from ._fingerprints import data_hash, described, fingerprint, with_stamps
from ._names import (
    ABLATIONS,
    DEFAULT_ENCODER,
    REFERENCE,
    STRATEGIES,
    make_clip,
)
from ._own import check_own_encoder, encoder_of, own_callbacks, strategies_of
from ._own_pairs import chance_of, own_pairs
from ._pools import FONTS, IMAGES, HeldOut, load_held_out, with_frozen_features
from ._run import Plan, default_jobs, in_parallel, run
from ._runs import Key, alone_in, keep_missing, run_rows
from ._seconds import QuestionCost, check_cost, in_seconds
from ._settings import keep_cost, keep_settings
from ._tables import Row, curves_of_runs, savings_table

if TYPE_CHECKING:
    from ..encoders.clip._encoder import CLIPEncoder

OWN = "features"  # what own arrays are called in the tables


@dataclass(frozen=True)
class _Asked:
    """One strategy and one seed of a comparison."""

    key: Key
    strategy: Strategy


def compare(
    strategies: Sequence[str] | Mapping[str, Strategy | str],
    *,
    data: str | tuple[Any, Any] = "glyphs",
    path: str | Path | None = None,
    groups: npt.ArrayLike | None = None,
    test: npt.ArrayLike | None = None,
    encoder: str | Encoder = DEFAULT_ENCODER,
    model: str | None = None,
    pretrained: str | None = None,
    max_epochs: int | None = None,
    learning_rate: float | None = None,
    n_seeds: int = 5,
    budget: float = 0.3,
    batch_size: int | None = None,
    cost: QuestionCost | None = None,
    pool_size: int | None = None,
    on_error: OnError = "raise",
    n_jobs: int | None = None,
    verbose: int = 0,
    text_column: str | None = None,
    image_column: str | None = None,
    cache: str | Path | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    callbacks: Sequence[Callable[[Any], Any]] = (),
) -> tuple[list[Row], list[Row]]:
    """Run strategies on several seeds of one data set and compare them with random.

    Each seed holds out pairs, takes the rest as two pools, starts from the same random
    pairs (a tenth of the budget, at least 10) for all strategies, and buys until the
    budget is spent.

    Parameters
    ----------
    strategies : list of str, or dict of str to QueryStrategy, callable or str
        Names out of "random", "v-optimal" (the learner's default), "coreset-margin"
        (the paper's, with its defaults), "coreset-margin-trim" (with ``trim=0.3``),
        "coreset-margin-trim-alternate" (the same, asking X and y in turns),
        "coreset-top1-trim" (with ``uncertainty="top1"`` as well), "k-center",
        "k-center-trim-alternate", "margin", "max-herding", "uncertainty-herding",
        "badge", "typiclust", "cluster-margin", "prob-cover", "information-density",
        "cal", "drop-query", "falcun", "alfa-mix", "usl" and "max-herding-tuned" (with
        ``bandwidth="tuned"``); of the paper's ablation of the modality,
        "coreset-margin-image" and "coreset-margin-text" (``modality=0`` and 1);
        "default" and "paper" stand for the learner's and the paper's. Your own: a dict
        of instances or functions by names of your own,
        ``{"mine": Mine(), "default": "default"}``; they are first
        checked by `skmal.strategy_checks.check_strategy`, and cloned. "random" is
        always run, savings are measured against it.
    data : {"glyphs", "glyphs-serif", "glyphs-mono", "colorswap", "coco", \
            "flickr30k", "pairs", "webdataset", "huggingface", "datacomp"} or tuple \
            (X, y), default="glyphs"
        The pairs; `skmal.experiments.load_held_out` says what is held out. All but
        the glyphs are read from files. Your own: two sequences of aligned items, rows
        of features for the encoders that learn from these. They are called "features".
    path : str or path, default=None
        Where these files are: what the set's reader in `skmal.datasets` takes.
    groups : array-like of shape (n_samples,), default=None
        Of your own pairs: rows with the same label share an item of X, and are held out
        together.
    test : array-like, default=None
        Of your own pairs, the rows that are held out: their numbers, or a bool for each
        row. None: each seed holds out others, 1,000 or a fifth.
    encoder : {"kernel-cca", "ridge-cca", "contrastive", "clip"} or encoder, \
            default="kernel-cca"
        What learns from the answers: `KernelCCA`, `RidgeCCA` or `ContrastiveProjection`
        on features made without alignment, or `CLIPEncoder` from images and texts. All
        but `KernelCCA` on glyphs are named in the results: their data are called
        "glyphs/contrastive", "coco/clip/ViT-B-32/openai" and so on. Your own: an
        instance, first checked by `skmal.encoder_checks.check_encoder`; it gets images
        and texts if its tags say that it reads no rows of numbers.
    model, pretrained : str, default=None
        Model and weights of the `CLIPEncoder`; a name that ends in .json is a file with
        a configuration. With another encoder, its frozen towers make the features of
        images and texts, once. None, both of them: "tiny" and "icons", the small CLIP
        in the package.
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
    cost : Cost, default=None
        The seconds of a question by what a person does about it, such as
        ``skmal.annotation.Cost(verify=None, pick=4.0, search=12.0)`` or what a session
        has measured (``session.progress.cost``). Curves and savings are in seconds
        then, not in answers; see Notes. None: in answers, as if each cost the same.
    pool_size : int, default=None
        Pairs that can be bought, drawn at random by each seed; None: all.
    on_error : {"raise", "skip"}, default="raise"
        What to do about files and rows that cannot be read.
    n_jobs : int, default=None
        Processes; None: all cores, or one where CLIP is trained on a GPU.
    verbose : int, default=0
        1 shows a progress bar.
    text_column, image_column : str, default=None
        The columns of "pairs" and "huggingface"; None: "text" and "image".
    cache : str or path, default=None
        Where what is made once out of the files is written; None: beside them.
    out : str or path, default=None
        A folder, in which each run is kept as soon as it is finished (`runs.csv`) with
        the settings (`settings.json`). Called again, only what is missing is run. None:
        runs are not kept.
    overwrite : bool, default=False
        Whether the results of another comparison in `out` are deleted, once all has
        been checked. Those of the same comparison are gone on with.
    callbacks : sequence of callables, default=()
        Each is called as ``callback(learner)`` whenever the encoder of a run has
        learned, as `PairedActiveLearner.fit` does it: in the process of that run, which
        gets a copy of it. `query_strategy` and `random_state`, the seed, say which run
        it is. Runs that are kept in `out` are not made again, and call nothing.

    Returns
    -------
    curves : list of dict
        One per strategy, seed, round and metric, with the keys "data", "strategy",
        "seed", "n_pairs" (with `cost` "seconds"), "metric" and "score"; with `out`, of
        all runs in the folder.
    savings : list of dict
        One per strategy and metric: the fields of
        `skmal.metrics.AnnotationSavings`.

    Raises
    ------
    ValueError
        If a name is unknown or a number out of range, if a strategy or an encoder of
        your own breaks its contract, if it or a callback cannot be sent to other
        processes, if `out` holds another comparison, or if `cost` is no `Cost`, lacks a
        number or goes with items that have several partners.

    Warns
    -----
    UserWarning
        If a strategy in `out` had another code or other parameters: it is run again.

    Notes
    -----
    With `cost`, a question takes `pick` seconds where the true partner is among the
    nine candidates that the encoder finds likeliest at the time, and `search` seconds
    where it is not; so do the pairs at the start, for which there is no encoder. Curves
    are interpolated between rounds, to as many points as there are rounds, up to where
    the first strategy has spent its answers. Looking at proposals (`verify`) is no part
    of it. It takes another look at all open items in each round.

    Examples
    --------
    >>> import numpy as np
    >>> from skmal import QueryStrategy, RidgeCCA, Selection
    >>> from skmal.experiments import compare
    >>> class Longest(QueryStrategy):
    ...     '''Ask about the rows of X that are farthest from zero.'''
    ...     def select(self, round):
    ...         length = np.linalg.norm(round.open_inputs[0], axis=1)
    ...         rows = (-length).argsort(kind="stable")[: round.n_instances]
    ...         return Selection(rows, length[rows], 0)
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 5))
    >>> y = X @ rng.normal(size=(5, 4))
    >>> curves, savings = compare(
    ...     {"longest": Longest(), "default": "default"}, data=(X, y),
    ...     encoder=RidgeCCA(reg=0.1), n_seeds=2, budget=40, batch_size=10, n_jobs=1,
    ... )
    >>> [row["strategy"] for row in savings if row["metric"] == "mrr"]
    ['longest', 'v-optimal']
    """
    if n_jobs is not None:
        n_jobs = check_integer(n_jobs, "n_jobs", minimum=1)
    asking: dict[str, Strategy] = {REFERENCE: STRATEGIES[REFERENCE]}
    asking |= strategies_of(strategies, STRATEGIES | ABLATIONS, n_jobs)
    callbacks = own_callbacks(callbacks, n_jobs)
    if not isinstance(data, str):
        of_files = {"path": path, "cache": cache}
        of_files |= {"text_column": text_column, "image_column": image_column}
        if encoder != "clip":
            of_files |= {"model": model, "pretrained": pretrained}
        for name, value in of_files.items():
            if value is not None:
                raise ValueError(f"{name}={value!r} does not go with pairs of your own")
    if encoder == "clip":
        model, pretrained = _or_icons(model, pretrained)
    called, estimator, is_own = encoder_of(
        encoder,
        model=model,
        pretrained=pretrained,
        max_epochs=max_epochs,
        learning_rate=learning_rate,
    )
    of_features = not says_no_numbers(estimator) if is_own else called != "clip"
    n_seeds = check_integer(n_seeds, "n_seeds", minimum=1)
    if cost is not None:
        check_cost(cost)
    if pool_size is not None:
        pool_size = check_integer(pool_size, "pool_size", minimum=2)

    # The pairs and the plan, the same for all strategies.
    if isinstance(data, str):
        for name, value in (("groups", groups), ("test", test)):
            if value is not None:
                raise ValueError(f"{name} goes with pairs of your own, got {data=}")
        if data in IMAGES and of_features:
            model, pretrained = _or_icons(model, pretrained)
        towers = _towers(data, called, of_features, model, pretrained)
        pairs = load_held_out(
            data,
            path,
            features=of_features,
            on_error=on_error,
            verbose=verbose,
            text_column=text_column,
            image_column=image_column,
            cache=cache,
        )
    else:
        data, towers, pairs = OWN, None, own_pairs(data, groups, test)
    splits = [pairs.split(seed, pool_size) for seed in range(n_seeds)]
    n_pool = len(splits[0][0])  # of the first seed, so that seeds can be added
    plan = _plan(budget, batch_size, n_pool)
    smallest = min(len(rows) for rows, _ in splits)
    if plan.budget > smallest:
        raise ValueError(
            f"budget={plan.budget} is above the {smallest} pairs of the smallest pool"
        )
    if cost is not None:
        check_cost(cost, plan.budget - plan.n_initial)
    if towers is not None:
        used = np.unique(np.concatenate([np.concatenate(split) for split in splits]))
        pairs = with_frozen_features(pairs, towers, used)
    first = pairs.pool(0, pool_size)
    if is_own:
        check_own_encoder(estimator, first.X, first.y, n_jobs)

    # What is run: each strategy with each seed.
    title = _title(data, called, model, pretrained)
    share = round(plan.batch_size / n_pool, 6)
    cases = [
        _Asked((title, called, name, share, seed), strategy)
        for seed in range(n_seeds)
        for name, strategy in asking.items()
    ]
    is_counted = cost is not None
    if is_counted and pairs.groups is not None:
        raise ValueError(
            f"cost={cost} was passed, but items of {title} have several partners, and "
            "seconds are counted where each has one; leave out cost"
        )
    options = {"callbacks": callbacks, "count_found": is_counted}
    make = partial(_run_held_out, pairs, pool_size, estimator, plan, options)
    jobs = {
        "n_jobs": n_jobs or default_jobs(called),
        "verbose": bool(verbose),
    }
    if out is None:
        made = in_parallel(make, [(case,) for case in cases], **jobs)
        rows = [row for run in made for row in run]
    else:
        X = pairs.X if of_features else with_stamps(pairs.X)
        content = data_hash(X, pairs.y, pairs.groups, pairs.part)
        settings = {
            "skmal": __version__,
            "data": title,
            "content of the data": content,
            "encoder": described(estimator),
            "known at the start": plan.n_initial,
            "batch_size": plan.batch_size,
            "budget": plan.budget,
            "pool_size": pool_size,
        }
        if is_counted:
            settings["seconds (cost)"] = True
        prints = {
            case.key: fingerprint(content, case.strategy, settings) for case in cases
        }
        with alone_in(out):
            keep_settings(Path(out), settings, chance_of(first), overwrite)
            rows = keep_missing(out, cases, make, prints, **jobs)
            if cost is not None:
                keep_cost(Path(out), check_cost(cost))
    curves = curves_of_runs(rows, list(asking))
    if cost is not None:
        curves = in_seconds(curves, cost)
    return curves, savings_table(curves)


def _or_icons(
    model: str | None, pretrained: str | None
) -> tuple[str | None, str | None]:
    """Return model and weights; for none of both, those in the package."""
    return (
        ("tiny", "icons")
        if (model, pretrained) == (None, None)
        else (model, pretrained)
    )


def _towers(
    data: str,
    encoder: str,
    of_features: bool,
    model: str | None,
    pretrained: str | None,
) -> "CLIPEncoder | None":
    """Return what makes features of images and texts, if that is needed, or raise."""
    if not of_features:
        if data == "datacomp":
            raise ValueError(
                "datacomp holds features, no images; choose the encoder kernel-cca or "
                "contrastive"
            )
        return None
    if data in IMAGES:
        towers = make_clip(model, pretrained)
        if not has_weights(towers.model, pretrained):
            raise ValueError(
                f"{encoder} needs features of images and texts: name a model and "
                "pretrained weights whose towers make them, or the encoder clip"
            )
        return towers
    if (model, pretrained) != (None, None):
        raise ValueError(f"{data} holds features, which need no model")
    return None


def _plan(budget: float, batch_size: int | None, n_pool: int) -> Plan:
    """Return the numbers of pairs; a budget may be a share of the pool."""
    if isinstance(budget, float) and 0 < budget <= 1:
        budget = round(budget * n_pool)
    budget = check_integer(budget, "budget (a share of the pool, or pairs)", minimum=2)
    if budget > n_pool:
        raise ValueError(f"budget={budget} is above the {n_pool} pairs of the pool")
    if batch_size is None:
        batch_size = max(1, budget // 25)
    batch_size = check_integer(batch_size, "batch_size", minimum=1)
    n_initial = max(10, budget // 10)
    if budget <= n_initial:
        raise ValueError(
            f"budget={budget} of {n_pool} pairs is no more than the {n_initial} known "
            "at the start, and nothing would be asked; raise it (--budget)"
        )
    return Plan(n_initial, batch_size, budget)


def _run_held_out(
    pairs: HeldOut,
    pool_size: int | None,
    estimator: Encoder,
    plan: Plan,
    options: dict[str, Any],
    case: _Asked,
) -> list[Row]:
    seed = case.key[-1]
    pool = pairs.pool(seed, pool_size)
    curve = run(pool, estimator, case.strategy, seed, plan, **options)
    return run_rows(case.key, len(pool.X), curve, list(curve.scores[0]), digits=None)


def _title(data: str, encoder: str, model: str | None, pretrained: str | None) -> str:
    """Name the data and what learned from them, as far as it is not the default."""
    if data in FONTS and encoder == DEFAULT_ENCODER:
        return data
    model = None if model is None else Path(model).stem
    return "/".join(str(p) for p in (data, encoder, model, pretrained) if p is not None)
