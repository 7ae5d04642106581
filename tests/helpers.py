"""What several test files share."""

import numpy as np


def make_pairs(n=80, seed=0, dtype=np.float64):
    """Return two views of a three-dimensional latent variable, row by row."""
    maps = np.random.default_rng(0).normal(size=(3, 11))  # the same whatever the seed
    rng = np.random.default_rng([seed, n])
    views = rng.normal(size=(n, 3)) @ maps + 0.03 * rng.normal(size=(n, 11))
    return views[:, :6].astype(dtype), views[:, 6:].astype(dtype)
