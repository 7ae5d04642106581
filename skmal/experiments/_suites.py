"""The suites: which pools they have, how much of each is bought, where it is told."""

from collections.abc import Mapping
from dataclasses import dataclass

from ._real_pools import REAL_POOLS
from ._suite_pools import POOLS


@dataclass(frozen=True)
class Shares:
    """Shares of a pool.

    Parameters
    ----------
    batch : float
        What is asked about in a round.
    start : float, default=0.025
        What is known at the start.
    budget : float, default=0.6
        What is bought in all, pairs at the start included. The round in which it is
        spent is made to its end.
    """

    batch: float
    start: float = 0.025
    budget: float = 0.6


@dataclass(frozen=True)
class Suite:
    """Pools, and where on their curves savings are told.

    Parameters
    ----------
    pools : dict of str to Shares
        The pools by their names, and what is bought of them.
    bands : dict of str to tuple of two floats
        Ranges of budgets: shares of the pool, bought by random.
    averaged : tuple of str
        The pools whose mean is told.
    """

    pools: Mapping[str, Shares]
    bands: Mapping[str, tuple[float, float]]
    averaged: tuple[str, ...]


BANDS = {"10-30 %": (0.1, 0.3), "30-60 %": (0.3, 0.6)}
COARSE_BATCH = 0.1  # of the pools of "default", with encoders that take seconds to fit
SUITES = {
    "default": Suite(dict.fromkeys(POOLS, Shares(batch=0.05)), BANDS, tuple(POOLS)),
    "real": Suite(
        {
            **dict.fromkeys(REAL_POOLS, Shares(batch=0.025)),
            "iconify": Shares(batch=0.005, start=0.005, budget=0.05),
        },
        {"1-5 %": (0.01, 0.05), "5-10 %": (0.05, 0.1), **BANDS},
        ("openmoji", "clipart", "glyphs"),
    ),
}
