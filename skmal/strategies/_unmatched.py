"""Which items are likely to have a partner, told from answers that there was none."""

import numpy as np

from .._shared.types import FloatArray

C = 10.0  # inverse of the penalty, for rows of length one
N_FOLDS = 3


def partner_chances(
    rows: FloatArray, aligned: FloatArray, unmatched: FloatArray
) -> FloatArray | None:
    """Return, for each row, a weight: how probable it is that it has a partner, mean 1.

    A logistic regression tells the items that were answered with a partner from those
    that were not, by their rows of length one. Its chances are raised to the power of
    what it can do on items held out, from 0 (guessing; nothing is changed) to 1, twice
    the area under its ROC curve less 1. None where there are too few of either to tell.

    O((n_aligned + n_unmatched + n_rows) d) time, a hundred times or so.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    if min(len(aligned), len(unmatched)) < N_FOLDS:
        return None
    asked = np.vstack([aligned, unmatched])
    answered = np.arange(len(asked)) < len(aligned)
    model = LogisticRegression(C=C, max_iter=1000)
    held_out = np.asarray(
        cross_val_predict(model, asked, answered, cv=N_FOLDS, method="predict_proba")
    )
    skill = max(0.0, 2 * roc_auc_score(answered, held_out[:, 1]) - 1)
    chances = model.fit(asked, answered).predict_proba(rows)[:, 1]
    weights = np.maximum(chances, 1e-3) ** skill
    return weights / weights.mean()
