"""Confidence, intervals, audits and forecasts, from made-up answers."""

from dataclasses import astuple, replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from skmal._shared.intervals import mean_interval, wilson_interval
from skmal.matching._audit import Audits
from skmal.matching._confidence import RIGHT, Looks, calibrate, log_odds
from skmal.matching._forecast import forecast


def looks_of(shares, right, known=1.0, is_chosen=False):
    n = len(shares)
    half = np.full(n, 0.5)  # from either side
    return Looks(shares, right, np.full(n, known), np.full(n, is_chosen), half)


def both(*parts):
    columns = zip(*map(astuple, parts), strict=True)
    return Looks(*map(np.concatenate, columns))


def test_confidence_is_the_share_right_where_answers_are_many():
    rng = np.random.default_rng(0)
    shares = rng.random(4000)
    truth = expit(-1 + 0.5 * log_odds(shares))
    learned = calibrate(looks_of(shares, rng.random(4000) < truth)).confidence(shares)
    assert np.abs(learned - truth).mean() < 0.02


def test_it_is_where_the_penalised_likelihood_is_largest():
    rng = np.random.default_rng(1)
    looks = both(
        looks_of(rng.random(40), rng.random(40) < 0.3, 0.5),
        looks_of(rng.random(60), rng.random(60) < 0.2, is_chosen=True),
    )

    def loss(own):
        odds = own[0] + own[1] * log_odds(looks.shares)
        odds += own[2] * np.log(looks.known) + own[3] * looks.is_chosen
        fit = (
            looks.weights * np.logaddexp(0, np.where(looks.right, -odds, odds))
        ).sum()
        return fit + (((own - RIGHT.mean) / RIGHT.sd) ** 2).sum() / 2

    best = minimize(loss, np.zeros(4)).x
    assert np.allclose(calibrate(looks).line, best[:2], atol=1e-3)


def test_chosen_answers_and_old_ones_do_not_make_it_modest():
    rng = np.random.default_rng(2)
    shares = np.full(400, 0.5)
    half, few = rng.random(400) < 0.5, rng.random(400) < 0.35
    alone = calibrate(looks_of(shares, half)).confidence(shares[:1])
    chosen = both(looks_of(shares, half), looks_of(shares, few, is_chosen=True))
    old = both(looks_of(shares, half), looks_of(shares, few, known=0.2))
    pooled = both(looks_of(shares, half), looks_of(shares, few))
    assert calibrate(chosen).confidence(shares[:1]) > alone - 0.04
    assert calibrate(old).confidence(shares[:1]) > alone - 0.04
    assert calibrate(pooled).confidence(shares[:1]) < alone - 0.06


def test_without_answers_it_is_the_prior_and_nearly_one_half():
    nothing = looks_of(np.empty(0), np.empty(0, dtype=bool))
    confidence = calibrate(nothing).confidence(np.array([0.01, 0.5, 0.99]))
    assert (np.diff(confidence) > 0).all()
    assert (confidence < 0.9).all()


def test_few_answers_make_nothing_sure():
    shares = np.array([0.9, 0.95, 0.99])
    sure = calibrate(looks_of(shares, np.ones(3, dtype=bool)))
    surer = calibrate(looks_of(np.tile(shares, 30), np.ones(90, dtype=bool)))
    assert sure.confidence(shares)[2] < 0.95 < surer.confidence(shares)[2]


def test_the_error_that_is_expected_is_the_one_that_is_made():
    rng = np.random.default_rng(3)
    shares = expit(rng.normal(-0.5, 1.0, 300))
    expected, made = [], []
    for _ in range(60):
        line = rng.normal(RIGHT.mean[:2], RIGHT.sd[:2])
        truth = expit(line[0] + line[1] * log_odds(shares))
        looks = looks_of(shares[:40], rng.random(40) < truth[:40])
        learned = calibrate(replace(looks, weights=np.ones(40)))
        expected.append(learned.error(shares))
        made.append(np.abs(learned.confidence(shares) - truth).mean())
    assert np.mean(expected) == pytest.approx(np.mean(made), rel=0.25)
    assert calibrate(looks_of(shares[:2], truth[:2] > 0.5)).error(shares) > 0.1
    assert learned.error(shares[:0]) == 0


def test_the_largest_shares_are_no_surer_than_large_ones():
    assert log_odds(np.array([0.9]))[0] == log_odds(np.array([1.0]))[0]


def test_wilson_is_the_textbook_one():
    value, low, high = wilson_interval(8, 10)
    assert (value, round(low, 3), round(high, 3)) == (0.8, 0.490, 0.943)
    assert np.isnan(wilson_interval(0, 0)).all()


