"""CLIPEncoder: the contract of image encoders, training, and life in a learner."""

import pickle
import threading

import joblib
import numpy as np
import open_clip
import pandas as pd
import pytest
import torch
from helpers import MICRO_CLIP, unit_error
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from tiny_clip import APART, assert_same_features, quick

from skmal import (
    BADGE,
    CoresetMargin,
    KCenterGreedy,
    MarginSampling,
    PairedActiveLearner,
    RandomSampling,
    VOptimalDesign,
)
from skmal.items._encoding import _as_features
from skmal.metrics import make_retrieval_scorer, mean_reciprocal_rank
from skmal.strategies._round import open_round

# ------------------------------------------------- the contract of image encoders

ENCODERS = [
    quick(),
    quick(loss="siglip"),
    quick(trainable="text"),
    quick(trainable="image", warm_start=True),
    quick(trainable="none"),
]


@pytest.fixture(params=ENCODERS, ids=repr)
def encoder(request):
    """Return each encoder in turn, unfitted."""
    return clone(request.param)


def test_features_are_unit_rows_of_both_modalities(encoder, glyphs):
    X, y = glyphs
    x_features, y_features = encoder.fit(X, y).transform(X, y[:7])
    assert x_features.shape == (60, encoder.n_components_) == (60, 16)
    assert y_features.shape == (7, 16)
    for features in (x_features, y_features):
        assert features.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(encoder.transform(X), x_features)
    assert len(encoder.get_feature_names_out()) == 16


def test_fitting_again_gives_the_same_bits_and_keeps_the_parameters(encoder, glyphs):
    X, y = glyphs
    parameters = encoder.get_params()
    first = clone(encoder).fit(X, y)
    assert encoder.fit(X, y) is encoder
    assert encoder.get_params() == parameters
    assert_same_features(encoder, first, X, y)
    if not encoder.warm_start:
        assert_same_features(encoder.fit(X, y), first, X, y)
    other = clone(encoder).set_params(random_state=1).fit(X, y)
    assert (other.transform(X) != first.transform(X)).any()


def test_pickle_joblib_and_clone(encoder, glyphs, tmp_path):
    X, y = glyphs
    encoder.fit(X, y)
    again = pickle.loads(pickle.dumps(encoder))
    assert_same_features(again, encoder, X, y)
    assert_same_features(pickle.loads(pickle.dumps(again)), encoder, X, y)
    joblib.dump(encoder, tmp_path / "encoder.joblib")
    assert_same_features(joblib.load(tmp_path / "encoder.joblib"), encoder, X, y)
    assert not hasattr(clone(encoder), "config_")
    assert repr(clone(encoder)) == repr(encoder)
    assert again.history_ == encoder.history_


def test_rows_stand_for_themselves(encoder, glyphs):
    X, y = glyphs
    x_features, y_features = encoder.fit(X, y).transform(X, y)
    order = np.random.default_rng(0).permutation(60)
    x_shuffled, y_shuffled = encoder.transform(X[order], y[order])
    np.testing.assert_allclose(x_shuffled, x_features[order], atol=APART)
    np.testing.assert_allclose(y_shuffled, y_features[order], atol=APART)
    np.testing.assert_allclose(encoder.transform(X[:1]), x_features[:1], atol=APART)


def test_bad_input_is_named_and_changes_nothing(encoder, glyphs, tmp_path):
    X, y = glyphs
    missing = [*X[:59], tmp_path / "gone.png"]
    bad = [
        (X, y[:59], ValueError, "X has 60 rows and y has 59"),
        (X[:1], y[:1], ValueError, "at least 2 pairs are needed"),
        (X, None, ValueError, "requires y to be passed"),
        (X / 255, y, ValueError, "X has dtype float64, but pixels are uint8"),
        (X, [*y[:59], 7], ValueError, r"y\[59\] must be a str, got int 7"),
        (X, "names", ValueError, "y must be a sequence of str, got str"),
        (X, pd.DataFrame({"text": y}), ValueError, "y must be .*got DataFrame; of a"),
        (X, {"text": y}, ValueError, "y must be a sequence of str, got dict"),
        (X, [], ValueError, "y is empty"),
        (missing, y, FileNotFoundError, r"X\[59\]: there is no file .*gone.png"),
    ]
    for images, texts, error, message in bad:
        with pytest.raises(error, match=message):
            encoder.fit(images, texts)
        assert "config_" not in vars(encoder)
    encoder.fit(X, y)
    before = encoder.transform(X, y)
    for images, texts, error, message in bad:
        with pytest.raises(error, match=message):
            encoder.fit(images, texts)
    for one, two in zip(encoder.transform(X, y), before, strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(ValueError, match=r"y\[1\] must be a str, got NoneType None"):
        encoder.transform(X, ["a", None])


def test_unimodal_features_are_those_of_the_towers(encoder, glyphs):
    X, y = glyphs
    x_inputs, y_inputs = encoder.fit(X, y).unimodal_features(X, y[:7])
    assert (x_inputs.shape, y_inputs.shape) == ((60, 16), (7, 16))
    module = encoder._ready().module
    expected = x_inputs @ module.visual.proj.detach().numpy()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.transform(X), expected, atol=APART)
    np.testing.assert_array_equal(encoder.unimodal_features(X), x_inputs)


