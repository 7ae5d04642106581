"""The page of studies is made from the results that lie beside it."""

import numpy as np
import pytest
from helpers import load_benchmark


@pytest.fixture(scope="module")
def studies():
    """Return the script that makes the page, as a module."""
    return load_benchmark("studies")


def test_the_page_is_up_to_date_with_the_runs(studies):
    assert studies.PAGE.read_text(encoding="utf-8") == studies.page(), (
        "run python benchmarks/studies.py page"
    )
    for name in [*studies.STUDIES, "runtime"]:
        assert (studies.IMAGES / f"study-{name}.png").exists()


def test_every_variant_has_five_seeds_on_every_pool(studies):
    for setting in filter(studies.has_runs, [studies.MADE_UP, studies.REAL]):
        for name in setting.studies:
            for pools in studies.table(name, setting).values():
                assert {len(values) for values in pools.values()} == {5}
    for _, seconds in studies.read_runtime().values():
        assert seconds.shape[1] == 5


def test_a_variant_with_larger_batches_is_compared_where_its_batches_end(studies):
    random = {0: ([10, 20, 30, 40, 50, 60], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])}
    coarse = {0: ([10, 30, 50], [0.1, 0.4, 0.6])}
    key = "scenes", studies.LINEAR, "group"
    curves = {key: {studies.REFERENCE: _arrays(random), "coarse": _arrays(coarse)}}
    saved = studies.saved_by_seed(curves, "scenes", "coarse", 100)
    at_30, at_50 = 1 - (10 + 20 * 2 / 3) / 30, 1 - 40 / 50  # and nothing at 10
    assert saved[0] == pytest.approx([50 * at_30, 50 * (at_30 + at_50)])


def _arrays(seeds):
    return {seed: tuple(map(np.array, curve)) for seed, curve in seeds.items()}


def test_a_selection_is_timed(studies):
    assert studies.time_selection(400, 250, 50, 0) > 0
