"""Towers: features in a precision, once per image, and before the projections."""

import numpy as np
import pytest
import torch
from helpers import MICRO_CLIP, RESNET
from PIL import Image
from tiny_clip import assert_equal, features, quick

from skmal.encoders.clip._loader import ImageLoader
from skmal.encoders.clip._open_clip import build, rebuild, weights_of
from skmal.encoders.clip._towers import without_projection


def test_bf16_is_near_fp32(glyphs):
    X, y = glyphs
    exact, rough = (quick(precision=p).fit(X, y) for p in ("fp32", "bf16"))
    for one, two in zip(exact.transform(X, y), rough.transform(X, y), strict=True):
        assert two.dtype == np.float32
        assert (one != two).any()
        np.testing.assert_allclose(one, two, atol=0.1)


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


def test_without_projection_the_towers_end_before_the_shared_space(network):
    module = network.module
    shared = features(network)
    with without_projection(module):
        before = features(network)
    torch.testing.assert_close(before[0] @ module.visual.proj, shared[0])
    torch.testing.assert_close(before[1] @ module.text_projection, shared[1])
    assert_equal(features(network), shared)


def test_towers_of_timm_end_before_their_heads():
    config = MICRO_CLIP | {"vision_cfg": RESNET, "custom_text": True}
    network = build(config, None, False, seed=0)
    shared = features(network)
    with without_projection(network.module):
        before = features(network)
    assert shared[0].shape == (2, 16)
    assert before[0].shape == (2, 512)
    torch.testing.assert_close(network.module.visual.head(before[0]), shared[0])
    again = rebuild(network.config, weights_of(network))
    assert_equal(features(again), shared)


@pytest.mark.parametrize("name", ["resnet10t", "vit_tiny_patch16_224", "fastvit_t8"])
def test_a_projection_within_a_trunk_of_timm_is_left_out(name):
    vision = RESNET | {"timm_model_name": name, "timm_proj": None, "image_size": 224}
    vision["timm_pool"] = "token" if name.startswith("vit") else "avg"
    network = build(MICRO_CLIP | {"vision_cfg": vision}, None, False, seed=0)
    trunk, images = network.module.visual.trunk, torch.rand(2, 3, 224, 224)
    shared = features(network, images)
    with without_projection(network.module):
        before = features(network, images)
    assert shared[0].shape == (2, 16)
    assert before[0].shape == (2, trunk.num_features)
    torch.testing.assert_close(trunk.get_classifier()(before[0]), shared[0])
    assert_equal(features(network, images), shared)


@pytest.mark.parametrize("pool", ["abs_attn", "rot_attn"])
def test_attention_pooling_stays_what_it_is(pool):
    vision = RESNET | {"timm_pool": pool, "timm_proj": "", "image_size": 224}
    network = build(MICRO_CLIP | {"vision_cfg": vision}, None, False, seed=0)
    images = torch.rand(2, 3, 224, 224)
    shared = features(network, images)
    with without_projection(network.module):
        assert_equal(features(network, images)[:1], shared[:1])
