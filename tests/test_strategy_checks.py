"""A correct strategy passes; each check finds the strategy that breaks it, alone."""

import random
import re

import numpy as np
import pytest

from skmal import KCenterGreedy, QueryStrategy, RandomSampling, Selection
from skmal._shared.contracts import name_of, run_check
from skmal.strategy_checks import check_strategy, parametrize_with_strategy_checks
from skmal.strategy_checks._checks import CHECKS, CHECKS_OF_FUNCTIONS


class Longest(QueryStrategy):
    """Ask about the rows of X farthest from zero."""

    def select(self, round):
        """Rank all rows by their lengths."""
        return best(round, self.lengths(round.open_inputs[0]))

    def lengths(self, rows):
        """Return what the rows are ranked by."""
        return np.linalg.norm(rows, axis=1)


def best(round, utilities, modality=0):
    """Return the selection of the largest utilities."""
    rows = (-utilities).argsort(kind="stable")[: round.n_instances]
    return Selection(rows, utilities[rows], modality)


def longest(learner, X_pool, y_pool, n_instances=1):
    """Ask as `Longest`, by a function."""
    length = np.linalg.norm(X_pool, axis=1)
    rows = (-length).argsort(kind="stable")[:n_instances]
    return rows, length[rows]


# ---------------------------------------------------------------- broken ones


class AtMostTen(Longest):
    def select(self, round):
        return Selection(*(part[:10] for part in super().select(round)))


class FloatRows(Longest):
    def select(self, round):
        rows, utilities = super().select(round)
        return Selection(rows.astype(float) if len(rows) == 64 else rows, utilities)


class SaysXAsksY(Longest):
    modality = 0

    def select(self, round):
        return best(round, self.lengths(round.open_inputs[1]), modality=1)


class WithReplacementWhereMany(Longest):
    def select(self, round):
        rows, utilities = super().select(round)
        return Selection(np.minimum(rows, rows[0] if len(rows) > 60 else 99), utilities)


class WorstFirst(Longest):
    def select(self, round):
        return Selection(*(part[::-1] for part in super().select(round)))


class InfinitelyGood(Longest):
    def select(self, round):
        rows, utilities = super().select(round)
        return Selection(rows, np.full_like(utilities, np.inf))


class KeepsAResult(Longest):
    """Its column is no parameter, and so is lost by a clone."""

    column = 0

    def lengths(self, rows):
        return np.abs(rows[:, self.column])


keeps_a_result = KeepsAResult()
keeps_a_result.column = 1


class SeedsNumpy(Longest):
    def select(self, round):
        np.random.seed(0)
        rows = np.random.permutation(len(round.open[0]))[: round.n_instances]
        return Selection(rows, np.zeros(round.n_instances))


class PositivePool(Longest):
    def __call__(self, learner, X_pool, y_pool=None, n_instances=1):
        if isinstance(X_pool, np.ndarray):
            np.abs(X_pool, out=X_pool)
        return super().__call__(learner, X_pool, y_pool, n_instances)


class CountsItsCalls(Longest):
    def select(self, round):
        self.n_calls_ = getattr(self, "n_calls_", 0) + 1
        return super().select(round)


class RowAgainstRow(Longest):
    """Takes row i of one pool for the partner of row i of the other."""

    def select(self, round):
        X, y = round.open
        return best(round, np.linalg.norm(X - np.resize(y, X.shape), axis=1))


class FirstComeFirst(Longest):
    def lengths(self, rows):
        return -np.arange(len(rows), dtype=float)


class RowsOfTheWrongPool(Longest):
    def select(self, round):
        n = len(round.open[0]) if len(round.open[1]) > 1 else 1
        rows = round.rng.permutation(n)[: round.n_instances]
        return Selection(rows, np.zeros(round.n_instances), modality=1)


class SecondBestPartner(Longest):
    def select(self, round):
        X, y = round.open
        similarity = np.sort(X @ y.T, axis=1)
        return best(round, similarity[:, -2] - similarity[:, -1])


