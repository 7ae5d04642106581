"""From names, folders, configurations and weights to open_clip models."""

import json
import logging
import os
import pickle
from copy import deepcopy

import open_clip
import pytest
import safetensors.torch
import torch
from helpers import MICRO_CLIP
from tiny_clip import IMAGES, TEXTS, assert_equal, features

from skmal.encoders.clip._config import TINY, read_config
from skmal.encoders.clip._open_clip import build, copy, rebuild, save, weights_of


def test_the_seed_decides_random_weights_and_no_generator_moves():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    networks = [build(MICRO_CLIP, None, False, seed) for seed in (3, 3, 4)]
    assert torch.equal(torch.get_rng_state(), before)
    weights = [weights_of(network) for network in networks]
    assert weights[0] == weights[1] != weights[2]


def test_logging_is_left_alone_and_says_nothing_of_random_weights(caplog):
    handlers, filters = list(logging.root.handlers), list(logging.root.filters)
    network = build(MICRO_CLIP, None, False, seed=0)
    rebuild(network.config, weights_of(network))
    assert logging.root.handlers == handlers
    assert logging.root.filters == filters
    assert caplog.records == []


def test_a_network_can_be_taken_apart_and_rebuilt(network):
    again = rebuild(network.config, weights_of(network))
    assert_equal(features(again), features(network))
    other = copy(network)
    assert_equal(features(other), features(network))
    other.module.logit_scale.data.fill_(1)
    assert network.module.logit_scale != 1


def test_networks_of_equal_texts_share_a_tokenizer():
    text = MICRO_CLIP["text_cfg"] | {"context_length": 9}
    micro, same, short, as_short = (
        build(model, None, False, seed)
        for model in (MICRO_CLIP, MICRO_CLIP | {"text_cfg": text})
        for seed in (0, 1)
    )
    assert same.tokenizer is micro.tokenizer
    assert as_short.tokenizer is short.tokenizer
    assert short.tokenizer("a").shape == (1, 9)
    assert micro.tokenizer("a").shape == (1, MICRO_CLIP["text_cfg"]["context_length"])
    assert rebuild(micro.config, weights_of(micro)).tokenizer is micro.tokenizer


def test_open_clip_loads_what_was_saved(network, tmp_path):
    folder = tmp_path / "new" / "folder"
    save(network, folder)
    assert sorted(os.listdir(folder)) == [
        "open_clip_config.json",
        "open_clip_model.safetensors",
    ]
    name = f"local-dir:{folder}"
    module, _, transform = open_clip.create_model_and_transforms(name)
    tokens = open_clip.get_tokenizer(name)(TEXTS)
    module.eval()
    with torch.no_grad():
        theirs = module.encode_image(IMAGES), module.encode_text(tokens)
    assert_equal(theirs, features(network))
    assert transform.transforms[0].size == 32
    assert_equal(features(build(name, None, False, seed=9)), theirs)
    with pytest.raises(ValueError, match="pretrained='openai' cannot go with model='l"):
        build(name, "openai", False, seed=9)


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_weights_come_from_a_file(network, tmp_path, suffix):
    path = tmp_path / f"weights.{suffix}"
    if suffix == "pt":
        torch.save(network.module.state_dict(), path)
    else:
        path.write_bytes(weights_of(network))
    for pretrained in (path, str(path)):
        loaded = build(MICRO_CLIP, pretrained, False, seed=9)
        assert_equal(features(loaded), features(network))


class Malicious:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path):
    path, made = tmp_path / "weights.pt", tmp_path / "made"
    torch.save({"weights": Malicious(str(made))}, path)
    with pytest.raises(ValueError, match=r"weights.pt is refused: .* could run code"):
        build(MICRO_CLIP, path, False, seed=0)
    path.write_bytes(pickle.dumps(Malicious(str(made)), protocol=2))
    with pytest.raises(ValueError, match=r"weights.pt is refused|cannot be loaded"):
        build(MICRO_CLIP, path, False, seed=0)
    assert not made.exists()


