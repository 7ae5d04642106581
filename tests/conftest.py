"""Small paired views of one latent variable, small enough to print."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # one process per core, so one thread each
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from helpers import make_pairs

from skmal import (
    BADGE,
    CoresetMargin,
    KCenterGreedy,
    MarginSampling,
    MaxHerding,
    RandomSampling,
    TypiClust,
    UncertaintyHerding,
    VOptimalDesign,
)

STRATEGIES = [
    RandomSampling(),
    RandomSampling(0),
    KCenterGreedy(),
    KCenterGreedy("alternate", trim=0.3, metric="cosine"),
    MarginSampling(),
    MarginSampling(1, uncertainty="top1", candidates="open"),
    CoresetMargin(),
    CoresetMargin("relative_coverage", trim=0.3, coreset_size=1.5),
    CoresetMargin("random", uncertainty="entropy", coreset_size=70),
    CoresetMargin(0, candidates="open", metric="cosine"),
    VOptimalDesign(),
    VOptimalDesign("coverage", trim=0.0, ridge=1.0, gate=1.0),
    MaxHerding(),
    UncertaintyHerding(bandwidth=1.0),
    TypiClust(),
    BADGE(),
]


@pytest.fixture
def pairs():
    """Return 80 aligned rows of 6 and 5 features."""
    return make_pairs()


@pytest.fixture(params=STRATEGIES, ids=repr)
def strategy(request):
    """Return each strategy in turn, under several parameters."""
    return request.param
