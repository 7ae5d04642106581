"""How likely a proposed pair is right, learned from answers that nothing was fitted on.

What is known of a proposal is its share (see `partner_shares`), as log-odds.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from .._shared.types import BoolArray, FloatArray

LEAST, MOST = -4.0, 1.5  # log-odds of shares: what is beyond is no less and no surer
N_TRUSTED = 30  # answers from which on confidence can be trusted
MOST_ERROR = 0.05  # by which it may be expected to be off


class Prior(NamedTuple):
    """What is expected of the coefficients: means, and standard deviations.

    Of a constant, the log-odds of the share, the logarithm of how many pairs were known
    (over those known now), and whether a strategy chose the pair.
    """

    mean: tuple[float, float, float, float]
    sd: tuple[float, float, float, float]


# Chosen on seed 0 of some pools and seed 1 of one: docs/matching.md says how it does.
RIGHT = Prior((0.6, 1.4, 0.4, -0.3), (1.2, 0.4, 0.3, 0.5))
NONE = Prior((-1.0, -0.5, 0.0, 0.0), (2.0, 1.0, 0.3, 0.5))  # that there is no partner


@dataclass(frozen=True, eq=False)
class Looks:
    """What was proposed before an answer was known, and what the answer said.

    Parameters
    ----------
    shares : ndarray of shape (n_looks,)
        Of what was proposed.
    right : ndarray of shape (n_looks,)
        Whether that was the partner.
    known : ndarray of shape (n_looks,)
        How many pairs the encoder had learned from, over those known now.
    is_chosen : ndarray of shape (n_looks,)
        Whether a strategy chose the pair, so that it is no random one.
    weights : ndarray of shape (n_looks,)
        How much each counts: those at one pair count as one answer.
    """

    shares: FloatArray = field(default_factory=lambda: np.empty(0))
    right: BoolArray = field(default_factory=lambda: np.empty(0, dtype=bool))
    known: FloatArray = field(default_factory=lambda: np.empty(0))
    is_chosen: BoolArray = field(default_factory=lambda: np.empty(0, dtype=bool))
    weights: FloatArray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, eq=False)
class Calibration:
    """Log-odds of being right as a line in those of the share, and how sure it is.

    Parameters
    ----------
    line : ndarray of shape (2,)
        Intercept and slope, of a random item and what is known now.
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
        design = np.column_stack([np.ones(len(shares)), log_odds(shares)])
        variance = np.einsum("ij,jk,ik->i", design, self.covariance, design)
        return expit(design @ self.line / np.sqrt(1 + np.pi / 8 * variance))

    def error(self, shares: FloatArray) -> float:
        """Return by how much these probabilities are expected to be off, on average.

        That is what is not known of the line; nobody can measure less on few proposals,
        of which by chance more or fewer are right.
        """
        if not len(shares):
            return 0.0
        design = np.column_stack([np.ones(len(shares)), log_odds(shares)])
        variance = np.einsum("ij,jk,ik->i", design, self.covariance, design)
        at = expit(design @ self.line)
        return float(np.sqrt(2 / np.pi) * np.mean(at * (1 - at) * np.sqrt(variance)))


def calibrate(looks: Looks, prior: Prior = RIGHT) -> Calibration:
    """Learn from answers which shares are right; few of them hardly move the prior.

    A logistic regression with a Gaussian prior. Answers from when less was known are
    right less often, and so are chosen ones, which are far from all others: by how much
    is learned with the rest, so that neither makes the line too modest.

    Parameters
    ----------
    looks : Looks
        The answers.
    prior : Prior, default=RIGHT
        What is expected of the coefficients.

    Returns
    -------
    Calibration
        What was learned.
    """
    design = np.column_stack(
        [
            np.ones(len(looks.shares)),
            log_odds(looks.shares),
            np.log(looks.known),
            looks.is_chosen,
        ]
    )
    mean, precision = np.array(prior.mean), np.diag(1 / np.square(prior.sd))
    coefficients = mean
    information = precision
    for _ in range(100):  # Newton's steps, none of them far
        at = expit(design @ coefficients)
        information = (design * (looks.weights * at * (1 - at))[:, None]).T @ design
        information += precision
        rise = design.T @ (looks.weights * (looks.right - at))
        rise -= precision @ (coefficients - mean)
        step = np.linalg.solve(information, rise)
        length = np.abs(step).max()
        coefficients = coefficients + step / max(1, length)
        if length < 1e-8:
            break
    return Calibration(coefficients[:2], np.linalg.inv(information)[:2, :2])


def log_odds(shares: FloatArray) -> FloatArray:
    """Return the log-odds of shares; those of very small and large ones are equal."""
    return np.clip(logit(np.clip(shares, 1e-6, 1 - 1e-6)), LEAST, MOST)
