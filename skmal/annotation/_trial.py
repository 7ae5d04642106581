"""A trial of what was passed on a few items, before anything is written."""

import warnings
from contextlib import suppress

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from .._shared.types import IntArray
from ..arrays._verbs import take
from ..encoders.clip._encoder import CLIPEncoder
from ..items._encoding import encode
from ..items._faults import fault_of
from ..learners._paired import PairedActiveLearner
from ..strategies._base import QueryStrategy, check_asked
from ._sources import Pool
from ._training import Pools

N_TRIED = 2  # items of each pool
N_LOOKED_AT = 50  # among which so many can be read, or what is left of them is tried


def try_learner(
    learner: PairedActiveLearner, sources: tuple[Pool, Pool], seen: Pools
) -> None:
    """Check the strategy, and encode a few items with an encoder that is thrown away.

    What is raised here would be raised once people have answered.
    """
    if isinstance(learner.query_strategy, QueryStrategy):
        learner.query_strategy.check_parameters(learner.batch_size)
        check_asked(learner.query_strategy, 2)
    if learner.estimator is None:
        return
    encoder = clone(learner.estimator)
    if isinstance(encoder, CLIPEncoder):  # else random weights would not be built
        encoder.set_params(trainable="none", verbose=0)
    rows = [_usable(source) for source in sources]
    if not all(map(len, rows)):
        return
    with warnings.catch_warnings(), suppress(NotFittedError):
        warnings.simplefilter("ignore")  # it is told of all items later
        encode(encoder, *map(take, seen, rows))


def _usable(source: Pool) -> IntArray:
    """Return a few rows of a pool that can be used."""
    rows: list[int] = []
    for row in range(min(N_LOOKED_AT, len(source.keys))):
        if row in source.faults:
            continue
        if source.kind == "image" and fault_of(source.items[row], thorough=True):
            continue
        rows.append(row)
        if len(rows) == N_TRIED:
            break
    return np.array(rows, dtype=np.int64)
