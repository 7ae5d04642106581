"""What several test files share."""

import numpy as np


def make_pairs(n=80, seed=0, dtype=np.float64):
    """Return two views of a three-dimensional latent variable, row by row."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(n, 3))
    X = latent @ rng.normal(size=(3, 6)) + 0.1 * rng.normal(size=(n, 6))
    y = latent @ rng.normal(size=(3, 5)) + 0.1 * rng.normal(size=(n, 5))
    return X.astype(dtype), y.astype(dtype)
