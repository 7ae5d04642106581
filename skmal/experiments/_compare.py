"""Strategies x seeds on real pairs, to tables and curves; what `skmal compare` runs."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .._shared.parameters import check_integer
from ..datasets._reading import OnError
from ..encoders._protocol import Encoder
from ..encoders.clip._config import has_weights
from ..strategies._base import QueryStrategy
from ._names import (
    ABLATIONS,
    DEFAULT_ENCODER,
    ENCODERS,
    STRATEGIES,
    check_name,
    check_names,
    make_clip,
    make_estimator,
    with_reference,
)
from ._pools import FONTS, IMAGES, HeldOut, load_held_out, with_frozen_features
from ._run import Curve, Plan, default_jobs, run, run_curves
from ._tables import Row, savings_table

if TYPE_CHECKING:
    from ..encoders.clip._encoder import CLIPEncoder


def compare(
    strategies: Sequence[str],
    *,
    data: str = "glyphs",
    path: str | Path | None = None,
    encoder: str = DEFAULT_ENCODER,
    model: str | None = None,
    pretrained: str | None = None,
    max_epochs: int | None = None,
    learning_rate: float | None = None,
    n_seeds: int = 5,
    budget: float = 0.3,
    batch_size: int | None = None,
    pool_size: int | None = None,
    on_error: OnError = "raise",
    n_jobs: int | None = None,
    verbose: int = 0,
    text_column: str | None = None,
    image_column: str | None = None,
    cache: str | Path | None = None,
) -> tuple[list[Row], list[Row]]:
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
    data : {"glyphs", "glyphs-serif", "glyphs-mono", "colorswap", "coco", \
            "flickr30k", "pairs", "webdataset", "huggingface", "datacomp"}, \
            default="glyphs"
        The pairs; `skmal.experiments.load_held_out` says what is held out. All but
        the glyphs are read from files.
    path : str or path, default=None
        Where these files are: what the set's reader in `skmal.datasets` takes.
    encoder : {"kernel-cca", "ridge-cca", "contrastive", "clip"}, \
            default="kernel-cca"
        What learns from the answers: `KernelCCA`, `RidgeCCA` or `ContrastiveProjection`
        on features made without alignment, or `CLIPEncoder` from images and texts. All
        but `KernelCCA` on glyphs are named in the results: their data are called
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
    text_column, image_column : str, default=None
        The columns of "pairs" and "huggingface"; None: "text" and "image".
    cache : str or path, default=None
        Where what is made once out of the files is written; None: beside them.

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
    strategies = check_names(strategies, "strategies", "strategy", choices)
    check_name(encoder, "encoder", ENCODERS)
    n_seeds = check_integer(n_seeds, "n_seeds", minimum=1)
    if pool_size is not None:
        pool_size = check_integer(pool_size, "pool_size", minimum=2)
    if n_jobs is not None:
        n_jobs = check_integer(n_jobs, "n_jobs", minimum=1)
    estimator = make_estimator(encoder, model, pretrained, max_epochs, learning_rate)
    towers = _towers(data, encoder, model, pretrained)

    # The pairs and the plan, the same for all strategies.
    pairs = load_held_out(
        data,
        path,
        features=encoder != "clip",
        on_error=on_error,
        verbose=verbose,
        text_column=text_column,
        image_column=image_column,
        cache=cache,
    )
    n_pool = min(len(pairs.split(seed, pool_size)[0]) for seed in range(n_seeds))
    plan = _plan(budget, batch_size, n_pool)
    if towers is not None:
        pairs = with_frozen_features(pairs, towers)

    title = _title(data, encoder, model, pretrained)
    curves = run_curves(
        {title: partial(_run_held_out, pairs, pool_size, estimator, plan)},
        {name: choices[name] for name in with_reference(strategies)},
        n_seeds,
        n_jobs=n_jobs or default_jobs(encoder),
        verbose=bool(verbose),
    )
    return curves, savings_table(curves)


def _towers(
    data: str, encoder: str, model: str | None, pretrained: str | None
) -> "CLIPEncoder | None":
    """Return what makes features of images and texts, if that is needed, or raise."""
    if encoder == "clip":
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
    return Plan(min(max(10, budget // 10), budget), batch_size, budget)


def _run_held_out(
    pairs: HeldOut,
    pool_size: int | None,
    estimator: Encoder,
    plan: Plan,
    strategy: QueryStrategy,
    seed: int,
) -> Curve:
    return run(pairs.pool(seed, pool_size), estimator, strategy, seed, plan)


def _title(data: str, encoder: str, model: str | None, pretrained: str | None) -> str:
    """Name the data and what learned from them, as far as it is not the default."""
    if data in FONTS and encoder == DEFAULT_ENCODER:
        return data
    model = None if model is None else Path(model).stem
    return "/".join(str(p) for p in (data, encoder, model, pretrained) if p is not None)