def test_a_mean_of_zeros_and_ones_is_a_share():
    values = np.repeat([0.0, 1.0], [60, 40])
    ours, wilson = mean_interval(values), wilson_interval(40, 100)
    assert ours.value == 0.4
    assert ours.low == pytest.approx(wilson.low, abs=0.01)
    assert np.isnan(mean_interval([])).all()
    narrow = mean_interval(np.full(100, 0.5) + 0.01 * (-1) ** np.arange(100))
    assert narrow.high - narrow.low < 0.01


def test_ranks_of_audits_are_those_in_the_whole_pool():
    gallery = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [1.0, 0.0]])
    audits = Audits().asking(0, np.array([[1.0, 0.0], [0.0, 2.0]]), gallery)
    asked = np.array([[0.0, 1.0], [1.0, 0.0]])
    audits = audits.answered((asked, np.array([[0.8, 0.6], [1.0, 0.0]])), n_before=7)
    assert audits.rank == (1.5, 2.0)  # of two equals; behind one
    assert audits.place == (8, 7)
    ((n_before, places),) = audits.of_rounds(9)
    assert (n_before, places.tolist()) == (7, [8, 7])
    assert [own.tolist() for _, own in audits.of_rounds(8)] == [[7]]
    assert not audits.pending
    assert audits.without_partner(2, 9).rank == audits.rank  # none is open
    audits = audits.asking(0, gallery[:2], gallery).without_partner(3, 9)
    estimates = audits.estimates()
    assert estimates.n_answers == 4
    assert estimates.without_partner.value == 0.5
    assert estimates.recall_at_1.value == 0
    assert estimates.recall_at_9.value == 1
    assert Audits.from_state(audits.state()) is not audits
    assert Audits.from_state(audits.state()).rank[:2] == audits.rank[:2]


def test_the_last_hundred_audits_count():
    audits = Audits()
    for _ in range(150):
        audits = audits.asking(0, np.eye(2)[:1], np.eye(2))
        audits = audits.answered((np.eye(2)[:1], np.eye(2)[:1]), 3)
    assert audits.estimates().n_answers == 100
    for _ in range(80):
        audits = audits.asking(0, np.eye(2)[:1], np.eye(2)).without_partner(1, 3)
    assert audits.estimates().without_partner.value == 0.8


def test_a_rank_does_not_depend_on_the_last_bits_of_features():
    gallery = np.array([[1.0, 0.0], [0.8, 0.6], [0.8, 0.6], [0.0, 1.0]])
    audits = Audits().asking(0, np.array([[0.0, 1.0]]), gallery)
    again = np.array([[0.006, 1.0]]), np.array([[0.802, 0.597]])  # of less precision
    assert audits.answered(again, 3).rank == (2.5,)


def test_what_was_chosen_is_no_audit():
    audits = Audits().asking(1, np.array([[1.0, 0.0]]), np.eye(2))
    audits = audits.answered((np.eye(2)[:1], np.array([[0.0, 1.0]])), 3)
    assert not audits.rank
    assert len(audits.pending) == 1


def test_a_forecast_goes_on_as_before():
    n = np.repeat(np.arange(50, 500, 50), 40)
    rng = np.random.default_rng(0)
    hit = rng.random(len(n)) < 0.1 * np.log(n)
    told = forecast(n, np.where(hit, 1.0, 1e9), 500, 100)
    assert told.is_trusted
    gain = 0.1 * np.log(600 / 500)
    assert told.low <= gain <= told.high < 5 * gain
    assert "360 random questions of 9 rounds" in told.reason


def test_a_forecast_promises_no_more_than_is_left():
    n = np.repeat(np.arange(50, 500, 50), 10)
    score = n / 500
    told = forecast(n, 1 / score, 450, 450)
    slope, start = np.polyfit(np.log1p(n), score, 1)
    assert told.gain == pytest.approx(1 - start - slope * np.log1p(450))
    assert told.high <= 1


@pytest.mark.parametrize(
    ("n_rounds", "n", "why"),
    [(1, 10, "Only 9"), (3, 10, "30 of 4 are needed"), (9, 9000, "more than the 500")],
)
def test_a_forecast_says_when_it_cannot_be_trusted(n_rounds, n, why):
    before = np.repeat(np.arange(n_rounds) * 10 + 20, 9)
    told = forecast(before, np.tile([1.0, 2, 3], len(before) // 3), 500, n)
    assert not told.is_trusted
    assert why in told.reason
    assert np.isnan(told.gain) == (n_rounds == 1)
    assert n_rounds == 1 or told.low <= told.gain <= told.high
