"""The real modAL: its loop with our learner, its learner with our strategies."""

import numpy as np
import pytest
import sklearn
from helpers import make_pairs
from sklearn.utils.fixes import parse_version

from skmal import CoresetMargin, PairedActiveLearner, RidgeCCA

models = pytest.importorskip("modAL.models", reason="extra 'modal' is not installed")
runs_with_modal = pytest.mark.skipif(
    parse_version(sklearn.__version__) >= parse_version("1.8"),
    reason="modAL's own learners cannot fit with scikit-learn 1.8 and newer",
)
