"""Draws that a generator decides, and no more of them than are needed."""

import numpy as np

from skmal._shared.randomness import draw_rows


def test_rows_are_drawn_only_where_there_are_more():
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    assert draw_rows(5, 5, rng).tolist() == [0, 1, 2, 3, 4]
    assert rng.bit_generator.state == before
    drawn = draw_rows(50, 9, np.random.default_rng(0), in_order=False)
    assert len(set(drawn)) == 9
    assert sorted(drawn) != drawn.tolist()
    in_order = draw_rows(50, 9, np.random.default_rng(0))
    assert in_order.tolist() == sorted(drawn)
