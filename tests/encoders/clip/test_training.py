"""Training: what moves, what decays, what is no negative."""

import numpy as np
import pytest
import torch
from helpers import MICRO_CLIP, RESNET
from PIL import Image
from tiny_clip import APART, assert_same_features, quick

from skmal.datasets import load_glyphs
from skmal.encoders._contrastive import count_batches, info_nce
from skmal.encoders.clip import _training
from skmal.encoders.clip._training import _parameter_groups, _warm_up_and_cosine
from skmal.metrics import mean_reciprocal_rank


def test_tiny_learns_from_pixels_and_names():
    X, y = load_glyphs(return_X_y=True)
    train, test = slice(0, 400, 2), slice(1, 201, 2)
    encoder = quick("tiny", max_epochs=10, batch_size=32, learning_rate=0.003)
    encoder.fit(X[train], y[train])
    losses = [epoch["loss"] for epoch in encoder.history_]
    assert len(losses) == 10
    assert losses[-1] < 0.6 * losses[0]
    assert 1 < encoder.history_[-1]["scale"] <= 100
    score = mean_reciprocal_rank(*encoder.transform(X[test], y[test]))
    assert score > 0.1  # chance: 0.05


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


def test_siglip_trains_its_bias_too(glyphs):
    encoder = quick(loss="siglip", max_epochs=5).fit(*glyphs)
    module = encoder._ready().module
    assert module.logit_bias.item() != -10
    assert encoder.history_[-1]["loss"] < encoder.history_[0]["loss"]


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

    monkeypatch.setattr(_training, "info_nce", interrupt)
    with pytest.raises(KeyboardInterrupt):
        encoder.fit(X, y)
    np.testing.assert_array_equal(encoder.transform(X), features)
    assert torch.is_grad_enabled()


def test_images_of_any_form_train_to_the_same_weights(glyphs, tmp_path):
    X, y = glyphs
    paths = [tmp_path / f"{number}.png" for number in range(60)]
    for path, image in zip(paths, X, strict=True):
        Image.fromarray(image).save(path)
    expected = quick().fit(X, y)
    for images in (paths, [Image.fromarray(image) for image in X], list(X)):
        encoder = quick().fit(images, list(y))
        assert_same_features(encoder, expected, X, y)
