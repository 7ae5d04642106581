"""scikit-learn's own checks."""

from sklearn.cross_decomposition import PLSSVD
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmal import (
    ContrastiveProjection,
    KCenterGreedy,
    KernelCCA,
    PairedActiveLearner,
    RandomSampling,
    RidgeCCA,
)

ESTIMATORS = [
    RidgeCCA(),
    RidgeCCA(n_components=2, reg=1.0),
    KernelCCA(),
    KernelCCA(2.0, reg=0.3, n_components=3, n_landmarks=20, random_state=0),
    ContrastiveProjection(max_epochs=3, device="cpu"),
    ContrastiveProjection(
        2, max_epochs=2, batch_size=16, warm_start=True, device="cpu"
    ),
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
