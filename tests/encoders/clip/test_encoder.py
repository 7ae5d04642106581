"""CLIPEncoder: the contract of image encoders, training, and life in a learner."""

import pickle
import subprocess
import sys
import threading

import joblib
import numpy as np
import open_clip
import pandas as pd
import pytest
import torch
from helpers import MICRO_CLIP, RESNET, unit_error
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from skmal import (
    BADGE,
    CLIPEncoder,
    CoresetMargin,
    KCenterGreedy,
    MarginSampling,
    PairedActiveLearner,
    RandomSampling,
    VOptimalDesign,
)
from skmal.datasets import load_glyphs
from skmal.encoders._contrastive import count_batches, info_nce, sigmoid_loss
from skmal.encoders._protocol import _as_features
from skmal.encoders.clip import _encoder as clip
from skmal.encoders.clip._loader import ImageLoader
from skmal.encoders.clip._towers import check_texts
from skmal.encoders.clip._training import _parameter_groups, _warm_up_and_cosine
from skmal.metrics import make_retrieval_scorer, mean_reciprocal_rank
from skmal.strategies._round import open_round

# How far apart two ways to compute the features of MICRO_CLIP may end, in batches of
# other rows, say. A sum of n products is wrong by n u of their size at most, u being
# half of eps, in whatever order; layer norms keep sizes near one, and one error adds to
# the next. On the way are a patch of 3 * 16 * 16 values, seven sums over the width of
# 16, 16 positions, the 64 values inside the layer, and the 16 of the length: 976.
APART = 1000 * np.finfo(np.float32).eps


def quick(model=MICRO_CLIP, **parameters):
    """Return an encoder that trains in a fraction of a second."""
    defaults = {
        "max_epochs": 2,
        "batch_size": 16,
        "learning_rate": 0.003,
        "device": "cpu",
        "random_state": 0,
    }
    return CLIPEncoder(model, **(defaults | parameters))


@pytest.fixture(scope="module")
def glyphs():
    """Return 60 images and names, of several kinds."""
    X, y = load_glyphs(return_X_y=True)
    return X[40:1240:20], y[40:1240:20]


def assert_same_features(encoder, other, X, y):
    for one, two in zip(encoder.transform(X, y), other.transform(X, y), strict=True):
        np.testing.assert_array_equal(one, two)


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
        ({"batch_size": 1}, "batch_size must be an integer of at least 2, got 1"),
        ({"learning_rate": 0}, "learning_rate must be a finite number above 0"),
        ({"weight_decay": -1}, "weight_decay must be a finite number of at least 0"),
        ({"device": "abacus"}, "torch cannot use device='abacus'"),
        ({"device": "meta"}, "torch cannot use device='meta'"),
        ({"model": "ViT-B-23"}, "unknown model 'ViT-B-23'; close names are ViT-B-32"),
        ({"pretrained": "openai"}, "pretrained='openai' is no file"),
        ({"learning_rate": 1e30}, r"training diverged with learning_rate=1e\+30; low"),
    ]:
        with pytest.raises(ValueError, match=message):
            quick(**parameters).fit(X, y)


def test_tiny_learns_from_pixels_and_names():
    X, y = load_glyphs(return_X_y=True)
    train, test = slice(0, 800, 2), slice(1, 401, 2)
    encoder = quick("tiny", max_epochs=12, batch_size=64, learning_rate=0.002)
    encoder.fit(X[train], y[train])
    losses = [epoch["loss"] for epoch in encoder.history_]
    assert len(losses) == 12
    assert losses[-1] < 0.6 * losses[0]
    assert 1 < encoder.history_[-1]["scale"] <= 100
    score = mean_reciprocal_rank(*encoder.transform(X[test], y[test]))
    assert score > 0.06  # chance: 0.03


@pytest.mark.parametrize(
    ("trainable", "moved"),
    [("all", {"image", "text"}), ("text", {"text"}), ("image", {"image"})],
)
def test_a_locked_tower_does_not_move(glyphs, trainable, moved):
    start = quick(trainable="none").fit(*glyphs)._ready().module
    end = quick(trainable=trainable).fit(*glyphs)._ready().module
    towers = set()
    for (name, one), two in zip(
        start.named_parameters(), end.parameters(), strict=True
    ):
        if name != "logit_scale" and not torch.equal(one, two):
            towers.add("image" if name.startswith("visual.") else "text")
    assert towers == moved
    assert start.logit_scale != end.logit_scale


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


def test_siglip_trains_its_bias_too(glyphs):
    encoder = quick(loss="siglip", max_epochs=5).fit(*glyphs)
    module = encoder._ready().module
    assert module.logit_bias.item() != -10
    assert encoder.history_[-1]["loss"] < encoder.history_[0]["loss"]


