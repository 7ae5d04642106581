"""The three steps of a choice: a modality, a diverse coreset, the most uncertain."""

from typing import Any, TypeAlias

import numpy as np

from .._shared.parameters import check_choice, is_integer, is_number
from .._shared.types import FloatArray, IntArray
from ..arrays._verbs import stacked, take, total_variance, unit
from ..coverage._farthest import FarthestRows
from ..coverage._farthest_dask import DaskFarthestRows, farthest_rows
from ..uncertainty._entropy import cross_modal_entropy
from ..uncertainty._margin import cross_modal_margin, cross_modal_top1
from ._round import Round, Selection, others
from ._trimming import least_isolated

DISTANCES = ("euclidean", "cosine")
CANDIDATES = ("all", "open")
UNCERTAINTIES = {  # larger = less certain
    "margin": lambda *features, **options: -cross_modal_margin(*features, **options),
    "top1": lambda *features, **options: -cross_modal_top1(*features, **options),
    "entropy": cross_modal_entropy,
}
MODALITY_RULES = ("coverage", "relative_coverage", "alternate", "random")
AnyFarthestRows: TypeAlias = FarthestRows | DaskFarthestRows
MOST_ROWS = 2**62  # more than any pool has
TIE_DECIMALS = 9  # uncertainties that agree to this many decimals are ties


def check_modality(
    modality: str | int, rules: tuple[str, ...] = MODALITY_RULES
) -> None:
    """Raise unless it is a rule or a number; `check_asked` knows how many there are."""
    if isinstance(modality, str) or not is_integer(modality) or modality < 0:
        check_choice(modality, "modality", (*rules, 0, 1))


def choose_modality(
    round: Round, modality: str | int, metric: str = "euclidean"
) -> tuple[int, tuple[float, ...] | None, list[AnyFarthestRows] | None]:
    """Return (modality, the gaps compared, what is known of either's distances).

    Only the coverage rules compare gaps; for the others the last two are None.
    """
    if is_integer(modality):
        return int(modality), None, None
    n_aligned = len(round.aligned[0])
    if modality == "alternate":
        n_asked = n_aligned + sum(map(len, round.unmatched or ()))
        return (n_asked // round.n_instances) % len(round.open), None, None
    if modality == "random":  # that of one item out of all pools
        ends = np.cumsum([len(features) for features in round.open])
        item = round.rng.integers(ends[-1])
        return int(np.searchsorted(ends, item, side="right")), None, None
    if n_aligned == 0:
        return 0, None, None
    known = [
        farthest_rows(
            _in_metric(open_rows, metric), _in_metric(aligned, metric), round.verbose
        )
        for open_rows, aligned in zip(round.open, round.aligned, strict=True)
    ]
    gaps = [float(np.sqrt(rows.largest_distance())) for rows in known]
    if modality == "relative_coverage":
        for m, rows in enumerate(known):
            spread = 2 * total_variance(rows.features)
            gaps[m] = gaps[m] / float(np.sqrt(spread)) if spread > 0 else gaps[m]
    # gaps that differ by rounding alone are a tie, and the first modality is asked
    largest = np.asarray(gaps) * (1 + 1e-9) >= max(gaps)
    return int(largest.argmax()), tuple(gaps), known


def pick_coreset(
    round: Round,
    modality: int,
    known: list[AnyFarthestRows] | None,
    size: int,
    trim: float,
    metric: str,
    with_distances: bool = False,
) -> tuple[IntArray, FloatArray]:
    """Return the rows that greedy k-center picks, and their squared distances.

    What the coverage of this modality has told is made use of.
    """
    if known is None:
        rows = farthest_rows(
            _in_metric(round.open[modality], metric),
            _in_metric(round.aligned[modality], metric),
            round.verbose,
        )
    else:
        rows = known[modality]
    eligible = least_isolated(rows.features, trim, round)
    picks = rows.pick(eligible, min(size, len(eligible)), with_distances)
    return picks, rows.exact[picks]


def _in_metric(features: Any, metric: str) -> Any:
    """Return the features in which Euclidean distance is the wanted one."""
    return unit(features) if metric == "cosine" and len(features) else features


def most_uncertain(
    round: Round, modality: int, rows: IntArray, uncertainty: str, candidates: str
) -> tuple[IntArray, FloatArray]:
    """Return the n_instances most uncertain of the given rows, and their utilities.

    Where there are several other modalities, the utility is the mean over them.
    """
    per_modality = []
    for other in others(round, modality):
        gallery = round.open[other]
        if candidates == "all":
            gallery = stacked(gallery, round.aligned[other])
        queries = round.open[modality]
        if len(rows) < len(queries):
            queries = take(queries, rows)
        score = UNCERTAINTIES[uncertainty]
        per_modality.append(score(queries, gallery, verbose=round.verbose))
    utilities = np.mean(per_modality, axis=0)
    order = (-utilities.round(TIE_DECIMALS)).argsort(kind="stable")
    best = order[: round.n_instances]
    return rows[best], utilities[best].round(TIE_DECIMALS)


def n_coreset_rows(coreset_size: float, n_instances: int) -> int:
    """Return B_C in rows for a batch of n_instances."""
    if is_integer(coreset_size):
        if coreset_size < n_instances:
            raise ValueError(
                f"coreset_size={coreset_size} is smaller than the batch of "
                f"{n_instances}; raise it or ask for fewer rows"
            )
        return int(coreset_size)
    if is_number(coreset_size) and 1 <= coreset_size < np.inf:
        return round(min(coreset_size * n_instances, MOST_ROWS))
    raise ValueError(
        "coreset_size must be an int of at least the batch (rows) or a float of at "
        f"least 1.0 (a multiple of the batch), got {coreset_size!r}"
    )


def random_selection(round: Round, modality: str | int) -> Selection:
    """Return n_instances random rows of a modality, each of utility 0."""
    modality, _, _ = choose_modality(round, modality)
    n = len(round.open[modality])
    rows = round.rng.choice(n, size=round.n_instances, replace=False)
    return Selection(rows, np.zeros(round.n_instances), modality)