def test_weights_that_are_damaged_or_of_another_model_are_named(network, tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(weights_of(network)[:1000])
    with pytest.raises(ValueError, match="weights.safetensors cannot be loaded"):
        build(MICRO_CLIP, path, False, seed=0)
    path.write_bytes(weights_of(network))
    with pytest.raises(
        ValueError, match="weights.safetensors cannot be loaded: .*fits the mod"
    ):
        build(TINY, path, False, seed=0)
    path.write_bytes(safetensors.torch.save({"a": torch.zeros(2)}))
    with pytest.raises(ValueError, match="weights.safetensors cannot be loaded"):
        build(MICRO_CLIP, path, False, seed=0)


def test_a_config_is_read_and_not_changed(network, tmp_path):
    before = deepcopy(MICRO_CLIP)
    config = build(MICRO_CLIP, None, True, seed=0).config
    assert before == MICRO_CLIP
    assert config["model_cfg"]["init_logit_bias"] == -10
    assert config["preprocess_cfg"]["size"] == (32, 32)
    whole = {"model_cfg": MICRO_CLIP, "preprocess_cfg": {"mean": (0.5, 0.5, 0.5)}}
    config = build(whole, None, False, seed=0).config
    assert config["preprocess_cfg"]["mean"] == [0.5, 0.5, 0.5]
    json.dumps(config)


def test_names_of_the_paper_are_built_with_random_weights(monkeypatch):
    """With one layer in place of twelve."""
    config_of = open_clip.get_model_config

    def shallow(name):
        config = config_of(name)
        config["vision_cfg"]["layers"] = config["text_cfg"]["layers"] = 1
        return config

    monkeypatch.setattr(open_clip, "get_model_config", shallow)
    for name, patch in [("ViT-B-32", 32), ("ViT-B-16", 16)]:
        network = build(name, None, False, seed=0)
        assert network.module.visual.patch_size == (patch, patch)
        tokens = network.tokenizer(TEXTS)
        assert tokens.shape == (2, 77)
        with torch.no_grad():
            assert network.module.encode_text(tokens).shape == (2, 512)
    eight = read_config("ViT-B-16")
    eight["model_cfg"]["vision_cfg"]["patch_size"] = 8
    assert build(eight, None, False, 0).module.visual.patch_size == (8, 8)


def test_openai_weights_get_the_activation_they_were_trained_with(monkeypatch):
    """The tag's weights are random ones here: nothing can be downloaded."""
    config = open_clip.get_model_config("ViT-B-32")
    config["vision_cfg"]["layers"] = config["text_cfg"]["layers"] = 1
    seen = {}

    def create_model(name, pretrained, **options):
        seen.update(options, name=name, pretrained=pretrained)
        return build(config, None, False, seed=0).module

    real = open_clip.create_model
    with monkeypatch.context() as patch:
        patch.setattr(
            open_clip,
            "create_model",
            lambda name, *a, **k: (
                real(name, *a, **k)
                if name.startswith("local-dir:")
                else create_model(name, *a, **k)
            ),
        )
        network = build("ViT-B-32", "openai", False, seed=0)
    assert (seen["name"], seen["pretrained"]) == ("ViT-B-32", "openai")
    assert seen["force_quick_gelu"] is True
    assert seen["weights_only"] is True
    assert network.config["model_cfg"]["quick_gelu"] is True


def test_siglip_models_keep_their_start_and_others_get_a_bias():
    with_bias = build(MICRO_CLIP, None, True, seed=0).module
    assert with_bias.logit_bias.item() == -10
    assert with_bias.logit_scale.exp().item() == pytest.approx(10)
    assert build(MICRO_CLIP, None, False, seed=0).module.logit_bias is None
    own = MICRO_CLIP | {"init_logit_bias": -5.0}
    assert build(own, None, True, seed=0).module.logit_bias.item() == -5


@pytest.mark.parametrize("source", ["folder", "file"])
def test_siglips_loss_starts_from_its_own_scale_and_bias(network, tmp_path, source):
    save(network, tmp_path)
    if source == "folder":
        built = build(f"local-dir:{tmp_path}", None, True, seed=0)
    else:
        file = tmp_path / "open_clip_model.safetensors"
        built = build(MICRO_CLIP, file, True, seed=0)
    assert built.module.logit_scale.exp().item() == pytest.approx(10)
    assert built.module.logit_bias.item() == -10
    assert_equal(features(built), features(network))
    save(built, tmp_path)
    with pytest.raises(ValueError, match='seem to be SigLIP.s.* pass loss="siglip"'):
        build(MICRO_CLIP, tmp_path / "open_clip_model.safetensors", False, seed=0)


def test_slashes_in_names_are_dashes(monkeypatch):
    asked = []
    real = open_clip.get_tokenizer
    monkeypatch.setattr(
        open_clip, "get_tokenizer", lambda name: asked.append(name) or real("ViT-B-32")
    )
    build("ViT-S/32-alt", None, False, 0)
    assert asked == ["ViT-S-32-alt"]


def test_a_tokenizer_from_the_hub_says_what_is_missing(monkeypatch):
    def raising(error):
        def get_tokenizer(*args, **kwargs):
            raise error

        return get_tokenizer

    text = MICRO_CLIP["text_cfg"] | {"hf_tokenizer_name": "some/tokenizer"}
    with_hub = MICRO_CLIP | {"text_cfg": text}
    tokenizer = open_clip.tokenizer
    for error, message in [
        (ImportError("No module named transformers"), "pip install transformers"),
        (OSError("no connection\nmore"), r"could not be downloaded \(no connection\)"),
    ]:
        monkeypatch.setattr(tokenizer, "HFTokenizer", raising(error))
        with pytest.raises(type(error), match=message):
            build(with_hub, None, False, seed=0)
