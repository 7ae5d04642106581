"""Which partners count as ranked near the top, and what the shares add up to."""

import numpy as np
import pytest
from small import cosines

from skmal.learners._prequential import Gallery, Prequential, near_the_top


def brute_force(asked, partners, gallery, right, gate):
    """Return what is near the top, item by item, by the definition."""
    near = []
    own = np.diag(cosines(asked, partners))
    for i, similarities in enumerate(cosines(asked, gallery)):
        is_rival = np.ones(len(gallery), bool) if right is None else ~right[i]
        is_equal = np.isclose(similarities, own[i], rtol=0, atol=1e-6)
        n_equal = (is_equal & is_rival).sum() - (right is None)  # that is the partner
        n_ahead = ((similarities > own[i]) & ~is_equal & is_rival).sum()
        n_ahead += max(n_equal, 0) / 2
        near.append(n_ahead == 0 or n_ahead < gate * len(gallery))
    return near


@pytest.mark.parametrize("is_told", [False, True])
def test_what_is_near_the_top_is_so_by_the_definition(is_told):
    n_near = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)  # few values, so that many are equal
        gallery = rng.integers(-1, 2, (20, 3)) + 0.0
        rows = rng.integers(20, size=12)
        asked = gallery[rows] + rng.integers(0, 2, (12, 3)) * rng.integers(
            0, 2, (12, 1)
        )
        partners = gallery[rows] * rng.uniform(0.5, 2, (12, 1))
        told = rng.random((12, 20)) < 0.2
        told[np.arange(12), rows] = True
        right = told if is_told else None
        for gate in (0.01, 0.1, 0.25):  # the latter allow for 2 and 5 ahead
            known = Gallery(1, np.arange(20), gallery, right)
            near = near_the_top(asked, partners, known, gate)
            expected = brute_force(asked, partners, gallery, right, gate)
            np.testing.assert_array_equal(near, expected)
            n_near += near.sum()
    assert 0.2 < n_near / (40 * 3 * 12) < 0.8


def test_the_share_is_the_mean_over_galleries_and_trust_follows_the_last():
    rows = np.eye(4)
    found = Gallery(0, np.arange(4), rows, np.eye(4, dtype=bool))
    missed = Gallery(2, np.arange(4), rows, np.zeros((4, 4), dtype=bool))
    asking = Prequential((1.0, 0.0)).asking(1, 0.01, [found, missed])
    scored = asking.scored([rows, rows, rows[::-1]])
    assert scored.shares == (1.0, 0.0, 0.5)
    assert (asking.trust, scored.trust) == (0.5, 0.5)
    assert scored.answered().scored([rows] * 3).shares == scored.shares
    assert Prequential((1.0, 0.0, 0.0)).trust == 0.25


def test_partners_are_items_of_the_same_number():
    gallery = Gallery(1, np.array([0, 2, 3]), np.zeros((3, 2)))
    told = Prequential().asking(0, 0.01, [gallery])
    told = told.knowing(np.array([5, 7]), np.array([5, 1, 7, 9]))
    right = [[True, False, False], [False, True, False]]
    np.testing.assert_array_equal(told.galleries[0].right, right)