class NaiveKCenter(Longest):
    """Picks a centre again where all rows are centres."""

    def select(self, round):
        X, (known, _) = round.open_inputs[0], round.aligned_inputs
        centres, rows, gaps = list(known) or [X.mean(axis=0)], [], []
        for _ in range(round.n_instances):
            gap = np.min([np.linalg.norm(X - c, axis=1) for c in centres], axis=0)
            rows.append(gap.argmax())
            gaps.append(gap.max())
            centres.append(X[rows[-1]])
        return Selection(np.array(rows), np.array(gaps))


class CentresInPlace(Longest):
    def lengths(self, rows):
        rows = rows.copy()
        rows -= rows.mean(axis=0)
        return super().lengths(rows)


def fitted_encoder(learner, X_pool, y_pool, n_instances=1):
    features, _ = learner.estimator_.transform(X_pool, y_pool)
    return longest(learner, features, y_pool, n_instances)


class NearestKnown(Longest):
    """Fails where no pair is known."""

    def select(self, round):
        gaps = round.open[0][:, None] - round.aligned[0]
        return best(round, np.linalg.norm(gaps, axis=2).min(axis=1))


class Clips(Longest):
    def __call__(self, learner, X_pool, y_pool=None, n_instances=1):
        return super().__call__(learner, X_pool, y_pool, max(n_instances, 1))


class RemembersMore(Longest):
    def __init__(self, modality=0):
        self.modality = modality
        self.cache = {}


class NoFrames(Longest):
    def __call__(self, learner, X_pool, y_pool=None, n_instances=1):
        X_pool[:, :1]
        return super().__call__(learner, X_pool, y_pool, n_instances)


class StreamsInVain(Longest):
    """Says that it streams, but looks at all rows at once."""

    streams = True


class BlindToTensors(Longest):
    """Says that tensors may come, but takes them for arrays."""

    stays_on_device = True


BROKEN = [
    (AtMostTen(), "check_number_of_rows", "n_instances=64 got indices of shape .10,"),
    (FloatRows(), "check_number_of_rows", "the indices are float64"),
    (SaysXAsksY(), "check_modality", "about modality 1, which is not in .0,"),
    (
        WithReplacementWhereMany(),
        "check_distinct_rows",
        "64 of 64 rows, it chose .* more than once",
    ),
    (WorstFirst(), "check_best_first", "the utilities were"),
    (InfinitelyGood(), "check_best_first", "the utilities were .inf"),
    (keeps_a_result, "check_same_answer_again", "it chose rows .* of a clone"),
    (SeedsNumpy(), "check_global_generators", "drew from the global .* of numpy"),
    (PositivePool(), "check_nothing_changes", "it changed X_pool"),
    (CountsItsCalls(), "check_nothing_changes", "its attributes were .* and became"),
    (RowAgainstRow(), "check_order_of_the_other_pool", "once the other pool was shuff"),
    (FirstComeFirst(), "check_order_of_the_own_pool", "it chose items .0 1 2 3 4 5."),
    (RowsOfTheWrongPool(), "check_unequal_pools", "which are not in the pool"),
    (SecondBestPartner(), "check_one_row_pools", "it raised IndexError: index -2"),
    (NaiveKCenter(), "check_repeated_items", "it chose .* more than once"),
    (CentresInPlace(), "check_numbers", "it raised UFuncTypeError: Cannot cast"),
    (fitted_encoder, "check_modal_learner", "raised AttributeError: .*estimator_"),
    (NoFrames(), "check_containers", "it raised TypeError: list indices"),
    (NearestKnown(), "check_cold_start", "it raised ValueError: zero-size array"),
    (Clips(), "check_bad_input", "n_instances=0 got an answer"),
    (RemembersMore(), "check_parameters", r"the constructor sets \['cache'\]"),
    (StreamsInVain(), "check_streams", r"it read all 120000 rows of round.open_inputs"),
    (BlindToTensors(), "check_stays_on_device", "a device was taken for an array"),
]


# ---------------------------------------------------------------- correct ones


