"""Small paired views of one latent variable, small enough to print."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

if "PYTEST_XDIST_WORKER" in os.environ and "OMP_NUM_THREADS" not in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"  # one process per core, so one thread each
    threadpool_limits(1)  # of libraries that a plugin has loaded before

from helpers import STRATEGIES, make_pairs

# No clock: a busy machine is slow to draw examples. The same ones in each run, as
# Hypothesis itself does it on GitHub, unless --hypothesis-profile=new asks for others.
own = settings(
    settings.get_profile("default"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("new", own)
settings.register_profile("repeatable", own, derandomize=True, database=None)
settings.load_profile("repeatable")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Keep the millions of objects that are loaded here out of garbage collections."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture
def pairs():
    """Return 80 aligned rows of 6 and 5 features."""
    return make_pairs()


@pytest.fixture
def no_pictures(monkeypatch):
    """Leave figures undrawn: it takes a second or two for each comparison."""
    figure = pytest.importorskip("matplotlib.figure")
    monkeypatch.setattr(figure.Figure, "savefig", lambda *_, **options: None)


@pytest.fixture(params=STRATEGIES, ids=repr)
def strategy(request):
    """Return each strategy in turn, under several parameters."""
    return request.param
