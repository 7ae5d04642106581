"""A session's learner: taught the answers, asked what comes next, kept on disk.

Nothing here knows of files of items or of people; items are rows of two pools.
"""

import hashlib
import io
from dataclasses import dataclass, replace

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from .._shared.files import replacing
from ..arrays._operations import to_host
from ..arrays._rows import take, unit
from ..encoders._protocol import encode
from ..learners._query import Query

N_MORE = 4  # questions drawn at a time, since somebody waits for them
N_SPARE = 20  # candidates kept beyond those shown, for others may take some


@dataclass(frozen=True)
class Plan:
    """What a training starts from; rows of the two pools.

    Parameters
    ----------
    upto : int
        The last event that it knows of.
    pairs : ndarray of shape (n_pairs, 3)
        Number of the event, row of X, row of y.
    unmatched : tuple of two ndarrays
        Rows of X and of y that have no partner.
    open : tuple of two ndarrays
        Rows without an answer.
    eligible : tuple of two ndarrays
        Those of them that may be asked about.
    n_questions, n_reserve : int
        Questions of the round, and more for people who are faster than the training.
    """

    upto: int
    pairs: np.ndarray
    unmatched: tuple
    open: tuple
    eligible: tuple
    n_questions: int
    n_reserve: int


@dataclass
class Features:
    """Where the open items lie for the last finished encoder: unit rows of both pools.

    Parameters
    ----------
    rows : tuple of two ndarrays
        Rows of the pools, rising.
    units : tuple of two ndarrays of shape (n, n_components)
        Their features.
    """

    rows: tuple
    units: tuple

    def nearest(self, modality, rows, k):
        """Return the k nearest rows of the other pool for each of these rows."""
        places = np.searchsorted(self.rows[modality], rows)
        queries, gallery = self.units[modality][places], self.units[1 - modality]
        similarity = queries @ gallery.T  # (n, n_gallery)
        k = min(k, len(gallery))
        best = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        order = np.take_along_axis(-similarity, best, axis=1).argsort(axis=1)
        return self.rows[1 - modality][np.take_along_axis(best, order, axis=1)]


def new_learner(template, seed):
    """Return an unfitted copy of a learner, with its seed drawn."""
    learner = clone(template)
    learner.seed_ = seed
    return learner


def teach(before, pools, plan, upto):
    """Return a learner that knows the plan's pairs; `before` knew those `upto` then.

    The encoder goes on from that of `before` where it warm-starts. `before` stays as it
    is, so that people can go on answering its questions.
    """
    learner = new_learner(before, before.seed_)
    learner._found, learner._remembered = before._found, before._remembered
    if hasattr(before, "estimator_"):
        learner.estimator_ = before.estimator_
    tell_unmatched(learner, pools, plan.unmatched)
    is_old = plan.pairs[:, 0] <= upto
    n_before = 0 if before.X_training is None else len(before.X_training)
    has_lost = is_old.sum() < n_before  # pairs taken back since
    old, new = (_rows_of(pools, plan.pairs[mask]) for mask in (is_old, ~is_old))
    if is_old.any():
        learner._X_training, learner._y_training = old
    if not is_old.all():
        learner.teach(*new)
    elif has_lost:
        refit(learner)
    if len(plan.pairs) < 2 and hasattr(learner, "estimator_"):
        del learner.estimator_  # all that it was fitted on has been taken back
    return learner


def tell_unmatched(learner, pools, unmatched):
    """Let the learner know what has no partner."""
    for modality, rows in enumerate(unmatched):
        if len(rows):
            query = Query(rows, take(pools[modality], rows), modality)
            learner.teach_unmatched(query, np.full(len(rows), -1))


def refit(learner):
    """Fit the encoder on the pairs that the learner holds."""
    if learner.X_training is not None and len(learner.X_training) >= 2:
        encoder = learner._encoder_to_fit(learner.seed_)
        learner.estimator_ = encoder.fit(learner.X_training, learner.y_training)


def ask(learner, pools, plan, n_candidates):
    """Return the next questions, and the Features that their candidates come from.

    A question is (modality, row, rows of likely partners). With an encoder that can
    not tell yet, candidates are drawn, and the features are None.
    """
    if plan.n_questions < 1:
        return [], None
    eligible = [
        take(pool, rows) for pool, rows in zip(pools, plan.eligible, strict=True)
    ]
    query, round = learner._ask(*eligible, plan.n_questions)
    chosen = [(query.modality, query.indices)]
    if round is not None and plan.n_reserve:
        chosen += _reserve(learner, round, chosen[0], plan.n_reserve)
    if round is not None and all(map(np.array_equal, plan.open, plan.eligible)):
        features = as_features(plan.open, round.open)
    else:
        features = features_of(learner, pools, plan.open)
    questions = []
    for modality, indices in chosen:
        rows = plan.eligible[modality][indices]
        k = n_candidates + plan.n_questions + N_SPARE
        partners = _candidates(learner, plan, features, modality, rows, k)
        questions += zip([modality] * len(rows), rows, partners, strict=True)
    return questions, features