def test_sigmoid_loss_is_open_clips():
    rng = torch.Generator().manual_seed(0)
    x, y = (
        torch.nn.functional.normalize(torch.randn(6, 4, generator=rng)) for _ in "xy"
    )
    scale, bias = torch.tensor(7.0), torch.tensor(-3.0)
    expected = open_clip.loss.SigLipLoss()(x, y, scale, bias)
    torch.testing.assert_close(sigmoid_loss(x, y, scale.log(), bias), expected)
    # Rows 1 and 4 are equal: neither is asked whether it belongs to the other.
    group = torch.tensor([0, 1, 2, 3, 1, 5])
    logits = scale * x @ y.T + bias
    left_out = sum(
        torch.nn.functional.softplus(logits[i, j]) for i, j in [(1, 4), (4, 1)]
    )
    torch.testing.assert_close(
        sigmoid_loss(x, y, scale.log(), bias, [group]), expected - left_out / 6
    )


@pytest.mark.parametrize("loss", ["clip", "siglip"])
def test_equal_captions_and_equal_images_are_no_negatives(glyphs, loss):
    X, y = glyphs
    some = {"loss": loss, "max_epochs": 1, "learning_rate": 1e-9, "batch_size": 60}
    for images, texts in [(X, ["the same"] * 60), (X[:1].repeat(60, axis=0), y)]:
        encoder = quick(**some).fit(images, texts)
        if loss == "clip":  # nothing is left to tell apart
            expected = 0
        else:  # only the partners are asked about, and the bias says that they are none
            similarity = np.sum(np.multiply(*encoder.transform(images, texts)), axis=1)
            expected = np.logaddexp(0, 10 - 10 * similarity).mean()
        # The logits are similarities times 10 (siglip) or 1 / 0.07 (clip).
        assert encoder.history_[0]["loss"] == pytest.approx(expected, abs=15 * APART)
        if loss == "clip":
            assert quick(**some).fit(X, y).history_[0]["loss"] > 1


