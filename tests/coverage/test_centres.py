"""The centres as products take them."""

import numpy as np

from skmal.coverage._centres import ALIGNED, Centres


def test_centres_that_are_kept_follow_their_order():
    rows = np.random.default_rng(0).normal(size=(1000, 4))
    centres = Centres(rows, rows[:7], rows.dtype, None)
    before = centres.turned(ALIGNED, 0, 7).copy()
    order = np.array([3, 1, 0, 2, 6, 5, 4])
    centres.put_in(order)
    np.testing.assert_array_equal(centres.turned(ALIGNED, 0, 7), before[order])
