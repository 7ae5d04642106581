"""How likely a proposed pair is right, learned from answers that nothing was fitted on.

What is known of a proposal is its share (see `partner_shares`), as log-odds.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from .._shared.types import BoolArray, FloatArray

LEAST = np.exp(-6.0)  # shares are kept this far from 0 and 1
GRID = np.linspace(-6, 6, 13)  # where the prior's answers lie
PRIOR = 0.8 * GRID - 0.5  # their log-odds: shares are a little too sure of themselves
N_PRIOR = 2.0  # answers that the prior is worth
N_TRUSTED = 30  # answers from which on confidence can be trusted


@dataclass(frozen=True, eq=False)
class Calibration:
    """Log-odds of being right as a line in those of the share, and how sure it is.

    Parameters
    ----------
    line : ndarray of shape (2,)
        Intercept and slope.
    covariance : ndarray of shape (2, 2)
        Of these, by Laplace's approximation.
    """

    line: FloatArray
    covariance: FloatArray

    def confidence(self, shares: FloatArray) -> FloatArray:
        """Return the probability of being right, averaged over what the line may be.

        The fewer answers it was learned from, the closer it is to one half [1]_.

        References
        ----------
        .. [1] MacKay, D. J. C. (1992). "The Evidence Framework Applied to
           Classification Networks". Neural Computation 4, 720-736.
        """
        design = _design(log_odds(shares))
        variance = np.einsum("ij,jk,ik->i", design, self.covariance, design)
        return expit(design @ self.line / np.sqrt(1 + np.pi / 8 * variance))


def calibrate(shares: FloatArray, right: BoolArray, weight: float = 1.0) -> Calibration:
    """Learn from answers which shares are right; few of them hardly move the prior.

    Parameters
    ----------
    shares : ndarray of shape (n_answers,)
        Of what was proposed before the answer was known.
    right : ndarray of shape (n_answers,)
        Whether that was the partner.
    weight : float, default=1.0
        How much each counts.

    Returns
    -------
    Calibration
        What was learned.
    """
    from sklearn.linear_model import LogisticRegression

    odds = np.concatenate([log_odds(shares), GRID, GRID])
    is_right = np.concatenate([right, np.ones(len(GRID)), np.zeros(len(GRID))])
    prior = N_PRIOR / len(GRID) * expit(PRIOR)
    rest = N_PRIOR / len(GRID) - prior
    weights = np.concatenate([np.full(len(right), weight), prior, rest])
    model = LogisticRegression(C=1000.0).fit(
        odds[:, None], is_right.astype(bool), sample_weight=weights
    )
    line = np.array([model.intercept_[0], model.coef_[0, 0]])
    design = _design(odds)
    at = expit(design @ line)
    information = (design * (weights * at * (1 - at))[:, None]).T @ design
    return Calibration(line, np.linalg.inv(information))


def log_odds(shares: FloatArray) -> FloatArray:
    """Return the log-odds of shares, those near 0 and 1 cut off."""
    return logit(np.clip(shares, LEAST, 1 - LEAST))


def _design(odds: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(odds)), odds])