def ask_more(learner, plan, features, n_candidates):
    """Return questions as `ask` does, at once: items drawn, with ranked candidates."""
    rng = np.random.default_rng([learner.seed_, plan.upto, 4])
    modality = int(rng.integers(2))
    eligible = plan.eligible[modality]
    if features is not None:
        ranked = eligible[np.isin(eligible, features.rows[modality], kind="table")]
        if len(ranked):
            eligible = ranked
        else:  # all that is left came back since
            features = None
    n = min(N_MORE, plan.n_questions, len(eligible))
    rows = eligible[rng.choice(len(eligible), size=n, replace=False, shuffle=False)]
    k = n_candidates + plan.n_questions + N_SPARE
    partners = _candidates(learner, plan, features, modality, rows, k)
    return list(zip([modality] * n, rows, partners, strict=True))


def _rows_of(pools, pairs):
    return take(pools[0], pairs[:, 1]), take(pools[1], pairs[:, 2])


def _reserve(learner, round, first, n):
    """Ask the same strategy again, of what the first choice left."""
    modality, indices = first
    left = [np.arange(len(features)) for features in round.open]
    left[modality] = np.delete(left[modality], indices)
    n = min(n, *(len(rows) for rows in left))
    if n < 1:
        return []
    rest = replace(
        round,
        open=tuple(f[rows] for f, rows in zip(round.open, left, strict=True)),
        open_inputs=tuple(
            f[rows] for f, rows in zip(round.open_inputs, left, strict=True)
        ),
        n_instances=n,
    )
    strategy = learner._strategy()
    strategy.check_parameters(n)
    selection = strategy._choose(rest)
    modality = getattr(selection, "modality", 0)
    return [(modality, left[modality][np.asarray(selection.indices)])]


def _candidates(learner, plan, features, modality, rows, k):
    """Return rows of the other pool for each row: the nearest, else drawn ones."""
    if len(rows) == 0:
        return []
    if features is not None:
        return features.nearest(modality, rows, k)
    others = plan.open[1 - modality]
    rng = np.random.default_rng([learner.seed_, plan.upto, 3])
    size = min(k, len(others))
    return [rng.choice(others, size=size, replace=False) for _ in rows]


def features_of(learner, pools, rows):
    """Return the Features of these rows, or None with an encoder without any."""
    encoder = getattr(learner, "estimator_", learner.estimator)
    items = [take(pool, some) for pool, some in zip(pools, rows, strict=True)]
    try:
        features = None if encoder is None else encode(encoder, *items)
    except NotFittedError:
        features = None
    return as_features(rows, features)


def as_features(rows, features):
    """Return Features, or None where there are none."""
    if features is None or features[0].shape[1] == 0:
        return None
    return Features(rows, tuple(unit(to_host(f)).astype(np.float32) for f in features))


# -------------------------------------------------------------------- on disk


def save(learner, path):
    """Write what was learned, by a rename, and return the SHA-256 of the file."""
    encoder = getattr(learner, "estimator_", None)
    content = io.BytesIO()
    joblib.dump((encoder, learner._remembered), content)
    path.parent.mkdir(exist_ok=True)
    with replacing(path, "wb") as file:
        file.write(content.getbuffer())
    return hashlib.sha256(content.getbuffer()).hexdigest()


def load(learner, path, sha256):
    """Put what `save` wrote into a learner and say whether it was there, untouched.

    A file of any other content is not loaded, for loading runs what is in it.
    """
    try:
        content = path.read_bytes()
    except OSError:
        return False
    if hashlib.sha256(content).hexdigest() != sha256:
        return False
    try:
        encoder, remembered = joblib.load(io.BytesIO(content))
    except Exception:  # written by other versions of what the encoder is made of
        return False
    if encoder is not None:
        learner.estimator_ = encoder
    learner._remembered = remembered
    return True


def rebuild(learner, pools, history, eligible, asked):
    """Fit again what a file would have held.

    `history` holds the pairs (number of the event, row of X, row of y) of each
    training; `eligible` the rows that could be asked about in the last, and `asked` the
    modality and the rows that were.
    """
    warm = getattr(learner.estimator, "warm_start", False)
    for before, pairs in zip([None, *history], history, strict=False):
        learner._X_training, learner._y_training = _rows_of(pools, pairs)
        if warm and not np.array_equal(before, pairs):
            refit(learner)
    if not warm:
        refit(learner)
    modality, rows = asked
    if len(rows):
        query = Query(rows, take(pools[modality], rows), modality)
        items = [take(pool, rows) for pool, rows in zip(pools, eligible, strict=True)]
        learner._remember(query, items, None)
