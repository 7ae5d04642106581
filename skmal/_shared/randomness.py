"""Seeds and draws, without any global generator."""

from copy import deepcopy

import numpy as np

from .parameters import is_integer
from .types import IntArray, RandomState

# Draws of one seed that must have nothing to do with each other come from generators
# whose keys, such as [seed, n_aligned, REMEMBERED], end in one of these. Two of one
# number are never drawn in one run: a session has no simulated annotator.
SIMULATED_RUN = 1  # the order of the pools of a run in which `fit` asks
REMEMBERED = 2  # open items kept after a query, to rank the true partners among
MISSING_PARTNERS = 3  # which partners a simulated annotator's pools lack
WRONG_ANSWERS = 4  # where a simulated annotator errs
CANDIDATES = 3  # partners shown by a session whose encoder cannot rank yet
MORE_QUESTIONS = 4  # what a session asks while the next round is computed
SMALLER_POOL = 5  # the part of a set's pool that a comparison uses
HELD_OUT_GLYPHS = 7  # the suite's test pairs of all glyphs
HELD_OUT_SCRIPTS = 8  # the suite's test pairs of the scripts that are new
RESERVED = 11  # which questions of a session's reserve are drawn at random
AUDITED = 6  # which questions of a batch are drawn at random
FOLDS = 10  # the known pairs that calibrate the confidence of proposals
FIRST_PAIRS = 9  # the suite's pairs known at the start, and the order of its pools


def draw_seed(random_state: RandomState) -> int:
    """Return an integer seed; None draws a fresh one without any global generator.

    A generator is copied before it is asked, for parameters are never changed: the same
    object gives the same seed again.
    """
    random_state = deepcopy(random_state)
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    if is_integer(random_state) and random_state >= 0:
        return int(random_state)
    raise ValueError(
        "random_state must be None, an integer of at least 0, a numpy RandomState or a "
        f"numpy Generator, got {random_state!r}"
    )


def draw_rows(
    n: int, limit: int, rng: np.random.Generator, in_order: bool = True
) -> IntArray:
    """Return `limit` of n row numbers, drawn; all of them where there are no more.

    They come in order, or, if drawn with ``in_order=False``, as they were drawn.
    """
    if n <= limit:
        return np.arange(n)
    rows = rng.choice(n, limit, replace=False)
    return np.sort(rows) if in_order else rows
