"""The run in which `fit` plays the annotator: pools, questions, answers, the story."""

from contextlib import nullcontext
from itertools import repeat

import numpy as np

from ..arrays._rows import take


def simulate(learner, X, y, item, first, plan, annotator, validation_data, scoring):
    """Let `learner` buy answers until the budget is spent, and keep the story on it.

    Row r of X is item ``item[r]``, and ``first[i]`` is the first row of item i; without
    groups every row is an item. `plan` is (n_initial, batch_size, budget, buffer_size).
    """
    n_initial, batch_size, budget, buffer_size = plan
    n = len(item)
    # The third entry keeps this stream apart from those of the rounds.
    rng = np.random.default_rng([learner.seed_, 0, 1])
    orders = rng.permutation(len(first)), rng.permutation(n)  # that tell nothing
    arriving = orders[0] if len(first) == n else rng.permutation(n)
    X_present, y_present = _present(annotator, item, len(first))
    # An item of X leaves once it is in as many pairs as it has rows.
    n_left = np.where(X_present, np.bincount(item, minlength=len(first)), 0)
    y_open = y_present.copy()

    learner.annotated_iter_ = np.full(n, -1)
    answers, modalities, gaps = [], [], []
    n_pairs, n_answers, scores = [], [], []

    def take_answers(X_items, y_rows):
        """Let the items leave the pools, learn the pairs, and write it all down.

        -1 on either side stands for a partner that was missing.
        """
        pair = (X_items >= 0) & (y_rows >= 0)
        right = pair & (item[y_rows] == X_items)
        X_rows = np.where(right, y_rows, np.where(X_items < 0, -1, first[X_items]))
        learner.annotated_iter_[y_rows[right]] = len(modalities)
        np.subtract.at(n_left, X_items[pair], 1)
        n_left[X_items[y_rows < 0]] = 0
        y_open[y_rows[y_rows >= 0]] = False
        learner.teach(take(X, X_rows[pair]), take(y, y_rows[pair]))

        rounds = np.full(len(pair), len(modalities))
        answers.append(np.column_stack([rounds, X_rows, y_rows]))
        if progress is not None:
            progress.update(len(pair))
        if not hasattr(learner, "estimator_"):  # a single pair so far
            return
        n_pairs.append(len(learner.X_training))
        n_answers.append(sum(map(len, answers)))
        if validation_data is not None:
            scores.append(scoring(learner, *validation_data))

    with _progress_bar(budget, learner.verbose) as progress:
        both = X_present[item[arriving]] & y_present[arriving]
        start = np.sort(arriving[both][:n_initial])
        if len(start):
            take_answers(item[start], start)
        arriving = arriving[learner.annotated_iter_[arriving] < 0]
        ended = "stream_ended" if buffer_size else "pool_exhausted"
        for buffer in _buffers(arriving, buffer_size):
            if (spent := sum(map(len, answers))) >= budget:
                break
            here = np.zeros(n, dtype=bool)
            here[buffer] = True
            items_here = np.zeros(len(first), dtype=bool)
            items_here[item[buffer]] = True
            X_items = orders[0][(items_here & (n_left > 0))[orders[0]]]
            y_rows = orders[1][(here & y_open)[orders[1]]]
            if not (len(X_items) and len(y_rows)):  # nobody to name
                if buffer_size:
                    continue
                break
            query = learner.query(
                take(X, first[X_items]),
                take(y, y_rows),
                n_instances=min(batch_size, budget - spent, len(X_items), len(y_rows)),
            )
            modalities.append(query.modality)
            none = query.coverage_gap is None
            gaps.append((np.nan, np.nan) if none else query.coverage_gap)
            partners = _ask(annotator, query, X_items, item[y_rows])
            learner.teach_unmatched(query, partners)
            asked, others = (X_items, y_rows)[:: 1 if query.modality == 0 else -1]
            asked = asked[query.indices]
            named = np.where(partners < 0, -1, others[partners])
            if query.modality == 1:
                take_answers(named, asked)
                continue
            if len(first) < n:
                _remember_other_partners(learner, asked[partners >= 0], item[y_rows])
            take_answers(asked, named)
        if sum(map(len, answers)) >= budget:
            ended = "budget_spent"
    if not hasattr(learner, "estimator_"):
        raise ValueError(
            f"{sum(map(len, answers))} answers named fewer than the 2 partners that "
            "are needed to learn; raise the budget, or have fewer partners missing"
        )

    learner.n_iter_ = len(modalities)
    learner.modality_iter_ = np.array(modalities, dtype=np.int64)
    learner.coverage_gap_iter_ = np.array(gaps, dtype=np.float64).reshape(-1, 2)
    learner.answers_ = np.concatenate([np.empty((0, 3), dtype=np.int64), *answers])
    learner.n_pairs_iter_ = np.array(n_pairs)
    learner.n_answers_iter_ = np.array(n_answers)
    learner.termination_condition_ = ended
    if validation_data is not None:
        as_is = any(isinstance(score, dict) for score in scores)
        learner.validation_scores_ = scores if as_is else np.array(scores)


def _present(annotator, item, n_items):
    """Return which items of X and which rows of y there are."""
    if not hasattr(annotator, "present"):
        return np.ones(n_items, dtype=bool), np.ones(len(item), dtype=bool)
    X_present, y_present = annotator.present(n_items)
    return X_present, y_present[item]


def _buffers(rows, size):
    """Yield the rows that are here: the same ever again, or the next of a stream."""
    if size is None:
        yield from repeat(rows)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _ask(annotator, query, X_ids, y_ids):
    """Return the annotator's answers, checked."""
    partners = np.asarray(annotator(query, X_ids, y_ids))
    n_others = len((y_ids, X_ids)[query.modality])
    query.pairs(partners)  # raises unless they are integers of at least -1
    if partners.max(initial=-1) >= n_others:
        raise ValueError(
            f"the annotator named row {partners.max()}, but the other pool has "
            f"{n_others} rows; it must return rows of that pool, or -1"
        )
    return partners.astype(np.int64)


def _remember_other_partners(learner, asked, of_pool):
    """Tell the learner which items it remembers are partners as right as those named.

    `asked` are items of X, and `of_pool` the items that the rows of y's pool belong to.
    """
    kept = learner._remembered
    if kept is not None:
        right = of_pool[kept.rows] == asked[:, None]  # (n_asked, n_gallery)
        learner._remembered = kept._replace(right=right)


def _progress_bar(total, verbose):
    if not verbose:
        return nullcontext()
    from tqdm import tqdm

    return tqdm(total=total, unit="answer", desc="answers bought")
