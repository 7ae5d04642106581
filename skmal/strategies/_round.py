"""One round of questions: what a strategy looks at, what it chooses, what is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self, cast

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import NotFittedError

from .._shared.memory import memory_limit
from .._shared.randomness import draw_seed
from .._shared.types import FloatArray, IntArray, Items, RandomState
from ..arrays._block_math import to_host
from ..arrays._verbs import alike, n_bytes_unread, take, whole
from ..items._containers import check_items, numeric_rows
from ..items._encoding import encode, unimodal_features


@dataclass(frozen=True)
class Round:
    """All that a strategy may look at when it decides what to ask next.

    Every tuple of arrays holds the first modality (X) at [0] and the second (y) at [1];
    under `MultimodalActiveLearner` it may hold more. Rows of the open arrays have
    nothing to do with each other; rows of the aligned arrays are partners.

    Where a pool is not in memory (a memory map, `ShardedArray`, HDF5), the strategies
    that can do without get its features as objects with a shape, a dtype and a length
    that make them when rows are taken, by a slice or an array of row numbers;
    `numpy.asarray` makes all. Likewise tensors that an encoder returns (`CLIPEncoder`
    with ``output="torch"``) stay on their device for strategies that can compute there.
    Others, your own among them, get arrays.

    Parameters
    ----------
    open : tuple of ndarrays of shape (n_open, n_components)
        Encoder features of the items not yet aligned, in the shared space.
    aligned : tuple of ndarrays of shape (n_aligned, n_components)
        Encoder features of the pairs known so far; may have no rows.
    open_inputs, aligned_inputs : tuple of ndarrays of shape (n, n_features)
        What is known of the same items without any alignment: the rows themselves where
        they are numeric; else what the encoder's ``unimodal_features(X, y)`` returns,
        where it has one; else the same arrays as above.
    n_instances : int
        How many items of one modality to ask about.
    rng : numpy.random.Generator
        The round's own generator, the only source of randomness.
    trust : float, default=0.0
        How far the encoder's similarities may be believed, from 0 (not at all) to 1.
        0 where the learner does not measure it.
    unmatched, unmatched_inputs : tuple of two ndarrays, default=None
        Both kinds of features of the items known to have no partner, as `open` and
        `open_inputs` have them; None where there are no such items.
    verbose : int, default=0
        1 where strategies are to show how far they have read pools, if they can.
    """

    open: tuple[Any, ...]
    aligned: tuple[Any, ...]
    open_inputs: tuple[Any, ...]
    aligned_inputs: tuple[Any, ...]
    n_instances: int
    rng: np.random.Generator
    trust: float = 0.0
    unmatched: tuple[Any, ...] | None = None
    unmatched_inputs: tuple[Any, ...] | None = None
    verbose: int = 0


class _Chosen(NamedTuple):
    """What a selection unpacks to."""

    indices: IntArray
    utilities: FloatArray


class Selection(_Chosen):
    """What a strategy chose: rows of one pool, best first, and what each is worth.

    It is a pair, so that modAL's learners can unpack it.

    Parameters
    ----------
    indices : ndarray of shape (n_instances,)
        Rows of the pool of the chosen modality, all different, best first.
    utilities : ndarray of shape (n_instances,)
        What the strategy ranked them by; never increasing.
    modality : int, default=0
        0 where the indices are rows of X, 1 where they are rows of y.
    coverage_gap : tuple of floats, default=None
        The gaps of X and of y that were compared; None where none were.

    Examples
    --------
    >>> from skmal import Selection
    >>> selection = Selection([3, 1], [0.9, 0.4], modality=1)
    >>> indices, utilities = selection
    >>> indices, selection.modality
    ([3, 1], 1)
    """

    modality: int
    coverage_gap: tuple[float, ...] | None

    def __new__(
        cls,
        indices: npt.ArrayLike,
        utilities: npt.ArrayLike,
        modality: int = 0,
        coverage_gap: tuple[float, ...] | None = None,
    ) -> Self:
        """Build the pair and hang the rest on it."""
        self = super().__new__(
            cls, cast(IntArray, indices), cast(FloatArray, utilities)
        )
        self.modality = modality
        self.coverage_gap = coverage_gap
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Tell pickle and copy what to call `__new__` with."""
        return self.indices, self.utilities, self.modality, self.coverage_gap

    def __repr__(self) -> str:
        """Show the modality too, without which the indices mean nothing."""
        return f"{super().__repr__()[:-1]}, modality={self.modality})"


def others(seen: Round, modality: int) -> list[int]:
    """Return the modalities that partners of this one are looked for in."""
    return [m for m in range(len(seen.open)) if m != modality]


def open_round(
    learner: Any,
    X_pool: Items,
    y_pool: Items,
    n_instances: int,
    random_state: RandomState = None,
) -> Round:
    """Return the Round that `learner` faces on these pools.

    `learner` is a PairedActiveLearner or anything with `estimator`, `X_training` and
    `y_training`, such as modAL's. Where its encoder cannot transform yet, the features
    of the round have no columns.
    """
    known = None
    if learner.X_training is not None and len(learner.X_training):
        known = (
            check_items(learner.X_training, "X_training"),
            check_items(learner.y_training, "y_training"),
        )
    unmatched = tuple(getattr(learner, f"{name}_unmatched", None) for name in "Xy")
    pools = X_pool, y_pool
    return round_of(learner, pools, known, unmatched, n_instances, random_state)


