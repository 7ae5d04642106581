"""What encoders say that they read."""

import pytest
from names_encoder import NamesEncoder
from sklearn.base import BaseEstimator
from sklearn.cross_decomposition import PLSSVD

from skmal import CLIPEncoder, ContrastiveProjection, RidgeCCA, RidgeMCCA
from skmal.encoders._tags import reads_numbers_only


class Silent(BaseEstimator):
    """An encoder whose author has not heard of tags; it may read texts."""


class Like(PLSSVD):
    """One that puts something before scikit-learn's, such as counts of words."""


@pytest.mark.parametrize(
    ("encoder", "says_numbers"),
    [
        (RidgeCCA(), True),
        (ContrastiveProjection(), True),
        (CLIPEncoder(), False),
        (NamesEncoder(), False),
        (Silent(), False),
        (PLSSVD(), True),
        (RidgeMCCA(), True),
        (Like(), False),  # its base classes speak for it, as for every other
        (object(), False),
    ],
)
def test_only_what_a_class_says_itself_counts(encoder, says_numbers):
    assert reads_numbers_only(encoder) is says_numbers
