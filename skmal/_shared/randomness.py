"""Seeds, drawn without any global generator."""

from copy import deepcopy

import numpy as np


def draw_seed(random_state):
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
    if isinstance(random_state, (int, np.integer)) and random_state >= 0:
        return int(random_state)
    raise ValueError(
        "random_state must be None, an integer of at least 0, a numpy RandomState or a "
        f"numpy Generator, got {random_state!r}"
    )