# ------------------------------------------------- training


def test_parameters_that_are_out_of_range_are_named(glyphs):
    X, y = glyphs
    for parameters, message in [
        ({"trainable": "both"}, "trainable must be one of .*got 'both'"),
        ({"loss": "hinge"}, "loss must be one of .*got 'hinge'"),
        ({"precision": "fp16"}, "precision must be one of .*got 'fp16'"),
        ({"max_epochs": 0}, "max_epochs must be an integer of at least 1, got 0"),
        ({"grad_checkpointing": "yes"}, "checkpointing must be True or False, got 'y"),
        ({"torch_compile": 3}, "torch_compile must be True or False, got 3"),
        ({"batch_size": 1}, "batch_size must be an integer of at least 2, got 1"),
        ({"learning_rate": 0}, "learning_rate must be a finite number in .0, 1e.38."),
        ({"weight_decay": -1}, "weight_decay must be a finite number of at least 0"),
        ({"device": "abacus"}, "torch cannot use device='abacus'"),
        ({"device": "meta"}, "torch cannot use device='meta'"),
        ({"model": "ViT-B-23"}, "unknown model 'ViT-B-23'; close names are ViT-B-32"),
        ({"pretrained": "openai"}, "pretrained='openai' is no file"),
        ({"learning_rate": 1e30}, r"training diverged with learning_rate=1e\+30 and "),
    ]:
        with pytest.raises(ValueError, match=message):
            quick(**parameters).fit(X, y)


def test_nothing_is_trained_with_none_and_it_transforms_unfitted(glyphs):
    X, y = glyphs
    encoder = quick(trainable="none")
    features = encoder.transform(X, y)
    assert "config_" not in vars(encoder)
    for one, two in zip(encoder.fit(X, y).transform(X, y), features, strict=True):
        np.testing.assert_array_equal(one, two)
    assert encoder.history_ == []
    assert clone(encoder).unimodal_features(X).shape == (60, 16)
    with pytest.raises(NotFittedError, match="its weights are random; call fit"):
        quick().transform(X, y)


def test_what_another_fit_left_does_not_reach_a_pickle(glyphs):
    X, y = glyphs
    encoder = pickle.loads(pickle.dumps(quick().fit(X, y)))
    vars(encoder)["_tokenizer"] = "of another model"
    again = pickle.loads(pickle.dumps(encoder.fit(X, y)))
    assert not {"_tokenizer", "_unfitted", "_network"} & set(vars(again))
    assert_same_features(again, encoder, X, y)
    frozen = quick(trainable="none", random_state=None)
    features = frozen.transform(X)
    np.testing.assert_array_equal(frozen.fit(X, y).transform(X), features)
    assert "_unfitted" not in vars(frozen)


def test_warm_start_goes_on_and_a_cold_one_forgets(glyphs):
    X, y = glyphs
    warm = quick(warm_start=True, max_epochs=8).fit(X, y)
    last = warm.history_[-1]["loss"]
    copy = pickle.loads(pickle.dumps(warm))
    assert warm.fit(X, y).history_[0]["loss"] < 1.02 * last
    assert copy.fit(X, y).history_ == warm.history_
    cold = quick().fit(X[:30], y[:30]).fit(X, y)
    assert_same_features(cold, quick().fit(X, y), X, y)


