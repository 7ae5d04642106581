"""Small paired views of one latent variable, small enough to print."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # one process per core, so one thread each
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from helpers import STRATEGIES, make_pairs


@pytest.fixture
def pairs():
    """Return 80 aligned rows of 6 and 5 features."""
    return make_pairs()


@pytest.fixture(params=STRATEGIES, ids=repr)
def strategy(request):
    """Return each strategy in turn, under several parameters."""
    return request.param
