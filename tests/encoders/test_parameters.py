"""Every number that an encoder is given must be one, in its range; True is none."""

import numpy as np
import pytest
from helpers import make_pairs
from sklearn.base import clone
from tiny_clip import quick

from skmal import ContrastiveProjection, KernelCCA, RidgeCCA, RidgeMCCA

TRAINING = [
    "learning_rate",
    "max_epochs",
    "batch_size",
    "weight_decay",
    "random_state",
]
NUMBERS = [
    *((RidgeCCA(), name) for name in ("n_components", "reg")),
    *((KernelCCA(), name) for name in ("gamma", "reg", "n_components", "n_landmarks")),
    *((RidgeMCCA(), name) for name in ("n_components", "reg")),
    *((ContrastiveProjection(), name) for name in ["n_components", *TRAINING]),
    *((quick(), name) for name in TRAINING),
]


@pytest.mark.parametrize("value", [True, "a", np.nan, np.inf, -1])
@pytest.mark.parametrize(
    ("encoder", "name"), NUMBERS, ids=[f"{type(e).__name__}-{n}" for e, n in NUMBERS]
)
def test_what_is_no_number_in_its_range_is_refused(encoder, name, value):
    X, y = make_pairs(4)
    if "CLIP" in type(encoder).__name__:
        X, y = np.zeros((4, 32, 32), np.uint8), list("abcd")
    items = ([X, y],) if isinstance(encoder, RidgeMCCA) else (X, y)
    # numpy says what a seed must be, but for True
    message = "[Ss]eed|random_state" if name == "random_state" else f"{name} must be a"
    with pytest.raises(ValueError, match=message):
        clone(encoder).set_params(**{name: value}).fit(*items)