def round_of(
    learner: Any,
    pools: Sequence[Items],
    known: Sequence[Items] | None,
    unmatched: Sequence[Items | None],
    n_instances: int,
    random_state: RandomState = None,
    *,
    listed: bool = False,
) -> Round:
    """Return the Round on pools of any number of modalities.

    `known` are the aligned items, one sequence per modality, or None; `unmatched` those
    without a partner, None where a modality has none. `listed` says how the encoder
    takes modalities, see `encode`.
    """
    encoder = getattr(learner, "estimator_", learner.estimator)
    n_aligned = 0 if known is None else len(known[0])
    try:
        features = (
            None
            if encoder is None
            else encode(
                encoder,
                *pools,
                listed=listed,
                host=False,
                names=pool_names(len(pools), listed),
            )
        )
    except NotFittedError:
        features = None
    if features is None:
        features = tuple(np.empty((len(pool), 0)) for pool in pools)
        known = None
        aligned = tuple(np.empty((n_aligned, 0)) for _ in pools)
    elif known is None:
        aligned = tuple(f[:0] for f in features)
    else:
        # Of a pool that is not in memory features are arrays, so these have to be, too.
        aligned = tuple(
            alike(own, rows)
            for own, rows in zip(
                encode(encoder, *known, listed=listed, host=False),
                features,
                strict=True,
            )
        )
    unaligned = None if features[0].shape[1] == 0 else encoder
    rows = _numbers_of([pools, known or [None] * len(pools), unmatched])
    open_inputs = unimodal_features(
        unaligned, pools, features, listed, host=False, rows=rows[0]
    )
    if known is None:
        aligned_inputs = tuple(inputs[:0] for inputs in open_inputs)
    else:
        aligned_inputs = unimodal_features(
            encoder, known, aligned, listed, host=False, rows=rows[1]
        )
    alone, alone_inputs = _alone(unaligned, unmatched, pools, rows, listed)
    n_asked = n_aligned + sum(map(len, alone or ()))
    return Round(
        open=features,
        aligned=aligned,
        open_inputs=open_inputs,
        aligned_inputs=aligned_inputs,
        n_instances=n_instances,
        rng=np.random.default_rng([_seed(learner, random_state), n_asked]),
        trust=getattr(learner, "trust_", 0.0),
        unmatched=alone,
        unmatched_inputs=alone_inputs,
        verbose=int(getattr(learner, "verbose", 0) > 1),
    )


def pool_names(n: int, listed: bool) -> list[str]:
    """Return what queries call the pools of n modalities."""
    return [f"pools[{m}]" for m in range(n)] if listed else ["X_pool", "y_pool"]


def _numbers_of(groups: Sequence[Sequence[Items | None]]) -> list[list[Any]]:
    """Return the numeric rows of each group's modalities, None where they are none.

    A modality is numbers in all groups or in none: rows in a list may be of one length
    here and of another there.
    """
    rows = [list(map(numeric_rows, group)) for group in groups]
    for m, modality in enumerate(zip(*groups, strict=True)):
        widths = {
            None if own[m] is None else own[m].shape[1]
            for own, items in zip(rows, modality, strict=True)
            if items is not None
        }
        if len(widths) > 1:
            for own in rows:
                own[m] = None
    return rows


def _alone(
    encoder: Any,
    unmatched: Sequence[Items | None],
    pools: Sequence[Items],
    rows: Sequence[Sequence[Any]],
    listed: bool,
) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """Return both kinds of features of the items without a partner, or (None, None)."""
    if all(modality is None for modality in unmatched):
        return None, None
    counts = [0 if modality is None else len(modality) for modality in unmatched]
    items = [  # an open item stands in for none, since encoders take no empty arrays
        take(pool, [0]) if modality is None else modality
        for modality, pool in zip(unmatched, pools, strict=True)
    ]
    if encoder is None:
        features = tuple(np.empty((len(modality), 0)) for modality in items)
    else:
        features = encode(encoder, *items, listed=listed)
    numbers = [
        own if modality is not None or pool is None else take(pool, [0])
        for own, modality, pool in zip(rows[2], unmatched, rows[0], strict=True)
    ]
    inputs = unimodal_features(encoder, items, features, listed, rows=numbers)

    def without_stand_ins(arrays: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(
            to_host(array[:n]) for array, n in zip(arrays, counts, strict=True)
        )

    return without_stand_ins(features), without_stand_ins(inputs)


def _seed(learner: Any, random_state: RandomState) -> int:
    """Return the seed of a run: the strategy's own, else the learner's."""
    if random_state is not None:
        return draw_seed(random_state)
    if hasattr(learner, "seed_"):
        return learner.seed_
    return draw_seed(getattr(learner, "random_state", None))


def on_host(seen: Round) -> Round:
    """Return the round with arrays in place of tensors."""
    fields = ("open", "aligned", "open_inputs", "aligned_inputs")
    return replace(
        seen, **{field: tuple(map(to_host, getattr(seen, field))) for field in fields}
    )


def in_memory(seen: Round, name: str) -> Round:
    """Return the round with arrays only, or raise where they would not fit.

    `name` is that of the strategy, for the error.
    """
    fields = ("open", "open_inputs")
    arrays = {id(array): array for field in fields for array in getattr(seen, field)}
    n_bytes = sum(map(n_bytes_unread, arrays.values()))
    if n_bytes == 0:
        return seen
    memory = memory_limit()
    if n_bytes > memory / 2:
        raise MemoryError(
            f"{name} looks at all features at once, {n_bytes / 1e9:.0f} GB of the "
            f"{memory / 1e9:.0f} GB that there are; use VOptimalDesign, CoresetMargin "
            "or another one that streams pools, or ask about a random part of them"
        )
    read = {key: whole(array) for key, array in arrays.items()}
    return replace(
        seen,
        **{
            field: tuple(read[id(array)] for array in getattr(seen, field))
            for field in fields
        },
    )