def test_warm_start_with_another_model_is_refused_and_changes_nothing(glyphs):
    X, y = glyphs
    encoder = quick(warm_start=True).fit(X, y)
    features = encoder.transform(X)
    with pytest.raises(ValueError, match="warm_start=True continues from model=.*afre"):
        encoder.set_params(model="tiny").fit(X, y)
    encoder.set_params(model=MICRO_CLIP, loss="siglip")
    with pytest.raises(ValueError, match='loss="siglip" needs a bias'):
        encoder.fit(X, y)
    np.testing.assert_array_equal(encoder.transform(X), features)


def test_an_image_that_breaks_half_way_changes_nothing(glyphs, tmp_path):
    X, y = glyphs
    encoder = quick(warm_start=True).fit(X, y)
    features = encoder.transform(X)
    path = tmp_path / "cut.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(
        path
    )
    path.write_bytes(path.read_bytes()[:3000])
    n_threads = threading.active_count()
    with pytest.raises(ValueError, match=r"X\[60\]: .*cut.png cannot be read"):
        encoder.fit([*X, path], [*y, "cut"])
    np.testing.assert_array_equal(encoder.transform(X), features)
    assert threading.active_count() == n_threads  # the readers are gone


def test_global_state_is_left_alone_and_does_not_matter(glyphs):
    expected = quick().fit(*glyphs)
    torch.manual_seed(5)
    np.random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    threads = torch.get_num_threads()
    fitted = [quick().fit(*glyphs)]
    with torch.no_grad():
        fitted.append(quick().fit(*glyphs))
    with torch.inference_mode():
        fitted.append(quick().fit(*glyphs))
        fitted[-1].transform(*glyphs)
    torch.set_default_dtype(torch.float64)
    try:
        assert quick().fit(*glyphs).transform(*glyphs)[0].dtype == np.float32
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.is_grad_enabled()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])
    for encoder in fitted:
        assert_same_features(encoder, expected, *glyphs)


def test_verbose_shows_a_bar_and_silence_is_the_default(glyphs, capfd):
    quick().fit(*glyphs)
    assert capfd.readouterr() == ("", "")
    quick(verbose=1).fit(*glyphs)
    assert "2/2" in capfd.readouterr().err


# ------------------------------------------------- files, processes, learners


def test_open_clip_loads_what_is_saved_and_gives_equal_features(glyphs, tmp_path):
    X, y = glyphs
    encoder = quick().fit(X, y)
    encoder.save(tmp_path)
    name = f"local-dir:{tmp_path}"
    module, _, preprocess = open_clip.create_model_and_transforms(name)
    module.eval()
    with torch.no_grad():
        images = torch.stack([preprocess(Image.fromarray(image)) for image in X])
        theirs = module.encode_image(images, normalize=True).numpy()
        tokens = open_clip.get_tokenizer(name)(list(y))
        their_texts = module.encode_text(tokens, normalize=True).numpy()
    ours = encoder.transform(X, y)
    np.testing.assert_allclose(theirs, ours[0], atol=APART)
    np.testing.assert_allclose(their_texts, ours[1], atol=APART)

    loaded = quick(name)  # learned weights: it transforms before it is fitted
    assert_same_features(loaded, encoder, X, y)
    encoder.save(tmp_path)  # over the old one
    assert quick(name, warm_start=True).fit(X, y).history_
    with pytest.raises(NotFittedError):
        quick().save(tmp_path)


def test_a_grid_search(glyphs):
    X, y = glyphs
    search = GridSearchCV(
        quick(),
        {"trainable": ["all", "none"]},
        scoring=make_retrieval_scorer(mean_reciprocal_rank),
        cv=2,
    )
    search.fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.transform(X).shape == (60, 16)


@pytest.mark.parametrize("warm_start", [False, True])
def test_a_learner_buys_pairs_from_pixels_and_names(glyphs, warm_start):
    X, y = glyphs
    learner = PairedActiveLearner(
        quick(warm_start=warm_start, random_state=None),
        CoresetMargin(trim=0.2),
        budget=40,
        n_initial=20,
        batch_size=10,
        random_state=0,
    )
    learner.fit(X, y, validation_data=(X, y))
    assert learner.n_pairs_iter_.tolist() == [20, 30, 40]
    again = clone(learner).fit(X, y, validation_data=(X, y))
    np.testing.assert_array_equal(again.annotated_iter_, learner.annotated_iter_)
    np.testing.assert_array_equal(again.validation_scores_, learner.validation_scores_)
    query = learner.query(X[:20], y[:30], n_instances=3)
    assert learner.rank_partners(query, X[:20], y[:30], k=2).shape == (3, 2)


