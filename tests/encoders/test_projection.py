"""ContrastiveProjection against plain formulas, on the glyphs, and in a learner."""

import pickle

import numpy as np
import pytest
import torch
from helpers import make_pairs
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skmal import ContrastiveProjection, CoresetMargin, PairedActiveLearner, RidgeCCA
from skmal.datasets import load_glyphs
from skmal.metrics import mean_reciprocal_rank


def quick(n_components=128, **parameters):
    """Return an encoder that trains in a few hundredths of a second."""
    defaults = {"max_epochs": 10, "batch_size": 32, "device": "cpu", "random_state": 0}
    return ContrastiveProjection(n_components, **(defaults | parameters))


def test_equal_captions_do_not_push_apart():
    """Two halves, told apart by y alone: within a half there is nothing to learn."""
    X, _ = make_pairs()
    y = np.repeat([[0.0, 1.0], [1.0, 0.0]], 40, axis=0)
    one_caption = quick().fit(X[:40], y[:40])
    assert one_caption.history_[-1]["loss"] == pytest.approx(0, abs=1e-6)
    assert quick().fit(X, y).history_[0]["loss"] > 1e-3


def test_training_starts_from_the_closed_form_and_lowers_the_loss(pairs):
    X, y = pairs
    still = quick(learning_rate=1e-12).fit(X, y)
    np.testing.assert_allclose(
        still.transform(X), RidgeCCA().fit(X, y).transform(X), atol=1e-5
    )
    encoder = quick(learning_rate=0.01, max_epochs=20).fit(X, y)
    losses = [epoch["loss"] for epoch in encoder.history_]
    assert len(losses) == 20
    assert losses[-1] < 0.9 * losses[0]
    assert encoder.temperature_ == encoder.history_[-1]["temperature"] != 0.07


def test_temperature_stops_at_that_of_clip(pairs):
    encoder = quick(learning_rate=1.0, max_epochs=20).fit(*make_pairs(seed=1))
    assert encoder.temperature_ >= 0.01 - 1e-6


@pytest.mark.parametrize(("n", "expected"), [(200, 0.117), (1000, 0.264)])
def test_glyphs_reach_the_expected_mrr(n, expected):
    X, y = load_glyphs(features=True, return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    test, train = order[:1000], order[1000 : 1000 + n]
    encoder = ContrastiveProjection(device="cpu", random_state=0)
    encoder.fit(X[train], y[train])
    score = mean_reciprocal_rank(*encoder.transform(X[test], y[test]))
    assert score == pytest.approx(expected, abs=0.025)
    assert encoder.transform(X[:3]).shape == (3, 128)


def test_same_seed_same_bits_with_as_many_threads(pairs):
    X, y = load_glyphs(features=True, return_X_y=True)
    threads = torch.get_num_threads()
    encoders = []
    try:
        for n_threads in (1, 2, 1, 2):
            torch.set_num_threads(n_threads)
            encoder = quick(max_epochs=2, batch_size=300).fit(X[:600], y[:600])
            encoders.append(encoder)
    finally:
        torch.set_num_threads(threads)
    for one, other in [encoders[::2], encoders[1::2]]:
        np.testing.assert_array_equal(one.x_weights_, other.x_weights_)
        np.testing.assert_array_equal(one.y_weights_, other.y_weights_)
        assert one.history_ == other.history_
    # Other kernels round otherwise: logits, products of 128 values times a scale of at
    # most 100, differ by so much at most.
    apart = 100 * 128 * float(np.finfo(np.float32).eps)
    for one, two in zip(encoders[0].history_, encoders[1].history_, strict=True):
        assert one["loss"] == pytest.approx(two["loss"], abs=apart)
    X, y = pairs
    one, other = quick(), quick(random_state=1)
    assert (one.fit(X, y).x_weights_ != other.fit(X, y).x_weights_).any()


def test_global_state_is_left_alone_and_does_not_matter(pairs):
    expected = quick().fit(*pairs)
    torch.manual_seed(5)
    np.random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    fitted = [quick().fit(*pairs)]
    with torch.no_grad():
        fitted.append(quick().fit(*pairs))
        assert not torch.is_grad_enabled()
    with torch.inference_mode():
        fitted.append(quick().fit(*pairs))
        assert torch.is_inference_mode_enabled()
    torch.set_default_dtype(torch.float64)
    try:
        fitted.append(quick().fit(*pairs))
    finally:
        torch.set_default_dtype(dtype)
    assert torch.is_grad_enabled()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])
    for encoder in fitted:
        np.testing.assert_array_equal(encoder.x_weights_, expected.x_weights_)


def test_warm_start_goes_on_where_the_last_fit_ended(pairs):
    X, y = pairs
    warm = quick(warm_start=True, learning_rate=0.01).fit(X[:60], y[:60])
    first, temperature = warm.transform(X), warm.temperature_
    warm.set_params(learning_rate=1e-12).fit(X[:60], y[:60])
    np.testing.assert_allclose(warm.transform(X), first, atol=1e-5)
    assert warm.temperature_ == pytest.approx(temperature)
    warm.set_params(learning_rate=0.01).fit(X, y)  # more pairs, same features
    cold = quick(learning_rate=0.01).fit(X, y)
    assert warm.history_[0]["loss"] < cold.history_[0]["loss"]

    # Without warm_start, nothing of an earlier fit remains.
    again = quick(learning_rate=0.01).fit(X[:60], y[:60]).fit(X, y)
    np.testing.assert_array_equal(again.x_weights_, cold.x_weights_)