class Blockwise(Longest):
    """Streams: it looks at a thousand rows at a time."""

    streams = True

    def lengths(self, rows):
        blocks = (rows[i : i + 1000] for i in range(0, len(rows), 1000))
        return np.concatenate([super(Blockwise, self).lengths(b) for b in blocks])


class OnDevice(Longest):
    """Computes where the rows are; only lengths come to the host."""

    stays_on_device = True

    def lengths(self, rows):
        lengths = (rows**2).sum(axis=1) ** 0.5
        return lengths.cpu().numpy() if hasattr(lengths, "cpu") else lengths


@pytest.mark.parametrize(
    ("strategy", "name", "found"), BROKEN, ids=[name_of(b[0]) for b in BROKEN]
)
def test_each_check_alone_finds_what_breaks_it(strategy, name, found):
    told = {}
    checks = CHECKS if isinstance(strategy, QueryStrategy) else CHECKS_OF_FUNCTIONS
    for check in checks:
        try:
            run_check(check, strategy)
        except AssertionError as error:
            told[name_of(check)] = str(error)
    assert list(told) == [name]
    message = f"{name} failed for {name_of(strategy)}.*: .*{found}.*Expected: [a-z]"
    assert re.search(f"(?s){message.replace('()', '..')}", told[name])


def test_every_check_has_a_strategy_that_breaks_it():
    assert {name for _, name, _ in BROKEN} == {name_of(check) for check in CHECKS}


@pytest.mark.parametrize(
    "strategy", [Longest(), longest, Blockwise(), OnDevice()], ids=name_of
)
def test_a_correct_strategy_passes_and_nothing_is_returned(strategy):
    assert check_strategy(strategy) is None


def test_what_a_strategy_raised_is_the_cause():
    def broken(learner, X_pool, y_pool, n_instances):
        raise KeyError("a")

    with pytest.raises(
        AssertionError, match="number_of_rows failed for broken"
    ) as info:
        check_strategy(broken)
    assert isinstance(info.value.__cause__, KeyError)


def test_a_result_that_is_no_pair_is_named():
    with pytest.raises(AssertionError, match="returned int64, not a pair"):
        check_strategy(lambda *pools, n_instances: np.int64(3))


def test_without_a_seed_the_first_to_differ_is_the_second_call():
    def drawing(learner, X_pool, y_pool, n_instances):
        rows = np.random.default_rng().permutation(len(X_pool))[:n_instances]
        return rows, np.zeros(n_instances)

    with pytest.raises(AssertionError, match="same_answer_again .* in a second call"):
        check_strategy(drawing)


@pytest.mark.parametrize("module", ["random", "torch"])
def test_the_other_global_generators_are_watched_and_put_back(module):
    if module == "random":
        draw, state = random.random, random.getstate
    else:
        torch = pytest.importorskip("torch")
        draw, state = torch.seed, lambda: torch.get_rng_state().tolist()

    def drawing(learner, X_pool, y_pool, n_instances):
        draw()
        return longest(learner, X_pool, y_pool, n_instances)

    check = next(c for c in CHECKS if name_of(c) == "check_global_generators")
    before = state()
    with pytest.raises(AssertionError, match=f"from the global generator of {module}"):
        run_check(check, drawing)
    assert state() == before


@pytest.mark.parametrize("strategy", [KCenterGreedy, 3, None])
def test_what_is_no_strategy_is_refused(strategy):
    with pytest.raises(TypeError, match="a strategy must be an instance"):
        check_strategy(strategy)
    with pytest.raises(TypeError, match="a strategy must be an instance"):
        parametrize_with_strategy_checks([strategy])


def test_pytest_gets_one_test_for_each_strategy_and_check():
    mark = parametrize_with_strategy_checks([RandomSampling(), longest]).mark
    ids = [parameter.id for parameter in mark.args[1]]
    assert len(set(ids)) == len(CHECKS) + len(CHECKS_OF_FUNCTIONS)
    assert ids[0] == "RandomSampling()-check_number_of_rows"
    assert ids[-1] == "longest-check_modal_learner"
