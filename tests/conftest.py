"""Small paired views of one latent variable, small enough to print."""

import os

import pytest
from threadpoolctl import threadpool_limits

if "PYTEST_XDIST_WORKER" in os.environ and "OMP_NUM_THREADS" not in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"  # one process per core, so one thread each
    threadpool_limits(1)  # of libraries that a plugin has loaded before

from helpers import STRATEGIES, make_pairs


@pytest.fixture
def pairs():
    """Return 80 aligned rows of 6 and 5 features."""
    return make_pairs()


@pytest.fixture(params=STRATEGIES, ids=repr)
def strategy(request):
    """Return each strategy in turn, under several parameters."""
    return request.param
