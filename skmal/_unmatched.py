"""What the items without a partner tell about those not asked about yet."""

import numpy as np
from sklearn.linear_model import LogisticRegression

C = 10.0  # inverse of the penalty, for rows of length one


def partner_chances(rows, aligned, unmatched):
    """Return, for each row, how probable it is that it has a partner, mean 1.

    A logistic regression of having been answered with a partner on the rows of the
    items asked about so far, all of length one. None where nothing is to be learned,
    because all of these had a partner or none.

    O((n_aligned + n_unmatched + n_rows) d) time, a few tens of times.
    """
    if len(aligned) == 0 or len(unmatched) == 0:
        return None
    asked = np.vstack([aligned, unmatched])
    answered = np.arange(len(asked)) < len(aligned)
    model = LogisticRegression(C=C, max_iter=1000).fit(asked, answered)
    chances = np.maximum(model.predict_proba(rows)[:, 1], 1e-3)
    return chances / chances.mean()
