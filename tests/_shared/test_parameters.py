"""One check for each kind of parameter, and one error that says what it must be."""

import re
from fractions import Fraction

import numpy as np
import pytest

from skmal import BADGE, CoresetMargin, KCenterGreedy, PairedActiveLearner, RidgeCCA
from skmal._shared.parameters import check_choice, check_integer, check_number
from skmal._shared.randomness import draw_seed

SHARE = {"minimum": 0, "less_than": 1, "kind": "a share"}
PART = {"more_than": 0, "maximum": 1, "kind": "a part"}


@pytest.mark.parametrize(
    ("value", "limits", "message"),
    [
        (True, {"minimum": 0}, "x must be a finite number of at least 0, got True"),
        (-1, {"minimum": 0}, "x must be a finite number of at least 0, got -1"),
        (0, {"more_than": 0}, "x must be a finite number above 0, got 0"),
        (np.nan, {"more_than": 0}, "x must be a finite number above 0, got nan"),
        (np.inf, {"minimum": 0}, "x must be a finite number of at least 0, got inf"),
        ("1", {"minimum": 0}, "x must be a finite number of at least 0, got '1'"),
        (None, {"minimum": 0}, "x must be a finite number of at least 0, got None"),
        (1, SHARE, "x must be a share in [0, 1), got 1"),
        (False, SHARE, "x must be a share in [0, 1), got False"),
        (0.0, PART, "x must be a part in (0, 1], got 0.0"),
        (1.5, PART, "x must be a part in (0, 1], got 1.5"),
        (0, {"more_than": 0, "remedy": "; why"}, "x must be a finite number above 0, "
         "got 0; why"),
    ],
)  # fmt: skip
def test_a_number_out_of_range_is_told_what_it_must_be(value, limits, message):
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        check_number(value, "x", **limits)


def test_numbers_in_range_are_returned_as_floats():
    assert check_number(0, "x", **SHARE) == 0
    assert check_number(1, "x", **PART) == 1
    assert check_number(Fraction(1, 2), "x", more_than=0) == 0.5
    assert type(check_number(np.float32(2), "x", minimum=0)) is float


def test_true_is_no_integer_no_choice_and_no_seed():
    with pytest.raises(ValueError, match="k must be an integer of at least 0, got T"):
        check_integer(True, "k", minimum=0)
    with pytest.raises(ValueError, match=r"side must be one of \(0, 1\), got True"):
        check_choice(True, "side", (0, 1))
    with pytest.raises(ValueError, match="random_state must be None.* got True"):
        draw_seed(True)
    assert check_choice(np.int64(1), "side", (0, 1)) == 1
    assert check_choice("a", "letter", {"a": None}) == "a"


@pytest.mark.parametrize(
    "strategy",
    [
        CoresetMargin(trim=False),
        CoresetMargin(coreset_size=True),
        KCenterGreedy(trim=False),
        KCenterGreedy(modality=True),
        BADGE(temperature=True),
    ],
)
def test_strategies_take_no_truth_for_a_number(strategy, pairs):
    learner = PairedActiveLearner(RidgeCCA(), strategy)
    with pytest.raises(ValueError, match=" must be .*, got (True|False)"):
        learner.query(*pairs, n_instances=2)


def test_an_integer_that_no_float_holds_is_not_finite():
    with pytest.raises(ValueError, match="x must be a finite number above 0, got 1000"):
        check_number(10**400, "x", more_than=0)
