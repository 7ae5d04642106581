"""Which items are equal."""

import numpy as np

from skmal.items._equals import digest, groups_of_equals, number_equals


def test_equal_keys_share_a_group_and_distinct_ones_need_none():
    (group,) = groups_of_equals("abcbd", [1, 2, 3, 4, 5])
    assert group.tolist() == [0, 1, 2, 1, 3]


def test_numbers_follow_the_order_of_appearance():
    group, first = number_equals(["b", "a", "b", "c", "a"])
    assert group.tolist() == [0, 1, 0, 2, 1]
    assert first.tolist() == [0, 1, 3]


def test_arrays_that_are_equal_share_a_digest_whatever_their_memory():
    rows = np.arange(6.0).reshape(2, 3)
    assert digest(rows) == digest(np.asfortranarray(rows)) == digest(rows[::1].copy())
    assert len({digest(rows), digest(rows.T), digest(rows + 1)}) == 3


def test_arrays_of_one_content_and_two_shapes_have_two_digests():
    flat, tall = np.zeros((2, 8), np.uint8), np.zeros((8, 2), np.uint8)
    assert digest(flat) != digest(tall)