def test_a_learner_may_start_cold_from_learned_weights(glyphs, tmp_path):
    X, y = glyphs
    quick().fit(X, y).save(tmp_path)
    encoder = quick(f"local-dir:{tmp_path}")
    learner = PairedActiveLearner(encoder, CoresetMargin(coreset_size=1.0))
    query = learner.query(X, y, n_instances=5)
    assert query.modality == 0
    assert np.isfinite(query.utilities).all()  # margins, not the zeros of a random draw
    assert len(set(query.utilities)) > 1
    assert "config_" not in vars(encoder)


def test_paths_and_captions_serve_in_a_learner(glyphs, tmp_path):
    X, y = glyphs
    paths = [str(tmp_path / f"{number}.png") for number in range(60)]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)
    of_paths, of_pixels = (
        PairedActiveLearner(
            quick(), budget=30, n_initial=20, batch_size=10, random_state=0
        ).fit(images, texts)
        for images, texts in [(paths, list(y)), (X, y)]
    )
    np.testing.assert_array_equal(of_paths.annotated_iter_, of_pixels.annotated_iter_)


@pytest.mark.parametrize(
    "strategy",
    [
        CoresetMargin(),
        CoresetMargin("relative_coverage", trim=0.2, metric="cosine"),
        KCenterGreedy(),
        MarginSampling(candidates="open"),
        RandomSampling(),
        VOptimalDesign(),
        BADGE(),
    ],
    ids=repr,
)
def test_a_query_asks_the_same_of_arrays_and_of_tensors(glyphs, strategy):
    X, y = glyphs
    arrays, tensors = (
        PairedActiveLearner(quick(output=output), strategy, random_state=0).fit(
            X[:20], y[:20]
        )
        for output in ("numpy", "torch")
    )
    pools = X[20:], y[20:]
    assert all(map(torch.is_tensor, open_round(tensors, *pools, 5).open))
    expected = arrays.query(*pools, n_instances=5)
    query = tensors.query(*pools, n_instances=5)
    np.testing.assert_array_equal(query.indices, expected.indices)
    # Computed in float64 of the same features. Margins are then rounded to 9 decimals.
    np.testing.assert_allclose(
        query.utilities, expected.utilities, rtol=1e-6, atol=1.1e-9
    )
    features = arrays.transform(*pools)
    for m, gap in enumerate(expected.coverage_gap or ()):
        # Cosine: rows are scaled in float32. Relative: gaps are divided by a spread.
        spread = np.sqrt(2 * features[m].var(axis=0).sum())
        bound = 2 * unit_error(16) * (1 + gap) / min(1, float(spread))
        assert query.coverage_gap[m] == pytest.approx(gap, rel=1e-12, abs=bound)
    assert tensors.score(X, y) == arrays.score(X, y)
    for learner in (arrays, tensors):
        learner.teach(X[20:][query.indices], y[20:][query.indices])
    assert tensors.trust_ == arrays.trust_


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.full((2, 3), np.nan), "returned NaN or infinity"),
        (torch.full((2, 3), -np.inf).bfloat16(), "returned NaN or infinity"),
        (torch.full((2, 3), -1e30), "1e\\+30, whose squares overflow float32"),
        (torch.zeros(3, 3), r"returned an array of shape \(3, 3\); expected .* 2 rows"),
        (torch.zeros(2, 3, dtype=torch.complex64), "returned holds complex64"),
    ],
)
def test_bad_tensors_are_named_where_they_are(tensor, message):
    with pytest.raises(ValueError, match=message):
        _as_features(tensor, 2, "encoder", host=False)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_agrees_with_the_cpu(glyphs):
    X, y = glyphs
    on_gpu, on_cpu = quick(device="cuda").fit(X, y), quick().fit(X, y)
    np.testing.assert_allclose(on_gpu.transform(X), on_cpu.transform(X), atol=0.1)
    again = pickle.loads(pickle.dumps(on_gpu)).set_params(device="cpu")
    np.testing.assert_allclose(again.transform(X), on_gpu.transform(X), atol=0.1)
