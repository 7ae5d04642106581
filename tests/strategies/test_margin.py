"""MarginSampling."""

import numpy as np
from rounds import make_round

from skmal import MarginSampling
from skmal.arrays._verbs import unit


def test_open_candidates_leave_the_aligned_items_out():
    x = [[1.0, 0.0]]
    aligned_y, open_y = [[1.0, 0.001]], [[0.9, 0.3], [0.0, 1.0]]
    round = make_round((x, open_y), (x, aligned_y))
    both = MarginSampling(0, candidates="all").select(round).utilities
    only_open = MarginSampling(0, candidates="open").select(round).utilities
    assert only_open < both < 0


def test_equal_uncertainties_go_to_the_lowest_row():
    x = np.tile([[1.0, 0.0], [0.6, 0.8]], (10, 1))
    y = [[1.0, 0.0], [0.0, 1.0]]
    empty = np.empty((0, 2))
    round = make_round((x, y), (empty, empty), n_instances=4)
    assert MarginSampling(0).select(round).indices.tolist() == [1, 3, 5, 7]


def test_only_what_differs_by_rounding_is_equally_uncertain():
    rng = np.random.default_rng(0)
    x = rng.uniform(0.1, 9, size=(30, 1)) * [[0.6, 0.8, 0.3]]  # one direction
    x = np.concatenate([x, [[0.6, 0.799999, 0.3]]])  # and one a little less certain
    y = rng.normal(size=(9, 3))
    round = make_round((x, y), (np.empty((0, 3)),) * 2, n_instances=5)
    margins = np.sort(unit(x[[0, 30]]) @ unit(y).T, axis=1)
    margins = margins[:, -1] - margins[:, -2]
    chosen = MarginSampling(0).select(round).indices.tolist()
    assert 1e-8 < np.abs(np.diff(margins)) < 1e-4
    assert chosen == ([30, 0, 1, 2, 3] if margins[1] < margins[0] else [0, 1, 2, 3, 4])