def test_no_pair_is_a_batch_of_its_own(glyphs):
    X, y = glyphs
    with_norms = MICRO_CLIP | {"vision_cfg": RESNET, "custom_text": True}
    for n, batch_size in [(2, 2), (3, 2), (5, 4), (60, 59)]:
        quick(with_norms, batch_size=batch_size, max_epochs=1).fit(X[:n], y[:n])
        assert count_batches(n, batch_size) == max(1, min(-(-n // batch_size), n // 2))


def test_scales_biases_norms_and_positions_do_not_decay():
    module = quick(trainable="none")._ready().module
    decayed, others = _parameter_groups(module, "all", 0.3)
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.3, 0.0)
    names = {id(p): name for name, p in module.named_parameters()}
    plain = {names[id(p)] for p in others["params"]}
    assert {"logit_scale", "positional_embedding", "ln_final.weight"} <= plain
    assert "visual.positional_embedding" in plain
    assert all(
        n.split(".")[-1] not in ("bias", "weight") or "ln" in n or "bias" in n
        for n in plain
    )
    assert "token_embedding.weight" in {names[id(p)] for p in decayed["params"]}
    assert len(decayed["params"]) + len(others["params"]) == len(names)


def test_positions_of_timms_towers_do_not_decay():
    vision = {
        "timm_model_name": "vit_tiny_patch16_224",
        "timm_model_pretrained": False,
        "timm_pool": "token",
        "timm_proj": "linear",
        "image_size": 224,
    }
    encoder = quick(MICRO_CLIP | {"vision_cfg": vision}, trainable="none")
    module = encoder._ready().module
    names = {id(p): name for name, p in module.named_parameters()}
    plain = {names[id(p)] for p in _parameter_groups(module, "all", 0.3)[1]["params"]}
    assert {"visual.trunk.pos_embed", "visual.trunk.cls_token"} <= plain
    assert "visual.head.proj.weight" not in plain


def test_the_learning_rate_rises_and_falls_to_zero():
    share = _warm_up_and_cosine(100)
    shares = np.array([share(step) for step in range(101)])
    assert shares[0] == pytest.approx(0.1)
    assert shares[9] == shares.max() == 1
    assert (np.diff(shares[10:]) < 0).all()
    assert shares[100] == pytest.approx(0)
    assert _warm_up_and_cosine(1)(0) == 1


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


def test_an_interrupted_fit_changes_nothing(glyphs, monkeypatch):
    X, y = glyphs
    encoder = quick(warm_start=True).fit(X, y)
    features = encoder.transform(X)
    calls = []

    def interrupt(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return info_nce(*args)

    monkeypatch.setattr(clip, "info_nce", interrupt)
    with pytest.raises(KeyboardInterrupt):
        encoder.fit(X, y)
    np.testing.assert_array_equal(encoder.transform(X), features)
    assert torch.is_grad_enabled()


def test_warm_start_goes_on_and_a_cold_one_forgets(glyphs):
    X, y = glyphs
    warm = quick(warm_start=True, max_epochs=8).fit(X, y)
    last = warm.history_[-1]["loss"]
    copy = pickle.loads(pickle.dumps(warm))
    assert warm.fit(X, y).history_[0]["loss"] < 1.02 * last
    assert copy.fit(X, y).history_ == warm.history_
    cold = quick(max_epochs=8).fit(X[:30], y[:30]).fit(X, y)
    assert_same_features(cold, quick(max_epochs=8).fit(X, y), X, y)


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


def test_images_of_any_form_train_to_the_same_weights(glyphs, tmp_path):
    X, y = glyphs
    paths = [tmp_path / f"{number}.png" for number in range(60)]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)
    expected = quick().fit(X, y)
    for images in (paths, [Image.fromarray(image) for image in X], list(X)):
        encoder = quick().fit(images, list(y))
        assert_same_features(encoder, expected, X, y)


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


def test_bf16_is_near_fp32(glyphs):
    X, y = glyphs
    exact, rough = (quick(precision=p).fit(X, y) for p in ("fp32", "bf16"))
    for one, two in zip(exact.transform(X, y), rough.transform(X, y), strict=True):
        assert two.dtype == np.float32
        assert (one != two).any()
        np.testing.assert_allclose(one, two, atol=0.1)


def test_verbose_shows_a_bar_and_silence_is_the_default(glyphs, capfd):
    quick().fit(*glyphs)
    assert capfd.readouterr() == ("", "")
    quick(verbose=1).fit(*glyphs)
    assert "2/2" in capfd.readouterr().err


def test_texts_come_in_any_sequence():
    texts = ["a", "b"]
    for form in (texts, tuple(texts), np.array(texts), np.array(texts, object)):
        assert check_texts(form, "y") == texts
    assert check_texts(pd.Series(texts, index=[5, 6]), "y") == texts
    with pytest.raises(ValueError, match="y must be a sequence of str, got generator"):
        check_texts((text for text in texts), "y")


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


def test_a_pickle_transforms_in_a_process_that_has_not_imported_torch(glyphs, tmp_path):
    X, y = glyphs
    encoder = quick().fit(X, y)
    (tmp_path / "encoder.pkl").write_bytes(pickle.dumps((encoder, X, y)))
    code = (
        "import pickle, sys; "
        f"e, X, y = pickle.load(open({str(tmp_path / 'encoder.pkl')!r}, 'rb')); "
        "print('torch' in sys.modules); import numpy; "
        f"numpy.save({str(tmp_path / 'features.npy')!r}, e.transform(X, y))"
    )
    run = [sys.executable, "-c", code]
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert printed == "False\n"
    features = np.load(tmp_path / "features.npy")
    np.testing.assert_allclose(features, encoder.transform(X, y), atol=APART)


def test_a_grid_search_in_two_processes(glyphs):
    X, y = glyphs
    search = GridSearchCV(
        quick(),
        {"trainable": ["all", "text", "none"], "learning_rate": [0.001, 0.01]},
        scoring=make_retrieval_scorer(mean_reciprocal_rank),
        cv=2,
        n_jobs=2,
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


def test_a_file_with_several_captions_is_read_once_and_is_no_negative(
    glyphs, tmp_path, monkeypatch
):
    X, y = glyphs
    paths = [str(tmp_path / f"{number}.png") for number in range(2)]
    for path, image in zip(paths, X[:2], strict=True):
        Image.fromarray(image).save(path)
    # Only two captions of the same file meet in a batch: nothing to tell apart.
    some = {"max_epochs": 1, "learning_rate": 1e-9, "batch_size": 60}
    one_image = quick(**some).fit(paths[:1] * 6, y[:6])
    assert one_image.history_[0]["loss"] == pytest.approx(0, abs=1e-6)
    assert quick(**some).fit(paths * 3, y[:6]).history_[0]["loss"] > 0.5
    seen = []
    batches = ImageLoader.batches
    monkeypatch.setattr(
        ImageLoader,
        "batches",
        lambda self, images, rows, name: (
            seen.extend(np.concatenate(rows)) or batches(self, images, rows, name)
        ),
    )
    features = one_image.transform([*paths, *paths[::-1]])
    assert seen == [0, 1]
    np.testing.assert_array_equal(features[:2], features[:1:-1])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_tensors_are_the_features_where_the_model_is(glyphs, precision):
    X, y = glyphs
    arrays = quick(trainable="none", precision=precision)
    tensors = quick(trainable="none", precision=precision, output="torch")
    for method in ("transform", "unimodal_features"):
        for one, two in zip(
            getattr(arrays, method)(X, y), getattr(tensors, method)(X, y), strict=True
        ):
            assert two.device.type == "cpu"
            assert not two.requires_grad
            assert torch.equal(torch.tensor(one).to(two.dtype), two)
    features = tensors.transform(X[:3])
    assert features.shape == (3, 16)
    assert features.dtype == {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    with pytest.raises(ValueError, match="output must be one of .'numpy', 'torch'"):
        quick(trainable="none", output="jax").transform(X)


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
        bound = 2 * unit_error(16) * (1 + gap) / min(1, spread)
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
        (torch.zeros(2, 3, dtype=torch.complex64), "returned complex64, not floats"),
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
