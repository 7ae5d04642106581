"""scikit-learn's own checks."""

from sklearn.cross_decomposition import PLSSVD
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmal import KCenterGreedy, PairedActiveLearner, RandomSampling, RidgeCCA

ESTIMATORS = [
    RidgeCCA(),
    RidgeCCA(n_components=2, reg=1.0),
    PairedActiveLearner(PLSSVD(n_components=1)),
    PairedActiveLearner(PLSSVD(n_components=1), budget=20, random_state=0),
    PairedActiveLearner(RidgeCCA()),
    PairedActiveLearner(RidgeCCA(), KCenterGreedy(), budget=20, random_state=0),
    PairedActiveLearner(RidgeCCA(), RandomSampling(), budget=15, random_state=0),
    PairedActiveLearner(),
]


@parametrize_with_checks(ESTIMATORS)
def test_sklearn_checks(estimator, check):
    """Every check of scikit-learn passes; no failure is expected."""
    check(estimator)