def test_warm_start_with_other_features_is_refused_and_changes_nothing(pairs):
    X, y = pairs
    encoder = quick(warm_start=True).fit(X, y)
    before = pickle.dumps(encoder)
    with pytest.raises(ValueError, match="warm_start=True continues .* start afresh"):
        encoder.fit(X[:, :4], y)
    assert pickle.dumps(encoder) == before


def test_directions_beyond_the_pairs_are_kept_for_later_rounds():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 20)), rng.normal(size=(30, 15))
    encoder = quick(warm_start=True).fit(X[:5], y[:5])
    assert encoder.n_components_ == 15
    assert encoder.fit(X, y).transform(X).shape == (30, 15)


def test_rows_have_unit_length_and_the_mean_stays_zero(pairs):
    X, y = pairs
    encoder = quick().fit(X, y)
    x_features, y_features = encoder.transform(X, y[:7])
    assert y_features.shape == (7, 5)
    np.testing.assert_allclose(np.linalg.norm(x_features, axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(y_features, axis=1), 1)
    assert not encoder.transform(encoder.x_mean_[None]).any()
    assert list(encoder.get_feature_names_out()[:1]) == ["contrastiveprojection0"]


def test_units_of_the_input_do_not_matter(pairs):
    X, y = pairs
    one, other = quick().fit(X, y), quick().fit(1024 * X + 512, y / 4096)
    np.testing.assert_allclose(
        one.transform(X), other.transform(1024 * X + 512), atol=1e-4
    )


@pytest.mark.parametrize("value", [0.1, 1.0])
def test_constant_modality_gives_finite_rows(pairs, value):
    X, y = pairs
    x_features, y_features = quick().fit(X, np.full_like(y, value)).transform(X, y)
    assert np.isfinite(x_features).all()
    assert np.isfinite(y_features).all()


def test_float32_stays_float32_per_modality(pairs):
    X, y = pairs
    encoder = quick().fit(X.astype(np.float32), y)
    x_features, y_features = encoder.transform(X.astype(np.float32), y)
    assert (x_features.dtype, y_features.dtype) == (np.float32, np.float64)
    assert encoder.x_weights_.dtype == np.float32


def test_one_dimensional_y_is_a_column(pairs):
    X, y = pairs
    one = quick().fit(X, y[:, 0]).transform(X, y[:, 0])
    other = quick().fit(X, y[:, :1]).transform(X, y[:, :1])
    np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "n_components must be an integer of at least 1, got 0"),
        ({"max_epochs": 0}, "max_epochs must be an integer of at least 1, got 0"),
        ({"max_epochs": 1.5}, "max_epochs must be an integer .* got 1.5"),
        ({"batch_size": 1}, "batch_size must be an integer of at least 2, got 1"),
        (
            {"learning_rate": 0},
            "learning_rate must be a finite number in .0, 1e.38., got 0",
        ),
        ({"learning_rate": "1"}, "learning_rate must be a finite number .* got '1'"),
        ({"weight_decay": -1}, "weight_decay must be a finite number of at least 0"),
        ({"weight_decay": np.nan}, "weight_decay must be a finite .* got nan"),
        ({"device": "abacus"}, "torch cannot use device='abacus' .* pass None"),
        ({"learning_rate": 1e38}, "training diverged with learning_rate=1e.38 and "),
    ],
)
def test_bad_parameters_leave_a_fitted_encoder_as_it_was(pairs, parameters, message):
    encoder = quick().fit(*pairs)
    before = encoder.x_weights_.copy(), encoder.history_
    with pytest.raises(ValueError, match=message):
        encoder.set_params(**parameters).fit(*pairs)
    np.testing.assert_array_equal(encoder.x_weights_, before[0])
    assert encoder.history_ is before[1]


def test_bad_input_leaves_a_fitted_encoder_as_it_was(pairs):
    X, y = pairs
    encoder = quick().fit(X, y)
    before = encoder.transform(X)
    broken = X.copy()
    broken[3, 2] = np.nan
    with pytest.raises(ValueError, match="X has 80 rows and y has 79"):
        encoder.fit(X, y[:-1])
    with pytest.raises(ValueError, match="NaN"):
        encoder.fit(broken, y)
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        encoder.fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="requires y to be passed"):
        encoder.fit(X, None)
    np.testing.assert_array_equal(encoder.transform(X), before)
    with pytest.raises(ValueError, match="y has 4 .* ContrastiveProjection is exp"):
        encoder.transform(X, y[:, :4])
    with pytest.raises(NotFittedError):
        clone(encoder).transform(X)


def test_verbose_shows_a_bar_and_silence_is_the_default(pairs, capsys):
    quick().fit(*pairs)
    assert capsys.readouterr() == ("", "")
    quick(verbose=1).fit(*pairs)
    assert "10/10" in capsys.readouterr().err


@pytest.mark.parametrize("warm_start", [False, True])
def test_in_a_learner_it_learns_from_the_answers(warm_start):
    X, y = load_glyphs(features=True, return_X_y=True)
    held_out = X[1:3000:6], y[1:3000:6]
    X, y = X[:3000:2], y[:3000:2]
    learner = PairedActiveLearner(
        quick(batch_size=512, warm_start=warm_start),
        CoresetMargin(trim=0.3),
        budget=300,
        n_initial=60,
        batch_size=60,
        random_state=0,
    )
    learner.fit(X, y, validation_data=held_out)
    scores = learner.validation_scores_
    assert scores[-1] > 1.3 * scores[0]
    again = clone(learner).fit(X, y)
    np.testing.assert_array_equal(
        again.estimator_.x_weights_, learner.estimator_.x_weights_
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_agrees_with_the_cpu(pairs):
    X, y = pairs
    encoder = quick(device=None).fit(X, y)
    np.testing.assert_allclose(
        encoder.transform(X), quick().fit(X, y).transform(X), atol=0.02
    )
