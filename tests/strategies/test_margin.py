"""MarginSampling."""

import numpy as np
from rounds import make_round

from skmal import (
    MarginSampling,
)


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
